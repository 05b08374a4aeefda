// A block of a parameter in a TensorFlow.js backend, with Adam's moments: updated in place wherever that is possible.
import type * as Tf from "@tensorflow/tfjs-core";
import { type AdamW, coefficients } from "./adamw.js";
import type { Kept } from "./engine.js";
import type { Backend } from "./tfjs-backend.js";
import type { Library } from "./tfjs-library.js";
import type { AdamKernel } from "./wasm-adam.js";

/** Owns memory of its backend until `dispose`; all methods require the backend to be active. */
export interface Variable {
  /** Applies a gradient of the same shape, which stays the caller's. */
  update(gradient: Tf.Tensor2D, rule: AdamW): void;
  /**
   * The value or a moment, which the next update changes. Never the second factor of a product in wasm, which caches
   * those by tensor and would not see an update in place.
   */
  get(kept: Kept): Tf.Tensor2D;
  /** Replaces the value or a moment by a copy of as many values. */
  set(kept: Kept, values: Float32Array): void;
  /** Replaces the value by a tensor that nothing else uses. */
  replace(value: Tf.Tensor2D): void;
  dispose(): void;
}

/** Copies values `[rows, columns]` into a variable with zero moments. */
export function makeVariable(
  backend: Backend,
  values: Float32Array,
  shape: readonly [rows: number, columns: number],
): Variable {
  const { library, tf } = backend;
  if (library) return new LibraryVariable(library, tf, values, shape);
  return new TensorVariable(backend, values, shape);
}

/** Three tensors. Where JavaScript cannot see their memory (WebGPU), an update makes new ones. */
class TensorVariable implements Variable {
  readonly #backend: Backend;
  readonly #kept: Record<Kept, Tf.Tensor2D>;

  constructor(backend: Backend, values: Float32Array, shape: readonly [number, number]) {
    const { tf } = backend;
    this.#backend = backend;
    const value = tf.keep(tf.tensor2d(values.slice(), [...shape]));
    const zeros = () => tf.keep(tf.zerosLike(value));
    this.#kept = { value, first: zeros(), second: zeros() };
  }

  update(gradient: Tf.Tensor2D, rule: AdamW): void {
    const { view, adam } = this.#backend;
    const { value, first, second } = this.#kept;
    // All views after all allocations, which may move the heap.
    const [w, g, m, v] = [value, gradient, first, second].map(view);
    if (w && g && m && v) updateInPlace(w, g, m, v, rule, adam);
    else this.#updateCopies(gradient, rule);
  }

  get(kept: Kept): Tf.Tensor2D {
    return this.#kept[kept];
  }

  set(kept: Kept, values: Float32Array): void {
    const { shape } = this.#kept[kept];
    this.#put(kept, this.#backend.tf.tensor2d(values.slice(), shape));
  }

  replace(value: Tf.Tensor2D): void {
    this.#put("value", value);
  }

  dispose(): void {
    this.#backend.tf.dispose(Object.values(this.#kept));
  }

  #updateCopies(gradient: Tf.Tensor2D, rule: AdamW): void {
    const { tf } = this.#backend;
    const { keep, rate, root } = coefficients(rule);
    const { beta1, beta2, epsilon } = rule;
    const next = tf.tidy(() => {
      const { value, first, second } = this.#kept;
      const m = tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1));
      const v = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const change = tf.div(tf.mul(m, rate), tf.add(tf.mul(tf.sqrt(v), root), epsilon));
      return { value: tf.sub(tf.mul(value, keep), change), first: m, second: v };
    });
    for (const kept of ["value", "first", "second"] as const) {
      this.#put(kept, next[kept] as Tf.Tensor2D);
    }
  }

  #put(kept: Kept, tensor: Tf.Tensor2D): void {
    this.#kept[kept].dispose();
    this.#kept[kept] = this.#backend.tf.keep(tensor);
  }
}

/** Updates weights and moments in place, with the kernel as far as it goes. All lie in the kernel's memory. */
export function updateInPlace(
  weights: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  rule: AdamW,
  kernel: AdamKernel | null,
): void {
  const { keep, rate, root } = coefficients(rule);
  const { beta1, beta2, epsilon } = rule;
  const [gain1, gain2] = [1 - beta1, 1 - beta2];
  let i = 0;
  if (kernel) {
    i = weights.length - (weights.length % 4);
    kernel(
      ...[weights.byteOffset, gradient.byteOffset, first.byteOffset, second.byteOffset, i],
      ...[keep, rate, root, beta1, gain1, beta2, gain2, epsilon],
    );
  }
  for (; i < weights.length; i++) {
    const slope = gradient[i];
    const m = beta1 * first[i] + gain1 * slope;
    const v = beta2 * second[i] + gain2 * slope * slope;
    first[i] = m;
    second[i] = v;
    weights[i] = weights[i] * keep - (rate * m) / (Math.sqrt(v) * root + epsilon);
  }
}

/** Three variables of libtensorflow. */
class LibraryVariable implements Variable {
  readonly #library: Library;
  readonly #tf: typeof Tf;
  readonly #shape: readonly [number, number];
  readonly #handles: Readonly<Record<Kept, Tf.Tensor>>;

  constructor(
    library: Library,
    tf: typeof Tf,
    values: Float32Array,
    shape: readonly [number, number],
  ) {
    this.#library = library;
    this.#tf = tf;
    this.#shape = shape;
    const variable = () => library.variable(shape);
    this.#handles = { value: variable(), first: variable(), second: variable() };
    this.set("value", values);
    for (const kept of ["first", "second"] as const) {
      tf.tidy(() => library.assign(this.#handles[kept], tf.zerosLike(this.get("value"))));
    }
  }

  update(gradient: Tf.Tensor2D, rule: AdamW): void {
    const { value, first, second } = this.#handles;
    const { keep } = coefficients(rule);
    if (keep !== 1) {
      this.#tf.tidy(() => this.#library.assign(value, this.#tf.mul(this.get("value"), keep)));
    }
    this.#library.adam([value, first, second], gradient, rule);
  }

  get(kept: Kept): Tf.Tensor2D {
    return this.#library.value(this.#handles[kept]);
  }

  set(kept: Kept, values: Float32Array): void {
    const tf = this.#tf;
    tf.tidy(() => {
      // A tensor made of an array may share its memory, which updates would change.
      const copy = this.#library.copy(tf.tensor2d(values, [...this.#shape]));
      this.#library.assign(this.#handles[kept], copy);
    });
  }

  replace(value: Tf.Tensor2D): void {
    this.#library.assign(this.#handles.value, value);
  }

  dispose(): void {
    for (const handle of Object.values(this.#handles)) this.#library.destroy(handle);
  }
}
