// Z-scores that can be undone: mean and deviation of the observed training entries, in place of the filled columns'.
import type { Matrix } from "../cohort/matrix.js";
import type { Scaler } from "./scaler.js";

/** Statistics of the observed training entries after clamping; every array has one float64 entry per column. */
export interface Standard {
  /** Mean; 0 where nothing was observed. */
  readonly center: Float64Array;
  /** Population standard deviation; 0 where it is 0, or where too few entries were observed to tell. */
  readonly scale: Float64Array;
  /** Observed training entries. */
  readonly count: Float64Array;
}

/** Observed entries that a deviation needs. */
const MINIMUM = 10;

/**
 * Fits mean and deviation of the observed entries of the scaler's training rows, clamped to its percentiles. The paper's
 * own deviation is of the median-filled column, which shrinks with every gap: a feature that was measured in a tenth of
 * the samples gets z-scores three times as wide.
 * @param rows the rows that the scaler was fitted on.
 * @throws RangeError if the scaler has other columns, or was fitted on another number of rows.
 */
export function fitStandard(matrix: Matrix, rows: readonly number[], scaler: Scaler): Standard {
  const { columns, values, observed } = matrix;
  if (scaler.mean.length !== columns || scaler.trainedOn.length !== rows.length) {
    throw new RangeError(
      `fitStandard: expected a scaler of ${columns} columns fitted on ${rows.length} rows, ` +
        `got one of ${scaler.mean.length} columns fitted on ${scaler.trainedOn.length}`,
    );
  }
  const [center, scale, count] = Array.from({ length: 3 }, () => new Float64Array(columns));
  const clamped = (at: number, j: number) =>
    Math.min(Math.max(values[at], scaler.low[j]), scaler.high[j]);
  for (const row of rows) {
    for (let j = 0, at = row * columns; j < columns; j++, at++) {
      if (!observed[at]) continue;
      center[j] += clamped(at, j);
      count[j]++;
    }
  }
  for (let j = 0; j < columns; j++) if (count[j] > 0) center[j] /= count[j];
  for (const row of rows) {
    for (let j = 0, at = row * columns; j < columns; j++, at++) {
      if (observed[at]) scale[j] += (clamped(at, j) - center[j]) ** 2;
    }
  }
  for (let j = 0; j < columns; j++) {
    const isKnown = count[j] >= MINIMUM && scaler.low[j] < scaler.high[j];
    scale[j] = isKnown ? Math.sqrt(scale[j] / count[j]) : 0;
  }
  return { center, scale, count };
}
