// Scores of reconstructions against measured values, with intervals, per modality and over all columns.
import type { Modality } from "../cohort/cohort.js";
import { type Matrix, selectRows } from "../cohort/matrix.js";
import { checkOptions, type Kinds } from "../options.js";
import { countedMatrix, countUnmeasured, measuredFeatures } from "../preprocess/counted.js";
import {
  PARTS,
  type Part,
  type Prepared,
  type PreparedCohort,
  requireHeldOut,
  type Space,
} from "../preprocess/prepare.js";
import { drawWeights, type Estimate, estimate } from "./bootstrap.js";
import { medianCorrelations } from "./correlation.js";
import { observedMean, type Predictor, type Sight } from "./predictor.js";

/** How well a reconstruction fits the observed entries of one modality, or of all. */
interface ReconstructionScore {
  /**
   * The modality's name; "inferred" for all behind the first together, which is the headline; or "all", the paper's column,
   * which counts the input too.
   */
  readonly modality: string;
  /** Number of observed entries; only these are scored. */
  readonly observed: number;
  /** Mean squared error over observed entries; null if there are none. */
  readonly mse: number | null;
  /** Mean Huber loss, delta 1, over observed entries. */
  readonly huber: number | null;
  /** `1 - MSE / MSE of the mean of observed training entries`; null if the latter is 0. */
  readonly skill: Estimate | null;
  /**
   * Variance of the predictions as a share of the measured variance, both summed over features, each over its observed
   * entries: 0 for a constant. Null if nothing measured varies.
   */
  readonly varianceRatio: number | null;
  /** Median over features of Pearson's r across samples; null with fewer than 10 samples, or if no feature has an r. */
  readonly medianR: Estimate | null;
  /** Number of features that have an r. */
  readonly features: number;
}

/** What scores are in: the paper's space, z-scores, or the units of the measurements. */
export type ScoredIn = Space | "measured";

export interface ReconstructionRow extends ReconstructionScore {
  readonly predictor: string;
  readonly sees: Sight;
  readonly part: Part;
  readonly space: ScoredIn;
  readonly samples: number;
  /** Features that are not scored because no training row measured them. */
  readonly leftOut: number;
  /** The predictor's. */
  readonly notes: readonly string[];
}

export interface TableOptions {
  /** By default validation and test rows; training rows show fit, not skill. */
  readonly parts?: readonly Part[];
  /** Sample id -> patient. Patients are drawn whole; by default each sample is a patient of its own. */
  readonly patientOf?: ReadonlyMap<string, string>;
  /** Draws of the bootstrap; by default 1,000. */
  readonly draws?: number;
  /** By default 42. */
  readonly seed?: number;
}

export interface SpacesOptions extends TableOptions {
  /**
   * The cohort's measurements, `[samples, features]`, for a cohort prepared as z-scores. Predictions are scored as z-scores,
   * then brought back to measured units and scored against the measurements as they are, without the clamp to the 1st and
   * 99th percentile. Modalities have units of their own, so no score in these spans several.
   */
  readonly measured?: Matrix;
}

/** The kinds of `TableOptions`. */
export const TABLE_KINDS: Kinds<TableOptions> = {
  parts: "array",
  patientOf: Map,
  draws: "number",
  seed: "number",
};

/** A cohort whose test rows may stay out of reach. */
type ScoredCohort = Omit<PreparedCohort, "test"> & Partial<Pick<PreparedCohort, "test">>;

/**
 * Scores every predictor on every part, in the order given. Scores of training rows measure fit, as the paper's Tables 1, 2, 4
 * and 5 do, not skill on new samples.
 * @returns for each predictor and part one row per modality, one over the inferred modalities if there are any, and one over
 *   all columns.
 * @throws RangeError if the scaler was fitted on held-out rows, a prediction is not finite or misses, two predictors have the
 *   same name, or there is no such part.
 */
export async function scorePredictors(
  predictors: readonly Predictor[],
  prepared: ScoredCohort,
  options: SpacesOptions = {},
): Promise<ReconstructionRow[]> {
  const {
    parts = ["validation", "test"],
    patientOf,
    measured,
    draws = 1000,
    seed = 42,
  } = checkOptions("scorePredictors", options, { ...TABLE_KINDS, measured: "object" });
  const unknown = parts.find((part) => !(PARTS.includes(part) && prepared[part]));
  if (unknown !== undefined) {
    throw new RangeError(
      `scorePredictors: expected parts of ${PARTS.join(", ")} that the cohort has, got "${unknown}"`,
    );
  }
  const names = predictors.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new RangeError(
      `scorePredictors: expected each predictor's name once, got "${twice}" again`,
    );
  }
  if (measured && prepared.space !== "z") {
    throw new RangeError(
      `scorePredictors: expected a cohort prepared as z-scores to score in measured units, got the space "${prepared.space}"`,
    );
  }
  const learned = measuredFeatures(prepared);
  const scales = [scaleOf(prepared), ...(measured ? [measuredScale(prepared, measured)] : [])];
  const ranges = rangesOf(prepared.modalities, prepared.train.matrix.columns);
  const leftOutOf = new Map(ranges.map((range) => [range.name, countUnmeasured(learned, range)]));
  const sides = parts.map((part) => {
    const own = prepared[part]!;
    if (part !== "train") requireHeldOut(prepared.scaler, own);
    const patients = own.ids.map((id) => patientOf?.get(id) ?? id);
    return {
      own,
      part,
      patients,
      weights: drawWeights(patients, { draws, seed }),
      truths: scales.map(({ truthOf }) => countedMatrix(truthOf(own), learned)),
    };
  });
  const rows: ReconstructionRow[] = [];
  for (const predictor of predictors) {
    const { name, sees, notes = [] } = predictor;
    for (const { own, part, patients, weights, truths } of sides) {
      const predicted = await predictor.predict(own);
      checkPredicted(name, own.matrix, predicted);
      for (const [at, { space, baseline, scale }] of scales.entries()) {
        const truth = truths[at];
        const about = { predictor: name, sees, part, space, samples: truth.rows, notes };
        for (const found of score(truth, scale(predicted), baseline, ranges, patients, weights)) {
          if (space === "measured" && COMBINED.includes(found.modality)) continue;
          rows.push({ ...about, leftOut: leftOutOf.get(found.modality)!, ...found });
        }
      }
    }
  }
  return rows;
}

/** What predictions are scored in and against. */
interface Scale {
  readonly space: ScoredIn;
  /** The mean of observed training entries, `[features]`. */
  readonly baseline: Float64Array;
  truthOf(rows: Prepared): Matrix;
  /** Brings predictions to it. */
  scale(predicted: Float32Array): Float32Array;
}

function scaleOf(prepared: ScoredCohort): Scale {
  return {
    space: prepared.space,
    baseline: observedMean(prepared),
    truthOf: ({ matrix }) => matrix,
    scale: (predicted) => predicted,
  };
}

/** Measured units, row by row: `mean + std z`. */
function measuredScale(prepared: ScoredCohort, measured: Matrix): Scale {
  const { mean, std } = prepared.scaler;
  const toMeasured = <T extends Float32Array | Float64Array>(values: T) =>
    values.map((z, at) => {
      const j = at % mean.length;
      return mean[j] + std[j] * z;
    }) as T;
  return {
    space: "measured",
    baseline: toMeasured(observedMean(prepared)),
    scale: toMeasured,
    truthOf: ({ rows }) => selectRows(measured, rows),
  };
}

function score(
  matrix: Matrix,
  predicted: Float32Array,
  baseline: Float64Array,
  ranges: readonly Modality[],
  patients: readonly string[],
  weights: readonly Float64Array[],
): ReconstructionScore[] {
  const variation = sumVariation(matrix, predicted);
  const correlationsOf = medianCorrelations(matrix, predicted, patients, ranges);
  const even = new Float64Array(matrix.rows).fill(1);
  return ranges.map((range, at) => {
    const sums = sumErrors(matrix, predicted, baseline, range);
    const observed = weigh(sums.count, even);
    const mean = (errors: Float64Array) => (observed === 0 ? null : weigh(errors, even) / observed);
    const ofBaseline = weigh(sums.baseline, even);
    const share = estimate(
      weigh(sums.squared, even) / ofBaseline,
      weights.map((weight) => weigh(sums.squared, weight) / weigh(sums.baseline, weight)),
    );
    const correlation = correlationsOf[at];
    return {
      modality: range.name,
      observed,
      mse: mean(sums.squared),
      huber: mean(sums.huber),
      skill:
        ofBaseline === 0
          ? null
          : { value: 1 - share.value, low: 1 - share.high, high: 1 - share.low },
      varianceRatio: varianceRatio(variation, range),
      medianR: correlation?.medianR ?? null,
      features: correlation?.features ?? 0,
    };
  });
}

/** Names of scores that combine several modalities. */
export const COMBINED: readonly string[] = ["inferred", "all"];

/** The columns of each score, in a table's order. */
export function rangesOf(modalities: readonly Modality[], columns: number): Modality[] {
  const inferred =
    modalities.length > 1 ? [{ name: "inferred", start: modalities[0].end, end: columns }] : [];
  return [...modalities, ...inferred, { name: "all", start: 0, end: columns }];
}

/** Squared deviations from a feature's mean over its observed entries, summed, `[features]`. */
interface Variation {
  readonly predicted: Float64Array;
  readonly measured: Float64Array;
}

function sumVariation(
  { rows, columns, values, observed }: Matrix,
  predictions: Float32Array,
): Variation {
  const [count, first, p, t] = Array.from({ length: 4 }, () => new Float64Array(columns));
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      if (!observed[at]) continue;
      if (count[j]++ === 0) first[j] = predictions[at];
      p[j] += predictions[at] - first[j]; // so that a constant varies by exactly 0
      t[j] += values[at];
    }
  }
  for (let j = 0; j < columns; j++) {
    p[j] /= count[j];
    t[j] /= count[j];
  }
  const [predicted, measured] = [new Float64Array(columns), new Float64Array(columns)];
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      if (!observed[at]) continue;
      predicted[j] += (predictions[at] - first[j] - p[j]) ** 2;
      measured[j] += (values[at] - t[j]) ** 2;
    }
  }
  return { predicted, measured };
}

function varianceRatio({ predicted, measured }: Variation, { start, end }: Modality) {
  let [ofPredicted, ofMeasured] = [0, 0];
  for (let j = start; j < end; j++) {
    ofPredicted += predicted[j];
    ofMeasured += measured[j];
  }
  return ofMeasured > 0 ? ofPredicted / ofMeasured : null;
}

/** Sums over the observed entries of each row: all that a draw of rows needs. */
function sumErrors(
  { rows, columns, values, observed }: Matrix,
  predicted: Float32Array,
  baseline: Float64Array,
  { start, end }: Modality,
) {
  const [squared, huber, ofBaseline, count] = Array.from(
    { length: 4 },
    () => new Float64Array(rows),
  );
  for (let i = 0; i < rows; i++) {
    for (let j = start; j < end; j++) {
      const at = i * columns + j;
      if (!observed[at]) continue;
      const error = Math.abs(values[at] - predicted[at]);
      squared[i] += error ** 2;
      huber[i] += error <= 1 ? (error * error) / 2 : error - 0.5;
      // In the precision of a prediction, so that predicting the baseline has a skill of 0 exactly.
      ofBaseline[i] += Math.abs(values[at] - Math.fround(baseline[j])) ** 2;
      count[i]++;
    }
  }
  return { squared, huber, baseline: ofBaseline, count };
}

function weigh(sums: Float64Array, weights: Float64Array): number {
  let total = 0;
  for (let i = 0; i < sums.length; i++) total += sums[i] * weights[i];
  return total;
}

function checkPredicted(name: string, { rows, columns }: Matrix, predicted: Float32Array): void {
  if (predicted.length !== rows * columns) {
    throw new RangeError(
      `scorePredictors: expected ${rows * columns} predicted values of "${name}", got ${predicted.length}`,
    );
  }
  const bad = predicted.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `scorePredictors: expected finite predictions of "${name}", got ${predicted[bad]} at row ` +
        `${Math.floor(bad / columns)}, column ${bad % columns}`,
    );
  }
}
