// What tables and figures show of predictors: flat rows of scores, counted pairs, and spreads of correlations.
import type { Modality } from "../cohort/cohort.js";
import { checkOptions } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import type { Estimate } from "./bootstrap.js";
import { featureCorrelations } from "./correlation.js";
import type { Predictor } from "./predictor.js";
import {
  type ReconstructionRow,
  scorePredictors,
  TABLE_KINDS,
  type TableOptions,
} from "./reconstruction.js";
import { pearson, quantile } from "./statistics.js";

/** A row of a reconstruction table, over observed entries; a score that does not exist is null. */
export interface FlatScore {
  readonly predictor: string;
  /** "nothing", "RNA" or "all". */
  readonly sees: string;
  /** "train", "validation" or "test". */
  readonly part: string;
  /** The modality's name; "inferred", all behind the first together; or "all", which counts the input too. */
  readonly modality: string;
  readonly samples: number;
  readonly mse: number | null;
  readonly huber: number | null;
  /** `1 - MSE / MSE of the mean of observed training entries`. */
  readonly skill: number | null;
  /** Low and high bound a 95 % bootstrap interval over patients. */
  readonly skillLow: number | null;
  readonly skillHigh: number | null;
  /** Variance of the predictions as a share of the measured variance; a constant has 0. */
  readonly varianceRatio: number | null;
  /** Median over features of Pearson's r across samples. */
  readonly medianR: number | null;
  /** Low and high bound its 95 % jackknife interval over patients. */
  readonly medianRLow: number | null;
  readonly medianRHigh: number | null;
  /** Features that are not scored because no training row measured them. */
  readonly leftOut: number;
  /** What to know of the predictor, such as a setting at the edge of its grid; empty if nothing. */
  readonly notes: string;
}

/**
 * Scores every predictor on every part, rounded to six significant digits.
 * @returns for each predictor and part one row per modality, one over the inferred modalities, and one over all columns.
 * @throws RangeError if held-out rows were trained on, two predictors have the same name, or sizes do not fit.
 */
export async function reconstructionTable(
  predictors: readonly Predictor[],
  prepared: PreparedCohort,
  options: TableOptions = {},
): Promise<FlatScore[]> {
  checkOptions("reconstructionTable", options, TABLE_KINDS);
  return flattenScores(await scorePredictors(predictors, prepared, options));
}

/** Flattens scores, rounded to six significant digits: more would be noise in a file that people compare. */
export function flattenScores(rows: readonly ReconstructionRow[]): FlatScore[] {
  const rounded = (value: number | null) => value && Number(value.toPrecision(6));
  const value = (estimate: Estimate | null, key: keyof Estimate = "value") =>
    estimate && rounded(estimate[key]);
  return rows.map(({ mse, huber, skill, varianceRatio, medianR, notes, ...row }) => ({
    predictor: row.predictor,
    sees: row.sees,
    part: row.part,
    modality: row.modality,
    samples: row.samples,
    mse: rounded(mse),
    huber: rounded(huber),
    skill: value(skill),
    skillLow: value(skill, "low"),
    skillHigh: value(skill, "high"),
    varianceRatio: rounded(varianceRatio),
    medianR: value(medianR),
    medianRLow: value(medianR, "low"),
    medianRHigh: value(medianR, "high"),
    leftOut: row.leftOut,
    notes: notes.join("; "),
  }));
}

/** How often a measured value meets a predicted one. */
export interface PairCounts {
  readonly predictor: string;
  /** Of the bins on both axes, ascending, one more than the bins. */
  readonly edges: Float64Array;
  /** Row-major `[measured bin, predicted bin]`. */
  readonly counts: Float64Array;
  /** Pearson's r over all pairs; null if one side is constant. */
  readonly r: number | null;
}

/**
 * Counts pairs of measured and predicted values of one modality, over observed entries, in square bins from 0 to the
 * largest measured value; larger predictions fall into the last bin.
 * @returns one table of counts per predictor.
 * @throws RangeError if nothing is observed, or sizes do not fit.
 */
export async function countPairs(
  predictors: readonly Predictor[],
  rows: Prepared,
  modality: Modality,
  bins = 36,
): Promise<PairCounts[]> {
  const counted: PairCounts[] = [];
  for (const predictor of predictors) {
    const predicted = await predictor.predict(rows);
    counted.push({ predictor: predictor.name, ...binPairs(rows, predicted, modality, bins) });
  }
  return counted;
}

function binPairs(
  { matrix }: Prepared,
  predicted: Float32Array,
  { name, start, end }: Modality,
  bins: number,
): Omit<PairCounts, "predictor"> {
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
  return { edges, counts, r: pearson(measured, guessed) };
}

/** Percentiles over features of Pearson's r between truth and prediction. */
export interface CorrelationSpread {
  readonly predictor: string;
  readonly modality: string;
  /** Number of features that have an r. */
  readonly features: number;
  readonly percentile5: number;
  readonly percentile25: number;
  readonly median: number;
  readonly percentile75: number;
  readonly percentile95: number;
}

/**
 * Summarizes each feature's Pearson's r on held-out rows. A constant prediction has no r and is left out.
 * @returns one row per predictor and inferred modality.
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
