// Ridge regression with a Gaussian kernel of the first modality: what a linear control cannot see.
import { type Rows, squaredDistances } from "../engine/linear-algebra.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { fitMixture } from "./mixing.js";
import { inputReader, LAMBDAS, noteEdge, type Predictor } from "./predictor.js";
import { mixingWeights } from "./ridge.js";
import { columnMeans, rowsOf } from "./rows.js";

export interface KernelRidgeOptions {
  /** Penalties, beside a kernel whose centered training diagonal has the linear kernel's mean, so that one grid serves both. */
  readonly lambdas?: readonly number[];
  /** Of `exp(-gamma d² / m)`, m the mean squared distance between training rows. */
  readonly gammas?: readonly number[];
}

const GAMMAS = [0.1, 0.3, 1, 3] as const;

/**
 * Fits `ŷ = ȳ + k(x)^T (K + λ I)^-1 (Y - ȳ)` with the Gaussian kernel, centered in its feature space. Validation error
 * chooses penalty and rate.
 * Source: scikit-learn's KernelRidge on what its KernelCenterer gives; λ is its alpha times the kernel's factor.
 * @throws RangeError if the training rows are all alike, or no validation entry is observed to choose by.
 */
export function fitKernelRidge(
  prepared: PreparedCohort,
  { lambdas = LAMBDAS, gammas = GAMMAS }: KernelRidgeOptions = {},
): Predictor {
  const read = inputReader(prepared);
  const inputs = read(prepared.train);
  const n = inputs.rows;
  const among = squaredDistances(inputs, inputs);
  const spread = among.reduce((sum, value) => sum + value, 0) / (n * n); // twice the linear kernel's mean diagonal
  if (!(spread > 0)) {
    throw new RangeError(
      "fitKernelRidge: expected training rows that differ, got the same each time",
    );
  }
  const kernels = new Map(gammas.map((gamma) => [gamma, centeredKernel(among, n, gamma, spread)]));
  return fitMixture(prepared, {
    name: "kernel ridge, RBF",
    what: "lambda and gamma",
    settings: gammas.flatMap((gamma) => lambdas.map((lambda) => ({ lambda, gamma }))),
    mix: (rows) => {
      const given = read(rows);
      const distances = squaredDistances(given, inputs);
      return ({ lambda, gamma }) => {
        const { products, compare } = kernels.get(gamma)!;
        return mixingWeights(products, compare(rowsOf(given.rows, distances)), lambda);
      };
    },
    note: ({ lambda, gamma }) => [
      ...noteEdge("lambda", lambda, lambdas),
      ...noteEdge("gamma", gamma, gammas),
    ],
  });
}

/** The Gaussian kernel of training rows, centered, with a mean diagonal of half their mean squared distance. */
function centeredKernel(among: Float64Array, n: number, gamma: number, spread: number) {
  const kernel = (distance: number) => Math.exp((-gamma * distance) / spread);
  const raw = rowsOf(n, among.map(kernel));
  const means = columnMeans(raw);
  const overall = means.reduce((sum, value) => sum + value, 0) / n;
  const center = ({ rows, values }: Rows): Float64Array => {
    const out = new Float64Array(values);
    for (let i = 0; i < rows; i++) {
      const own = values.subarray(i * n, (i + 1) * n);
      let sum = 0;
      for (let j = 0; j < n; j++) sum += own[j];
      for (let j = 0; j < n; j++) out[i * n + j] += overall - means[j] - sum / n;
    }
    return out;
  };
  const products = center(raw);
  let diagonal = 0;
  for (let i = 0; i < n; i++) diagonal += products[i * (n + 1)] / n;
  const factor = spread / 2 / diagonal;
  const scale = (values: Float64Array) => values.map((value) => factor * value);
  return {
    products: scale(products),
    compare: ({ rows, values }: Rows): Rows =>
      rowsOf(rows, scale(center(rowsOf(rows, Float64Array.from(values, kernel))))),
  };
}
