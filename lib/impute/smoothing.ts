// Training samples mixed by their likeness in the first modality, and gaps in the targets filled by the same mixing.
import { factorCholesky, gram, multiplyTransposed, type Rows } from "../engine/linear-algebra.js";
import { selectPoints } from "../evaluate/points.js";
import { mixingWeights } from "../evaluate/ridge.js";
import { columnMeans } from "../evaluate/rows.js";

/** Inner products of the training samples in the first modality, on a scale where their own are 1 on average. */
export interface Kernel {
  /** z-scores of the first modality, `[training samples, its features]`. */
  readonly inputs: Rows;
  /** Mean of the inputs, `[its features]`. */
  readonly center: Float64Array;
  /** What inner products of centered inputs are divided by. */
  readonly scale: number;
  /** `[training samples, training samples]`. */
  readonly products: Float64Array;
}

/**
 * Multiplies the training samples by one another.
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
  return { inputs, center, scale, products: products.map((product) => product / scale) };
}

/** Other samples beside the training samples. */
export interface Likeness {
  /** Inner products with the training samples, `[samples, training samples]`. */
  readonly similarity: Rows;
  /** Inner products with themselves, `[samples]`. */
  readonly own: Float64Array;
}

/** Compares samples, `[samples, features of the first modality]` in z-scores, with the training samples. */
export function compareSamples({ inputs, center, scale }: Kernel, samples: Rows): Likeness {
  const products = multiplyTransposed(samples, inputs, { leftCenter: center, rightCenter: center });
  const own = new Float64Array(samples.rows);
  for (let i = 0; i < samples.rows; i++) {
    for (let g = 0; g < samples.columns; g++) {
      own[i] += (samples.values[i * samples.columns + g] - center[g]) ** 2 / scale;
    }
  }
  const values = products.map((product) => product / scale);
  return { similarity: { rows: samples.rows, columns: inputs.rows, values }, own };
}

/** The training samples beside themselves. */
export function compareTraining({ inputs: { rows }, products }: Kernel): Likeness {
  const own = Float64Array.from({ length: rows }, (_, i) => products[i * (rows + 1)]);
  return { similarity: { rows, columns: rows, values: products }, own };
}

/**
 * The share of each sample that training samples do not explain, `1 - k(x)^T (K + λ I)^-1 k(x) / k(x, x)`, in [0, 1].
 */
export function noveltyOf(
  { products }: Kernel,
  { similarity, own }: Likeness,
  lambda: number,
): Float64Array {
  const { columns: n, values } = similarity;
  const system = products.slice();
  for (let i = 0; i < n; i++) system[i * (n + 1)] += lambda;
  const solved = factorCholesky(system).solve(values);
  return own.map((product, i) => {
    let explained = 0;
    for (let j = i * n; j < (i + 1) * n; j++) explained += solved[j] * values[j];
    return product > 0 ? 1 - explained / product : 0;
  });
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
  const { rows, columns: n, values } = targets;
  const incomplete = Array.from({ length: rows }, (_, j) => j).filter((j) =>
    observed.subarray(j * n, (j + 1) * n).includes(0),
  );
  const block = selectPoints(targets, incomplete);
  const gaps: number[] = []; // in the block
  incomplete.forEach((j, at) => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < n; i++) {
      if (!observed[j * n + i]) continue;
      sum += values[j * n + i];
      count++;
    }
    for (let i = 0; i < n; i++) {
      if (observed[j * n + i]) continue;
      block.values[at * n + i] = sum / (count + 1);
      gaps.push(at * n + i);
    }
  });
  for (let round = 0; round < ROUNDS; round++) {
    const mixed = multiplyTransposed(block, weights);
    for (const gap of gaps) block.values[gap] = mixed[gap];
  }
  incomplete.forEach((j, at) => {
    values.set(block.values.subarray(at * n, (at + 1) * n), j * n);
  });
}
