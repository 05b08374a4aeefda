// Sentences that state a result: made from the numbers of the run, so that a notebook says what came out for any profile.
import { groupBy } from "../cohort/group.js";
import type { ClassifierRow } from "../evaluate/compare.js";
import type { PairedDifference } from "../evaluate/paired.js";
import type { SplitDifference } from "../evaluate/repeated-splits.js";
import type { Interval } from "../evaluate/statistics.js";
import type { FlatScore } from "../evaluate/summary.js";
import { counted, decimal, listed, percent } from "../figures/text.js";
import { checkOptions, required } from "../options.js";
import type { Run } from "../train/folder.js";
import type { ComparedVariant } from "./experiment-scores.js";
import type { TuningReference, TuningSummary } from "./tuning.js";

/**
 * Finds the predictor of lowest test MSE among those that do not see what they infer.
 * @param modality its name, or "inferred" for all behind the first together.
 * @throws RangeError if there is none.
 */
export function findLowest(scores: readonly FlatScore[], modality: string): FlatScore {
  return rank(scores, modality)[0];
}

/**
 * Names, for each inferred modality and for all of them together, the predictor of lowest test MSE among those that do
 * not see it, and the place of `predictor`; its distance has an interval where `differences` has one.
 * @param scores as `reconstructionTable` returns them.
 * @throws RangeError if `predictor` has no test scores, or sees what it infers.
 */
export function describeScores(
  scores: readonly FlatScore[],
  predictor: string,
  differences: readonly PairedDifference[] = [],
): string {
  const own = scores.filter((row) => row.part === "test" && row.predictor === predictor);
  // The first modality is the input.
  const modalities = own.map(({ modality }) => modality).filter((name) => name !== "all");
  return modalities
    .slice(1)
    .map((modality) => {
      const ranked = rank(scores, modality);
      const place = ranked.findIndex((row) => row.predictor === predictor);
      if (place < 0) {
        throw new RangeError(
          `describeScores: expected a predictor that infers ${modality}, got "${predictor}"`,
        );
      }
      const [best, second] = ranked;
      const lowest = `On ${nameOf(modality)}, ${best.predictor} has the lowest MSE (${decimal(best.mse!, 3)})`;
      if (place === 0) {
        const next = second ? `; ${second.predictor} follows with ${decimal(second.mse!, 3)}` : "";
        return `${lowest}${next}.`;
      }
      const pair = differences.find(
        (one) =>
          one.modality === modality && one.first === predictor && one.second === best.predictor,
      );
      const gap = pair?.difference ?? ranked[place].mse! - best.mse!;
      const interval = pair ? ` (${between(pair)})` : "";
      return `${lowest}; ${predictor} is behind by ${decimal(gap, 3)}${interval}, number ${place + 1} of ${ranked.length}.`;
    })
    .join("\n");
}

/** States each difference, with its interval; where the interval includes 0, that this split cannot tell them apart. */
export function describeDifferences(differences: readonly PairedDifference[]): string {
  return differences
    .map(({ first, second, modality, difference, low, high, better }) => {
      const where = `On ${nameOf(modality)}, `;
      if (better === "neither") {
        return `${where}this split cannot tell ${first} from ${second}: the MSE differs by ${decimal(difference, 3)} (${between({ low, high })}).`;
      }
      const isLower = difference < 0;
      const limits = isLower ? { low: -high, high: -low } : { low, high };
      return `${where}${first} has a ${isLower ? "lower" : "higher"} MSE than ${second}, by ${decimal(Math.abs(difference), 3)} (${between(limits)}).`;
    })
    .join("\n");
}

const MOST_NAMED = 3;

/**
 * Counts whom the intervals over splits favor, names a few undecided ones, and says how many differences
 * Holm's method leaves.
 * @param rows each compares the same first predictor with another one.
 * @throws RangeError if there are none.
 */
export function describeComparisons(
  rows: readonly Pick<
    SplitDifference,
    "first" | "second" | "modality" | "measure" | "better" | "adjusted"
  >[],
): string {
  if (rows.length === 0) {
    throw new RangeError("describeComparisons: expected comparisons, got none");
  }
  const [{ first }] = rows;
  const won = rows.filter(({ better }) => better === first);
  const open = rows.filter(({ better }) => better === "undecided");
  const lost = rows.length - won.length - open.length;
  const beyond = rows.filter(({ better, adjusted }) => better !== "undecided" && adjusted < 0.05);
  const named = open.map(
    ({ measure, modality, second }) => `${measure} of ${modality} against ${second}`,
  );
  return (
    `${won.length} of ${rows.length} intervals favor ${/^[a-z]/.test(first) ? "the " : ""}${first}, ${lost} the other, ` +
    `${open.length} undecided${named.length > 0 && named.length <= MOST_NAMED ? ` (${named.join("; ")})` : ""}; ` +
    `${beyond.length} of the differences ${beyond.length === 1 ? "holds" : "hold"} after Holm's adjustment.`
  );
}

/** What a sentence about a training needs of its run. */
export type TrainedRun = Pick<Run, "config" | "epochs">;

/**
 * States a run's steps and what its validation loss did until the last epoch.
 * @throws RangeError if the run has no epochs or no training rows.
 */
export function describeTraining(
  name: string,
  { config, epochs }: TrainedRun,
  options: { readonly trainSamples: number },
): string {
  const { trainSamples } = checkOptions("describeTraining", options, {
    trainSamples: required("number"),
  });
  const last = epochs.at(-1);
  if (!last || !(trainSamples > 0)) {
    throw new RangeError(
      `describeTraining: expected epochs and training rows of ${name}, got ${epochs.length} and ${trainSamples}`,
    );
  }
  const { batchSize } = config.training;
  const steps = epochs.reduce((sum, epoch) => sum + epoch.steps, 0);
  const each = Math.ceil(trainSamples / batchSize);
  const taken =
    `${name} took ${counted(steps, "step")}: with ${trainSamples} rows and batches of ${batchSize}, ` +
    `an epoch is ${counted(each, "step")}.`;
  const lowest = epochs.reduce((a, b) => (b.validation.huber < a.validation.huber ? b : a));
  const end = decimal(last.validation.huber, 4);
  if (lowest.epoch !== last.epoch) {
    const above = last.validation.huber / lowest.validation.huber - 1;
    return `${taken} Its validation loss was lowest at epoch ${lowest.epoch} (${decimal(lowest.validation.huber, 4)}) and is ${percent(above, 1)} higher at the last, ${last.epoch} (${end}).`;
  }
  const before = epochs[Math.max(0, Math.floor(0.9 * epochs.length) - 1)];
  const fall = 1 - last.validation.huber / before.validation.huber;
  return `${taken} Its validation loss still fell at the last epoch, ${last.epoch} (${end}), by ${percent(fall, 1)} since epoch ${before.epoch}: more steps would lower it further.`;
}

/** States the lowest validation loss that each search reached, by setup, beside the references of that setup. */
export function describeSearches(
  searches: readonly TuningSummary[],
  references: readonly TuningReference[] = [],
): string {
  return [...groupBy(searches, ({ setup }) => setup)]
    .map(([setup, own]) => {
      const reached = own.map(({ search, loss, trials, foundAt }) => {
        const name = search === "bayes" ? "the Bayesian search" : "random search";
        return loss === null
          ? `${name} finished none of its ${counted(trials, "trial")}`
          : `${name} reached ${decimal(loss, 4)} (trial ${foundAt} of ${trials})`;
      });
      const [first, second] = own;
      const same = own.length === 2 && first.loss !== null && first.loss === second.loss;
      const beside = references
        .filter((row) => row.setup === setup)
        .map(({ name, loss }) => `the ${name} has ${decimal(loss, 4)}`);
      return `${capitalized(setup)}, ${listed(reached)}${same ? ", the same trial" : ""}${beside.length > 0 ? `; ${listed(beside)}` : ""}.`;
    })
    .join("\n");
}

/** A classifier's row with the task and the representation that it reads. */
export type DownstreamRow = Omit<ClassifierRow, "confusion"> & {
  readonly task: string;
  readonly representation: string;
};

/** States, task by task, the balanced accuracy of the MLP from each representation, beside chance and covariates. */
export function describeAccuracies(rows: readonly DownstreamRow[]): string {
  return [...groupBy(rows, ({ task }) => task)]
    .map(([task, own]) => {
      const write = (row: DownstreamRow) =>
        `${percent(row.balancedAccuracy)} (${percent(row.balancedLow)} to ${percent(row.balancedHigh)})`;
      const from = own
        .filter((row) => row.classifier === "mlp")
        .map((row) => `${write(row)} from ${row.representation}`);
      const alone = new Map(
        own.filter((row) => row.classifier.endsWith(" alone")).map((row) => [row.classifier, row]),
      );
      const majority = own.find((row) => row.classifier === "majority class");
      const beside = [
        ...[...alone].map(([name, row]) => `${percent(row.balancedAccuracy)} for ${name}`),
        ...(majority ? [`${percent(majority.balancedAccuracy)} for the majority class`] : []),
      ];
      return `${capitalized(task)}: the MLP's balanced accuracy is ${listed(from)}${beside.length > 0 ? `; ${listed(beside)}` : ""}.`;
    })
    .join("\n");
}

/** How far the classes of a label are apart in a representation, and how two clusters agree with them. */
export interface ClusterRow {
  readonly representation: string;
  readonly label: string;
  readonly silhouette: number | null;
  readonly adjustedRand: number;
}

/** States, label by label, the silhouette and the adjusted Rand index of each representation. */
export function describeClusters(rows: readonly ClusterRow[]): string {
  return [...groupBy(rows, ({ label }) => label)]
    .map(([label, own]) => {
      const best = (field: "silhouette" | "adjustedRand") =>
        own.toSorted((a, b) => (b[field] ?? -1) - (a[field] ?? -1))[0].representation;
      const numbers = own.map(
        ({ representation, silhouette, adjustedRand }) =>
          `${representation} ${silhouette === null ? "–" : decimal(silhouette)} and ${decimal(adjustedRand)}`,
      );
      return (
        `${capitalized(label)}, silhouette and adjusted Rand index: ${numbers.join("; ")}. ` +
        (best("silhouette") === best("adjustedRand")
          ? `Both are highest in ${best("silhouette")}.`
          : `The silhouette is highest in ${best("silhouette")}, the Rand index in ${best("adjustedRand")}.`)
      );
    })
    .join("\n");
}

/**
 * States which variants move a measure by more than their seeds do, those that compare like with like first.
 * @param measure its name in the sentence, such as "test MSE".
 */
export function describeEffects(rows: readonly ComparedVariant[], measure: string): string {
  const compared = rows.flatMap((row) => (row.difference === null ? [] : [row]));
  const clear = compared.filter(
    ({ low, high }) => low !== null && high !== null && (low > 0 || high < 0),
  );
  const write = (own: readonly ComparedVariant[]) =>
    listed(
      own.map(({ variant, difference, low, high }) => {
        const sign = difference! > 0 ? "+" : "";
        const limits = low === null || high === null ? "" : ` (${between({ low, high })})`;
        return `${variant} ${sign}${decimal(difference!, 3)}${limits}`;
      }),
    );
  const like = clear.filter(({ caveat }) => caveat === "");
  const unlike = clear.filter(({ caveat }) => caveat !== "");
  const of = compared.filter(({ caveat }) => caveat === "").length;
  const first = `${like.length} of the ${of} variants that compare like with like ${like.length === 1 ? "moves" : "move"} the ${measure} by more than the seeds do`;
  const second =
    unlike.length > 0
      ? ` On other inputs or rows, and so not directly comparable: ${write(unlike)}.`
      : "";
  if (of === 0) return `No variant compares like with like on ${measure}.${second}`;
  return `${first}${like.length > 0 ? `: ${write(like)}` : ""}.${second}`;
}

function rank(scores: readonly FlatScore[], modality: string): readonly FlatScore[] {
  const ranked = scores
    .filter((row) => row.part === "test" && row.modality === modality)
    .filter(({ sees, mse }) => sees !== "all" && mse !== null)
    .toSorted((a, b) => a.mse! - b.mse!);
  if (ranked.length === 0) {
    throw new RangeError(
      `findLowest: expected test scores on ${modality} of a predictor that does not see it, got none`,
    );
  }
  return ranked;
}

function nameOf(modality: string): string {
  if (modality === "inferred") return "the inferred modalities together";
  return modality === "all" ? "all modalities, the input among them" : modality;
}

/** "0.027 to 0.036". */
function between({ low, high }: Interval): string {
  return `${decimal(low, 3)} to ${decimal(high, 3)}`;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
