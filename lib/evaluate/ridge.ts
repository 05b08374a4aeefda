// Ridge regression of every column on the first modality, solved among the training rows.
import { checkOptions, type Kinds } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { decomposeSymmetric } from "./pca.js";
import {
  bestTrial,
  clampAtZero,
  INPUT_KINDS,
  type InputOptions,
  inferredColumns,
  inputReader,
  meanSquaredErrorOf,
  type Predictor,
  type Trial,
} from "./predictor.js";
import { mixRows, multiplyRows } from "./products.js";
import { columnMeans, type Rows } from "./rows.js";

export interface RidgeOptions extends InputOptions {
  /** Penalties. Validation error over the inferred columns chooses; a single one is used as given. */
  readonly lambdas?: readonly number[];
  readonly name?: string;
}

/** The kinds of `RidgeOptions`. */
export const RIDGE_KINDS: Kinds<RidgeOptions> = {
  ...INPUT_KINDS,
  ...{ lambdas: "array", name: "string" },
};

export interface Ridge extends Predictor {
  readonly lambda: number;
  /** Empty if a single lambda was given. */
  readonly trials: readonly Trial<number>[];
}

/** From hardly any shrinkage to nearly the training mean, at tens of thousands of standardized inputs. */
export const LAMBDAS: readonly number[] = [1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5];

/**
 * Fits `ŷ = max(0, ȳ + k(x)^T (K + λ I)^-1 (Y - ȳ))` with `K = X X^T` of the training inputs, centered on their
 * mean: ridge regression from the first modality to all columns, in one solve of the size of the training rows.
 * @throws RangeError if a lambda is not positive, or no validation entry is observed to choose by.
 */
export function fitRidge(prepared: PreparedCohort, options: RidgeOptions = {}): Ridge {
  const {
    lambdas = LAMBDAS,
    name = "dual ridge",
    ...input
  } = checkOptions("fitRidge", options, RIDGE_KINDS);
  if (lambdas.length === 0 || lambdas.some((lambda) => !(lambda > 0 && lambda < Infinity))) {
    throw new RangeError(`fitRidge: expected positive lambdas, got [${lambdas.join(", ")}]`);
  }
  const read = inputReader(prepared, input);
  const { train, validation } = prepared;
  const smoother = fitSmoother(read(train));
  const columns = inferredColumns(prepared);
  const trials: Trial<number>[] = [];
  if (lambdas.length > 1) {
    const similarity = smoother.compare(read(validation));
    for (const lambda of lambdas) {
      const predicted = clampAtZero(
        mixRows(smoother.weights(similarity, lambda), train.matrix, columns),
      );
      trials.push({ setting: lambda, mse: meanSquaredErrorOf(validation, predicted, columns) });
    }
  }
  const lambda = lambdas.length > 1 ? bestTrial("lambda", trials).setting : lambdas[0];
  return {
    name,
    sees: "RNA",
    lambda,
    trials,
    predict: (rows: Prepared) =>
      new Float32Array(
        clampAtZero(mixRows(smoother.weights(smoother.compare(read(rows)), lambda), train.matrix)),
      ),
  };
}

/** Ridge regression as a recipe for mixing training rows, the same for every target. */
export interface Smoother {
  /** Inner products of new inputs with the training inputs, both centered on the training mean. */
  compare(inputs: Rows): Float64Array;
  /** Turns them into weights of the training rows, `[new rows, training rows]`; each row sums to 1. */
  weights(similarity: Float64Array, lambda: number): Float64Array;
}

/** Decomposes the inner products of the training inputs once, for every lambda. */
export function fitSmoother(inputs: Rows): Smoother {
  const n = inputs.rows;
  const mean = columnMeans(inputs);
  const { values, vectors } = decomposeSymmetric(
    multiplyRows(inputs, inputs, { leftCenter: mean, rightCenter: mean }),
    n,
  );
  return {
    compare: (rows) => multiplyRows(rows, inputs, { leftCenter: mean, rightCenter: mean }),
    weights: (similarity, lambda) => {
      const count = similarity.length / n;
      const out = new Float64Array(count * n);
      for (let i = 0; i < count; i++) {
        const row = out.subarray(i * n, (i + 1) * n);
        for (let k = 0; k < n; k++) {
          let along = 0;
          for (let j = 0; j < n; j++) along += similarity[i * n + j] * vectors[k * n + j];
          along /= values[k] + lambda;
          for (let j = 0; j < n; j++) row[j] += along * vectors[k * n + j];
        }
        // Centering the targets and adding their mean again is the same as making the weights sum to 1.
        const missing = (1 - row.reduce((sum, weight) => sum + weight, 0)) / n;
        for (let j = 0; j < n; j++) row[j] += missing;
      }
      return out;
    },
  };
}
