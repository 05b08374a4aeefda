// The two matrix products that the linear controls are made of, in float64, a block of columns at a time.
import type { ColumnRange, Rows } from "./rows.js";

export interface ProductOptions extends ColumnRange {
  /** Subtracted from each row of `a`, `[columns]`; by default nothing. */
  readonly leftCenter?: Float64Array;
  /** Subtracted from each row of `b`. */
  readonly rightCenter?: Float64Array;
}

const BLOCK = 128; // columns at a time: eighty rows of them stay in the second-level cache

/**
 * Multiplies rows by rows: `(A - leftCenter) (B - rightCenter)^T`, row-major `[a.rows, b.rows]`.
 * @throws RangeError if the two differ in columns, or a product is not finite.
 */
export function multiplyRows(
  a: Rows,
  b: Rows,
  { start = 0, end = a.columns, leftCenter, rightCenter }: ProductOptions = {},
): Float64Array {
  const given = [b.columns, leftCenter?.length, rightCenter?.length];
  for (const columns of given) {
    if (columns !== undefined && columns !== a.columns) {
      throw new RangeError(`multiplyRows: expected ${a.columns} columns, got ${columns}`);
    }
  }
  const symmetric = a === b && leftCenter === rightCenter;
  const left = makeBlock(a.rows);
  const right = symmetric ? left : makeBlock(b.rows);
  const stride = right.length / BLOCK;
  const sums = new Float64Array((left.length / BLOCK) * stride);
  for (let from = start; from < end; from += BLOCK) {
    const width = Math.min(BLOCK, end - from);
    gather(a, from, width, leftCenter, left);
    if (!symmetric) gather(b, from, width, rightCenter, right);
    for (let i = 0; i < a.rows; i += 2) {
      const last = symmetric ? i + 2 : b.rows;
      for (let j = 0; j < last; j += 4) addTile(left, right, i, j, width, sums, stride);
    }
  }
  const out = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      const value = sums[symmetric && j > i ? j * stride + i : i * stride + j];
      if (!Number.isFinite(value)) {
        throw new RangeError(
          `multiplyRows: expected finite numbers, got ${value} from row ${i} by row ${j}; ` +
            "fill what is missing first",
        );
      }
      out[i * b.rows + j] = value;
    }
  }
  return out;
}

/**
 * Mixes rows: `coefficients · rows`, where `coefficients` is row-major `[mixtures, rows.rows]`.
 * @returns `[mixtures, end - start]`, row-major.
 * @throws RangeError if the coefficients do not fill whole rows.
 */
export function mixRows(
  coefficients: Float64Array,
  rows: Rows,
  { start = 0, end = rows.columns }: ColumnRange = {},
): Float64Array {
  const inner = rows.rows;
  const outer = coefficients.length / inner;
  if (!Number.isInteger(outer)) {
    throw new RangeError(
      `mixRows: expected a multiple of ${inner} coefficients, got ${coefficients.length}`,
    );
  }
  const padded = makeBlock(inner).length / BLOCK;
  const weights = new Float64Array((outer + (outer % 2)) * padded);
  for (let i = 0; i < outer; i++) {
    weights.set(coefficients.subarray(i * inner, (i + 1) * inner), i * padded);
  }
  const width = end - start;
  const out = new Float64Array(outer * width);
  const block = makeBlock(inner);
  const sums = new Float64Array(2 * BLOCK);
  for (let from = start; from < end; from += BLOCK) {
    const size = Math.min(BLOCK, end - from);
    gather(rows, from, size, undefined, block);
    for (let i = 0; i < outer; i += 2) {
      sums.fill(0);
      for (let k = 0; k < padded; k += 4) addMixture(weights, block, i, k, padded, size, sums);
      out.set(sums.subarray(0, size), i * width + from - start);
      if (i + 1 < outer) {
        out.set(sums.subarray(BLOCK, BLOCK + size), (i + 1) * width + from - start);
      }
    }
  }
  return out;
}

/** Room for a block of columns of all rows; rows of zeros fill it up to a multiple of four. */
function makeBlock(rows: number): Float64Array {
  return new Float64Array(Math.ceil(rows / 4) * 4 * BLOCK);
}

function gather(
  { rows, columns, values }: Rows,
  from: number,
  width: number,
  center: Float64Array | undefined,
  to: Float64Array,
): void {
  for (let i = 0; i < rows; i++) {
    const at = i * columns + from;
    if (center) {
      for (let k = 0; k < width; k++) to[i * BLOCK + k] = values[at + k] - center[from + k];
    } else {
      for (let k = 0; k < width; k++) to[i * BLOCK + k] = values[at + k];
    }
  }
}

/** Two rows by four, so that each number that is loaded is used more than once. */
function addTile(
  left: Float64Array,
  right: Float64Array,
  i: number,
  j: number,
  width: number,
  sums: Float64Array,
  stride: number,
): void {
  const a = i * BLOCK;
  const b = j * BLOCK;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let t0 = 0;
  let t1 = 0;
  let t2 = 0;
  let t3 = 0;
  for (let k = 0; k < width; k++) {
    const x = left[a + k];
    const y = left[a + BLOCK + k];
    const c0 = right[b + k];
    const c1 = right[b + BLOCK + k];
    const c2 = right[b + 2 * BLOCK + k];
    const c3 = right[b + 3 * BLOCK + k];
    s0 += x * c0;
    s1 += x * c1;
    s2 += x * c2;
    s3 += x * c3;
    t0 += y * c0;
    t1 += y * c1;
    t2 += y * c2;
    t3 += y * c3;
  }
  const to = i * stride + j;
  sums[to] += s0;
  sums[to + 1] += s1;
  sums[to + 2] += s2;
  sums[to + 3] += s3;
  sums[to + stride] += t0;
  sums[to + stride + 1] += t1;
  sums[to + stride + 2] += t2;
  sums[to + stride + 3] += t3;
}

/** Adds four rows to two mixtures. */
function addMixture(
  weights: Float64Array,
  block: Float64Array,
  i: number,
  k: number,
  stride: number,
  size: number,
  sums: Float64Array,
): void {
  const a = i * stride + k;
  const b = a + stride;
  const c0 = weights[a];
  const c1 = weights[a + 1];
  const c2 = weights[a + 2];
  const c3 = weights[a + 3];
  const d0 = weights[b];
  const d1 = weights[b + 1];
  const d2 = weights[b + 2];
  const d3 = weights[b + 3];
  const r = k * BLOCK;
  for (let j = 0; j < size; j++) {
    const x0 = block[r + j];
    const x1 = block[r + BLOCK + j];
    const x2 = block[r + 2 * BLOCK + j];
    const x3 = block[r + 3 * BLOCK + j];
    sums[j] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3;
    sums[BLOCK + j] += d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3;
  }
}
