// Scores as flat rows for tables and figures, and predictions as counted pairs for a density.
import type { Modality } from "../cohort/cohort.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import type { Estimate } from "./bootstrap.js";
import { featureCorrelations } from "./correlation.js";
import type { Predictor } from "./predictor.js";
import type { ReconstructionRow } from "./reconstruction.js";
import { pearson, quantile } from "./statistics.js";

/** A reconstruction score in plain columns; null where it does not exist. */
export interface FlatScore {
  readonly predictor: string;
  readonly sees: string;
  readonly part: string;
  readonly modality: string;
  readonly samples: number;
  readonly mse: number | null;
  readonly huber: number | null;
  readonly skill: number | null;
  readonly skillLow: number | null;
  readonly skillHigh: number | null;
  readonly medianR: number | null;
  readonly medianRLow: number | null;
  readonly medianRHigh: number | null;
}

/** Flattens scores, rounded to six significant digits: more would be noise in a file that people compare. */
export function flattenScores(rows: readonly ReconstructionRow[]): FlatScore[] {
  const value = (estimate: Estimate | null, key: keyof Estimate = "value") =>
    estimate && Number(estimate[key].toPrecision(6));
  return rows.map(({ predictor, sees, part, modality, samples, mse, huber, skill, medianR }) => ({
    predictor,
    sees,
    part,
    modality,
    samples,
    mse: value(mse),
    huber: value(huber),
    skill: value(skill),
    skillLow: value(skill, "low"),
    skillHigh: value(skill, "high"),
    medianR: value(medianR),
    medianRLow: value(medianR, "low"),
    medianRHigh: value(medianR, "high"),
  }));
}

export interface PairCounts {
  readonly predictor: string;
  readonly edges: Float64Array;
  /** Row-major `[measured bin, predicted bin]`. */
  readonly counts: Float64Array;
  /** Pearson's r over all pairs; null where one side is constant. */
  readonly r: number | null;
}

/**
 * Counts pairs of measured and predicted values of one modality over observed entries, in square bins from 0 to the
 * largest measured value; predictions beyond it fall into the last bin.
 * @param predicted row-major `[rows, features]`.
 * @throws RangeError if nothing is observed, or the sizes do not fit.
 */
export function countPairs(
  predictor: string,
  { matrix }: Prepared,
  predicted: Float32Array,
  { name, start, end }: Modality,
  bins = 36,
): PairCounts {
  if (predicted.length !== matrix.values.length) {
    throw new RangeError(
      `countPairs: expected ${matrix.values.length} predictions, got ${predicted.length}`,
    );
  }
  const measured: number[] = [];
  const guessed: number[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    for (let i = row * matrix.columns + start; i < row * matrix.columns + end; i++) {
      if (!matrix.observed[i]) continue;
      measured.push(matrix.values[i]);
      guessed.push(predicted[i]);
    }
  }
  const high = measured.reduce((most, value) => Math.max(most, value), 0);
  if (high === 0) throw new RangeError(`countPairs: expected measured values of ${name}, got none`);
  const counts = new Float64Array(bins * bins);
  const bin = (value: number) => Math.min(bins - 1, Math.floor((value / high) * bins));
  measured.forEach((value, i) => {
    counts[bin(value) * bins + bin(guessed[i])]++;
  });
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) => (high * i) / bins);
  return { predictor, edges, counts, r: pearson(measured, guessed) };
}

/** The spread over features of Pearson's r between truth and prediction. */
export interface CorrelationSpread {
  readonly predictor: string;
  readonly modality: string;
  /** Features that have an r. */
  readonly features: number;
  readonly percentile5: number;
  readonly percentile25: number;
  readonly median: number;
  readonly percentile75: number;
  readonly percentile95: number;
}

/**
 * Summarizes the r of single features for each predictor and inferred modality on held-out rows; predictors that are
 * constant have none and are left out.
 */
export async function summarizeCorrelations(
  predictors: readonly Predictor[],
  prepared: PreparedCohort,
  part: "validation" | "test",
): Promise<CorrelationSpread[]> {
  const rows: CorrelationSpread[] = [];
  for (const predictor of predictors) {
    const predicted = await predictor.predict(prepared[part]);
    for (const { name, start, end } of prepared.modalities.slice(1)) {
      const found = featureCorrelations(prepared[part].matrix, predicted, { start, end });
      if (found.length === 0) continue;
      const at = (q: number) => quantile(found, q);
      rows.push({
        predictor: predictor.name,
        modality: name,
        features: found.length,
        percentile5: at(0.05),
        percentile25: at(0.25),
        median: at(0.5),
        percentile75: at(0.75),
        percentile95: at(0.95),
      });
    }
  }
  return rows;
}
