// A matrix of measurements with a mask of observed entries: the library's only container for numbers.

/**
 * Row-major float32 values `[rows, columns]` with a mask of the same shape.
 * An entry whose mask is 0 was not measured; its value is a meaningless 0. A measured zero is data.
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  readonly observed: Uint8Array;
}

/** Makes a matrix of the given shape without observed entries. */
export function emptyMatrix(rows: number, columns: number): Matrix {
  const size = rows * columns;
  return { rows, columns, values: new Float32Array(size), observed: new Uint8Array(size) };
}

/**
 * Builds a matrix from row-major numbers; NaN means "not observed".
 * @throws RangeError if the length is not rows x columns, or a value is infinite as float32.
 */
export function matrixFrom(rows: number, columns: number, numbers: ArrayLike<number>): Matrix {
  if (numbers.length !== rows * columns) {
    throw new RangeError(
      `matrixFrom: expected ${rows} x ${columns} = ${rows * columns} numbers, got ${numbers.length}`,
    );
  }
  const matrix = emptyMatrix(rows, columns);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i];
    if (Number.isNaN(value)) continue;
    matrix.values[i] = value;
    matrix.observed[i] = 1;
    if (!Number.isFinite(matrix.values[i])) {
      const row = Math.floor(i / columns);
      throw new RangeError(
        `matrixFrom: expected numbers that fit float32, got ${value} at row ${row}, column ${i % columns}`,
      );
    }
  }
  return matrix;
}

/** Copies rows in the given order; `[indexes.length, columns]`. */
export function selectRows(matrix: Matrix, indexes: readonly number[]): Matrix {
  const { columns } = matrix;
  const out = emptyMatrix(indexes.length, columns);
  indexes.forEach((from, to) => {
    checkIndex("selectRows", "row", from, matrix.rows);
    out.values.set(matrix.values.subarray(from * columns, (from + 1) * columns), to * columns);
    out.observed.set(matrix.observed.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  return out;
}

/** Copies columns in the given order; `[rows, indexes.length]`. */
export function selectColumns(matrix: Matrix, indexes: readonly number[]): Matrix {
  for (const index of indexes) checkIndex("selectColumns", "column", index, matrix.columns);
  const out = emptyMatrix(matrix.rows, indexes.length);
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * matrix.columns;
    const to = row * indexes.length;
    for (let j = 0; j < indexes.length; j++) {
      out.values[to + j] = matrix.values[from + indexes[j]];
      out.observed[to + j] = matrix.observed[from + indexes[j]];
    }
  }
  return out;
}

/** Copies the columns `[start, end)` of a matrix, `[rows, end - start]`. */
export function sliceColumns(
  { rows, columns, values, observed }: Matrix,
  start: number,
  end: number,
): Matrix {
  const out = emptyMatrix(rows, end - start);
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * columns + start, row * columns + end];
    out.values.set(values.subarray(from, to), row * out.columns);
    out.observed.set(observed.subarray(from, to), row * out.columns);
  }
  return out;
}

/** Swaps rows and columns; `[columns, rows]`. */
export function transposeMatrix(matrix: Matrix): Matrix {
  const out = emptyMatrix(matrix.columns, matrix.rows);
  const tile = 64; // both sides of a tile stay in cache
  for (let top = 0; top < matrix.rows; top += tile) {
    const bottom = Math.min(top + tile, matrix.rows);
    for (let left = 0; left < matrix.columns; left += tile) {
      const right = Math.min(left + tile, matrix.columns);
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) {
          out.values[j * matrix.rows + i] = matrix.values[i * matrix.columns + j];
          out.observed[j * matrix.rows + i] = matrix.observed[i * matrix.columns + j];
        }
      }
    }
  }
  return out;
}

/**
 * Puts rows of matrices side by side, `[chosen rows, sum of columns]`; by default all rows. A single matrix with all
 * its rows in order is returned itself. A row that is undefined is left unobserved.
 * @throws RangeError if their row counts differ.
 */
export function joinColumns(
  matrices: readonly Matrix[],
  rowsOf: readonly (readonly (number | undefined)[])[] = matrices.map(({ rows }) => [
    ...Array(rows).keys(),
  ]),
): Matrix {
  const [chosen = [], ...others] = rowsOf;
  const rows = chosen.length;
  for (const { length: got } of others) {
    if (got !== rows) throw new RangeError(`joinColumns: expected ${rows} rows, got ${got}`);
  }
  const [only] = matrices;
  if (matrices.length === 1 && rows === only.rows && chosen.every((row, i) => row === i))
    return only;
  const columns = matrices.reduce((sum, matrix) => sum + matrix.columns, 0);
  const out = emptyMatrix(rows, columns);
  let start = 0;
  matrices.forEach(({ values, observed, columns: width }, i) => {
    rowsOf[i].forEach((row, to) => {
      if (row === undefined) return;
      const at = to * columns + start;
      out.values.set(values.subarray(row * width, (row + 1) * width), at);
      out.observed.set(observed.subarray(row * width, (row + 1) * width), at);
    });
    start += width;
  });
  return out;
}

/** Counts the observed entries in the columns `[start, end)`; by default in all. */
export function countObserved(matrix: Matrix, start = 0, end = matrix.columns): number {
  let count = 0;
  for (let row = 0; row < matrix.rows; row++) {
    for (let j = start; j < end; j++) count += matrix.observed[row * matrix.columns + j];
  }
  return count;
}

function checkIndex(where: string, what: string, index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`${where}: expected a ${what} index in [0, ${size}), got ${index}`);
  }
}
