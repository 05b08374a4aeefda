// Linear algebra in JavaScript, for machines without a compiler; and what any implementation of it does.
import { decomposeSymmetric } from "./linear-algebra-eigen.js";

type Numbers = Float32Array | Float64Array;

/** A factor of a product, seen through strides: number (i, k) is `values[i * row + k * inner] - center[k]`. */
export interface Factor {
  readonly values: Numbers;
  readonly row: number;
  readonly inner: number;
  /** By default nothing is subtracted. */
  readonly center?: Float64Array;
}

/** Of a product: `[rows, columns]`, each a sum of `count` numbers. */
export interface ProductShape {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  /** Both factors are the same, so that half of the work is enough. */
  readonly symmetric: boolean;
}

/** Columns `[start, start + width)` of a table whose rows are `stride` numbers apart. */
export interface Columns {
  readonly values: Float32Array;
  readonly start: number;
  readonly width: number;
  readonly stride: number;
}

/** The kernels of linear algebra; matrices are row-major, and nothing is checked. */
export interface Algebra {
  readonly name: "native" | "portable";
  /** Writes `A B^T` to `out`. */
  multiply(a: Factor, b: Factor, shape: ProductShape, out: Float64Array): void;
  /** Writes L of `L L^T` over the lower triangle; returns the row whose pivot is not positive, or -1. */
  factorCholesky(matrix: Float64Array, size: number): number;
  /** Writes x of `x L L^T = right` over each row of `right`, `[rows, size]`. */
  solveCholesky(factor: Float64Array, size: number, right: Float64Array): void;
  /** Writes all eigenvalues, largest first, and the first eigenvectors, `[count, size]`; the upper triangle is read. */
  decomposeSymmetric(
    ...args: [
      ...[matrix: Float64Array, size: number, count: number],
      ...[values: Float64Array, vectors: Float64Array],
    ]
  ): void;
  /** Writes the squared distance of each row of `a` from each of `b`; the same to the bit on every machine. */
  squaredDistances(a: Numbers, b: Numbers, columns: number, out: Float64Array): void;
  /** Copies the columns of each of these rows, in any order and as often as named, to columns of `out`, a row each. */
  gather(source: Columns, rows: Int32Array, out: Omit<Columns, "width">): void;
}

export const portableAlgebra: Algebra = {
  name: "portable",
  multiply,
  factorCholesky,
  solveCholesky,
  decomposeSymmetric,
  squaredDistances,
  gather,
};

const DEPTH = 128; // numbers of each sum, and
const WIDTH = 256; // rows of the second factor at a time: they stay in the second-level cache

function multiply(
  a: Factor,
  b: Factor,
  { rows, columns, count, symmetric }: ProductShape,
  out: Float64Array,
): void {
  const left = new Float64Array((rows + (rows % 2)) * DEPTH);
  const right = new Float64Array(WIDTH * DEPTH);
  const tile = new Float64Array(8);
  out.fill(0);
  for (let k = 0; k < count; k += DEPTH) {
    const depth = Math.min(DEPTH, count - k);
    pack(a, 0, rows, k, depth, left);
    for (let from = 0; from < columns; from += WIDTH) {
      const width = Math.min(WIDTH, columns - from);
      pack(b, from, width, k, depth, right);
      for (let i = symmetric ? from : 0; i < rows; i += 2) {
        const last = symmetric ? Math.min(width, i + 2 - from) : width;
        for (let j = 0; j < last; j += 4) {
          sumTile(left, right, i * DEPTH, j * DEPTH, depth, tile);
          const high = Math.min(2, rows - i);
          const wide = Math.min(4, width - j);
          for (let n = 0; n < high; n++) {
            const to = (i + n) * columns + from + j;
            for (let m = 0; m < wide; m++) out[to + m] += tile[4 * n + m];
          }
        }
      }
    }
  }
  if (!symmetric) return;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) out[j * columns + i] = out[i * columns + j];
  }
}

/** Copies numbers [k, k + depth) of some rows side by side. */
function pack(
  { values, row, inner, center }: Factor,
  from: number,
  rows: number,
  k: number,
  depth: number,
  to: Float64Array,
): void {
  for (let i = 0; i < rows; i++) {
    const at = (from + i) * row + k * inner;
    for (let m = 0; m < depth; m++) to[i * DEPTH + m] = values[at + m * inner];
    if (center) for (let m = 0; m < depth; m++) to[i * DEPTH + m] -= center[k + m];
  }
}

/** Multiplies two rows by four, so that each number that is loaded is used more than once. */
function sumTile(
  left: Float64Array,
  right: Float64Array,
  a: number,
  b: number,
  depth: number,
  tile: Float64Array,
): void {
  let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0; k < depth; k++) {
    const x = left[a + k];
    const y = left[a + DEPTH + k];
    const c0 = right[b + k];
    const c1 = right[b + DEPTH + k];
    const c2 = right[b + 2 * DEPTH + k];
    const c3 = right[b + 3 * DEPTH + k];
    s0 += x * c0;
    s1 += x * c1;
    s2 += x * c2;
    s3 += x * c3;
    t0 += y * c0;
    t1 += y * c1;
    t2 += y * c2;
    t3 += y * c3;
  }
  tile[0] = s0;
  tile[1] = s1;
  tile[2] = s2;
  tile[3] = s3;
  tile[4] = t0;
  tile[5] = t1;
  tile[6] = t2;
  tile[7] = t3;
}

function factorCholesky(matrix: Float64Array, size: number): number {
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j <= i; j++) {
      const other = j * size;
      let rest = matrix[row + j];
      for (let k = 0; k < j; k++) rest -= matrix[row + k] * matrix[other + k];
      if (j < i) matrix[row + j] = rest / matrix[other + j];
      else if (rest > 0) matrix[row + i] = Math.sqrt(rest);
      else return i;
    }
  }
  return -1;
}

function solveCholesky(factor: Float64Array, size: number, right: Float64Array): void {
  for (let at = 0; at < right.length; at += size) {
    for (let j = 0; j < size; j++) {
      let rest = right[at + j];
      for (let k = 0; k < j; k++) rest -= factor[j * size + k] * right[at + k];
      right[at + j] = rest / factor[j * size + j];
    }
    for (let j = size - 1; j >= 0; j--) {
      const x = right[at + j] / factor[j * size + j];
      right[at + j] = x;
      for (let k = 0; k < j; k++) right[at + k] -= x * factor[j * size + k];
    }
  }
}

const CHUNK = 2048; // columns whose squares are summed before they are added to those before them

function squaredDistances(a: Numbers, b: Numbers, columns: number, out: Float64Array): void {
  let to = 0;
  for (let i = 0; i < a.length; i += columns) {
    for (let j = 0; j < b.length; j += columns) {
      out[to] = 0;
      for (let k = 0; k < columns; k += CHUNK) {
        out[to] += squaredDistance(a, i + k, b, j + k, Math.min(CHUNK, columns - k));
      }
      to++;
    }
  }
}

/** Sums in the order of linear-algebra.cc, where eight lie in a vector: the two agree to the bit. */
function squaredDistance(a: Numbers, i: number, b: Numbers, j: number, count: number): number {
  let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
  let k = 0;
  for (; k + 8 <= count; k += 8) {
    s0 += (a[i + k] - b[j + k]) ** 2;
    s1 += (a[i + k + 1] - b[j + k + 1]) ** 2;
    s2 += (a[i + k + 2] - b[j + k + 2]) ** 2;
    s3 += (a[i + k + 3] - b[j + k + 3]) ** 2;
    s4 += (a[i + k + 4] - b[j + k + 4]) ** 2;
    s5 += (a[i + k + 5] - b[j + k + 5]) ** 2;
    s6 += (a[i + k + 6] - b[j + k + 6]) ** 2;
    s7 += (a[i + k + 7] - b[j + k + 7]) ** 2;
  }
  let sum = s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
  for (; k < count; k++) sum += (a[i + k] - b[j + k]) ** 2;
  return sum;
}

function gather(source: Columns, rows: Int32Array, out: Omit<Columns, "width">): void {
  for (let i = 0; i < rows.length; i++) {
    const from = source.start + rows[i] * source.stride;
    const to = out.start + i * out.stride;
    for (let k = 0; k < source.width; k++) out.values[to + k] = source.values[from + k];
  }
}
