// How values are distributed after each stage of preprocessing, counted modality by modality.
import type { Cohort } from "../cohort/cohort.js";
import { applyScaler, type Scaler, type Stage } from "./scaler.js";

/** How one modality's observed values are distributed after one stage of preprocessing. */
export interface StageHistogram {
  readonly modality: string;
  readonly stage: string;
  /** Ascending, one more than the counts; the last bin holds its upper limit too. */
  readonly edges: Float64Array;
  /** Observed values in each bin. */
  readonly counts: Float64Array;
  /** Observed values that are exactly 0. */
  readonly zeros: number;
}

const STAGES: readonly { readonly stage: string; readonly until: Stage }[] = [
  { stage: "measured", until: "imputed" }, // imputed entries are not observed, so not counted
  { stage: "clamped", until: "winsorized" },
  { stage: "z-score", until: "standardized" },
  { stage: "log1p of z above 0", until: "log" },
];

/**
 * Counts the observed values of the given rows in equal bins between their extremes.
 * @returns one histogram for each stage and modality.
 * @throws {RangeError} if `bins` is not a positive whole number, or a modality has no observed value.
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
  return STAGES.flatMap(({ stage, until }) => {
    const scaled = applyScaler(scaler, matrix, rows, until);
    return modalities.map(({ name, start, end }): StageHistogram => {
      const kept = new Float64Array(rows.length * (end - start));
      let count = 0;
      for (let row = 0; row < rows.length; row++) {
        for (let i = row * scaled.columns + start; i < row * scaled.columns + end; i++) {
          if (scaled.observed[i]) kept[count++] = scaled.values[i];
        }
      }
      if (count === 0) {
        throw new RangeError(`stageHistograms: expected observed values of ${name}, got none`);
      }
      return { modality: name, stage, ...countBins(kept.subarray(0, count), bins) };
    });
  });
}

function countBins(
  values: Float64Array,
  bins: number,
): Pick<StageHistogram, "edges" | "counts" | "zeros"> {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) high = low + 1; // the bins of a constant need a width
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins);
  const counts = new Float64Array(bins);
  let zeros = 0;
  for (const value of values) {
    counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]++;
    if (value === 0) zeros++;
  }
  return { edges, counts, zeros };
}
