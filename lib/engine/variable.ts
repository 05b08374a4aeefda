// A trained tensor that carries Adam's moments and updates itself.
import type * as Tf from "@tensorflow/tfjs-core";
import {
  type AdamStep,
  BETA1,
  BETA2,
  type Coefficients,
  coefficients,
  EPSILON,
  updateInPlace,
} from "./adam.js";
import type { Backend } from "./backend.js";
import type { Kept } from "./engine.js";

/** Owns three tensors `[rows, columns]` of a backend until `dispose`. */
export class Variable {
  readonly #backend: Backend;
  #value: Tf.Tensor2D;
  #first: Tf.Tensor2D;
  #second: Tf.Tensor2D;

  /** Starts with zero moments. The array is the variable's from here on. */
  constructor(backend: Backend, values: Float32Array, shape: readonly [number, number]) {
    const { tf } = backend;
    this.#backend = backend;
    this.#value = tf.keep(tf.tensor2d(values, [...shape]));
    this.#first = tf.keep(tf.tensor2d(new Float32Array(values.length), [...shape]));
    this.#second = tf.keep(tf.tensor2d(new Float32Array(values.length), [...shape]));
  }

  /**
   * The value, which the next update changes.
   * Never the second factor of a product: wasm caches those by tensor, and would not see an update in place.
   */
  get tensor(): Tf.Tensor2D {
    return this.#value;
  }

  /** Applies a gradient of the same shape, which stays the caller's. */
  update(gradient: Tf.Tensor2D, step: AdamStep): void {
    const { view, adam } = this.#backend;
    // All views after all allocations, which may move the heap.
    const [w, g, m, v] = [this.#value, gradient, this.#first, this.#second].map(view);
    if (w && g && m && v) updateInPlace(w, g, m, v, coefficients(step), adam);
    else this.#replace(gradient, coefficients(step));
  }

  /** Copies the value, or the first or second moment. */
  async read(kept: Kept): Promise<Float32Array> {
    const tensor = { value: this.#value, first: this.#first, second: this.#second }[kept];
    return (await tensor.data<"float32">()).slice();
  }

  /** Replaces the value or a moment by a copy of the values. */
  write(kept: Kept, values: Float32Array): void {
    const { tf } = this.#backend;
    const old = { value: this.#value, first: this.#first, second: this.#second }[kept];
    const tensor = tf.keep(tf.tensor2d(values.slice(), old.shape));
    tf.dispose(old);
    if (kept === "value") this.#value = tensor;
    else if (kept === "first") this.#first = tensor;
    else this.#second = tensor;
  }

  dispose(): void {
    this.#backend.tf.dispose([this.#value, this.#first, this.#second]);
  }

  /** Where JavaScript does not see the memory (a GPU): the same out of tensor operations. */
  #replace(gradient: Tf.Tensor2D, { keep, rate, root }: Coefficients): void {
    const { tf } = this.#backend;
    const [value, first, second] = tf.tidy(() => {
      const m = tf.add(tf.mul(this.#first, BETA1), tf.mul(gradient, 1 - BETA1));
      const v = tf.add(tf.mul(this.#second, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
      const change = tf.div(tf.mul(m, rate), tf.add(tf.mul(tf.sqrt(v), root), EPSILON));
      return [tf.sub(tf.mul(this.#value, keep), change), m, v] as Tf.Tensor2D[];
    });
    this.dispose();
    this.#value = tf.keep(value);
    this.#first = tf.keep(first);
    this.#second = tf.keep(second);
  }
}
