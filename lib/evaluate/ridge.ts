// Ridge regression of every column on the first modality, solved among the training rows.
import { factorCholesky, gram, multiplyTransposed, type Rows } from "../engine/linear-algebra.js";
import type { PreparedCohort, Space } from "../preprocess/prepare.js";
import { fitMixture } from "./mixing.js";
import { type Chosen, inputReader, LAMBDAS, noteEdge } from "./predictor.js";
import { columnMeans, rowsOf } from "./rows.js";

export interface RidgeOptions {
  /** What it reads of the first modality: by default "z", which keeps what lies below the mean; "paper" is what ARO sees. */
  readonly input?: Space;
  /** Penalties. Validation error over the inferred columns chooses; a single one is used as given. */
  readonly lambdas?: readonly number[];
}

/**
 * Fits `ŷ = max(0, ȳ + k(x)^T (K + λ I)^-1 (Y - ȳ))` with `K = X X^T` of the training inputs, centered on their
 * mean: ridge regression from the first modality to all columns, in one solve of the size of the training rows.
 * @returns the predictor, with lambda as its setting.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitRidge(
  prepared: PreparedCohort,
  { lambdas = LAMBDAS, input = "z" }: RidgeOptions = {},
): Chosen<number> {
  const read = inputReader(prepared, input);
  const smoother = fitSmoother(read(prepared.train));
  return fitMixture(prepared, {
    name: input === "z" ? "dual ridge" : "dual ridge, clamped RNA",
    what: "lambda",
    settings: lambdas,
    mix: (rows) => {
      const similarity = smoother.compare(read(rows));
      return (lambda) => smoother.weights(similarity, lambda);
    },
    note: (lambda) => noteEdge("lambda", lambda, lambdas),
  });
}

/** Ridge regression as a recipe for mixing training rows, the same for every target. */
export interface Smoother {
  /** Of the training inputs with one another, centered on their mean, `[training rows, training rows]`. */
  readonly products: Float64Array;
  /** Inner products of new inputs with the training inputs, both centered on the training mean. */
  compare(inputs: Rows): Rows;
  /** `mixingWeights` of the training inputs. */
  weights(similarity: Rows, lambda: number): Rows;
}

/** Multiplies the training inputs by one another once, for every lambda. */
export function fitSmoother(inputs: Rows): Smoother {
  const mean = columnMeans(inputs);
  const products = gram(inputs, { center: mean });
  return {
    products,
    compare: (rows) =>
      rowsOf(rows.rows, multiplyTransposed(rows, inputs, { leftCenter: mean, rightCenter: mean })),
    weights: (similarity, lambda) => mixingWeights(products, similarity, lambda),
  };
}

/**
 * Solves the ridge for weights of the training rows, `k(x)^T (K + λ I)^-1` and what makes each row sum to 1.
 * @param products inner products K of the training inputs, centered on their mean, `[training rows, training rows]`.
 * @param similarity inner products of other inputs with them, centered alike, `[rows, training rows]`.
 * @returns `[rows, training rows]`.
 * @throws RangeError if lambda is too small beside the inputs for the system to be solved.
 */
export function mixingWeights(
  products: Float64Array,
  { rows, columns: n, values: similarity }: Rows,
  lambda: number,
): Rows {
  const system = products.slice();
  for (let i = 0; i < n; i++) system[i * (n + 1)] += lambda;
  return completeWeights({ rows, columns: n, values: factorCholesky(system).solve(similarity) });
}

/**
 * Makes each row of weights sum to 1, in place, which is the same as centering the targets and adding their mean again.
 */
export function completeWeights(weights: Rows & { readonly values: Float64Array }): Rows {
  const { rows, columns: n, values } = weights;
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * n, (i + 1) * n);
    let sum = 0;
    for (let j = 0; j < n; j++) sum += row[j];
    const missing = (1 - sum) / n;
    for (let j = 0; j < n; j++) row[j] += missing;
  }
  return weights;
}
