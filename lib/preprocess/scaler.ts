// The paper's normalization, with statistics from the training rows alone.
import { emptyMatrix, type Matrix } from "../cohort/matrix.js";

/** Statistics of the training rows, one entry per column. */
export interface Scaler {
  /** Median of the observed entries; 0 if there are none. */
  readonly median: Float64Array;
  /** 1st percentile of the median-filled column. */
  readonly low: Float64Array;
  /** 99th percentile of the median-filled column. */
  readonly high: Float64Array;
  /** Mean of the filled and clamped column. */
  readonly mean: Float64Array;
  /** Population standard deviation of the filled and clamped column; 0 if it is constant. */
  readonly std: Float64Array;
  /** The ids of the training samples. */
  readonly trainedOn: readonly string[];
}

/** The stages of preprocessing, in order; each includes those before it. The model's input is "log". */
export const STAGES = ["imputed", "winsorized", "standardized", "log"] as const;

export type Stage = (typeof STAGES)[number];

const WINSORIZE = 0.01; // share of values clamped at either end

/** Describes each stage in a few words, in order. */
export function describeStages(): string[] {
  const does: Readonly<Record<Stage, string>> = {
    imputed: "fill missing values with the training median",
    winsorized: `clamp to percentiles ${100 * WINSORIZE} and ${100 * (1 - WINSORIZE)} of training rows`,
    standardized: "z-score by training mean and deviation",
    log: "clamp at 0, then log1p",
  };
  return STAGES.map((stage) => does[stage]);
}

/**
 * Fits the scaler on rows of `matrix`, `[samples, features]`.
 * Source: paper section 3; percentiles interpolate linearly as numpy.percentile does.
 * @throws RangeError if there are no rows, the ids differ in number, or the matrix lacks a row.
 */
export function fitScaler(matrix: Matrix, rows: readonly number[], ids: readonly string[]): Scaler {
  const count = rows.length;
  if (count === 0 || ids.length !== count) {
    throw new RangeError(
      `fitScaler: expected one id per row and at least one row, got ${count} rows and ${ids.length} ids`,
    );
  }
  checkRows("fitScaler", matrix, rows);
  const { columns } = matrix;
  const [median, low, high, mean, std] = Array.from({ length: 5 }, () => new Float64Array(columns));
  const block = 128; // columns gathered at a time, so that rows are read contiguously
  const gathered = Array.from({ length: block }, () => new Float64Array(count));
  const seen = new Int32Array(block);
  for (let start = 0; start < columns; start += block) {
    const width = Math.min(block, columns - start);
    seen.fill(0);
    for (const row of rows) {
      const from = row * columns + start;
      for (let j = 0; j < width; j++) {
        if (matrix.observed[from + j]) gathered[j][seen[j]++] = matrix.values[from + j];
      }
    }
    for (let j = 0; j < width; j++) {
      const column = gathered[j];
      const measured = column.subarray(0, seen[j]).sort();
      const middle = seen[j] === 0 ? 0 : quantileOfSorted(measured, 0.5);
      // The median is filled in between the two halves, so the column stays sorted.
      const half = seen[j] >> 1;
      column.copyWithin(half + count - seen[j], half, seen[j]);
      column.fill(middle, half, half + count - seen[j]);
      const bottom = quantileOfSorted(column, WINSORIZE);
      const top = quantileOfSorted(column, 1 - WINSORIZE);
      let sum = 0;
      for (let i = 0; i < count; i++) {
        column[i] = Math.min(Math.max(column[i], bottom), top);
        sum += column[i];
      }
      const center = sum / count;
      let squares = 0;
      for (let i = 0; i < count; i++) squares += (column[i] - center) ** 2;
      median[start + j] = middle;
      low[start + j] = bottom;
      high[start + j] = top;
      mean[start + j] = center;
      // A constant column has deviation 0 exactly, whatever the rounding of its mean.
      std[start + j] = bottom === top ? 0 : Math.sqrt(squares / count);
    }
  }
  return { median, low, high, mean, std, trainedOn: [...ids] };
}

/**
 * Applies the scaler to rows of `matrix`: median fill, clamp, `z = (x - mean) / std`, then `log1p(max(z, 0))`.
 * Every entry of the result is filled; its mask still marks the measured ones.
 * @returns `[rows.length, features]`, unitless; after "log", non-negative.
 * @throws RangeError if matrix and scaler differ in columns, or the matrix lacks a row.
 */
export function applyScaler(
  scaler: Scaler,
  matrix: Matrix,
  rows: readonly number[],
  until: Stage = "log",
): Matrix {
  const { columns } = matrix;
  if (scaler.mean.length !== columns) {
    throw new RangeError(`applyScaler: expected ${scaler.mean.length} columns, got ${columns}`);
  }
  checkRows("applyScaler", matrix, rows);
  const depth = STAGES.indexOf(until);
  const out = emptyMatrix(rows.length, columns);
  const { median, low, high, mean, std } = scaler;
  rows.forEach((row, to) => {
    const from = row * columns;
    const base = to * columns;
    out.observed.set(matrix.observed.subarray(from, from + columns), base);
    for (let j = 0; j < columns; j++) {
      let value = matrix.observed[from + j] ? matrix.values[from + j] : median[j];
      if (depth >= 1) value = Math.min(Math.max(value, low[j]), high[j]);
      if (depth >= 2) value = std[j] === 0 ? 0 : (value - mean[j]) / std[j];
      if (depth >= 3) value = value > 0 ? Math.log1p(value) : 0;
      out.values[base + j] = value;
    }
  });
  return out;
}

/** Without this check, a missing row would look like one without measurements. */
function checkRows(where: string, matrix: Matrix, rows: readonly number[]): void {
  for (const row of rows) {
    if (!Number.isInteger(row) || row < 0 || row >= matrix.rows) {
      throw new RangeError(`${where}: expected rows in [0, ${matrix.rows}), got ${row}`);
    }
  }
}

/** The quantile of ascending numbers, as numpy.percentile with method "linear"; `q` in [0, 1]. */
function quantileOfSorted(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const a = sorted[below];
  const b = sorted[Math.min(below + 1, sorted.length - 1)];
  const t = position - below;
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t);
}
