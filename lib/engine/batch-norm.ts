// Batch normalization: of the autoencoder's input, in JavaScript for every engine, and its statistics for any table.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import {
  type AutoencoderSpec,
  buffersOf,
  parametersOf,
  tensorsOf,
  visibleOf,
  type Weights,
} from "../model/autoencoder.js";
import { type AdamStep, coefficients, updateInPlace } from "./adam.js";
import type { Table } from "./dense.js";
import { drawMask, zeroColumns } from "./dropout.js";
import type { Kept } from "./engine.js";

/** As torch.nn.BatchNorm1d has them by default. */
const EPSILON = 1e-5;
const MOMENTUM = 0.1;

/** Of each column. */
export interface Statistics {
  readonly mean: Float64Array;
  /** With divisor n. */
  readonly variance: Float64Array;
}

export interface RunningStatistics {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/**
 * Measures the columns `[start, end)` of a table of two rows or more, and moves running statistics of as many columns a
 * tenth of the way there; the running variance takes that with divisor n - 1.
 */
export function trackColumns(
  { rows, columns, values }: Table,
  running: RunningStatistics,
  { start, end } = { start: 0, end: columns },
): Statistics {
  const mean = new Float64Array(end - start);
  const variance = new Float64Array(end - start);
  for (let row = 0; row < rows; row++) {
    const from = row * columns + start;
    for (let j = 0; j < mean.length; j++) mean[j] += values[from + j];
  }
  for (let j = 0; j < mean.length; j++) mean[j] /= rows;
  for (let row = 0; row < rows; row++) {
    const from = row * columns + start;
    for (let j = 0; j < mean.length; j++) variance[j] += (values[from + j] - mean[j]) ** 2;
  }
  for (let j = 0; j < mean.length; j++) {
    running.mean[j] += MOMENTUM * (mean[j] - running.mean[j]);
    running.variance[j] += MOMENTUM * (variance[j] / (rows - 1) - running.variance[j]);
    variance[j] /= rows;
  }
  return { mean, variance };
}

/** What the input layer reads, and what the gradients need of the way there; all `[rows, visible columns]`. */
export interface NormalizedInput {
  /** `mask (weight standard + bias)`. */
  readonly values: Float32Array;
  /** `(x - mean) / sqrt(variance + 1e-5)`. */
  readonly standard: Float32Array;
  /** What dropout multiplies with, 0 in zeroed columns. */
  readonly mask: Float32Array;
}

type Tensor = Partial<Record<Kept, Float32Array>> & { readonly value: Float32Array };

/**
 * `weight (x - mean) / sqrt(variance + eps) + bias` of each input column, before the input dropout, as
 * torch.nn.BatchNorm1d(features). Statistics are those of all rows and entries, observed or filled, of the visible
 * columns. Columns that are not visible, or zeroed, are 0 after the normalization; their scale and shift only decay.
 * Source: LinearModel in ccdderc/ARO@e3bb22a, src/models.py; the paper's model has none.
 */
export class BatchNorm {
  readonly #spec: AutoencoderSpec;
  readonly #tensors: ReadonlyMap<string, Tensor>;

  /** Copies what it needs of the weights; starts with zero moments. */
  constructor(spec: AutoencoderSpec, weights: Weights) {
    this.#spec = spec;
    const tensors = new Map<string, Tensor>();
    for (const { name } of tensorsOf(spec).filter(({ name }) => isOfNorm(name))) {
      tensors.set(name, { value: weights.get(name)!.slice() });
    }
    for (const { name } of parametersOf(spec).filter(({ name }) => isOfNorm(name))) {
      const { value } = tensors.get(name)!;
      const zeros = () => new Float32Array(value.length);
      tensors.set(name, { value, first: zeros(), second: zeros() });
    }
    this.#tensors = tensors;
  }

  /** Normalizes by the running statistics, and changes nothing. */
  apply(batch: Matrix): NormalizedInput {
    return this.#normalize(batch, this.#running());
  }

  /** Normalizes by the batch's own statistics, to which the running ones move, and drops entries. */
  train(batch: Matrix, random?: Random): NormalizedInput {
    const statistics = trackColumns(batch, this.#running(), visibleOf(this.#spec));
    return this.#normalize(batch, statistics, random);
  }

  /** The gradients of weight and bias, `[features]`, from the slope with respect to what the input layer read. */
  gradients({ standard, mask }: NormalizedInput, slope: Float32Array): Map<string, Float32Array> {
    const { features } = this.#spec;
    const { start, end } = visibleOf(this.#spec);
    const width = end - start;
    const weight = new Float64Array(width);
    const bias = new Float64Array(width);
    for (let from = 0; from < slope.length; from += width) {
      for (let j = 0; j < width; j++) {
        const along = slope[from + j] * mask[from + j];
        weight[j] += along * standard[from + j];
        bias[j] += along;
      }
    }
    const whole = (part: Float64Array) => {
      const out = new Float32Array(features);
      out.set(part, start);
      return out;
    };
    return new Map([
      ["batch_norm.weight", whole(weight)],
      ["batch_norm.bias", whole(bias)],
    ]);
  }

  update(gradients: Weights, step: AdamStep): void {
    for (const [name, gradient] of gradients) {
      const { value, first, second } = this.#tensors.get(name)!;
      updateInPlace(value, gradient, first!, second!, coefficients(step), null);
    }
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  read(name: string, kept: Kept): Float32Array {
    return this.#tensors.get(name)![kept]!.slice();
  }

  write(name: string, kept: Kept, values: Float32Array): void {
    this.#tensors.get(name)![kept]!.set(values);
  }

  /** Views of the visible columns. */
  #running(): RunningStatistics {
    const [mean, variance] = buffersOf(this.#spec).map(({ name }) => this.#visible(name));
    return { mean, variance };
  }

  #visible(name: string): Float32Array {
    const { start, end } = visibleOf(this.#spec);
    return this.#tensors.get(name)!.value.subarray(start, end);
  }

  #normalize(
    { rows, columns, values }: Matrix,
    { mean, variance }: Statistics | RunningStatistics,
    random?: Random,
  ): NormalizedInput {
    const { inputDropout } = this.#spec;
    const { start, end } = visibleOf(this.#spec);
    const width = end - start;
    const inverse = Float64Array.from(variance, (value) => 1 / Math.sqrt(value + EPSILON));
    const [scale, shift] = ["weight", "bias"].map((kind) => this.#visible(`batch_norm.${kind}`));
    const drop = random !== undefined && inputDropout > 0;
    const mask = drop
      ? drawMask(inputDropout, rows, width, random)
      : new Float32Array(rows * width).fill(1);
    zeroColumns(mask, this.#spec);
    const standard = new Float32Array(rows * width);
    const out = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < width; j++) {
        const i = row * width + j;
        const one = (values[row * columns + start + j] - mean[j]) * inverse[j];
        standard[i] = one;
        out[i] = (one * scale[j] + shift[j]) * mask[i];
      }
    }
    return { values: out, standard, mask };
  }
}

function isOfNorm(name: string): boolean {
  return name.startsWith("batch_norm.");
}
