// Trained matrices on the native engine's kernels: each gradient is applied where it is summed.
import type { AdamRule, Dense, MakeDense, Settlement, Table } from "./dense.js";
import type { Kernels, Trained } from "./kernels.js";

/** Makes the trained matrices of one model. */
export function nativeDense(kernels: Kernels): MakeDense {
  return (name, shape, weight) => new NativeDense(kernels, name, shape, weight);
}

class NativeDense implements Dense {
  readonly #kernels: Kernels;
  readonly #name: string;
  readonly #outputs: number;
  readonly #inputs: number;
  readonly #strip: number;
  readonly #weight: Trained & readonly [Float32Array, Float32Array, Float32Array];
  /** The kernels add a bias; the model has its own. */
  readonly #noBias: Float32Array;

  constructor(
    kernels: Kernels,
    name: string,
    [outputs, inputs]: readonly [number, number],
    weight: Float32Array,
  ) {
    this.#kernels = kernels;
    this.#name = name;
    this.#outputs = outputs;
    this.#inputs = inputs;
    this.#strip = 2 * kernels.vector;
    const make = () => kernels.allocate(outputs * inputs);
    this.#weight = [make(), make(), make()];
    this.#weight[0].set(weight);
    this.#noBias = kernels.allocate(outputs);
  }

  async forward({ rows, values }: Table): Promise<Table> {
    const [kernels, outputs, inputs] = [this.#kernels, this.#outputs, this.#inputs];
    const lanes = this.#whole(rows);
    const input = kernels.allocate(lanes * inputs); // [lanes / strip, inputs, strip]
    const out = kernels.allocate(lanes * outputs); // [outputs, lanes]
    kernels.transposeStrips(values, rows, inputs, input);
    const [weight] = this.#weight;
    kernels.forward(weight, inputs, outputs, inputs, this.#noBias, input, lanes, 0, out);
    const byRow = new Float32Array(rows * outputs);
    kernels.transpose(out, lanes, outputs, rows, byRow, outputs);
    return { rows, columns: outputs, values: byRow };
  }

  async backward(
    { rows, values }: Table,
    slope: Table,
    settlement: Settlement,
    below: boolean,
  ): Promise<Table | null> {
    const [kernels, outputs, inputs] = [this.#kernels, this.#outputs, this.#inputs];
    const lanes = this.#whole(rows);
    const slopes = kernels.allocate(outputs * lanes); // [outputs, lanes]
    kernels.transpose(slope.values, outputs, rows, outputs, slopes, lanes);
    const result = below ? this.#below(slopes, rows, lanes) : null;
    if (settlement === null) return result;
    const packed = kernels.allocate(this.#whole(inputs) * rows); // [inputs / strip, rows, strip]
    kernels.pack(values, inputs, inputs, rows, packed);
    const gradient = settlement instanceof Map ? new Float32Array(outputs * inputs) : null;
    if (settlement instanceof Map) settlement.set(this.#name, gradient!);
    const target: Trained = gradient ? [gradient, null, null] : this.#weight;
    const adam = settlement instanceof Map ? new Float64Array(8) : adamNumbers(settlement);
    const unused = new Float32Array(outputs); // takes the bias's gradient
    kernels.update(
      ...([...target, inputs, outputs, inputs, unused, null, null] as const),
      ...([slopes, lanes, packed, rows, adam] as const),
    );
    return result;
  }

  #below(slopes: Float32Array, rows: number, lanes: number): Table {
    const [inputs, strip] = [this.#inputs, this.#strip];
    const strips = this.#kernels.allocate(this.#kernels.threads * this.#whole(inputs) * lanes);
    this.#kernels.backward(this.#weight[0], this.#outputs, inputs, slopes, lanes, strips);
    const values = new Float32Array(rows * inputs);
    for (let left = 0; left < inputs; left += strip) {
      const width = Math.min(strip, inputs - left);
      for (let row = 0; row < rows; row++) {
        const from = left * lanes + row * strip;
        values.set(strips.subarray(from, from + width), row * inputs + left);
      }
    }
    return { rows, columns: inputs, values };
  }

  async read(): Promise<Float32Array> {
    return this.#weight[0].slice();
  }

  dispose(): void {
    // The memory goes with the arrays.
  }

  #whole(count: number): number {
    return Math.ceil(count / this.#strip) * this.#strip;
  }
}

/** As the kernels take AdamW's numbers. */
function adamNumbers({ learningRate, beta1, beta2, epsilon, step }: AdamRule): Float64Array {
  const rate = learningRate / (1 - beta1 ** step);
  const root = 1 / Math.sqrt(1 - beta2 ** step);
  return Float64Array.of(1, rate, root, beta1, 1 - beta1, beta2, 1 - beta2, epsilon);
}
