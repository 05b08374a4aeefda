// Claims about reconstruction: Tables 1, 2, 4 and 5, the abstract, and what section 5 reads from them.
import { constantLosses } from "../evaluate/gaussian.js";
import type { PairedDifference } from "../evaluate/paired.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { SeedRow } from "../study/experiment-tables.js";
import { type Claim, type Finding, roundsTo, short } from "./claim.js";
import { type Evidence, needsRun } from "./evidence.js";
import {
  type Cell,
  type Loss,
  MODELS,
  type Model,
  PARTS,
  predictorOf,
  printedLoss,
  write,
} from "./paper-losses.js";

const CELLS = MODELS.flatMap((model) => PARTS.map((part) => ({ model, part })));

/** Lists the claims about reconstruction. */
export function lossClaims(): Claim[] {
  return [
    ...abstractClaims(),
    runsClaim(),
    ...(["mse", "huber"] as const).flatMap((loss) => CELLS.flatMap((c) => cellClaims(loss, c))),
    ...modisClaims(),
    ...readingClaims(),
  ];
}

function abstractClaims(): Claim[] {
  const stated = { validation: "0.166", test: "0.168" } as const;
  return (["validation", "test"] as const).map((part) => {
    const table = printedLoss("mse", { model: "ARO masked", part }).mean;
    return {
      id: `abstract-mse-${part}`,
      where: "Abstract",
      what: `MSE on ${part}`,
      value: Number(stated[part]),
      printed: stated[part],
      kind: "consistency",
      find: () => ({
        ours: `Tables 1 and 4: ${table}`,
        holds: roundsTo(Number(stated[part]), table),
      }),
    };
  });
}

function runsClaim(): Claim {
  return {
    id: "runs-averaged",
    where: "Tables 1, 2, 4 and 5",
    what: "runs behind each loss",
    value: 5,
    printed: "5",
    kind: "data",
    find: (evidence) => {
      const { seeds, reconstruction } = evidence;
      if (seeds === null && reconstruction === null)
        return { ours: needsRun(evidence), holds: null };
      const counts = (seeds ?? []).flatMap((row) => row.seeds ?? []);
      const runs = counts.length === 0 ? 1 : Math.min(...counts); // of the model that has the fewest
      return { ours: String(runs), holds: runs === 5 };
    },
  };
}

function cellClaims(loss: Loss, { model, part }: Cell): Claim[] {
  const { mean, deviation } = printedLoss(loss, { model, part });
  const name = loss === "mse" ? "MSE" : "Huber";
  const id = `${loss}-${model.toLowerCase().replace(" ", "-")}-${part}`;
  const claim: Claim = {
    id,
    where: loss === "mse" ? "Tables 1 and 4" : "Tables 2 and 5",
    what: `${model}, ${name} on ${part}`,
    value: Number(mean),
    printed: mean,
    kind: "data",
    find: (evidence) => {
      const { name: profile } = evidence.profile;
      const row = seedsOf(evidence, model, part);
      if (row) {
        const text = write(row[loss], row[`${loss}Deviation`]);
        const ours = `${text} over ${row.seeds} seeds on ${profile}`;
        return { ours, holds: roundsTo(row[loss], mean) };
      }
      if (evidence.reconstruction === null) return { ours: needsRun(evidence), holds: null };
      const value = lossOf(evidence.reconstruction, model, part)?.[loss] ?? null;
      if (value === null) return { ours: "–", holds: null };
      return { ours: `${short(value)} on ${profile}`, holds: roundsTo(value, mean) };
    },
  };
  if (deviation === undefined) return [claim];
  const spread: Claim = {
    ...claim,
    id: `${id}-deviation`,
    where: loss === "mse" ? "Table 4" : "Table 5",
    what: `${model}, ${name} on ${part}: deviation over five runs`,
    value: Number(deviation),
    printed: deviation,
    find: (evidence) => {
      const row = seedsOf(evidence, model, part);
      const ours = row?.[`${loss}Deviation`] ?? null;
      if (!row || ours === null) return { ours: "trained once", holds: null };
      const text = `${ours.toPrecision(2)} over ${row.seeds} seeds on ${evidence.profile.name}`;
      return { ours: text, holds: roundsTo(ours, deviation) };
    },
  };
  return [claim, spread];
}

function modisClaims(): Claim[] {
  const stated = [
    ["transcriptomics", "2.53", 0],
    ["proteomics", "0.55", 1],
    ["metabolomics", "0.43", 2],
  ] as const;
  return stated.map(([modality, printed, place]) => ({
    id: `modis-mse-${modality}`,
    where: "Section 5",
    what: `MODIS, limited training: MSE of ${modality}, on a scale not stated`,
    value: Number(printed),
    printed,
    kind: "data",
    find: (evidence) => {
      const { reconstruction, profile } = evidence;
      if (reconstruction === null) return { ours: needsRun(evidence), holds: null };
      const zeros = reconstruction.filter((row) => row.predictor === "zero" && row.part === "test");
      const row = zeros.filter((row) => row.modality !== "all")[place];
      if (!row || row.mse === null) return { ours: "–", holds: null };
      const ours = `predicting 0 scores ${short(row.mse)} for ${row.modality} of ${profile.name}, on ARO's scale`;
      return { ours, holds: null };
    },
  }));
}

/** What the text makes of the numbers. */
function readingClaims(): Claim[] {
  const words = { where: "Section 5", value: null } as const;
  return [
    {
      ...words,
      id: "huber-half-mse",
      where: "Tables 1 and 2",
      what: "a Huber loss is at most half of the MSE",
      printed: "Equation (1)",
      kind: "consistency",
      find: () => {
        const fitting = CELLS.filter(({ model, part }) => {
          const [huber, mse] = (["huber", "mse"] as const).map(
            (loss) => printedLoss(loss, { model, part }).mean,
          );
          return Number(huber) <= Number(mse) / 2 || roundsTo(Number(mse) / 2, huber);
        });
        return {
          ours: `${fitting.length} of ${CELLS.length} pairs fit, to the digits printed`,
          holds: fitting.length === CELLS.length,
        };
      },
    },
    {
      ...words,
      id: "optimal",
      where: "Abstract",
      what: "how ARO reconstructs",
      printed: "“optimally”",
      kind: "consistency",
      find: () => {
        const [pca, aro] = (["PCA", "ARO masked"] as const).map(
          (model) => printedLoss("huber", { model, part: "test" }).mean,
        );
        return {
          ours: `Table 2, Huber on test: PCA ${pca}, ARO masked ${aro}; section 5: PCA is “superior”`,
          holds: Number(aro) < Number(pca),
        };
      },
    },
    {
      ...words,
      id: "masking-varies",
      what: "the masking pattern",
      printed: "“varies across samples and batches”",
      kind: "consistency",
      // Section 4 describes one fixed mask; only the dropout of the input varies.
      find: () => ({
        ours: "section 4: all modalities “apart from transcriptomics”, always",
        holds: false,
      }),
    },
    {
      ...words,
      id: "no-trivial-solution",
      what: "bias toward trivial solutions such as medians",
      printed: "none; “preserve the underlying distributional structure”",
      kind: "cohort",
      find: judgeTrivial,
    },
    {
      ...words,
      id: "no-trivial-solution-paper",
      what: "the same, by the test losses of the paper's own tables",
      printed: "none",
      kind: "data",
      find: () => {
        const { mse, huber } = constantLosses();
        const aro = (loss: Loss) => printedLoss(loss, { model: "ARO masked", part: "test" }).mean;
        return {
          ours:
            `the mean of a normal feature scores MSE ${short(mse)}, Huber ${short(huber)}; ` +
            `ARO masked has ${aro("mse")} and ${aro("huber")}`,
          holds: null,
        };
      },
    },
    {
      ...words,
      id: "pca-reconstructs-better",
      what: "PCA, which sees all, against ARO",
      printed: "“superior reconstruction accuracy”",
      kind: "cohort",
      find: judgePca,
    },
    {
      ...words,
      id: "masked-beats-unmasked",
      where: "Tables 1 and 4",
      what: "which ARO has the lower test MSE",
      printed: "masked: 0.14, unmasked: 0.15",
      kind: "cohort",
      find: (evidence) => {
        const row = evidence.differences?.find(
          ({ first, second, modality }) =>
            first === "ARO masked" && second === "ARO unmasked" && modality === "all",
        );
        if (!row) return { ours: needsRun(evidence), holds: null };
        return {
          ours: `on ${evidence.profile.name} masked less unmasked: ${interval(row)}`,
          holds: row.high < 0,
        };
      },
    },
    {
      ...words,
      id: "size-matters-little",
      what: "impact of the model's size on reconstruction",
      printed: "“limited”",
      kind: "data",
      find: () => ({ ours: "–", holds: null }),
    },
  ];
}

/** Better than the mean of observed training values in every modality, by the interval of the paired difference. */
function judgeTrivial(evidence: Evidence): Finding {
  const rows = (evidence.differences ?? []).filter(
    ({ first, second, modality }) =>
      first === "ARO masked" && second === "training mean, observed" && modality !== "all",
  );
  if (rows.length === 0) return { ours: needsRun(evidence), holds: null };
  const parts = rows.map((row) => `${row.modality} ${interval(row)}`);
  return {
    ours: `on ${evidence.profile.name} ARO masked less the training mean, observed: ${parts.join("; ")}`,
    holds: rows.every(({ high }) => high < 0),
  };
}

/** A lower MSE than both models, by the numbers of one split. */
function judgePca(evidence: Evidence): Finding {
  const { reconstruction, profile } = evidence;
  if (reconstruction === null) return { ours: needsRun(evidence), holds: null };
  const [masked, unmasked, pca] = MODELS.map(
    (model) => lossOf(reconstruction, model, "test")?.mse ?? null,
  );
  if (masked === null || unmasked === null || pca === null) return { ours: "–", holds: null };
  return {
    ours: `on ${profile.name}, test MSE: PCA ${short(pca)}, ARO unmasked ${short(unmasked)}, masked ${short(masked)}`,
    holds: pca < Math.min(masked, unmasked),
  };
}

function interval({ difference, low, high }: PairedDifference): string {
  return `${short(difference)} (${short(low)} to ${short(high)})`;
}

/** The mean over seeds, where there is more than one. */
function seedsOf({ seeds }: Evidence, model: Model, part: string): SeedRow | undefined {
  return seeds?.find(
    (row) => row.predictor === predictorOf(model) && row.part === part && (row.seeds ?? 0) > 1,
  );
}

function lossOf(rows: readonly FlatScore[], model: Model, part: string): FlatScore | undefined {
  const predictor = predictorOf(model);
  return rows.find(
    (row) => row.predictor === predictor && row.part === part && row.modality === "all",
  );
}
