// Rules that read our results: losses, accuracies, clusters, figures and the settings of the runs that made them.
import { groupBy } from "../cohort/group.js";
import type { PairedDifference } from "../evaluate/paired.js";
import { compareOverSplits, correctedInterval } from "../evaluate/repeated-splits.js";
import { type Interval, meanOf } from "../evaluate/statistics.js";
import type { FlatScore } from "../evaluate/summary.js";
import type { SeedRow } from "../study/experiment-scores.js";
import { settingsOf } from "../study/runs.js";
import { ARO_PAPER, SPLIT_CONTROLS } from "../study/variants.js";
import { completeSettings } from "../train/settings.js";
import { correctOf, printedInterval, TESTED } from "./deductions.js";
import type { Evidence } from "./evidence.js";
import {
  allBelowZero,
  count,
  type Finding,
  percent,
  percents,
  type Rule,
  short,
} from "./finding.js";
import { roundsTo } from "./paper.js";
import { sharedSplits } from "./splits.js";
import { writeLoss } from "./tables.js";

/** From here on an adjusted Rand index is called a good recovery. Source: Steinley 2004, Psychological Methods 9(3). */
const GOOD_RECOVERY = 0.8;

const [MEAN] = SPLIT_CONTROLS;
const PCA_ALL = "PCA, sees all";

const NOTHING: Finding = { ours: "–", holds: null };
const unmeasured: Rule = () => NOTHING;

/** A setting holds if the authors' code does the same, whatever is done here. */
const setting: Rule = ({ paper, code, here }, evidence) => {
  const each = settingsHere(evidence).map((settings) => fill(here, settings));
  return {
    ours: `code: ${code}; here: ${[...new Set(each)].join(" and ")}`,
    holds: code === paper,
  };
};

/** The fewest seeds behind any model's mean. */
const seedsBehindLosses: Rule = ({ paper }, evidence) => {
  const { seeds, reconstruction } = evidence;
  if (seeds === null && reconstruction === null) return needsRun(evidence);
  const counts = (seeds ?? []).flatMap((row) => row.seeds ?? []);
  const fewest = counts.length === 0 ? 1 : Math.min(...counts);
  return { ours: String(fewest), holds: roundsTo(fewest, paper) };
};

/** A loss over all modalities: the mean over seeds where there are several, else that of the one training. */
const loss: Rule = ({ paper, about }, evidence) => {
  const [measure, predictor, part] = about as [Measure, string, string];
  const { reconstruction, profile } = evidence;
  const row = severalSeeds(evidence, predictor, part);
  if (row) {
    const text = writeLoss(row[measure], row[`${measure}Deviation`]);
    return {
      ours: `${text} over ${row.seeds} seeds on ${profile.name}`,
      holds: roundsTo(row[measure], paper),
    };
  }
  if (reconstruction === null) return needsRun(evidence);
  const value = scoreOf(reconstruction, predictor, part)?.[measure] ?? null;
  if (value === null) return NOTHING;
  return { ours: `${short(value)} on ${profile.name}`, holds: roundsTo(value, paper) };
};

const deviation: Rule = ({ paper, about }, evidence) => {
  const [measure, predictor, part] = about as [Measure, string, string];
  const row = severalSeeds(evidence, predictor, part);
  const value = row?.[`${measure}Deviation`] ?? null;
  if (!row || value === null) return { ours: "trained once", holds: null };
  return {
    ours: `${value.toPrecision(2)} over ${row.seeds} seeds on ${evidence.profile.name}`,
    holds: roundsTo(value, paper),
  };
};

/** Whether a row is of one modality alone. */
function isModality(name: string): boolean {
  return name !== "all" && name !== "inferred";
}

/** What predicting 0 scores in the modality of this place, beside a loss whose scale is not stated. */
const lossOfZero: Rule = ({ about: [place] }, evidence) => {
  const { reconstruction, profile } = evidence;
  if (reconstruction === null) return needsRun(evidence);
  const zero = reconstruction.filter(
    ({ predictor, part }) => predictor === "zero" && part === "test",
  );
  const row = zero.filter(({ modality }) => isModality(modality))[Number(place) - 1];
  if (!row || row.mse === null) return NOTHING;
  return {
    ours: `on ${profile.name}, predicting 0 scores ${short(row.mse)} for ${row.modality} on ARO's scale`,
    holds: null,
  };
};

/**
 * Better than the mean of observed training values in every inferred modality: by the corrected intervals over splits where
 * they are recorded, otherwise by those over the patients of one split.
 */
const beatsTheMean: Rule = (_, evidence) => {
  const splits = sharedSplits(evidence, ARO_PAPER, MEAN);
  const rows: readonly Pair[] =
    splits > 1
      ? compareOverSplits(evidence.splits!, [[ARO_PAPER, MEAN]]).filter(
          ({ measure }) => measure === "mse",
        )
      : pairsOf(evidence, ARO_PAPER, MEAN)
          .filter(({ modality }) => isModality(modality))
          .slice(1); // ARO masked is given the first
  if (rows.length === 0) return needsRun(evidence);
  const each = rows.map((row) => `${row.modality} ${writeDifference(row)}`);
  const where = splits > 1 ? `over ${splits} splits` : "on one split";
  return {
    ours: `on ${evidence.profile.name}, MSE of ARO masked minus that of the observed training mean ${where}: ${each.join("; ")}`,
    holds: allBelowZero(rows),
  };
};

/** From this share of the measured variance on, a distribution is called preserved. */
const PRESERVED = 0.5;

/** Predictions vary as the measurements do: the mean variance ratio over splits, with its corrected interval. */
const preservesVariance: Rule = (_, { splits, profile }) => {
  const own = (splits ?? []).filter(
    ({ variant, space, modality }) =>
      variant === ARO_PAPER && space === undefined && isModality(modality),
  );
  const rows = [...groupBy(own, ({ modality }) => modality)].flatMap(([modality, scores]) => {
    const values = scores.flatMap(({ varianceRatio }) => varianceRatio ?? []);
    if (values.length < 2) return [];
    const share = meanOf(scores.map(({ samples, trainSamples }) => samples / trainSamples));
    const { difference: ratio, low, high } = correctedInterval(values, share);
    return [{ modality, ratio, low, high }];
  });
  if (rows.length === 0) return { ours: `on ${profile.name}, no splits are recorded`, holds: null };
  const each = rows.map(
    ({ modality, ratio, low, high }) =>
      `${modality} ${short(ratio)} (${short(low)} to ${short(high)})`,
  );
  return {
    ours:
      `on ${profile.name}, variance of ARO masked's predictions by that of the measurements, over splits: ` +
      `${each.join("; ")}; ${PRESERVED} or more is preserved`,
    holds: allBelowZero(
      rows.map(({ low, high }) => ({ low: PRESERVED - high, high: PRESERVED - low })),
    ),
  };
};

/** A lower MSE than both models, by the intervals of the paired differences on one split. */
const pcaReconstructs: Rule = (_, evidence) => {
  const { reconstruction, profile } = evidence;
  if (reconstruction === null) return needsRun(evidence);
  const [pca, unmasked, masked] = [PCA_ALL, "ARO unmasked", ARO_PAPER].map(
    (predictor) => scoreOf(reconstruction, predictor, "test")?.mse ?? null,
  );
  if (pca === null || unmasked === null || masked === null) return NOTHING;
  const rows = ["ARO unmasked", ARO_PAPER].flatMap((model) =>
    pairsOf(evidence, model, PCA_ALL).filter(({ modality }) => modality === "all"),
  );
  const each = rows.map((row) => `; ${row.first} less PCA ${writeDifference(row)}`);
  return {
    ours: `on ${profile.name}, test MSE: PCA ${short(pca)}, ARO unmasked ${short(unmasked)}, masked ${short(masked)}${each.join("")}`,
    holds: rows.length < 2 ? "undecided" : allBelowZero(rows.map(negated)),
  };
};

const maskedBeatsUnmasked: Rule = (_, evidence) => {
  const pairs = pairsOf(evidence, ARO_PAPER, "ARO unmasked");
  const rows = pairs.filter(({ modality }) => modality === "all");
  if (rows.length === 0) return needsRun(evidence);
  return {
    ours: `on ${evidence.profile.name}, masked minus unmasked on one split: ${rows.map(writeDifference)}`,
    holds: allBelowZero(rows),
  };
};

const accuracy: Rule = ({ paper, about: [task, representation] }, evidence) => {
  const correct = `${correctOf(paper, TESTED)} of ${TESTED}`;
  const ours = `${correct}: 95 % interval ${percents(printedInterval(paper))}`;
  const row = mlpOn(evidence, task, representation);
  if (!row) return { ours, holds: null };
  const here = percents({ low: row.accuracyLow, high: row.accuracyHigh });
  return {
    ours: `${ours}; on ${evidence.profile.name} ${percent(row.accuracy)}, ${here}`,
    holds: roundsTo(100 * row.accuracy, paper),
  };
};

/**
 * Weaker with any number of components: the MLP's balanced accuracy of the first task, by the paired differences on the
 * same folds; undecided where they are not published.
 */
const pcaDownstream: Rule = (_, evidence) => {
  const rows = evidence.downstream ?? [];
  const { tasks } = evidence.profile.labels;
  const task = tasks.find((one) => rows.some((row) => row.task === one)) ?? tasks[0];
  const names = [...new Set(rows.map((row) => row.representation))];
  const aro = mlpOn(evidence, task, "ARO");
  const others = names
    .filter((name) => name.startsWith("PCA"))
    .flatMap((name) => mlpOn(evidence, task, name) ?? []);
  if (!aro || others.length === 0) return needsRun(evidence);
  const pairs = (evidence.embeddings ?? []).filter(
    (row) => row.task === task && row.columns === "standardized" && row.first === "ARO",
  );
  const each = [aro, ...others].map(
    (row) => `${row.representation} ${percent(row.balancedAccuracy)}`,
  );
  const points = (share: number) => (100 * share).toFixed(0);
  const less = pairs.map(
    ({ second, difference, low, high }) =>
      `; ARO less ${second} ${points(difference)} points (${points(low)} to ${points(high)})`,
  );
  return {
    ours: `on ${evidence.profile.name}, balanced accuracy of ${task}: ${each.join(", ")}${less.join("")}`,
    holds: pairs.length < others.length ? "undecided" : allBelowZero(pairs.map(negated)),
  };
};

/** Two clusters of ARO's embedding are the classes of a label, by their adjusted Rand index. */
const clusters: Rule = ({ about: [label] }, evidence) => {
  const { profile, latent } = evidence;
  const own = latent?.filter((row) => row.label === label);
  const [aro, pca] = ["ARO", "PCA"].map(
    (name) => own?.find(({ representation }) => representation === name)?.adjustedRand,
  );
  if (aro === undefined) {
    const asked = profile.labels.tasks.includes(label);
    return latent === null && asked
      ? needsRun(evidence)
      : { ours: `not a task of ${profile.name}`, holds: null };
  }
  return {
    ours:
      `on ${profile.name}, adjusted Rand index of two clusters and ${label}: ${aro.toFixed(2)} from ARO, ` +
      `${pca?.toFixed(2) ?? "not computed"} from PCA of the data; ${GOOD_RECOVERY} or more is good`,
    holds: aro >= GOOD_RECOVERY,
  };
};

/** Our figure of the paper's number, unless it shows a label that the cohort lacks. */
const figure: Rule = ({ about: [number, label] }, { figures, profile }) => {
  if (label && !profile.labels.tasks.includes(label)) {
    return { ours: `not a task of ${profile.name}; its figure shows another label`, holds: null };
  }
  const name = `figure-${number}`;
  return { ours: figures.includes(name) ? `${name} on ${profile.name}` : "–", holds: null };
};

/** The rules of this file, by the name that paper.csv gives them. */
export const MEASUREMENTS = {
  unmeasured,
  size: unmeasured,
  setting,
  seedsBehindLosses,
  loss,
  deviation,
  lossOfZero,
  beatsTheMean,
  preservesVariance,
  pcaReconstructs,
  maskedBeatsUnmasked,
  accuracy,
  pcaDownstream,
  clusters,
  figure,
};

type Measure = "mse" | "huber";

/** What a claim says that needs a run which has not been made. */
function needsRun({ profile }: Evidence): Finding {
  const chosen = profile.name === "ucec" ? "" : ` -- --profile ${profile.name}`;
  return { ours: `no run of profile ${profile.name} yet: npm start${chosen}`, holds: null };
}

type Settings = Readonly<Record<string, string | number | null>>;

/** Of the runs that made the numbers, or before there are any, of those that the profile will make. */
function settingsHere({ profile, runs }: Evidence): Settings[] {
  const { model: spec, training, split } = profile;
  const settings: readonly Settings[] = runs
    ? runs.map((run) => ({ ...run, precision: precisionOf(run) }))
    : [{ ...settingsOf({ spec, training: completeSettings(training) }), precision: "float32" }];
  return settings.map((one) => ({ ...one, split: split.by }));
}

/** Of a run, by the name of its engine. */
function precisionOf({ engine }: { readonly engine: string }): string {
  return engine.includes("bfloat16") ? "float32, products in bfloat16" : "float32";
}

/** Replaces a setting's name by its value: "{plateauPatience} epochs" becomes "10 epochs", or "none" without one. */
function fill(template: string, settings: Settings): string {
  const name = /\{(\w+)\}/.exec(template)?.[1];
  if (name === undefined) return template;
  const value = settings[name];
  if (value === null) return "none";
  const text = Number.isInteger(value) ? count(Number(value)) : String(value);
  return template.replace(`{${name}}`, text === "relu" ? "ReLU" : text);
}

/** A mean difference between two predictors in one modality, with its interval. */
type Pair = Pick<PairedDifference, "modality" | "difference" | "low" | "high">;

/** Differences of two predictors on one split. */
function pairsOf({ differences }: Evidence, first: string, second: string): PairedDifference[] {
  return (differences ?? []).filter((row) => row.first === first && row.second === second);
}

function negated({ low, high }: Interval): Interval {
  return { low: -high, high: -low };
}

function writeDifference({ difference, low, high }: Pair): string {
  return `${short(difference)} (${short(low)} to ${short(high)})`;
}

function severalSeeds({ seeds }: Evidence, predictor: string, part: string): SeedRow | undefined {
  return seeds?.find(
    (row) => row.predictor === predictor && row.part === part && (row.seeds ?? 0) > 1,
  );
}

/** Over all modalities. */
function scoreOf(
  rows: readonly FlatScore[],
  predictor: string,
  part: string,
): FlatScore | undefined {
  return rows.find(
    (row) => row.predictor === predictor && row.part === part && row.modality === "all",
  );
}

/** The MLP on a representation, for one task. */
function mlpOn({ downstream }: Evidence, task: string, representation: string) {
  return downstream?.find(
    (row) => row.task === task && row.representation === representation && row.classifier === "mlp",
  );
}
