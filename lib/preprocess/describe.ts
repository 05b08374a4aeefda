// Views of preprocessing: one feature at every stage, and the distribution of values after each stage.
import type { Cohort, Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import type { PreparedCohort } from "./prepare.js";
import { applyScaler, type Scaler, STAGES, type Stage } from "./scaler.js";

/** One sample's value of one feature at every stage; `measured` is null if missing. */
export interface FeatureStages extends Readonly<Record<Stage, number>> {
  readonly sample: string;
  readonly feature: string;
  readonly measured: number | null;
}

/**
 * Follows one column of the cohort through preprocessing, one row per sample.
 * @throws RangeError if the cohort has no such column or row.
 */
export function describeFeature(
  cohort: Pick<Cohort, "samples" | "features" | "matrix">,
  scaler: Scaler,
  column: number,
  rows: readonly number[],
): FeatureStages[] {
  const { columns, values, observed } = cohort.matrix;
  if (!Number.isInteger(column) || column < 0 || column >= columns) {
    throw new RangeError(`describeFeature: expected a column in [0, ${columns}), got ${column}`);
  }
  const stages = STAGES.map((stage) => applyScaler(scaler, cohort.matrix, rows, stage));
  return rows.map((row, i) => {
    const [imputed, winsorized, standardized, log] = stages.map(
      (scaled) => scaled.values[i * columns + column],
    );
    return {
      sample: cohort.samples[row].id,
      feature: cohort.features[column],
      measured: observed[row * columns + column] ? values[row * columns + column] : null,
      imputed,
      winsorized,
      standardized,
      log,
    };
  });
}

/** The share of a modality's observed entries that are exactly 0, in [0, 1]. */
export interface ZeroShare {
  readonly modality: string;
  /** Of the training rows. */
  readonly training: number;
  /** Of the test rows. */
  readonly test: number;
}

/**
 * Computes the share of zeros after preprocessing, by modality.
 * @throws RangeError if nothing of a modality is observed.
 */
export function zeroShares({
  modalities,
  train,
  test,
}: Pick<PreparedCohort, "modalities"> & {
  readonly [P in "train" | "test"]: Pick<PreparedCohort[P], "matrix">;
}): ZeroShare[] {
  return modalities.map((modality) => {
    const shareIn = (matrix: Matrix) => {
      const values = observedValues("zeroShares", matrix, modality);
      return values.filter((value) => value === 0).length / values.length;
    };
    const { name } = modality;
    return { modality: name, training: shareIn(train.matrix), test: shareIn(test.matrix) };
  });
}

/** The distribution of one modality's observed values after one stage. */
export interface StageHistogram {
  readonly modality: string;
  readonly stage: string;
  /** Ascending, one more than the counts; the last bin includes its upper edge. */
  readonly edges: Float64Array;
  /** Observed values in each bin. */
  readonly counts: Float64Array;
  /** Observed values that are exactly 0. */
  readonly zeros: number;
  /** Of z-scores: observed values below 0, which the next step sets to 0. */
  readonly below?: number;
  /** Of z-scores: observed values that winsorizing has moved. */
  readonly winsorized?: number;
}

/** The stages that have a histogram, with their names there. */
const SHOWN: readonly (readonly [Stage, string])[] = [
  ["imputed", "measured"],
  ["standardized", "z-score"],
  ["log", "log1p of z above 0"],
];

/**
 * Counts the observed values of rows in bins of equal width, one histogram per stage and modality.
 * @throws RangeError if `bins` is not at least 1, or a modality has no observed value.
 */
export function stageHistograms(
  { matrix, modalities }: Pick<Cohort, "matrix" | "modalities">,
  scaler: Scaler,
  rows: readonly number[],
  bins = 48,
): StageHistogram[] {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`stageHistograms: expected a positive number of bins, got ${bins}`);
  }
  const stages = new Map(
    STAGES.map((stage) => {
      const scaled = applyScaler(scaler, matrix, rows, stage);
      return [stage, modalities.map((one) => observedValues("stageHistograms", scaled, one))];
    }),
  );
  const [before, after] = [stages.get("imputed")!, stages.get("winsorized")!];
  return SHOWN.flatMap(([stage, name]) =>
    stages.get(stage)!.map((values, i): StageHistogram => {
      const histogram = { modality: modalities[i].name, stage: name, ...countBins(values, bins) };
      if (stage !== "standardized") return histogram;
      const winsorized = after[i].filter((value, k) => value !== before[i][k]).length;
      return { ...histogram, below: values.filter((value) => value < 0).length, winsorized };
    }),
  );
}

function observedValues(
  where: string,
  { rows, columns, values, observed }: Matrix,
  { name, start, end }: Modality,
): Float32Array {
  const found = new Float32Array(rows * (end - start));
  let count = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = row * columns + start; i < row * columns + end; i++) {
      if (observed[i]) found[count++] = values[i];
    }
  }
  if (count === 0) throw new RangeError(`${where}: expected observed values of ${name}, got none`);
  return found.subarray(0, count);
}

function countBins(
  values: Float32Array,
  bins: number,
): Pick<StageHistogram, "edges" | "counts" | "zeros"> {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) high = low + 1; // a constant needs a bin of some width
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
  const counts = new Float64Array(bins);
  let zeros = 0;
  for (const value of values) {
    counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]++;
    if (value === 0) zeros++;
  }
  return { edges, counts, zeros };
}
