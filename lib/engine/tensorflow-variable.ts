// A trained tensor in TensorFlow's memory that carries Adam's moments and updates itself with one fused operation.
import { type AdamStep, BETA1, BETA2, EPSILON } from "./adam.js";
import type { Kept } from "./engine.js";
import type { Id, Operations } from "./operations.js";
import type { Trained } from "./parameters.js";

/** The scalars of one step, as ResourceApplyAdam takes them; they live as long as the scope they are made in. */
export interface AdamSettings {
  /** beta1_power, beta2_power, lr, beta1, beta2, epsilon. */
  readonly inputs: readonly Id[];
  /** What decay leaves of a weight; null for all of it. */
  readonly keep: Id | null;
}

/**
 * PyTorch's Adam in TensorFlow's terms: TensorFlow has its epsilon inside the correction of the second moment, so it
 * is given `eps sqrt(1 - b2^t)`. The corrections are reckoned in float64 from the betas that TensorFlow rounds to
 * float32, and given as part of the rate: TensorFlow's own, `1 - b2^t` in float32, loses half the digits at first.
 */
export function adamSettings(
  operations: Operations,
  { learningRate, weightDecay, step }: AdamStep,
): AdamSettings {
  const [beta1, beta2] = [Math.fround(BETA1), Math.fround(BETA2)];
  const root = Math.sqrt(1 - beta2 ** step);
  const rate = (learningRate * root) / (1 - beta1 ** step);
  const inputs = [0, 0, rate, beta1, beta2, EPSILON * root];
  return {
    inputs: inputs.map((value) => operations.scalar(value)),
    keep: weightDecay === 0 ? null : operations.scalar(1 - learningRate * weightDecay),
  };
}

let made = 0;

/** Owns three resource variables until `dispose`. */
export class TensorflowVariable implements Trained {
  readonly #operations: Operations;
  readonly #shape: readonly number[];
  readonly #value: Id;
  readonly #first: Id;
  readonly #second: Id;

  /** Copies the values; starts with zero moments. */
  constructor(operations: Operations, shape: readonly number[], values: Float32Array) {
    const variable = (initial: Float32Array) =>
      operations.variable(`aro-${made++}`, shape, initial);
    this.#operations = operations;
    this.#shape = shape;
    this.#value = variable(values);
    const zeros = new Float32Array(values.length);
    this.#first = variable(zeros);
    this.#second = variable(zeros);
  }

  /** The value, in the scope around; an update while it lives would copy the variable. */
  get tensor(): Id {
    return this.#operations.value(this.#value);
  }

  /** Applies a gradient of the same shape, which stays the caller's. */
  update(gradient: Id, { inputs, keep }: AdamSettings): void {
    const operations = this.#operations;
    if (keep !== null) {
      operations.scope(() =>
        operations.assign(this.#value, operations.plain("Mul", this.tensor, keep)),
      );
    }
    operations.adam([this.#value, this.#first, this.#second], inputs, gradient);
  }

  async read(kept: Kept): Promise<Float32Array> {
    const operations = this.#operations;
    return operations.scope(() => operations.read(operations.value(this.#handle(kept))));
  }

  write(kept: Kept, values: Float32Array): void {
    this.#operations.write(this.#handle(kept), this.#shape, values);
  }

  dispose(): void {
    for (const handle of [this.#value, this.#first, this.#second]) {
      this.#operations.destroy(handle);
    }
  }

  #handle(kept: Kept): Id {
    return { value: this.#value, first: this.#first, second: this.#second }[kept];
  }
}
