// Losses of a predicted normal distribution: its likelihood, and its mean after a clamp and a logarithm.
import { decomposeSymmetric } from "../engine/linear-algebra.js";

/** A function of a mean and a deviation, with its derivatives with respect to both. */
export interface GaussianTerm {
  value: number;
  byMean: number;
  byDeviation: number;
}

/**
 * Negative log-likelihood of `y` under N(m, s^2), less log(2 pi) / 2: `((m - y) / s)^2 / 2 + log s`.
 * Slopes: `dm = (m - y) / s^2`, `ds = (1 - ((m - y) / s)^2) / s`.
 * @param into receives the result, so that a batch allocates nothing.
 */
export function negativeLogLikelihood(
  mean: number,
  deviation: number,
  target: number,
  into: GaussianTerm,
): void {
  const standard = (mean - target) / deviation;
  into.value = standard ** 2 / 2 + Math.log(deviation);
  into.byMean = standard / deviation;
  into.byDeviation = (1 - standard ** 2) / deviation;
}

/**
 * Expectation of the paper's last preprocessing step, `E[log1p(max(0, x))]` for x from N(m, s^2), by Gauss-Hermite
 * quadrature:
 * `sum of w_k log1p(max(0, v_k))` with `v_k = m + s x_k`.
 * Slopes: `dm = sum of w_k / (1 + v_k)` and `ds = sum of w_k x_k / (1 + v_k)` over the nodes with `v_k > 0`.
 */
export function expectedLog1p(
  mean: number,
  deviation: number,
  { nodes, weights }: Quadrature,
  into: GaussianTerm,
): void {
  let value = 0;
  let byMean = 0;
  let byDeviation = 0;
  for (let k = 0; k < nodes.length; k++) {
    const above = mean + deviation * nodes[k];
    if (!(above > 0)) continue;
    const slope = weights[k] / (1 + above);
    value += weights[k] * Math.log1p(above);
    byMean += slope;
    byDeviation += slope * nodes[k];
  }
  into.value = value;
  into.byMean = byMean;
  into.byDeviation = byDeviation;
}

/** Quadrature nodes and weights for the standard normal; the weights sum to 1. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

const computed = new Map<number, Quadrature>();

/**
 * Computes Gauss-Hermite quadrature for the standard normal, exact for polynomials up to degree `2 count - 1`, once a
 * count: the nodes are the eigenvalues of the matrix with `sqrt(k)` beside its diagonal, the weights the squared first
 * entries of its eigenvectors.
 * Source: Golub and Welsch 1969.
 */
export function gaussHermite(count: number): Quadrature {
  const known = computed.get(count);
  if (known) return known;
  const matrix = new Float64Array(count * count);
  for (let k = 1; k < count; k++) {
    matrix[(k - 1) * count + k] = Math.sqrt(k); // of the upper triangle, which alone is read
  }
  const { values, vectors } = decomposeSymmetric(matrix);
  const quadrature = { nodes: values, weights: values.map((_, k) => vectors[k * count] ** 2) };
  computed.set(count, quadrature);
  return quadrature;
}
