// Principal components of few samples with many features, found from the samples' inner products.
import {
  decomposeSymmetric,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
} from "../engine/linear-algebra.js";
import { columnMeans, rowsOf } from "./rows.js";

export interface Pca {
  /** Of each training column, `[features]`. */
  readonly mean: Float64Array;
  /** Orthonormal directions, strongest first, `[count, features]`; computed when they are first asked for. */
  readonly components: Rows;
  /** Components kept. */
  readonly count: number;
  /** Variance along each direction, `sum of squared scores / (rows - 1)`, `[count]`. */
  readonly explainedVariance: Float64Array;
  /** The same as a share of the total variance, in [0, 1]. */
  readonly explainedVarianceRatio: Float64Array;
  /** Sum of the columns' variances, `/ (rows - 1)`. */
  readonly totalVariance: number;
  /** The rows that were fitted, and where they lie along each direction, row-major `[rows, count]`. */
  readonly fitted: Rows;
  readonly scores: Float64Array;
}

const RANK_TOLERANCE = 1e-12; // eigenvalues below this share of the largest are rounding

/**
 * Fits principal components to the values of `rows`, `[samples, features]`, filled where nothing was measured.
 * Solves `K u = (n - 1) λ u` with `K = X X^T` of the centered rows, so the cost grows with the samples squared.
 * `count` is clipped to the rank: a direction of no variance is arbitrary, and scikit-learn, which returns it,
 * reconstructs new rows with it. Each sign is the one that makes the largest training score positive.
 * Source: scikit-learn's PCA (full SVD; `svd_flip`) up to the sign.
 * @throws RangeError if there are fewer than two rows, `count` is no positive whole number, or nothing varies.
 */
export function fitPca(rows: Rows, count = Number.POSITIVE_INFINITY): Pca {
  const n = rows.rows;
  if (n < 2) throw new RangeError(`fitPca: expected at least 2 rows, got ${n}`);
  if (!(count >= 1) || (count !== Number.POSITIVE_INFINITY && !Number.isInteger(count))) {
    throw new RangeError(`fitPca: expected a positive whole number of components, got ${count}`);
  }
  const mean = columnMeans(rows);
  const found = decomposeSymmetric(gram(rows, { center: mean }), { count: Math.min(count, n) });
  const values = found.values.map((value) => Math.max(0, value)); // rounding puts some below
  const total = values.reduce((sum, value) => sum + value, 0);
  const rank = values.filter((value) => value > RANK_TOLERANCE * values[0]).length;
  if (!(total > 0) || rank === 0) {
    throw new RangeError("fitPca: expected rows that differ, got the same row each time");
  }
  const kept = Math.min(count, rank, n - 1);
  const scores = new Float64Array(n * kept);
  const loadings = new Float64Array(kept * n);
  for (let k = 0; k < kept; k++) {
    const vector = found.vectors.subarray(k * n, (k + 1) * n);
    const length = Math.sqrt(values[k]);
    const sign = signOfLargest(vector);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      scores[i * kept + k] = sign * vector[i] * length;
      loadings[k * n + i] = (sign * vector[i]) / length;
      sum += loadings[k * n + i];
    }
    // The weights of a direction sum to 0, so rows mix as if they had been centered.
    for (let i = 0; i < n; i++) loadings[k * n + i] -= sum / n;
  }
  let components: Rows | undefined;
  return {
    mean,
    // Twice the work of all else here, and the scores of the rows fitted need none of it.
    get components() {
      components ??= rowsOf(kept, multiply(rowsOf(kept, loadings), rows));
      return components;
    },
    count: kept,
    explainedVariance: values.slice(0, kept).map((value) => value / (n - 1)),
    explainedVarianceRatio: values.slice(0, kept).map((value) => value / total),
    totalVariance: total / (n - 1),
    fitted: rows,
    scores,
  };
}

/**
 * Projects rows onto the components: `(X - mean) V^T`, row-major `[rows, count]`. For the very rows that were fitted
 * it copies their scores, which are the same to rounding.
 * @throws RangeError if the rows have other columns than those fitted on.
 */
export function transformPca(pca: Pca, rows: Rows): Float64Array {
  if (rows === pca.fitted) return pca.scores.slice();
  return multiplyTransposed(rows, pca.components, { leftCenter: pca.mean });
}

/**
 * Goes back from scores, row-major `[rows, count]`, to features: `mean + scores V`, row-major `[rows, features]`.
 * @throws RangeError if the scores do not fill whole rows.
 */
export function reconstructPca(
  { mean, components, count }: Pca,
  scores: Float64Array,
): Float64Array {
  const out = multiply(rowsOf(scores.length / count, scores), components);
  for (let i = 0; i < out.length; i++) out[i] += mean[i % mean.length];
  return out;
}

function signOfLargest(vector: Float64Array): 1 | -1 {
  let largest = 0;
  for (const value of vector) {
    // Of two that are equal but for rounding the first decides.
    if (Math.abs(value) > Math.abs(largest) * (1 + 1e-9)) largest = value;
  }
  return largest < 0 ? -1 : 1;
}
