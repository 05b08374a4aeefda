// Scores of reconstructions against measured values, with intervals, per modality and over all columns.
import type { Modality } from "../cohort/cohort.js";
import { type Matrix, selectRows } from "../cohort/matrix.js";
import { checkOptions, type Kinds, required } from "../options.js";
import { countedMatrix, countUnmeasured, measuredFeatures } from "../preprocess/counted.js";
import {
  PARTS,
  type Part,
  type Prepared,
  type PreparedCohort,
  requireHeldOut,
  type Space,
} from "../preprocess/prepare.js";
import type { Scaler } from "../preprocess/scaler.js";
import { drawWeights, type Estimate, estimate } from "./bootstrap.js";
import { medianCorrelations } from "./correlation.js";
import { observedMean, type Predictor, type Sight } from "./predictor.js";

/** How well a reconstruction fits the observed entries of one modality, or of all. */
export interface ReconstructionScore {
  /**
   * The modality's name; "inferred" for all behind the first together, which is the headline; or "all", the paper's column,
   * which counts the input too.
   */
  readonly modality: string;
  /** Number of observed entries; only these are scored. */
  readonly observed: number;
  /** Mean squared error over observed entries; null if there are none. */
  readonly mse: Estimate | null;
  /** Mean Huber loss, delta 1, over observed entries. */
  readonly huber: Estimate | null;
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

export interface BootstrapOptions {
  /** The patient of each row. Patients are drawn whole; by default each row is a patient of its own. */
  readonly patients?: readonly string[];
  /** By default 1,000. */
  readonly draws?: number;
  /** By default 42. */
  readonly seed?: number;
}

export interface ScoreOptions<P extends Part> extends BootstrapOptions {
  readonly truth: Omit<Prepared<P>, "patients" | "zScores">;
  /** Row-major `[rows, features]`. */
  readonly predicted: Float32Array;
  /** The mean of observed training entries, `[features]`, which skill is measured against. */
  readonly baseline: Float64Array;
  readonly modalities: readonly Modality[];
  readonly scaler: Scaler;
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

export interface TableOptions extends Omit<BootstrapOptions, "patients"> {
  /** By default validation and test rows; training rows show fit, not skill. */
  readonly parts?: readonly Part[];
  /** Sample id -> patient. Patients are drawn whole; by default each sample is a patient of its own. */
  readonly patientOf?: ReadonlyMap<string, string>;
}

export interface SpacesOptions extends TableOptions {
  /**
   * The cohort's measurements, `[samples, features]`, for a cohort prepared as z-scores. Predictions are scored as z-scores,
   * then brought back to measured units and scored against the measurements as they are, without the clamp to the 1st and
   * 99th percentile. Modalities have units of their own, so no score in these spans several.
   */
  readonly measured?: Matrix;
}

const SCORE_KINDS: Kinds<ScoreOptions<Part>> = {
  ...{ truth: required("object"), predicted: required(Float32Array) },
  ...{ baseline: required(Float64Array), modalities: required("array") },
  ...{ scaler: required("object"), patients: "array", draws: "number", seed: "number" },
};

/** The kinds of `TableOptions`. */
export const TABLE_KINDS: Kinds<TableOptions> = {
  ...{ parts: "array", patientOf: Map, draws: "number", seed: "number" },
};

/**
 * Scores a reconstruction of held-out rows.
 * @returns one score per modality, one over the inferred modalities if there are any, and one over all columns.
 * @throws RangeError if the scaler was fitted on one of the rows, sizes do not fit, or a prediction is not finite.
 */
export function scoreReconstruction(
  options: ScoreOptions<"validation" | "test">,
): ReconstructionScore[] {
  checkOptions("scoreReconstruction", options, SCORE_KINDS);
  requireHeldOut(options.scaler, options.truth);
  return score(options);
}

/** Scores training rows, as the paper's Tables 1, 2, 4 and 5 do. It measures fit, not skill on new samples. */
export function scoreTraining(options: ScoreOptions<"train">): ReconstructionScore[] {
  checkOptions("scoreTraining", options, SCORE_KINDS);
  return score(options);
}

/**
 * Scores every predictor on every part, in the order given.
 * @throws RangeError as `scoreReconstruction`, or if two predictors have the same name, or there is no such part.
 */
export async function scorePredictors(
  predictors: readonly Predictor[],
  prepared: PreparedCohort,
  options: SpacesOptions = {},
): Promise<ReconstructionRow[]> {
  const {
    parts = ["validation", "test"],
    patientOf,
    measured,
    ...bootstrap
  } = checkOptions("scorePredictors", options, { ...TABLE_KINDS, measured: "object" });
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) {
    throw new RangeError(
      `scorePredictors: expected parts of ${PARTS.join(", ")}, got "${unknown}"`,
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
  const truths = scales.map(({ truthOf }) => {
    const counted = parts.map((part) => [part, countedMatrix(truthOf(part), learned)] as const);
    return new Map(counted);
  });
  const leftOutOf = new Map(
    rangesOf(prepared.modalities, prepared.features.length).map((range) => [
      range.name,
      countUnmeasured(learned, range),
    ]),
  );
  const rows: ReconstructionRow[] = [];
  for (const predictor of predictors) {
    const { name, sees, notes = [] } = predictor;
    for (const part of parts) {
      const { ids, matrix } = prepared[part];
      const predicted = await predictor.predict(prepared[part]);
      for (const [at, { space, baseline, scale }] of scales.entries()) {
        const truth = { matrix: truths[at].get(part)! };
        const scored = {
          ...{ predicted: scale(predicted), baseline, scaler: prepared.scaler },
          modalities: prepared.modalities,
          patients: ids.map((id) => patientOf?.get(id) ?? id),
          ...bootstrap,
        };
        const scores =
          part === "train"
            ? scoreTraining({ ...scored, truth: { ...prepared.train, ...truth } })
            : scoreReconstruction({ ...scored, truth: { ...prepared[part], ...truth } });
        const about = { predictor: name, sees, part, space, samples: matrix.rows, notes };
        for (const found of scores) {
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
  truthOf(part: Part): Matrix;
  /** Brings predictions to it. */
  scale(predicted: Float32Array): Float32Array;
}

function scaleOf(prepared: PreparedCohort): Scale {
  return {
    ...{ space: prepared.space, baseline: observedMean(prepared) },
    truthOf: (part) => prepared[part].matrix,
    scale: (predicted) => predicted,
  };
}

/** Measured units, row by row: `mean + std z`. */
function measuredScale(prepared: PreparedCohort, measured: Matrix): Scale {
  const { mean, std } = prepared.scaler;
  const toMeasured = <T extends Float32Array | Float64Array>(values: T) =>
    values.map((z, at) => {
      const j = at % mean.length;
      return mean[j] + std[j] * z;
    }) as T;
  return {
    ...{ space: "measured", baseline: toMeasured(observedMean(prepared)), scale: toMeasured },
    truthOf: (part) => selectRows(measured, prepared[part].rows),
  };
}

function score({
  truth: { matrix, ids },
  predicted,
  baseline,
  modalities,
  patients = ids,
  draws = 1000,
  seed = 42,
}: ScoreOptions<Part>): ReconstructionScore[] {
  checkSizes(matrix, predicted, baseline, patients);
  const weights = drawWeights(patients, { draws, seed });
  const ranges = rangesOf(modalities, matrix.columns).map((range) => ({
    ...range,
    sums: sumErrors(matrix, predicted, baseline, range.start, range.end),
  }));
  const variation = sumVariation(matrix, predicted);
  const correlationsOf = medianCorrelations(matrix, predicted, patients, ranges);
  return ranges.map(({ name, sums }, at) => {
    const even = new Float64Array(matrix.rows).fill(1);
    const ratio = (top: Float64Array, bottom: Float64Array): Estimate | null => {
      const below = weigh(bottom, even);
      if (below === 0) return null;
      return estimate(
        weigh(top, even) / below,
        weights.map((weight) => weigh(top, weight) / weigh(bottom, weight)),
      );
    };
    const share = ratio(sums.squared, sums.baseline);
    const correlation = correlationsOf[at];
    return {
      modality: name,
      observed: weigh(sums.count, even),
      mse: ratio(sums.squared, sums.count),
      huber: ratio(sums.huber, sums.count),
      skill: share && { value: 1 - share.value, low: 1 - share.high, high: 1 - share.low },
      varianceRatio: varianceRatio(variation, ranges[at]),
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
interface ErrorSums {
  readonly squared: Float64Array;
  readonly huber: Float64Array;
  readonly baseline: Float64Array;
  readonly count: Float64Array;
}

function emptySums(rows: number): ErrorSums {
  const [squared, huber, baseline, count] = Array.from({ length: 4 }, () => new Float64Array(rows));
  return { squared, huber, baseline, count };
}

function sumErrors(
  { rows, columns, values, observed }: Matrix,
  predicted: Float32Array,
  baseline: Float64Array,
  start: number,
  end: number,
): ErrorSums {
  const out = emptySums(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = start; j < end; j++) {
      const at = i * columns + j;
      if (!observed[at]) continue;
      const error = Math.abs(values[at] - predicted[at]);
      out.squared[i] += error ** 2;
      out.huber[i] += error <= 1 ? (error * error) / 2 : error - 0.5;
      // In the precision of a prediction, so that predicting the baseline has a skill of 0 exactly.
      out.baseline[i] += Math.abs(values[at] - Math.fround(baseline[j])) ** 2;
      out.count[i]++;
    }
  }
  return out;
}

function weigh(sums: Float64Array, weights: Float64Array): number {
  let total = 0;
  for (let i = 0; i < sums.length; i++) total += sums[i] * weights[i];
  return total;
}

function checkSizes(
  { rows, columns }: Matrix,
  predicted: Float32Array,
  baseline: Float64Array,
  patients: readonly string[],
): void {
  const check = (what: string, got: number, expected: number) => {
    if (got === expected) return;
    throw new RangeError(`scoreReconstruction: expected ${expected} ${what}, got ${got}`);
  };
  check("predicted values", predicted.length, rows * columns);
  check("values in the baseline", baseline.length, columns);
  check("patients, one a row", patients.length, rows);
  const bad = predicted.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `scoreReconstruction: expected finite predictions, got ${predicted[bad]} at row ` +
        `${Math.floor(bad / columns)}, column ${bad % columns}`,
    );
  }
}
