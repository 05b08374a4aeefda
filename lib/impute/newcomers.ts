// New samples beside the training samples: which of the model's genes they have, how their values lie, how new they are.
import type { ModalityTable } from "../cohort/cohort.js";
import { stripEnsemblVersion } from "../cohort/identifiers.js";
import { emptyMatrix, type Matrix } from "../cohort/matrix.js";
import { multiplyTransposed } from "../engine/linear-algebra.js";
import type { Imputer } from "./bundle.js";
import {
  compareSamples,
  enterSamples,
  noveltyOf,
  ownProducts,
  type SampleMap,
} from "./smoothing.js";

/** A table of the first modality. */
export type SeenTable = Pick<ModalityTable, "samples" | "features" | "matrix">;

/** Where the model's features stand in a table. */
export interface Places {
  /** Column of each of the model's features; -1 where the table lacks it. */
  readonly columns: Int32Array;
  /** Share of the features that the table has. */
  readonly found: number;
  readonly missing: readonly string[];
}

/**
 * Finds the model's features in a table by name, in any order, Ensembl versions aside.
 * @throws RangeError if the table has no samples, or less than a share of the features.
 */
export function findPlaces(
  { decoder }: Pick<Imputer, "decoder">,
  { samples, features }: SeenTable,
  leastFound: number,
): Places {
  if (samples.length === 0) throw new RangeError("impute: expected at least one sample, got none");
  const { name, start, end } = decoder.modalities[0];
  const wanted = decoder.features.slice(start, end);
  const columnOf = new Map(features.map((feature, j) => [stripEnsemblVersion(feature), j]));
  const columns = Int32Array.from(
    wanted,
    (feature) => columnOf.get(stripEnsemblVersion(feature)) ?? -1,
  );
  const missing = wanted.filter((_, j) => columns[j] < 0);
  const found = 1 - missing.length / wanted.length;
  if (!(found >= leastFound)) {
    throw new RangeError(
      `impute: expected at least ${(100 * leastFound).toFixed(0)} % of the model's ${wanted.length} features of ${name}, ` +
        `got ${(100 * found).toFixed(1)} %; missing are ${missing.slice(0, 5).join(", ")} ..., ` +
        `the table has ${features.slice(0, 5).join(", ")} ...; name the features as in training, or accept fewer ` +
        "with --least-found",
    );
  }
  return { columns, found, missing };
}

/**
 * Copies some samples into the model's columns. A feature that the table lacks is filled with its training mean; one
 * that a sample alone lacks is left unmeasured, and the model fills it with the training median.
 */
export function placeSamples(
  { decoder }: Pick<Imputer, "decoder">,
  { matrix }: SeenTable,
  { columns }: Places,
  start: number,
  size: number,
): Matrix {
  const out = emptyMatrix(size, columns.length);
  const { mean } = decoder.paths.scaler;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < columns.length; j++) {
      const to = i * columns.length + j;
      const from = (start + i) * matrix.columns + columns[j];
      if (columns[j] < 0) out.values[to] = mean[j];
      else if (matrix.observed[from]) out.values[to] = matrix.values[from];
      else continue;
      out.observed[to] = 1;
    }
  }
  return out;
}

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
      ...(found < 0.5 ? [`few features: ${percent(found)} of the model's measured`] : []),
    ];
    const spread = Math.sqrt(Math.max(0, squares / n - shift ** 2));
    const place = [map[2 * i], map[2 * i + 1]] as const;
    return { sample, found, novelty, shift, spread, place, beyond, warnings };
  });
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
