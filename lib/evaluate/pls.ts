// Partial least squares from the first modality: directions that vary together with the modalities to be inferred.
import {
  decomposeSymmetric,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
  transposeMultiply,
} from "../engine/linear-algebra.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { fitMixture } from "./mixing.js";
import { inferredColumns, inputReader, noteEdge, type Predictor } from "./predictor.js";
import { completeWeights, fitSmoother } from "./ridge.js";
import { columnMeans, rowsOf } from "./rows.js";

/**
 * Fits partial least squares regression of the inferred columns on the first modality, among the training rows: each
 * component's score is the leading eigenvector of `K_x K_y`, both deflated by the scores before.
 * Source: Rosipal and Trejo 2001; the same as scikit-learn's PLSRegression with `scale=False`.
 * @param counts of components, clipped to what the training rows allow. Validation error chooses; a single one is used as given.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitPls(
  prepared: PreparedCohort,
  counts: readonly number[] = [1, 2, 3, 5, 8, 12, 20, 30, 45],
): Predictor {
  const read = inputReader(prepared);
  const { train } = prepared;
  const n = train.matrix.rows;
  const smoother = fitSmoother(read(train));
  const columns = inferredColumns(prepared);
  const center = columnMeans(train.matrix);
  const products = rowsOf(n, smoother.products);
  const targets = rowsOf(n, gram(train.matrix, { ...columns, center }));
  const { scores, duals } = findComponents(products, targets, Math.max(...counts));
  const found = scores.length;
  const clipped = [...new Set(counts.map((count) => Math.min(count, found)))];
  return fitMixture(prepared, {
    name: "PLS",
    what: "components",
    settings: clipped,
    mix: (rows) => {
      const similarity = smoother.compare(read(rows));
      return (count) => {
        const t = stack(scores.slice(0, count));
        const u = stack(duals.slice(0, count));
        // k(x)^T U (T^T K U)^-1 T^T: and T^T K U is upper triangular.
        const system = multiplyTransposed(t, rowsOf(count, multiply(u, products)));
        const along = rowsOf(similarity.rows, multiplyTransposed(similarity, u));
        const solved = rowsOf(along.rows, solveRows(system, along));
        return completeWeights(rowsOf(along.rows, multiply(solved, t)));
      };
    },
    note: (count) => noteEdge("components", count, clipped),
  });
}

type Square = Rows & { readonly values: Float64Array };

/** Unit scores t and the dual vectors u of the weights, `w = X^T u`, of each component; fewer if nothing is left to explain. */
function findComponents(kx: Square, ky: Square, most: number) {
  const n = kx.rows;
  let [x, y] = [kx, ky];
  const scores: Float64Array[] = [];
  const duals: Float64Array[] = [];
  const scale = trace(kx);
  while (scores.length < Math.min(most, n - 1) && trace(x) > 1e-10 * scale) {
    // The leading eigenvector of K_x K_y is S v, with v that of the symmetric S K_y S, S S = K_x.
    const root = squareRoot(x);
    const half = rowsOf(n, multiply(root, y));
    const { values, vectors } = decomposeSymmetric(multiply(half, root), { count: 1 });
    if (!(values[0] > 1e-12 * Math.max(1, trace(ky)))) break;
    const t = unit(multiply(rowsOf(1, vectors), root));
    // w is proportional to X^T Y Y^T t with X deflated; its dual among the rows is K_y t.
    scores.push(t);
    duals.push(unit(multiply(rowsOf(1, t), y)));
    [x, y] = [deflate(x, t), deflate(y, t)];
  }
  return { scores, duals };
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function trace({ rows, values }: Square): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += values[i * (rows + 1)];
  return sum;
}

function squareRoot({ rows: n, values: matrix }: Square): Square {
  const { values, vectors } = decomposeSymmetric(matrix);
  const scaled = vectors.map((value, i) => value * Math.max(0, values[Math.floor(i / n)]) ** 0.25);
  return rowsOf(n, transposeMultiply(rowsOf(n, scaled), rowsOf(n, scaled)));
}

/** `(I - t t^T) M (I - t t^T)`. */
function deflate(matrix: Square, t: Float64Array): Square {
  const n = t.length;
  const along = multiply(rowsOf(1, t), matrix);
  const both = along.reduce((sum, value, i) => sum + value * t[i], 0);
  return rowsOf(
    n,
    matrix.values.map((value, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return value - t[i] * along[j] - along[i] * t[j] + both * t[i] * t[j];
    }),
  );
}

function stack(vectors: readonly Float64Array[]): Rows {
  const columns = vectors[0].length;
  const values = new Float64Array(vectors.length * columns);
  vectors.forEach((vector, i) => {
    values.set(vector, i * columns);
  });
  return rowsOf(vectors.length, values);
}

/** Solves `x M = right` for each row, M upper triangular. */
function solveRows(matrix: Float64Array, { rows, columns: n, values }: Rows): Float64Array {
  const out = new Float64Array(values);
  for (let r = 0; r < rows; r++) {
    const x = out.subarray(r * n, (r + 1) * n);
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < j; i++) x[j] -= x[i] * matrix[i * n + j];
      x[j] /= matrix[j * (n + 1)];
    }
  }
  return out;
}
