// Z-scores by mean and deviation of the observed training entries, instead of the filled columns.
import type { Matrix } from "../cohort/matrix.js";
import type { Scaler } from "./scaler.js";

/** Statistics of the observed training entries after clamping, one entry per column. */
export interface Standard {
  /** Mean; 0 if nothing was observed. */
  readonly center: Float64Array;
  /** Population standard deviation; 0 if the column is constant, or has too few observed entries. */
  readonly scale: Float64Array;
  /** Number of observed training entries. */
  readonly count: Float64Array;
}

/** The fewest observed entries for a deviation. */
const MINIMUM = 10;

/**
 * Fits mean and deviation of the observed entries of the training rows, clamped to the scaler's percentiles. The paper's
 * deviation is that of the median-filled column, which shrinks with every gap: a feature measured in a tenth of the
 * samples gets z-scores three times as wide.
 * @param rows the rows that the scaler was fitted on.
 * @param start the first column that is described; by default all are.
 * @throws RangeError if the scaler has a different number of columns or training rows.
 */
export function fitStandard(
  { columns, values, observed }: Matrix,
  rows: readonly number[],
  scaler: Scaler,
  start = 0,
): Standard {
  if (scaler.mean.length !== columns || scaler.trainedOn.length !== rows.length) {
    throw new RangeError(
      `fitStandard: expected a scaler of ${columns} columns fitted on ${rows.length} rows, ` +
        `got one of ${scaler.mean.length} columns fitted on ${scaler.trainedOn.length}`,
    );
  }
  const width = columns - start;
  const [center, scale, count] = Array.from({ length: 3 }, () => new Float64Array(width));
  const [low, high] = [scaler.low.subarray(start), scaler.high.subarray(start)];
  for (const row of rows) {
    for (let j = 0, at = row * columns + start; j < width; j++, at++) {
      if (!observed[at]) continue;
      center[j] += Math.min(Math.max(values[at], low[j]), high[j]);
      count[j]++;
    }
  }
  for (let j = 0; j < width; j++) if (count[j] > 0) center[j] /= count[j];
  for (const row of rows) {
    for (let j = 0, at = row * columns + start; j < width; j++, at++) {
      if (!observed[at]) continue;
      const clamped = Math.min(Math.max(values[at], low[j]), high[j]);
      scale[j] += (clamped - center[j]) ** 2;
    }
  }
  for (let j = 0; j < width; j++) {
    const isKnown = count[j] >= MINIMUM && low[j] < high[j];
    scale[j] = isKnown ? Math.sqrt(scale[j] / count[j]) : 0;
  }
  return { center, scale, count };
}
