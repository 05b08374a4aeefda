// Training samples mixed by their likeness in the first modality, and gaps in the targets filled by the same mixing.
import type { Matrix } from "../cohort/matrix.js";
import {
  decomposeSymmetric,
  factorCholesky,
  gram,
  multiplyTransposed,
  type Rows,
} from "../engine/linear-algebra.js";
import { selectPoints } from "../evaluate/points.js";
import { mixingWeights } from "../evaluate/ridge.js";
import { columnMeans } from "../evaluate/rows.js";
import type { Scaler } from "../preprocess/scaler.js";

/** Inner products of the training samples in the first modality, on a scale where their own are 1 on average. */
export interface Kernel {
  /** Mean of the inputs, `[features of the first modality]`. */
  readonly center: Float64Array;
  /** What inner products of centered inputs are divided by. */
  readonly scale: number;
  /** `[training samples, training samples]`. */
  readonly products: Float64Array;
}

/**
 * Multiplies the training samples by one another.
 * @param inputs z-scores of the first modality, `[training samples, its features]`.
 * @throws RangeError if all of them are alike.
 */
export function fitKernel(inputs: Rows): Kernel {
  const n = inputs.rows;
  const center = columnMeans(inputs);
  const products = gram(inputs, { center });
  let scale = 0;
  for (let i = 0; i < n; i++) scale += products[i * (n + 1)] / n;
  if (!(scale > 0)) {
    throw new RangeError(
      `fitKernel: expected training samples that differ in the first modality, got ${n} that are alike`,
    );
  }
  return { center, scale, products: products.map((product) => product / scale) };
}

/** The training samples as other samples are compared with them. */
export interface Likeness {
  /**
   * How a value v of the first modality enters: `d = (min(max(v, low), high) - center) by`, the median where it is
   * missing; `[features of the first modality]` each. Inner products of such samples are the kernel's.
   */
  readonly median: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly center: Float64Array;
  /** 0 for a constant feature. */
  readonly by: Float64Array;
  /** The training samples, `[training samples, features of the first modality]`. */
  readonly inputs: Rows;
  /** `(K + 0.4 I)^-1`, `[training samples, training samples]`. */
  readonly inverse: Float64Array;
}

/** The lighter shrinkage, which novelty is told by. */
export const LIGHT = 0.4;
const LEAST_PRODUCT = 1e-3; // of a sample with itself, whose logarithm is taken

/**
 * Keeps what comparing takes.
 * @param scaler of the first modality.
 * @param inputs z-scores of the training samples, which the kernel was fitted on.
 */
export function fitLikeness(
  { median, low, high, mean, std }: Scaler,
  inputs: Rows,
  { center, scale, products }: Kernel,
): Likeness {
  const { rows: n, columns } = inputs;
  const stretch = Math.sqrt(scale);
  const values = new Float32Array(inputs.values.length);
  for (let i = 0, at = 0; i < n; i++) {
    for (let g = 0; g < columns; g++, at++) values[at] = (inputs.values[at] - center[g]) / stretch;
  }
  const identity = new Float64Array(n * n);
  for (let i = 0; i < n; i++) identity[i * (n + 1)] = 1;
  return {
    median,
    low,
    high,
    center: center.map((value, g) => mean[g] + std[g] * value),
    by: std.map((deviation) => (deviation > 0 ? 1 / (deviation * stretch) : 0)),
    inputs: { rows: n, columns, values },
    inverse: factorCholesky(addToDiagonal(products, LIGHT)).solve(identity),
  };
}

/** `K + value I`. */
export function addToDiagonal(products: Float64Array, value: number): Float64Array {
  const n = Math.round(Math.sqrt(products.length));
  const system = products.slice();
  for (let i = 0; i < n; i++) system[i * (n + 1)] += value;
  return system;
}

/**
 * Scales samples as the training samples are.
 * @param seen the first modality in measured units.
 * @returns `[rows.length, features of the first modality]`.
 * @throws RangeError if it has other columns.
 */
export function enterSamples(
  { median, low, high, center, by }: Likeness,
  seen: Matrix,
  rows: readonly number[],
): Rows {
  const { columns } = seen;
  if (columns !== median.length) {
    throw new RangeError(
      `inferModalities: expected ${median.length} columns of the first modality, got ${columns}`,
    );
  }
  const values = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => {
    for (let g = 0, from = row * columns, to = i * columns; g < columns; g++, from++, to++) {
      const value = seen.observed[from] ? seen.values[from] : median[g];
      values[to] = (Math.min(Math.max(value, low[g]), high[g]) - center[g]) * by[g];
    }
  });
  return { rows: rows.length, columns, values };
}

/** Inner products of samples with the training samples, `[samples, training samples]`. */
export function compareSamples({ inputs }: Likeness, samples: Rows): Rows {
  const values = multiplyTransposed(samples, inputs);
  return { rows: samples.rows, columns: inputs.rows, values };
}

/** Inner products of samples with themselves, at least 0.001, `[samples]`. */
export function ownProducts({ rows, columns, values }: Rows): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let at = i * columns; at < (i + 1) * columns; at++) sum += values[at] ** 2;
    return Math.max(sum, LEAST_PRODUCT);
  });
}

/** The training samples beside themselves, `[training samples, training samples]`. */
export function compareTraining({ products }: Kernel): Rows {
  const n = Math.round(Math.sqrt(products.length));
  return { rows: n, columns: n, values: products };
}

/** The share of each sample that training samples do not explain, `1 - k (K + 0.4 I)^-1 k / own`, at most 1. */
export function noveltyOf(
  { inverse }: Likeness,
  { rows, columns: n, values }: Rows,
  own: Float64Array,
): Float64Array {
  const solved = multiplyTransposed(
    { rows, columns: n, values },
    { rows: n, columns: n, values: inverse },
  );
  return own.map((product, i) => {
    let explained = 0;
    for (let at = i * n; at < (i + 1) * n; at++) explained += solved[at] * values[at];
    return 1 - explained / product;
  });
}

/** The novelty of each training sample beside the others, from the diagonal of the inverse. */
export function noveltyOfTraining({ inverse, inputs }: Likeness): Float64Array {
  const n = inputs.rows;
  return ownProducts(inputs).map((own, i) => (1 / inverse[i * (n + 1)] - LIGHT) / own);
}

/** The first two principal components of the training samples, and what turns inner products with them into places. */
export interface SampleMap {
  /** `[training samples, 2]`. */
  readonly training: Float64Array;
  /** A sample lies at `k axes^T`; `[2, training samples]`. */
  readonly axes: Rows;
}

/** Maps the training samples for a picture. */
export function mapTraining({ inputs }: Likeness): SampleMap {
  const n = inputs.rows;
  const { values, vectors } = decomposeSymmetric(gram(inputs), { count: Math.min(2, n) });
  const training = new Float64Array(2 * n);
  const axes = new Float64Array(2 * n);
  for (let c = 0; c < Math.min(2, n); c++) {
    const size = Math.sqrt(Math.max(values[c], 0));
    if (!(size > 1e-6)) continue; // all samples lie on a line
    for (let i = 0; i < n; i++) {
      training[2 * i + c] = vectors[c * n + i] * size;
      axes[c * n + i] = vectors[c * n + i] / size;
    }
  }
  return { training, axes: { rows: 2, columns: n, values: axes } };
}

/**
 * Ridge weights of some training samples for all of them, centered on those alone: what a fold predicts by.
 * @returns `[training samples, kept.length]`; each row sums to 1.
 */
export function weightsWithin({ products }: Kernel, kept: readonly number[], lambda: number): Rows {
  const n = Math.round(Math.sqrt(products.length));
  const count = kept.length;
  const toKept = new Float64Array(n); // mean product of each sample with the kept ones
  for (let i = 0; i < n; i++) {
    for (const other of kept) toKept[i] += products[i * n + other] / count;
  }
  const among = kept.reduce((sum, i) => sum + toKept[i], 0) / count;
  const centered = (i: number, j: number) => products[i * n + j] - toKept[i] - toKept[j] + among;
  const similarity = new Float64Array(n * count);
  const system = new Float64Array(count * count);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < count; j++) similarity[i * count + j] = centered(i, kept[j]);
  }
  kept.forEach((row, i) => {
    system.set(similarity.subarray(row * count, (row + 1) * count), i * count);
  });
  return mixingWeights(system, { rows: n, columns: count, values: similarity }, lambda);
}

const ROUNDS = 6;

/**
 * Fills what was not observed by mixing: starting at the shrunken mean `m c / (c + 1)` of a feature's c observed
 * entries, each round replaces the gaps by `S y`; six rounds.
 * @param targets `[features, samples]`, changed in place.
 * @param weights S, `[samples, samples]`.
 */
export function fillGaps(
  targets: Rows & { readonly values: Float64Array },
  observed: Uint8Array,
  weights: Rows,
): void {
  const { columns: n, values } = targets;
  const incomplete: number[] = [];
  for (let gap = observed.indexOf(0); gap >= 0; ) {
    const j = Math.floor(gap / n);
    incomplete.push(j);
    gap = observed.indexOf(0, (j + 1) * n);
  }
  const block = selectPoints(targets, incomplete);
  const gaps = new Int32Array(block.values.length); // in the block
  let found = 0;
  for (let at = 0; at < incomplete.length; at++) {
    const own = incomplete[at] * n;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < n; i++) {
      if (!observed[own + i]) continue;
      sum += values[own + i];
      count++;
    }
    for (let i = 0; i < n; i++) {
      if (observed[own + i]) continue;
      block.values[at * n + i] = sum / (count + 1);
      gaps[found++] = at * n + i;
    }
  }
  for (let round = 0; round < ROUNDS; round++) {
    const mixed = multiplyTransposed(block, weights);
    for (let i = 0; i < found; i++) block.values[gaps[i]] = mixed[gaps[i]];
  }
  incomplete.forEach((j, at) => {
    values.set(block.values.subarray(at * n, (at + 1) * n), j * n);
  });
}
