// The kernels of linear algebra, and their implementation in JavaScript for machines without a compiler.
import type { Counts, Kernel } from "./compile.js";

type Numbers = Float32Array | Float64Array;
type Doubles<Name extends string> = Record<Name, Float64Array>;

/** A factor of a product, seen through strides: number (i, k) is `values[i * row + k * inner] - center[k]`. */
export interface Factor {
  readonly values: Numbers;
  readonly row: number;
  readonly inner: number;
  /** By default nothing is subtracted. */
  readonly center?: Float64Array;
}

/** The kernels, which linear-algebra.cc has too; matrices are row-major, and nothing is checked. */
export interface Algebra {
  readonly name: "native" | "portable";
  /** Writes `A B^T`, `[rows, columns]`, of `count` terms each; where `symmetric` is 1, A is B. */
  multiply: Kernel<
    Counts<"rows" | "columns" | "count" | "symmetric"> & { a: Factor; b: Factor } & Doubles<"out">
  >;
  /** Writes L of `L L^T` over the lower triangle; returns the row whose pivot is not positive, or -1. */
  factorCholesky: Kernel<Counts<"size"> & Doubles<"matrix">, number>;
  /** Writes x of `x L L^T = right` over each row of `right`, `[rows, size]`. */
  solveCholesky: Kernel<Counts<"size" | "rows"> & Doubles<"factor" | "right">>;
  /** Writes all eigenvalues, largest first, and the first eigenvectors, `[wanted, size]`; reads the upper triangle. */
  decomposeSymmetric: Kernel<Counts<"size" | "wanted"> & Doubles<"matrix" | "values" | "vectors">>;
  /** Writes the squared distance of each row of `a` from each of `b`; the same to the bit on every machine. */
  squaredDistances: Kernel<
    Counts<"rows" | "others" | "columns"> & Record<"a" | "b", Numbers> & Doubles<"out">
  >;
  /** Copies `width` numbers of these rows; the tables' first numbers are at `from` and `to`. */
  gather: Kernel<
    Counts<"from" | "stride" | "width" | "to" | "outStride"> &
      Record<"source" | "out", Float32Array> & { rows: Int32Array }
  >;
}

const DEPTH = 256; // numbers of each sum at a time, so that the rows stay in the cache

export const portableAlgebra: Algebra = {
  name: "portable",

  multiply({ a, b, rows, columns, count, symmetric, out }) {
    out.fill(0);
    for (let k = 0; k < count; k += DEPTH) {
      const depth = Math.min(DEPTH, count - k);
      const [left, right] = [pack(a, rows, k, depth), pack(b, columns, k, depth)];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < (symmetric ? i + 1 : columns); j++) {
          out[i * columns + j] += dot(left, i * depth, right, j * depth, depth);
        }
      }
    }
    for (let i = 0; symmetric && i < rows; i++) {
      for (let j = 0; j < i; j++) out[j * columns + i] = out[i * columns + j];
    }
  },

  factorCholesky({ matrix, size }) {
    for (let i = 0; i < size; i++) {
      const row = i * size;
      for (let j = 0; j <= i; j++) {
        const rest = matrix[row + j] - dot(matrix, row, matrix, j * size, j);
        if (j < i) matrix[row + j] = rest / matrix[j * size + j];
        else if (rest > 0) matrix[row + i] = Math.sqrt(rest);
        else return i;
      }
    }
    return -1;
  },

  solveCholesky({ factor, size, right }) {
    for (let at = 0; at < right.length; at += size) {
      for (let j = 0; j < size; j++) {
        const rest = right[at + j] - dot(factor, j * size, right, at, j);
        right[at + j] = rest / factor[j * size + j];
      }
      for (let j = size - 1; j >= 0; j--) {
        const x = right[at + j] / factor[j * size + j];
        right[at + j] = x;
        for (let k = 0; k < j; k++) right[at + k] -= x * factor[j * size + k];
      }
    }
  },

  decomposeSymmetric({ matrix, size, wanted, values, vectors }) {
    const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const exponent = Math.min(1000, Math.max(-1000, Math.floor(Math.log2(largest || 1))));
    // A power of two changes no digit, and squares neither overflow nor vanish.
    const scaled = matrix.map((_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      return matrix[i <= j ? at : j * size + i] * 2 ** -exponent;
    });
    const { diagonal, beside, factors } = tridiagonalize(scaled, size);
    const rows = rotate(diagonal, beside);
    const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b] - diagonal[a]);
    values.set(order.map((from) => diagonal[from] * 2 ** exponent));
    for (let k = 0; k < wanted; k++) {
      const vector = rows[order[k]];
      for (let j = size - 3; j >= 0; j--) {
        const v = scaled.subarray(j * size + j + 1, (j + 1) * size);
        const part = vector.subarray(j + 1);
        addTo(part, -factors[j] * dot(v, 0, part, 0, part.length), v);
      }
      vectors.set(vector, k * size);
    }
  },

  squaredDistances({ a, b, columns, out }) {
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
  },

  gather({ source, from, stride, rows, width, out, to, outStride }) {
    for (let i = 0; i < rows.length; i++) {
      const row = from + rows[i] * stride;
      for (let k = 0; k < width; k++) out[to + i * outStride + k] = source[row + k];
    }
  },
};

/**
 * Turns a symmetric matrix into `Q T Q^T`: T has `diagonal` and `beside`, and Q is a product of reflections
 * `I - factor v v^T`, of which v stands in row j from column j + 1 on.
 * Source: EISPACK's tred2.
 */
function tridiagonalize(matrix: Float64Array, size: number) {
  const [diagonal, beside, factors] = [0, 1, 2].map(() => new Float64Array(size));
  for (let j = 0; j < size; j++) {
    diagonal[j] = matrix[j * (size + 1)];
    const v = matrix.subarray(j * size + j + 1, (j + 1) * size);
    if (v.length === 0) continue;
    const first = v[0];
    const rest = dot(v, 1, v, 1, v.length - 1);
    beside[j] = first;
    v[0] = 1;
    if (rest === 0) continue;
    beside[j] = (first > 0 ? -1 : 1) * Math.sqrt(first * first + rest);
    factors[j] = (beside[j] - first) / beside[j];
    for (let k = 1; k < v.length; k++) v[k] /= first - beside[j];
    const below = (i: number) => matrix.subarray((j + 1 + i) * size + j + 1, (j + 2 + i) * size);
    const image = v.map((_, i) => factors[j] * dot(below(i), 0, v, 0, v.length));
    addTo(image, -0.5 * factors[j] * dot(image, 0, v, 0, v.length), v);
    for (let i = 0; i < v.length; i++) {
      addTo(below(i), -v[i], image);
      addTo(below(i), -image[i], v);
    }
  }
  return { diagonal, beside, factors };
}

/**
 * Implicit QL: writes the eigenvalues of a tridiagonal matrix over its diagonal, and returns its eigenvectors.
 * Source: EISPACK's tql2.
 */
function rotate(diagonal: Float64Array, beside: Float64Array): Float64Array[] {
  const size = diagonal.length;
  const rows = Array.from(diagonal, (_, i) => new Float64Array(size).fill(1, i, i + 1));
  const isNegligible = (i: number) =>
    Math.abs(beside[i]) <=
    (Number.EPSILON / 2) * (Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1]));
  for (let l = 0; l < size; l++) {
    for (;;) {
      let m = l;
      while (m < size - 1 && !isNegligible(m)) m++;
      if (m === l) break;
      let g = (diagonal[l + 1] - diagonal[l]) / (2 * beside[l]);
      g = diagonal[m] - diagonal[l] + beside[l] / (g + (g < 0 ? -1 : 1) * Math.hypot(g, 1));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * beside[i];
        const b = c * beside[i];
        const r = Math.hypot(f, g);
        beside[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] -= p;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - p;
        const t = (diagonal[i] - g) * s + 2 * c * b;
        p = s * t;
        diagonal[i + 1] = g + p;
        g = c * t - b;
        const [upper, lower] = [rows[i], rows[i + 1]];
        for (let k = 0; k < size; k++) {
          const [x, y] = [upper[k], lower[k]];
          upper[k] = c * x - s * y;
          lower[k] = s * x + c * y;
        }
      }
      beside[m] = 0;
      if (i >= l) continue;
      diagonal[l] -= p;
      beside[l] = g;
    }
  }
  return rows;
}

/** Copies numbers [k, k + depth) of the rows side by side. */
function pack(
  { values, row, inner, center }: Factor,
  rows: number,
  k: number,
  depth: number,
): Float64Array {
  const out = new Float64Array(rows * depth);
  for (let i = 0; i < rows; i++) {
    const at = i * row + k * inner;
    for (let m = 0; m < depth; m++) {
      out[i * depth + m] = values[at + m * inner] - (center ? center[k + m] : 0);
    }
  }
  return out;
}

/** Sums products of `count` numbers; four sums do not wait for each other. */
function dot(a: Float64Array, i: number, b: Float64Array, j: number, count: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 4 <= count; k += 4) {
    s0 += a[i + k] * b[j + k];
    s1 += a[i + k + 1] * b[j + k + 1];
    s2 += a[i + k + 2] * b[j + k + 2];
    s3 += a[i + k + 3] * b[j + k + 3];
  }
  let sum = s0 + s1 + (s2 + s3);
  for (; k < count; k++) sum += a[i + k] * b[j + k];
  return sum;
}

/** Adds multiples of as many numbers. */
function addTo(numbers: Float64Array, factor: number, others: Float64Array): void {
  for (let k = 0; k < numbers.length; k++) numbers[k] += factor * others[k];
}

const CHUNK = 2048; // columns whose squares are summed before they are added to those before them

const lanes = new Float64Array(8);

/** Sums in the order of linear-algebra.cc, where eight lie in a vector: the two agree to the bit. */
function squaredDistance(a: Numbers, i: number, b: Numbers, j: number, count: number): number {
  lanes.fill(0);
  let k = 0;
  for (; k + 8 <= count; k += 8) {
    for (let m = 0; m < 8; m++) lanes[m] += (a[i + k + m] - b[j + k + m]) ** 2;
  }
  const [s0, s1, s2, s3, s4, s5, s6, s7] = lanes;
  let sum = s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7));
  for (; k < count; k++) sum += (a[i + k] - b[j + k]) ** 2;
  return sum;
}
