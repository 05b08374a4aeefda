// A trained matrix, which each engine multiplies by in its own way; the rest of MODIS is small enough for JavaScript.

/** Row-major float32 `[rows, columns]`; a `Matrix` is one. */
export interface Table {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Adam without decay, as torch.optim.Adam. */
export interface AdamRule {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Counts from 1. */
  readonly step: number;
}

/** What becomes of a gradient: a step of Adam, a copy by the parameter's name, or nothing. */
export type Settlement = AdamRule | Map<string, Float32Array> | null;

/** A weight `[outputs, inputs]` with Adam's moments, owned until `dispose`. */
export interface Dense {
  /** `x W^T`, `[rows, outputs]`. */
  forward(x: Table): Promise<Table>;
  /**
   * Settles the weight's gradient, and gives the slope with respect to `x` by the weight from before.
   * @param slope with respect to what `forward` made of `x`, `[rows, outputs]`.
   * @returns `[rows, inputs]`, or null where `below` is false.
   */
  backward(x: Table, slope: Table, settlement: Settlement, below: boolean): Promise<Table | null>;
  read(): Promise<Float32Array>;
  dispose(): void;
}

/** Brings a weight into an engine's memory, as a copy or for good. */
export type MakeDense = (
  name: string,
  shape: readonly [outputs: number, inputs: number],
  weight: Float32Array,
) => Dense;

/** A small trained vector in JavaScript's memory. */
export class TrainedArray {
  readonly values: Float32Array;
  readonly #name: string;
  readonly #first: Float32Array;
  readonly #second: Float32Array;

  /** Takes the values over. */
  constructor(name: string, values: Float32Array) {
    this.#name = name;
    this.values = values;
    this.#first = new Float32Array(values.length);
    this.#second = new Float32Array(values.length);
  }

  /** `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `w -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)`. */
  settle(gradient: ArrayLike<number>, settlement: Settlement): void {
    if (settlement instanceof Map) {
      settlement.set(this.#name, Float32Array.from(gradient));
    } else if (settlement !== null) {
      const { learningRate, beta1, beta2, epsilon, step } = settlement;
      const rate = learningRate / (1 - beta1 ** step);
      const root = 1 / Math.sqrt(1 - beta2 ** step);
      const [w, m, v] = [this.values, this.#first, this.#second];
      for (let i = 0; i < w.length; i++) {
        const slope = gradient[i];
        const first = beta1 * m[i] + (1 - beta1) * slope;
        const second = beta2 * v[i] + (1 - beta2) * slope * slope;
        m[i] = first;
        v[i] = second;
        w[i] -= (rate * first) / (Math.sqrt(second) * root + epsilon);
      }
    }
  }
}

/** Sums over rows, `[columns]`. */
export function sumRows({ rows, columns, values }: Table): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) sums[j] += values[i * columns + j];
  }
  return sums;
}
