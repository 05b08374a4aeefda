// The median over features of Pearson's r between truth and prediction, and its interval.
import type { Matrix } from "../cohort/matrix.js";
import type { ColumnRange } from "../engine/linear-algebra.js";
import type { Estimate } from "./bootstrap.js";
import { studentQuantile } from "./statistics.js";

/** Fewer observed entries than this say nothing of a correlation. */
export const MINIMUM_OBSERVED = 10;

export interface MedianCorrelation {
  readonly medianR: Estimate;
  /** Features that have an r: enough observed entries, and neither truth nor prediction constant over them. */
  readonly features: number;
}

/**
 * Takes Pearson's r across samples of each feature, over its observed entries, and for each range of columns the median
 * over features with at least ten of them and without a constant side.
 * The 95 % interval is a jackknife over patients on the scale of `atanh`, with Student's t: in a bootstrap, whose draws
 * repeat samples, r comes out too high.
 * @param predicted row-major `[rows, features]`.
 * @param patients the patient of each row; with one patient the interval is the value alone.
 * @returns one result a range; null with fewer than ten rows, or if no feature of the range has an r.
 * Source: Efron and Tibshirani 1993, chapter 11.
 */
export function medianCorrelations(
  truth: Matrix,
  predicted: Float32Array,
  patients: readonly string[],
  ranges: readonly ColumnRange[],
): (MedianCorrelation | null)[] {
  const columns = truth.rows < MINIMUM_OBSERVED ? null : centerColumns(truth, predicted);
  if (!columns?.usable.includes(1)) return ranges.map(() => null);
  const names = [...new Set(patients)];
  // The first round leaves nobody out.
  const rounds = [null, ...(names.length > 1 ? names : [])].map((left) => {
    const found = correlations(columns, (row) => patients[row] !== left);
    return ranges.map(({ start, end }) => medianOf(found.slice(start, end)));
  });
  return ranges.map(({ start, end }, at) => {
    const [value, ...without] = rounds.map((medians) => medians[at]);
    if (Number.isNaN(value)) return null;
    const features = columns.usable.slice(start, end).reduce((sum, flag) => sum + flag, 0);
    return { medianR: jackknife(value, without), features };
  });
}

/** Truth and prediction around their means, `[rows, width]`, 0 where not observed. */
interface Columns {
  readonly width: number;
  readonly truth: Float64Array;
  readonly predicted: Float64Array;
  readonly observed: Uint8Array;
  /** Whether a feature has enough entries and no constant side. */
  readonly usable: Uint8Array;
}

function centerColumns(
  { rows, columns, values, observed }: Matrix,
  predicted: Float32Array,
): Columns {
  const width = columns;
  const out = {
    width,
    truth: new Float64Array(rows * width),
    predicted: new Float64Array(rows * width),
    observed: new Uint8Array(rows * width),
    usable: new Uint8Array(width),
  };
  for (let j = 0; j < width; j++) {
    let count = 0;
    let truthSum = 0;
    let predictedSum = 0;
    let first = -1;
    let truthVaries = false;
    let predictionVaries = false;
    for (let i = 0; i < rows; i++) {
      const at = i * columns + j;
      if (!observed[at]) continue;
      if (first < 0) first = at;
      count++;
      truthSum += values[at];
      predictedSum += predicted[at];
      if (values[at] !== values[first]) truthVaries = true;
      if (predicted[at] !== predicted[first]) predictionVaries = true;
    }
    if (count < MINIMUM_OBSERVED || !truthVaries || !predictionVaries) continue;
    out.usable[j] = 1;
    for (let i = 0; i < rows; i++) {
      const at = i * columns + j;
      if (!observed[at]) continue;
      out.observed[i * width + j] = 1;
      out.truth[i * width + j] = values[at] - truthSum / count;
      out.predicted[i * width + j] = predicted[at] - predictedSum / count;
    }
  }
  return out;
}

/** Pearson's r of each usable feature over the rows that the test accepts; NaN where one does not vary. */
function correlations(
  { width, truth, predicted, observed, usable }: Columns,
  accept: (row: number) => boolean,
): Float64Array {
  const [n, t, p, tt, pp, tp] = Array.from({ length: 6 }, () => new Float64Array(width));
  for (let i = 0; i * width < truth.length; i++) {
    if (!accept(i)) continue;
    for (let j = 0, at = i * width; j < width; j++, at++) {
      const x = truth[at];
      const y = predicted[at];
      n[j] += observed[at];
      t[j] += x;
      p[j] += y;
      tt[j] += x * x;
      pp[j] += y * y;
      tp[j] += x * y;
    }
  }
  for (let j = 0; j < width; j++) {
    const truthSquares = tt[j] - (t[j] * t[j]) / n[j];
    const predictedSquares = pp[j] - (p[j] * p[j]) / n[j];
    // What equal numbers leave after subtracting their mean is rounding.
    const varies = truthSquares > 1e-12 * tt[j] && predictedSquares > 1e-12 * pp[j];
    const r = (tp[j] - (t[j] * p[j]) / n[j]) / Math.sqrt(truthSquares * predictedSquares);
    n[j] = usable[j] && varies ? Math.min(1, Math.max(-1, r)) : Number.NaN;
  }
  return n;
}

function jackknife(value: number, without: readonly number[]): Estimate {
  const scale = (r: number) => Math.atanh(Math.min(1 - 1e-9, Math.max(-1 + 1e-9, r)));
  const rounds = without.filter((r) => !Number.isNaN(r)).map(scale);
  const size = rounds.length;
  if (size < 2) return { value, low: value, high: value };
  const mean = rounds.reduce((sum, z) => sum + z, 0) / size;
  const squares = rounds.reduce((sum, z) => sum + (z - mean) ** 2, 0);
  const margin = studentQuantile(size - 1) * Math.sqrt(((size - 1) / size) * squares);
  return {
    value,
    low: Math.min(value, Math.tanh(scale(value) - margin)),
    high: Math.max(value, Math.tanh(scale(value) + margin)),
  };
}

/** Pearson's r of each feature of a range that has one, ascending; empty with fewer than ten rows. */
export function featureCorrelations(
  truth: Matrix,
  predicted: Float32Array,
  { start = 0, end = truth.columns }: ColumnRange = {},
): Float64Array {
  if (truth.rows < MINIMUM_OBSERVED) return new Float64Array(0);
  const found = correlations(centerColumns(truth, predicted), () => true).slice(start, end);
  return found.filter((r) => !Number.isNaN(r)).sort();
}

/** The median of the numbers among the values; NaN if there are none. */
function medianOf(values: Float64Array): number {
  const numbers = values.filter((value) => !Number.isNaN(value)).sort();
  if (numbers.length === 0) return Number.NaN;
  return (numbers[(numbers.length - 1) >> 1] + numbers[numbers.length >> 1]) / 2;
}
