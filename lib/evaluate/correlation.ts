// The median over features of Pearson's r between truth and prediction, and its interval.
import { quickselect } from "simple-statistics";
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
  const sums = sumColumns(columns);
  const names = [...new Set(patients)];
  const rowsOf = names.map((name) => [...patients.keys()].filter((row) => patients[row] === name));
  // The first round leaves out no patient.
  const rounds = [[], ...(names.length > 1 ? rowsOf : [])].map((left) => {
    const found = correlations(columns, sums, left);
    return ranges.map(({ start, end }) => medianOf(found.subarray(start, end)));
  });
  return ranges.map(({ start, end }, at) => {
    const [value, ...without] = rounds.map((medians) => medians[at]);
    if (Number.isNaN(value)) return null;
    const features = columns.usable.slice(start, end).reduce((sum, flag) => sum + flag, 0);
    return { medianR: jackknife(value, without), features };
  });
}

/** Truth and prediction with their means, around which sums are taken. */
interface Columns {
  readonly truth: Matrix;
  /** Row-major `[rows, features]`. */
  readonly predicted: Float32Array;
  readonly truthMean: Float64Array;
  readonly predictedMean: Float64Array;
  /** Whether a feature has enough entries and no constant side. */
  readonly usable: Uint8Array;
}

function centerColumns(truth: Matrix, predicted: Float32Array): Columns {
  const { rows, columns: width, values, observed } = truth;
  const [count, truthMean, predictedMean] = Array.from(
    { length: 3 },
    () => new Float64Array(width),
  );
  const first = new Int32Array(width).fill(-1); // where the first observed entry is
  const [truthVaries, predictionVaries] = [new Uint8Array(width), new Uint8Array(width)];
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (!observed[at]) continue;
      if (first[j] < 0) first[j] = at;
      count[j]++;
      truthMean[j] += values[at];
      predictedMean[j] += predicted[at];
      if (values[at] !== values[first[j]]) truthVaries[j] = 1;
      if (predicted[at] !== predicted[first[j]]) predictionVaries[j] = 1;
    }
  }
  const usable = new Uint8Array(width);
  for (let j = 0; j < width; j++) {
    truthMean[j] /= count[j];
    predictedMean[j] /= count[j];
    const varies = truthVaries[j] === 1 && predictionVaries[j] === 1;
    usable[j] = varies && count[j] >= MINIMUM_OBSERVED ? 1 : 0;
  }
  return { truth, predicted, truthMean, predictedMean, usable };
}

/** What r follows from, for each feature: its entries, and sums of truth and prediction, their squares and products. */
interface Sums {
  readonly n: Float64Array;
  readonly t: Float64Array;
  readonly p: Float64Array;
  readonly tt: Float64Array;
  readonly pp: Float64Array;
  readonly tp: Float64Array;
}

/** Sums over the observed entries of usable features. */
function sumColumns({ truth, predicted, truthMean, predictedMean, usable }: Columns): Sums {
  const { rows, columns: width, values, observed } = truth;
  const [n, t, p, tt, pp, tp] = Array.from({ length: 6 }, () => new Float64Array(width));
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < width; j++, at++) {
      if (!observed[at] || !usable[j]) continue;
      const x = values[at] - truthMean[j];
      const y = predicted[at] - predictedMean[j];
      n[j]++;
      t[j] += x;
      p[j] += y;
      tt[j] += x * x;
      pp[j] += y * y;
      tp[j] += x * y;
    }
  }
  return { n, t, p, tt, pp, tp };
}

/** Pearson's r of each usable feature over the rows that are not left out; NaN where one side does not vary there. */
function correlations(columns: Columns, sums: Sums, left: readonly number[] = []): Float64Array {
  const { truth, predicted, truthMean, predictedMean, usable } = columns;
  const { columns: width, values, observed } = truth;
  const out = new Float64Array(width).fill(Number.NaN);
  for (let j = 0; j < width; j++) {
    if (!usable[j]) continue;
    let [n, t, p] = [sums.n[j], sums.t[j], sums.p[j]];
    let [tt, pp, tp] = [sums.tt[j], sums.pp[j], sums.tp[j]];
    for (const row of left) {
      const at = row * width + j;
      if (!observed[at]) continue;
      const x = values[at] - truthMean[j];
      const y = predicted[at] - predictedMean[j];
      n--;
      t -= x;
      p -= y;
      tt -= x * x;
      pp -= y * y;
      tp -= x * y;
    }
    const truthSquares = tt - (t * t) / n;
    const predictedSquares = pp - (p * p) / n;
    // What equal numbers leave after subtracting their mean, and all rows after subtracting some, is rounding.
    const varies = truthSquares > 1e-12 * sums.tt[j] && predictedSquares > 1e-12 * sums.pp[j];
    const r = (tp - (t * p) / n) / Math.sqrt(truthSquares * predictedSquares);
    if (varies) out[j] = Math.min(1, Math.max(-1, r));
  }
  return out;
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

/** Pearson's r of each feature over its observed entries, `[features]`; NaN where it has none, as with fewer than ten. */
export function columnCorrelations(truth: Matrix, predicted: Float32Array): Float64Array {
  if (truth.rows < MINIMUM_OBSERVED) return new Float64Array(truth.columns).fill(Number.NaN);
  const columns = centerColumns(truth, predicted);
  return correlations(columns, sumColumns(columns));
}

/** Pearson's r of each feature of a range that has one, ascending; empty with fewer than ten rows. */
export function featureCorrelations(
  truth: Matrix,
  predicted: Float32Array,
  { start = 0, end = truth.columns }: ColumnRange = {},
): Float64Array {
  const found = columnCorrelations(truth, predicted).subarray(start, end);
  return found.filter((r) => !Number.isNaN(r)).sort();
}

/** The median of the numbers among the values; NaN if there are none. */
function medianOf(values: Float64Array): number {
  const room = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) room[count++] = values[i];
  }
  if (count === 0) return Number.NaN;
  const numbers = room.subarray(0, count);
  const middle = count >> 1;
  quickselect(numbers as unknown as number[], middle); // its types know no typed arrays
  const upper = numbers[middle];
  if (count % 2 === 1) return upper;
  let lower = numbers[0]; // the largest of those below the middle
  for (let i = 1; i < middle; i++) if (numbers[i] > lower) lower = numbers[i];
  return lower + (upper - lower) / 2;
}
