// AdamW with PyTorch's epsilon: trained tensors that carry their moments and update themselves.
import type * as Tf from "@tensorflow/tfjs-core";
import type { Backend } from "./backend.js";

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export interface AdamStep {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Counts from 1. */
  readonly step: number;
}

/** A tensor that is trained. */
export interface Variable {
  readonly shape: readonly [number, number];
  /** Never the second factor of a product: wasm caches those by tensor, and would not see an update in place. */
  readonly tensor: Tf.Tensor2D;
  /** Applies a gradient of the variable's shape, which stays the caller's. */
  update(gradient: Tf.Tensor2D, step: AdamStep): void;
  /** Copies the value, or the first or second moment. */
  read(what: "value" | "first" | "second"): Promise<Float32Array>;
  writeMoments(first: Float32Array, second: Float32Array): void;
  dispose(): void;
}

/** Puts values `[rows, columns]` into the backend as a variable with zero moments. The array is the variable's from here on. */
export function createVariable(
  backend: Backend,
  values: Float32Array,
  shape: readonly [number, number],
): Variable {
  const tensor = backend.tf.tensor2d(values, [...shape]);
  return backend.view(tensor)
    ? new VisibleVariable(backend, tensor)
    : new DeviceVariable(backend, tensor);
}

/**
 * `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `w = w (1 - lr wd) - lr / c1 * m / (sqrt(v / c2) + eps)`
 * with `c = 1 - b^t`. Source: torch.optim.AdamW; TensorFlow's Adam has its epsilon inside the correction.
 */
function coefficients({ learningRate, weightDecay, step }: AdamStep) {
  return {
    keep: 1 - learningRate * weightDecay,
    rate: learningRate / (1 - BETA1 ** step),
    root: 1 / Math.sqrt(1 - BETA2 ** step),
  };
}

/** Where JavaScript sees the tensors' memory: one pass, in place, with the moments outside the backend's heap. */
class VisibleVariable implements Variable {
  readonly shape: [number, number];
  #first: Float32Array;
  #second: Float32Array;

  constructor(
    readonly backend: Backend,
    readonly tensor: Tf.Tensor2D,
  ) {
    this.shape = tensor.shape;
    this.#first = new Float32Array(tensor.size);
    this.#second = new Float32Array(tensor.size);
  }

  update(gradient: Tf.Tensor2D, step: AdamStep): void {
    const { keep, rate, root } = coefficients(step);
    const values = this.#view(this.tensor);
    const slopes = this.#view(gradient);
    updateInPlace(values, slopes, this.#first, this.#second, keep, rate, root);
  }

  async read(what: "value" | "first" | "second"): Promise<Float32Array> {
    if (what === "value") return this.#view(this.tensor).slice();
    return (what === "first" ? this.#first : this.#second).slice();
  }

  writeMoments(first: Float32Array, second: Float32Array): void {
    this.#first.set(first);
    this.#second.set(second);
  }

  dispose(): void {
    this.tensor.dispose();
  }

  #view(tensor: Tf.Tensor2D): Float32Array {
    this.backend.activate();
    const view = this.backend.view(tensor);
    if (!view) throw new Error(`adam: expected to see the memory of ${this.backend.name}`);
    return view;
  }
}

function updateInPlace(
  w: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  keep: number,
  rate: number,
  root: number,
): void {
  for (let i = 0; i < w.length; i++) {
    const slope = g[i];
    const first = BETA1 * m[i] + (1 - BETA1) * slope;
    const second = BETA2 * v[i] + (1 - BETA2) * slope * slope;
    m[i] = first;
    v[i] = second;
    w[i] = w[i] * keep - (rate * first) / (Math.sqrt(second) * root + EPSILON);
  }
}

/** Where it does not (a GPU): the same out of tensor operations. */
class DeviceVariable implements Variable {
  readonly shape: [number, number];
  #first: Tf.Tensor2D;
  #second: Tf.Tensor2D;

  constructor(
    readonly backend: Backend,
    public tensor: Tf.Tensor2D,
  ) {
    this.shape = tensor.shape;
    this.#first = backend.tf.keep(backend.tf.zerosLike(tensor));
    this.#second = backend.tf.keep(backend.tf.zerosLike(tensor));
    backend.tf.keep(tensor);
  }

  update(gradient: Tf.Tensor2D, step: AdamStep): void {
    const { tf } = this.backend;
    const { keep, rate, root } = coefficients(step);
    const [value, first, second] = tf.tidy(() => {
      const m = tf.add(tf.mul(this.#first, BETA1), tf.mul(gradient, 1 - BETA1));
      const v = tf.add(tf.mul(this.#second, BETA2), tf.mul(tf.square(gradient), 1 - BETA2));
      const change = tf.div(tf.mul(m, rate), tf.add(tf.mul(tf.sqrt(v), root), EPSILON));
      return [tf.sub(tf.mul(this.tensor, keep), change), m, v] as Tf.Tensor2D[];
    });
    this.dispose();
    this.tensor = tf.keep(value);
    this.#first = tf.keep(first);
    this.#second = tf.keep(second);
  }

  async read(what: "value" | "first" | "second"): Promise<Float32Array> {
    const tensor = { value: this.tensor, first: this.#first, second: this.#second }[what];
    return (await tensor.data<"float32">()).slice();
  }

  writeMoments(first: Float32Array, second: Float32Array): void {
    const { tf } = this.backend;
    this.#first.dispose();
    this.#second.dispose();
    this.#first = tf.keep(tf.tensor2d(first, this.shape));
    this.#second = tf.keep(tf.tensor2d(second, this.shape));
  }

  dispose(): void {
    this.tensor.dispose();
    this.#first.dispose();
    this.#second.dispose();
  }
}
