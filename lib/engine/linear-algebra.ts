// Dense linear algebra in double precision: products, Cholesky factors, symmetric eigenvectors, distances.
import { type Algebra, type Factor, portableAlgebra } from "./linear-algebra-portable.js";
import { nativeAlgebra } from "./platform.js";

/** Row-major values `[rows, columns]`; a `Matrix` is one. The values alone count, whatever its mask says. */
export interface Rows {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array | Float64Array;
}

/** Columns `[start, end)` that count; by default all. */
export interface ColumnRange {
  readonly start?: number;
  readonly end?: number;
}

let fastest: Algebra | undefined;

/**
 * Returns the implementation that every function here uses unless another is given: the compiled one, and JavaScript
 * where it cannot be compiled, with the reason on standard error. Both agree to rounding. The first call compiles, in
 * some seconds, if that was never done.
 * @throws RangeError if ARO_THREADS is no number of threads.
 */
export function fastestAlgebra(): Algebra {
  if (fastest) return fastest;
  try {
    fastest = nativeAlgebra();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    console.warn(`linear algebra runs in JavaScript, which is slow: ${(error as Error).message}`);
    fastest = portableAlgebra;
  }
  return fastest;
}

/**
 * Multiplies rows by one another: `(A - center) (A - center)^T` over the columns `[start, end)`.
 * @param options.center Subtracted from each row, `[columns]`; by default nothing.
 * @returns row-major `[rows, rows]`, symmetric to the bit.
 * @throws RangeError if the center has another length, or a product is not finite.
 */
export function gram(
  rows: Rows,
  { center, ...range }: ColumnRange & { readonly center?: Float64Array } = {},
  algebra: Algebra = fastestAlgebra(),
): Float64Array {
  requireRows("gram", rows);
  requireColumns("gram", rows.columns, center?.length);
  const factor = rowFactor(rows, range, center);
  const n = rows.rows;
  const out = new Float64Array(n * n);
  const shape = { rows: n, columns: n, count: widthOf(rows, range), symmetric: 1 };
  algebra.multiply({ a: factor, b: factor, ...shape, out });
  return requireFinite("gram", out, n);
}

export interface CenterOptions extends ColumnRange {
  /** Subtracted from each row of `a`, `[columns]`; by default nothing. */
  readonly leftCenter?: Float64Array;
  /** Subtracted from each row of `b`. */
  readonly rightCenter?: Float64Array;
}

/**
 * Multiplies rows by rows: `(A - leftCenter) (B - rightCenter)^T` over the columns `[start, end)`.
 * @returns row-major `[a.rows, b.rows]`.
 * @throws RangeError if the factors or centers differ in columns, or a product is not finite.
 */
export function multiplyTransposed(
  a: Rows,
  b: Rows,
  { leftCenter, rightCenter, ...range }: CenterOptions = {},
  algebra: Algebra = fastestAlgebra(),
): Float64Array {
  requireRows("multiplyTransposed", a, b);
  requireColumns("multiplyTransposed", a.columns, b.columns);
  requireColumns("multiplyTransposed", a.columns, leftCenter?.length);
  requireColumns("multiplyTransposed", a.columns, rightCenter?.length);
  const out = new Float64Array(a.rows * b.rows);
  algebra.multiply({
    a: rowFactor(a, range, leftCenter),
    b: rowFactor(b, range, rightCenter),
    rows: a.rows,
    columns: b.rows,
    count: widthOf(a, range),
    symmetric: 0,
    out,
  });
  return requireFinite("multiplyTransposed", out, b.rows);
}

/**
 * Multiplies `A B`, of which the columns `[start, end)` are computed.
 * @returns row-major `[a.rows, end - start]`.
 * @throws RangeError if `a` has not a column for each row of `b`, or a product is not finite.
 */
export function multiply(
  a: Rows,
  b: Rows,
  range: ColumnRange = {},
  algebra: Algebra = fastestAlgebra(),
): Float64Array {
  requireRows("multiply", a, b);
  if (a.columns !== b.rows) {
    throw new RangeError(
      `multiply: expected a column of the first factor for each of the ${b.rows} rows of the second, got ${a.columns}`,
    );
  }
  const columns = widthOf(b, range);
  const out = new Float64Array(a.rows * columns);
  algebra.multiply({
    a: rowFactor(a),
    b: { values: b.values.subarray(range.start ?? 0), row: 1, inner: b.columns },
    rows: a.rows,
    columns,
    count: b.rows,
    symmetric: 0,
    out,
  });
  return requireFinite("multiply", out, columns);
}

/**
 * Multiplies `A^T B`.
 * @returns row-major `[a.columns, b.columns]`.
 * @throws RangeError if the factors differ in rows, or a product is not finite.
 */
export function transposeMultiply(
  a: Rows,
  b: Rows,
  algebra: Algebra = fastestAlgebra(),
): Float64Array {
  requireRows("transposeMultiply", a, b);
  if (a.rows !== b.rows) {
    throw new RangeError(`transposeMultiply: expected ${a.rows} rows, got ${b.rows}`);
  }
  const out = new Float64Array(a.columns * b.columns);
  algebra.multiply({
    a: { values: a.values, row: 1, inner: a.columns },
    b: { values: b.values, row: 1, inner: b.columns },
    rows: a.columns,
    columns: b.columns,
    count: a.rows,
    symmetric: 0,
    out,
  });
  return requireFinite("transposeMultiply", out, b.columns);
}

/** A symmetric positive definite matrix M, factored once for any number of systems. */
export interface Cholesky {
  readonly size: number;
  readonly logDeterminant: number;
  /**
   * Solves `x M = right` for each row of `right`, row-major `[count, size]`; returns as many rows.
   * @throws RangeError if `right` does not fill whole rows, or a solution is not finite.
   */
  solve(right: Float32Array | Float64Array): Float64Array;
}

/**
 * Factors `M = L L^T`, M row-major `[size, size]`, symmetric and positive definite; its lower triangle is read.
 * @throws RangeError if the matrix is not square, not finite or not positive definite.
 */
export function factorCholesky(
  matrix: Float64Array,
  algebra: Algebra = fastestAlgebra(),
): Cholesky {
  const size = sizeOf("factorCholesky", matrix);
  const factor = requireFinite("factorCholesky", matrix, size).slice();
  const failed = algebra.factorCholesky({ matrix: factor, size });
  if (failed >= 0) {
    throw new RangeError(
      `factorCholesky: expected a positive definite matrix, got one of ${size} rows that is not, by its first ${failed + 1}; ` +
        "add to its diagonal, such as a larger shrinkage or noise",
    );
  }
  let logDeterminant = 0;
  for (let i = 0; i < size; i++) logDeterminant += 2 * Math.log(factor[i * (size + 1)]);
  return {
    size,
    logDeterminant,
    solve: (right) => {
      if (right.length % size !== 0) {
        throw new RangeError(
          `solve: expected rows of ${size} numbers, got ${right.length} numbers`,
        );
      }
      const out = new Float64Array(right);
      algebra.solveCholesky({ factor, size, right: out, rows: out.length / size });
      return requireFinite("solve", out, size);
    },
  };
}

export interface SymmetricEigen {
  /** All of them, largest first, `[size]`. */
  readonly values: Float64Array;
  /** Orthonormal, a vector a row, `[count, size]`; each sign is arbitrary. */
  readonly vectors: Float64Array;
}

/**
 * Finds the eigenvalues of a symmetric matrix, row-major `[size, size]`, and the eigenvectors of the `count` largest,
 * by default of all; the upper triangle is read.
 * @throws RangeError if the matrix is not square or not finite, or `count` is no whole number in [0, size].
 */
export function decomposeSymmetric(
  matrix: Float64Array,
  { count }: { readonly count?: number } = {},
  algebra: Algebra = fastestAlgebra(),
): SymmetricEigen {
  const size = sizeOf("decomposeSymmetric", matrix);
  requireFinite("decomposeSymmetric", matrix, size);
  const wanted = count ?? size;
  if (!(Number.isInteger(wanted) && wanted >= 0 && wanted <= size)) {
    throw new RangeError(
      `decomposeSymmetric: expected a whole number of vectors in [0, ${size}], got ${count}`,
    );
  }
  const values = new Float64Array(size);
  const vectors = new Float64Array(wanted * size);
  algebra.decomposeSymmetric({ matrix, size, wanted, values, vectors });
  return { values: requireFinite("decomposeSymmetric", values, size), vectors };
}

/**
 * Computes `‖a_i - b_j‖²` for each row of `a` and each of `b`, row-major `[a.rows, b.rows]`; the same to the bit on every
 * machine. Differences are squared one by one: inner products would be faster, but would tell apart what is equally far.
 * @throws RangeError if the two differ in columns, or a distance is not finite.
 */
export function squaredDistances(
  a: Rows,
  b: Rows,
  algebra: Algebra = fastestAlgebra(),
): Float64Array {
  requireRows("squaredDistances", a, b);
  requireColumns("squaredDistances", a.columns, b.columns);
  const out = new Float64Array(a.rows * b.rows);
  algebra.squaredDistances({
    a: a.values,
    b: b.values,
    rows: a.rows,
    others: b.rows,
    columns: a.columns,
    out,
  });
  return requireFinite("squaredDistances", out, b.rows);
}

/** Columns `[start, start + width)` of a table whose rows are `stride` numbers apart. */
export interface Columns {
  readonly values: Float32Array;
  readonly start: number;
  readonly width: number;
  readonly stride: number;
}

/**
 * Copies columns of rows, in any order and as often as they are named, to columns of `out`, a row each; what is compiled
 * asks for memory ahead, which takes an eighth of the time where the rows lie far apart.
 * @throws RangeError if a row or a column lies outside of its table.
 */
export function gatherRows(
  { values, start, width, stride }: Columns,
  rows: Int32Array,
  out: Omit<Columns, "width">,
  algebra: Algebra = fastestAlgebra(),
): void {
  let [least, most] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] < least) least = rows[i];
    if (rows[i] > most) most = rows[i];
  }
  const ends = [start + most * stride + width, out.start + (rows.length - 1) * out.stride + width];
  const isWithin = ends[0] <= values.length && ends[1] <= out.values.length;
  if (!isWithin || least < 0 || start < 0 || out.start < 0) {
    throw new RangeError(
      `gatherRows: expected rows of a table of ${values.length} numbers into one of ${out.values.length}, ` +
        `got numbers up to ${ends[0]} and ${ends[1]}${least < 0 ? ` and row ${least}` : ""}`,
    );
  }
  algebra.gather({
    source: values,
    from: start,
    stride,
    rows,
    width,
    out: out.values,
    to: out.start,
    outStride: out.stride,
  });
}

function rowFactor(
  { values, columns }: Rows,
  { start = 0 }: ColumnRange = {},
  center?: Float64Array,
): Factor {
  return {
    values: values.subarray(start),
    row: columns,
    inner: 1,
    center: center?.subarray(start),
  };
}

/** What is compiled trusts what it is told. */
function requireRows(where: string, ...all: readonly Rows[]): void {
  for (const { rows, columns, values } of all) {
    if (!(values instanceof Float32Array || values instanceof Float64Array)) {
      throw new TypeError(`${where}: expected values in a Float32Array or Float64Array`);
    }
    if (!Number.isInteger(rows) || values.length !== rows * columns) {
      throw new RangeError(
        `${where}: expected ${rows} x ${columns} = ${rows * columns} values, got ${values.length}`,
      );
    }
  }
}

function widthOf({ columns }: Rows, { start = 0, end = columns }: ColumnRange): number {
  if (!(start >= 0 && start <= end && end <= columns)) {
    throw new RangeError(
      `linear algebra: expected a range within the ${columns} columns, got [${start}, ${end})`,
    );
  }
  return end - start;
}

function requireColumns(where: string, expected: number, got: number | undefined): void {
  if (got !== undefined && got !== expected) {
    throw new RangeError(`${where}: expected ${expected} columns, got ${got}`);
  }
}

function sizeOf(where: string, { length }: Float64Array): number {
  const size = Math.round(Math.sqrt(length));
  if (size === 0 || size * size !== length) {
    throw new RangeError(`${where}: expected the numbers of a square matrix, got ${length}`);
  }
  return size;
}

/** Returns the values, so that a result is checked where it is returned. */
function requireFinite(where: string, values: Float64Array, columns: number): Float64Array {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RangeError(
      `${where}: expected finite numbers, got ${values[i]} at row ${Math.floor(i / columns)}, ` +
        `column ${i % columns}; fill what is missing first`,
    );
  }
  return values;
}
