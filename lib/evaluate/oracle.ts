// Predictors that know what only a simulation knows, and errors on values that a real experiment never shows.
import { type Matrix, selectRows } from "../cohort/matrix.js";
import { factorCholesky, type Rows } from "../engine/linear-algebra.js";
import { checkOptions } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { applyScaler } from "../preprocess/scaler.js";
import { selectPoints } from "./points.js";
import { clampTo, observedMean, type Predictor } from "./predictor.js";

/**
 * Fits the linear oracle: least squares from the true factors, with an intercept, to the observed training entries of
 * each feature. No linear predictor that learns the factors from data can do better on them, but a nonlinear one can, and
 * so can one that sees what the factors leave out, such as a gene's own variation. A feature with too few observed
 * entries to fit gets their mean.
 * @param factors `[samples of the cohort, factors]`.
 * @throws RangeError if a sample of the cohort has no factors.
 */
export function fitLinearOracle(prepared: PreparedCohort, factors: Rows): Predictor {
  const { train, space, features } = prepared;
  const size = factors.columns + 1;
  const design = (rows: readonly number[]): Rows => {
    const { values } = selectPoints(factors, rows);
    const out = new Float64Array(rows.length * size).fill(1);
    rows.forEach((_, i) => {
      out.set(values.subarray(i * (size - 1), (i + 1) * (size - 1)), i * size + 1);
    });
    return { rows: rows.length, columns: size, values: out };
  };
  const mean = observedMean(prepared);
  const inputs = design(train.rows);
  const weights = new Float64Array(features.length * size);
  for (let j = 0; j < features.length; j++) {
    weights.set(leastSquares(inputs, train.matrix, j) ?? [mean[j]], j * size);
  }
  return {
    name: "linear oracle, true factors",
    sees: "truth",
    predict: ({ rows, matrix }) => {
      const x = design(rows);
      const out = new Float64Array(matrix.rows * matrix.columns).map((_, at) => {
        const [i, j] = [Math.floor(at / matrix.columns), at % matrix.columns];
        let sum = 0;
        for (let k = 0; k < size; k++) sum += x.values[i * size + k] * weights[j * size + k];
        return sum;
      });
      return new Float32Array(clampTo(space, out));
    },
  };
}

/** The weights of one feature, intercept first; null with fewer observed entries than twice as many weights. */
function leastSquares(x: Rows, { columns, values, observed }: Matrix, j: number) {
  const size = x.columns;
  const products = new Float64Array(size * size);
  const right = new Float64Array(size);
  let count = 0;
  for (let i = 0; i < x.rows; i++) {
    if (!observed[i * columns + j]) continue;
    count++;
    for (let a = 0; a < size; a++) {
      const value = x.values[i * size + a];
      right[a] += value * values[i * columns + j];
      for (let b = 0; b < size; b++) products[a * size + b] += value * x.values[i * size + b];
    }
  }
  return count < 2 * size ? null : factorCholesky(products).solve(right);
}

const DRAWS = 50; // its own error is a fiftieth of the noise variance

/**
 * Fits the noise floor: it knows every noiseless value and predicts the mean of 50 new measurements of it, preprocessed.
 * Its error is the measurement noise, which no predictor can foresee. It does not know which entries were hidden.
 * @param remeasure gives new measurements of all samples of the cohort, `[samples, features]`; see `simulateCohort`.
 * @throws RangeError if the measurements have other columns than the cohort.
 */
export function fitNoiseFloor(
  prepared: PreparedCohort,
  remeasure: (draw: number) => Matrix,
): Predictor {
  const { columns } = prepared.train.matrix;
  let mean: Float64Array | undefined;
  const measure = (draw: number) => {
    const again = remeasure(draw);
    return preprocess(prepared, again, [...Array(again.rows).keys()]).values;
  };
  const average = () => {
    const sums = Float64Array.from(measure(0), (value) => value / DRAWS);
    for (let draw = 1; draw < DRAWS; draw++) {
      measure(draw).forEach((value, at) => {
        sums[at] += value / DRAWS;
      });
    }
    return sums;
  };
  return {
    name: "noise floor",
    sees: "truth",
    predict: ({ rows }) => {
      mean ??= average();
      const table = { rows: mean.length / columns, columns, values: mean };
      return new Float32Array(selectPoints(table, rows).values);
    },
  };
}

/** Brings other measurements to the space that a cohort was prepared in, `[rows.length, features]`. */
function preprocess(
  { scaler, space }: PreparedCohort,
  matrix: Matrix,
  rows: readonly number[],
): Matrix {
  return applyScaler(scaler, matrix, rows, space === "z" ? "standardized" : "log");
}

/** Errors of one predictor on one modality, apart for entries that were observed and those that were hidden. */
export interface HiddenErrors {
  readonly predictor: string;
  readonly modality: string;
  /** Entries, and the mean squared error over them; null if there are none. */
  readonly observed: number;
  readonly mseObserved: number | null;
  readonly hidden: number;
  readonly mseHidden: number | null;
  /** Mean of prediction minus truth over the hidden entries; null if there are none. */
  readonly biasHidden: number | null;
}

export interface HiddenOptions {
  /**
   * Units of each feature's errors, `[features]`: then errors are of measured values, and nothing is clamped to the
   * training percentiles, which hidden values may lie below. Only with z-scores. By default errors are in the cohort's
   * space.
   */
  readonly units?: Float64Array;
}

/**
 * Scores predictions of rows against more complete measurements: what a score over observed entries says, and what it
 * cannot see. Entries that those measurements lack, too, count nowhere.
 * @param complete `[samples of the cohort, features]`, in measured units.
 * @returns one row per predictor and modality.
 * @throws RangeError if the measurements or the units have other columns than the cohort, or there are units in the
 *   paper's space.
 */
export async function scoreHidden(
  predictors: readonly Predictor[],
  prepared: PreparedCohort,
  rows: Prepared,
  complete: Matrix,
  options: HiddenOptions = {},
): Promise<HiddenErrors[]> {
  const { units } = checkOptions("scoreHidden", options, { units: Float64Array });
  if (units && (prepared.space !== "z" || units.length !== prepared.features.length)) {
    throw new RangeError(
      `scoreHidden: expected ${prepared.features.length} units and a cohort of z-scores, got ${units.length} units ` +
        `and one in the space "${prepared.space}"`,
    );
  }
  const truth = units ? selectRows(complete, rows.rows) : preprocess(prepared, complete, rows.rows);
  const { mean: center, std } = prepared.scaler;
  const errorAt = (value: number, at: number) => {
    if (!units) return value - truth.values[at];
    const j = at % truth.columns;
    return units[j] > 0 ? (value * std[j] + center[j] - truth.values[at]) / units[j] : 0;
  };
  const found: HiddenErrors[] = [];
  for (const predictor of predictors) {
    const predicted = await predictor.predict(rows);
    for (const { name, start, end } of prepared.modalities) {
      const sums = [0, 1].map(() => ({ count: 0, squared: 0, signed: 0 }));
      for (let i = 0; i < truth.rows; i++) {
        for (let at = i * truth.columns + start; at < i * truth.columns + end; at++) {
          if (!truth.observed[at]) continue;
          const error = errorAt(predicted[at], at);
          const sum = sums[rows.matrix.observed[at]];
          sum.count++;
          sum.squared += error ** 2;
          sum.signed += error;
        }
      }
      const [hidden, observed] = sums;
      const mean = (sum: number, count: number) => (count > 0 ? sum / count : null);
      found.push({
        predictor: predictor.name,
        modality: name,
        observed: observed.count,
        mseObserved: mean(observed.squared, observed.count),
        hidden: hidden.count,
        mseHidden: mean(hidden.squared, hidden.count),
        biasHidden: mean(hidden.signed, hidden.count),
      });
    }
  }
  return found;
}
