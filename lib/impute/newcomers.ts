// New samples beside the training samples: which of the model's features they have, their scale, their novelty.
import type { Matrix } from "../cohort/matrix.js";
import { countOf, quoteSome } from "../cohort/problems.js";
import { multiplyTransposed } from "../engine/linear-algebra.js";
import type { Imputer } from "./bundle.js";
import type { Places } from "./new-table.js";
import {
  compareSamples,
  enterSamples,
  noveltyOf,
  ownProducts,
  type SampleMap,
} from "./smoothing.js";

/** A new sample beside the training samples. */
export interface Newcomer {
  readonly sample: string;
  /** Share of the model's features that were measured in it. */
  readonly found: number;
  /** Share of its likeness to itself that training samples do not explain; at most 1. */
  readonly novelty: number;
  /** Mean and standard deviation of its z-scores by the training samples' scale; near 0 and 1 in the same units. */
  readonly shift: number;
  readonly spread: number;
  /** Its place on the training samples' map. */
  readonly place: readonly [number, number];
  /** Share of its measured values outside the training samples' 1st to 99th percentile; 2 % are expected. */
  readonly beyond: number;
  /** What to be careful about; empty for nothing. */
  readonly warnings: readonly string[];
}

/** The largest share of values outside the training percentiles without a warning. */
const MOST_BEYOND = 0.2;
/** A sample with a smaller share of the model's features is warned of. */
const FEW_FEATURES = 0.5;

/**
 * Describes samples.
 * @param seen as `placeSamples` gives them; those the table lacks do not count.
 */
export function describeNewcomers(
  { decoder, noveltyLimit }: Pick<Imputer, "decoder" | "noveltyLimit">,
  samples: readonly string[],
  seen: Matrix,
  { columns }: Places,
  { axes }: SampleMap,
): Newcomer[] {
  const { scaler, likeness } = decoder.paths;
  const inputs = enterSamples(likeness, seen, Array.from(samples.keys()));
  const similarity = compareSamples(likeness, inputs);
  const novelties = noveltyOf(likeness, similarity, ownProducts(inputs));
  const map = multiplyTransposed(similarity, axes);
  return samples.map((sample, i) => {
    let [measured, count, sum, squares, outside] = [0, 0, 0, 0, 0];
    for (let j = 0; j < columns.length; j++) {
      const at = i * columns.length + j;
      if (columns[j] < 0 || !seen.observed[at]) continue;
      measured++;
      if (scaler.std[j] === 0) continue;
      const z = (seen.values[at] - scaler.mean[j]) / scaler.std[j];
      count++;
      sum += z;
      squares += z * z;
      if (seen.values[at] < scaler.low[j] || seen.values[at] > scaler.high[j]) outside++;
    }
    const n = Math.max(1, count);
    const [shift, beyond, found] = [sum / n, outside / n, measured / columns.length];
    const novelty = novelties[i];
    const warnings = [
      ...(novelty > noveltyLimit ? ["outside: unlike the training samples"] : []),
      ...(beyond > MOST_BEYOND
        ? [`other scale: ${percent(beyond)} of the values beyond the training percentiles`]
        : []),
      ...(found < FEW_FEATURES ? [`few features: ${percent(found)} of the model's measured`] : []),
    ];
    const spread = Math.sqrt(Math.max(0, squares / n - shift ** 2));
    const place = [map[2 * i], map[2 * i + 1]] as const;
    return { sample, found, novelty, shift, spread, place, beyond, warnings };
  });
}

/** Tells of samples that the model was trained on, and of those with few of its features. */
export function noteSamples(
  { decoder: { trainedOn } }: Pick<Imputer, "decoder">,
  newcomers: readonly Newcomer[],
): string[] {
  const trained = new Set(trainedOn);
  const known = newcomers.map(({ sample }) => sample).filter((id) => trained.has(id));
  const few = newcomers.filter(({ found }) => found < FEW_FEATURES).map(({ sample }) => sample);
  const fitted =
    `${countOf(known.length, "sample")} had the id of a training sample (${quoteSome(known)}); if these are the ` +
    "same samples, their values are fitted, not predicted, and their intervals are too narrow";
  const sparse =
    `${countOf(few.length, "sample")} measured less than ${percent(FEW_FEATURES)} of the model's features ` +
    `(${quoteSome(few)}); the rest is filled with training medians`;
  return [...(known.length > 0 ? [fitted] : []), ...(few.length > 0 ? [sparse] : [])];
}

/** Tells of samples whose values lie elsewhere than the training samples', as other units or batches do. */
export function noteShift(newcomers: readonly Newcomer[], isAligned: boolean): string[] {
  const n = newcomers.length;
  const meanOf = (of: (one: Newcomer) => number) =>
    newcomers.reduce((sum, one) => sum + of(one), 0) / n;
  const beyond = meanOf((one) => one.beyond);
  const [shift, spread] = [meanOf((one) => one.shift), meanOf((one) => one.spread)];
  const isShifted = beyond > MOST_BEYOND || Math.abs(shift) > MOST_SHIFT;
  if (!isShifted) return [];
  const remedy = isAligned
    ? "the alignment did not undo it"
    : "are they in the same units and normalized alike? --align z or --align quantile maps each feature onto the " +
      "training samples; nothing was aligned";
  return [
    `${percent(beyond)} of the new values lie outside the training samples' 1st to 99th percentile (2 % are expected); ` +
      `mean z-score ${shift.toFixed(2)} (0), deviation ${spread.toFixed(2)} (1): ${remedy}`,
  ];
}

const MOST_SHIFT = 0.5; // training deviations, on average over all features and samples

/** Renders samples.tsv. */
export function renderNewcomers(newcomers: readonly Newcomer[], limit: number): string {
  const header = "sample\tfound\tnovelty\tlimit\tshift\tspread\tbeyond\twarning";
  const lines = newcomers.map(({ sample, found, novelty, shift, spread, beyond, warnings }) => {
    const numbers = [found, novelty, limit, shift, spread, beyond].map((one) => one.toFixed(4));
    return [sample, ...numbers, warnings.join("; ")].join("\t");
  });
  return `${[header, ...lines].join("\n")}\n`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
