// What every engine offers: one model at a time, trained step by step, its numbers readable by name.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import type { AutoencoderSpec, Weights } from "../model/autoencoder.js";

/** Losses that are not finite: the weights have diverged, which is a property of the settings. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

/** Means over the observed entries of a batch. */
export interface Losses {
  /** Huber loss with delta 1. */
  readonly huber: number;
  readonly mse: number;
}

export interface StepOptions {
  readonly learningRate: number;
  /** Decoupled, as in AdamW; 0 in the paper. */
  readonly weightDecay?: number;
  /** Where the dropout of input and activations is drawn from; without it nothing is dropped. */
  readonly dropout?: Random;
}

/**
 * What is kept of each parameter, all in the layout of the weights: itself, and Adam's two moments of its gradient.
 * Of a buffer, which has no gradient, the value alone.
 */
export type Kept = "value" | "first" | "second";

/** A trainable autoencoder living in an engine. Every batch is a `Matrix` of preprocessed rows, `[rows, features]`. */
export interface Model {
  readonly spec: AutoencoderSpec;
  /** Takes one AdamW step on the Huber loss; resolves to the losses before the step, as PyTorch reports them. */
  step(batch: Matrix, options: StepOptions): Promise<Losses>;
  /** The losses without dropout, by the running statistics of batch normalization; changes nothing. */
  evaluate(batch: Matrix): Promise<Losses>;
  /** The gradient of the Huber loss that `evaluate` gives, by parameter; for tests and explanations. */
  gradients(batch: Matrix): Promise<Weights>;
  /** The reconstruction, `[rows, features]`. */
  reconstruct(batch: Matrix): Promise<Float32Array>;
  /** The latent representation, `[rows, width]`. Without `relu`, as the authors' notebook computes embeddings. */
  encode(batch: Matrix, options?: { readonly relu?: boolean }): Promise<Float32Array>;
  /** Copies every tensor: the parameters and the buffers. */
  readWeights(): Promise<Weights>;
  /** Steps taken so far, which Adam's corrections depend on; set together with the tensors it belongs to. */
  stepCount: number;
  /** Copies what is kept of one tensor, so that nobody has to hold all of a large model at once. */
  readTensor(name: string, kept: Kept): Promise<Float32Array>;
  /**
   * Replaces what is kept of one tensor; all of them and `stepCount` make training go on where it stood.
   * @throws RangeError if the model has no such tensor, or the values do not fit it.
   */
  writeTensor(name: string, kept: Kept, values: Float32Array): void;
  /** Frees the engine's memory; the model must not be used again. */
  dispose(): void;
}

export interface Engine {
  /** "portable" runs anywhere; the others need native code. */
  readonly name: "portable" | "native" | "tensorflow";
  /** What computes: "wasm", "webgpu", "cpu", "tensorflow", or the native engine's vectors and threads. */
  readonly backend: string;
  /** Of what computes: a library's version, or the native kernels' own. */
  readonly version: string;
  /**
   * Builds a model that starts from these weights (see `initializeWeights`).
   * @throws RangeError if the weights do not fit the spec, or the model does not fit the engine's memory.
   */
  build(spec: AutoencoderSpec, weights: Weights): Promise<Model>;
}

/** Names an engine for readers: `native (256-bit vectors, 2 threads)`, `tensorflow (2.21.0)`, `portable (wasm 4.22.0)`. */
export function nameEngine({
  name,
  backend,
  version,
}: Pick<Engine, "name" | "backend" | "version">): string {
  if (name === "native") return `native (${backend})`;
  return name === "tensorflow" ? `tensorflow (${version})` : `${name} (${backend} ${version})`;
}
