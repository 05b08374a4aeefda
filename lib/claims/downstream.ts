// Claims about what is read from the latent space: accuracies, clusters, and the figures that show them.
import { wilsonInterval } from "../evaluate/statistics.js";
import { type Claim, type Finding, percent, roundsTo } from "./claim.js";
import { type Downstream, type Evidence, needsRun } from "./evidence.js";

/** The accuracies of section 5, in percent as printed. */
const ACCURACIES = {
  "cancer-aro": { what: "cancer or normal, ARO embedding", printed: "100" },
  "laterality-aro": { what: "laterality, ARO embedding", printed: "72.4" },
  "cancer-pca": { what: "cancer or normal, PCA projections", printed: "72.41" },
  "laterality-pca": { what: "laterality, PCA projections", printed: "58.62" },
} as const;

type Accuracy = keyof typeof ACCURACIES;

/** The label that each of the paper's two tasks is asked of. */
const LABELS = { cancer: "tissue", laterality: "laterality" } as const;

type Task = keyof typeof LABELS;

/** A quarter of 115 samples, which the authors' code tests on; the paper does not say. */
const TESTED = 29;

/** Samples that 15 % of 115 can be. */
const TEST_ROWS = [17, 18] as const;

/** From here on an adjusted Rand index is called a good recovery. Source: Steinley 2004, Psychological Methods 9(3). */
const GOOD_RECOVERY = 0.8;

/** Lists the claims about the latent space and its classifiers. */
export function downstreamClaims(): Claim[] {
  return [...accuracyClaims(), ...clusterClaims(), ...figureClaims()];
}

function accuracyClaims(): Claim[] {
  const ids = Object.keys(ACCURACIES) as Accuracy[];
  return [
    ...ids.map(
      (id): Claim => ({
        id: `accuracy-${id}`,
        where: id.endsWith("aro") ? "Sections 1 and 5" : "Section 5",
        what: `accuracy, ${ACCURACIES[id].what}`,
        value: Number(ACCURACIES[id].printed) / 100,
        printed: `${ACCURACIES[id].printed} %`,
        kind: "data",
        find: (evidence) => besideAccuracy(id, evidence),
      }),
    ),
    {
      id: "accuracy-test-rows",
      where: "Sections 3 and 5",
      what: "the accuracies are of the test rows, 15 % of 115",
      value: null,
      printed: "72.41 %, 58.62 %",
      kind: "consistency",
      find: () => {
        const printed = [ACCURACIES["cancer-pca"].printed, ACCURACIES["laterality-pca"].printed];
        const possible = (n: number) => printed.every((text) => correctOf(text, n) !== null);
        return {
          ours: `no whole number of ${TEST_ROWS.join(" or ")} samples gives both; ${printed.map((text) => correctOf(text, TESTED)).join(" and ")} of ${TESTED} do`,
          holds: TEST_ROWS.some(possible),
        };
      },
    },
    ...(Object.keys(LABELS) as Task[]).map(
      (task): Claim => ({
        id: `pca-weaker-${task}-paper`,
        where: "Section 5",
        what: `PCA is “substantially weaker” than ARO for ${task}, by the paper's accuracies`,
        value: null,
        printed: `${ACCURACIES[`${task}-aro`].printed} % against ${ACCURACIES[`${task}-pca`].printed} %`,
        kind: "arithmetic",
        find: () => {
          const [aro, pca] = [intervalOf(`${task}-aro`), intervalOf(`${task}-pca`)];
          const apart = aro.low > pca.high;
          return {
            ours: `95 % intervals ${range(aro)} and ${range(pca)} ${apart ? "lie apart" : "overlap"}`,
            holds: apart,
          };
        },
      }),
    ),
    {
      id: "pca-weaker-downstream",
      where: "Section 5",
      what: "PCA in downstream tasks, against ARO",
      value: null,
      printed: "“substantially weaker”",
      kind: "cohort",
      find: judgeDownstream,
    },
  ];
}

function clusterClaims(): Claim[] {
  const about = { where: "Section 5", value: null, printed: "“distinct”" } as const;
  return [
    {
      ...{ id: "clusters-cancer", ...about, kind: "cohort" },
      what: "clusters of cancerous and non-cancerous samples",
      find: (evidence) => judgeClusters("cancer", evidence),
    },
    {
      ...{ id: "clusters-laterality", ...about, kind: "data" },
      what: "clusters of cancer laterality",
      find: (evidence) => judgeClusters("laterality", evidence),
    },
  ];
}

function judgeClusters(task: Task, evidence: Evidence): Finding {
  const { profile, latent } = evidence;
  const label = LABELS[task];
  const of = (representation: string) =>
    latent?.find((row) => row.representation === representation && row.label === label)
      ?.adjustedRand;
  const aro = of("ARO");
  if (aro === undefined) return { ours: unanswered(label, latent, evidence), holds: null };
  const pca = of("PCA")?.toFixed(2) ?? "not computed";
  return {
    ours:
      `on ${profile.name} two clusters and ${label} have an adjusted Rand index of ` +
      `${aro.toFixed(2)} (good from ${GOOD_RECOVERY}), from PCA of the data ${pca}`,
    holds: aro >= GOOD_RECOVERY,
  };
}

/** Why a label has no row: the cohort was not asked, or nothing was run. */
function unanswered(label: string, rows: readonly unknown[] | null, evidence: Evidence): string {
  if (rows === null && evidence.profile.labels.tasks.includes(label)) return needsRun(evidence);
  return `not asked of ${evidence.profile.name}`;
}

/** Each figure of the paper with data of its cohorts; `name` is that of the same figure here. */
function figureClaims(): Claim[] {
  const figures = [
    ["2a", "PCA of ARO's embedding, by class"],
    ["2b", "confusion matrix, cancer or normal, from ARO"],
    ["2c", "confusion matrix, laterality, from ARO", "laterality"],
    ["4", "hyperparameter search, with and without dropout on the input"],
    ["5", "t-SNE of ARO's embedding"],
    ["6", "confusion matrices from PCA projections"],
  ];
  return figures.map(([number, what, label]) => ({
    id: `figure-${number}`,
    where: `Figure ${number}`,
    what,
    value: null,
    printed: "picture",
    kind: "data",
    find: ({ figures: published, profile }) => {
      if (label && !profile.labels.tasks.includes(label)) {
        return { ours: `not asked of ${profile.name}; its figure has another label`, holds: null };
      }
      const own = published.filter((name) => new RegExp(`^figure-${number}(?![0-9])`).test(name));
      const ours = own.length === 0 ? "–" : `${own.sort().join(", ")} on ${profile.name}`;
      return { ours, holds: null };
    },
  }));
}

/** The number of correct answers that an accuracy in percent is of n samples; null if there is none. */
export function correctOf(printed: string, n: number): number | null {
  const k = Math.round((n * Number(printed)) / 100);
  return roundsTo((100 * k) / n, printed) ? k : null;
}

function intervalOf(id: Accuracy) {
  return wilsonInterval(correctOf(ACCURACIES[id].printed, TESTED) ?? 0, TESTED);
}

function besideAccuracy(id: Accuracy, evidence: Evidence): Finding {
  const { printed } = ACCURACIES[id];
  const ours = `${correctOf(printed, TESTED)} of ${TESTED}: 95 % interval ${range(intervalOf(id))}`;
  const [task, representation] = id.split("-");
  const row = mlpOn(evidence, LABELS[task as Task], representation.toUpperCase());
  if (!row) return { ours, holds: null };
  const here = range({ low: row.accuracyLow, high: row.accuracyHigh });
  return {
    ours: `${ours}; on ${evidence.profile.name} ${percent(row.accuracy)}, ${here}`,
    holds: roundsTo(100 * row.accuracy, printed),
  };
}

/** Weaker with whatever number of components: the MLP's balanced accuracy of the first task, the intervals apart. */
function judgeDownstream(evidence: Evidence): Finding {
  const rows = evidence.downstream ?? [];
  const { tasks } = evidence.profile.labels;
  const task = tasks.find((one) => rows.some((row) => row.task === one)) ?? tasks[0];
  const names = [...new Set(rows.map((row) => row.representation))];
  const aro = mlpOn(evidence, task, "ARO");
  const others = names
    .filter((name) => name.startsWith("PCA"))
    .flatMap((name) => mlpOn(evidence, task, name) ?? []);
  if (!aro || others.length === 0) return { ours: needsRun(evidence), holds: null };
  const said = [aro, ...others].map(
    (row) =>
      `${row.representation} ${percent(row.balancedAccuracy)} (${range({ low: row.balancedLow, high: row.balancedHigh })})`,
  );
  return {
    ours: `on ${evidence.profile.name}, balanced accuracy of ${aro.task}: ${said.join(", ")}`,
    holds: others.every(({ balancedHigh }) => balancedHigh < aro.balancedLow),
  };
}

/** The MLP on a representation, for one task. */
function mlpOn(
  { downstream }: Evidence,
  task: string,
  representation: string,
): Downstream | undefined {
  return downstream?.find(
    (row) => row.task === task && row.representation === representation && row.classifier === "mlp",
  );
}

function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${(100 * low).toFixed(0)}-${percent(high)}`;
}
