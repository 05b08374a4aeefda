// Row-major tables without a mask: from values, means, selected columns, repeated rows, the transpose, the identity.
import type { ColumnRange, Rows } from "../engine/linear-algebra.js";

/** Takes row-major values for so many rows, at least one; the columns follow. */
export function rowsOf<T extends Rows["values"]>(
  rows: number,
  values: T,
): Rows & { readonly values: T } {
  return { rows, columns: values.length / rows, values };
}

/** Averages each column over all rows, `[columns]`. */
export function columnMeans({ rows, columns, values }: Rows): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) sums[j] += values[i * columns + j];
  }
  return sums.map((sum) => sum / rows);
}

/** Copies the columns `[start, end)`, row-major `[rows, end - start]`. */
export function pickColumns(
  { rows, columns, values }: Rows,
  { start = 0, end = columns }: ColumnRange,
): Float64Array {
  const width = end - start;
  const out = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    out.set(values.subarray(i * columns + start, i * columns + end), i * width);
  }
  return out;
}

/** Writes columns over those of a table that begin at `start`, in place. */
export function placeColumns(into: Rows, columns: Rows, start: number): void {
  for (let i = 0; i < columns.rows; i++) {
    const row = columns.values.subarray(i * columns.columns, (i + 1) * columns.columns);
    into.values.set(row, i * into.columns + start);
  }
}

/** Repeats one row, `[times, row.length]`. */
export function repeatRow(row: Float64Array, times: number): Float64Array {
  const out = new Float64Array(times * row.length);
  for (let i = 0; i < times; i++) out.set(row, i * row.length);
  return out;
}

/** Swaps rows and columns, row-major `[columns, rows]`. */
export function transpose({ rows, columns, values }: Rows): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j];
  }
  return out;
}

/** Ones on the diagonal, row-major `[size, size]`. */
export function identity(size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let i = 0; i < size; i++) out[i * (size + 1)] = 1;
  return out;
}
