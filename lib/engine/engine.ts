// The primitives that layers are written in. An engine owns its memory and its layouts, and knows no model.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import type { AdamW } from "./adamw.js";

/**
 * Numbers `[rows, units]` inside an engine: one row a sample, or one row in all for a number per unit.
 * Valid until the end of the `run` that made it.
 */
export interface Tensor {
  readonly rows: number;
  readonly units: number;
}

/** Columns `[start, end)`. */
export interface Columns {
  readonly start: number;
  readonly end: number;
}

/** A trained weight `[outputs, inputs]` or vector `[units]` with Adam's moments, or a buffer, which has none. */
export interface Parameter {
  /** As in PyTorch's state dict. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The part of the last dimension that is used. The rest only decays; its moments stay 0. */
  readonly columns: Columns;
  readonly isTrained: boolean;
}

export interface ParameterOptions {
  /** By default the whole last dimension. */
  readonly columns?: Columns;
  /** False for a buffer, such as a running mean. */
  readonly isTrained?: boolean;
}

/** What is kept of a parameter, each in its shape: itself, and Adam's two moments of its gradient. */
export type Kept = "value" | "first" | "second";

/** Gradients by the parameter's name, each in the parameter's shape and 0 outside of its columns. */
export type Gradients = Map<string, Promise<Float32Array>>;

/** What becomes of a gradient: one step of AdamW where it is computed, or a copy that is handed out. */
export type Settlement = AdamW | Gradients;

export type Activation = "linear" | "relu" | "softplus";

export interface HeadOptions {
  readonly activation: Activation;
  /** Which loss drives the slope and the settlement: Huber's with delta 1, or the squared error. */
  readonly loss: "huber" | "squared";
  /** Observed entries over which the loss is a mean; with 0 all slopes are 0. */
  readonly observed: number;
  /** Null evaluates only. */
  readonly settlement: Settlement | null;
}

export interface Head {
  /** Sums over the observed entries. */
  readonly sums: Promise<{ readonly huber: number; readonly squared: number }>;
  /** Of the mean loss with respect to the input, by the weight from before the update; null without settlement. */
  readonly slope: Tensor | null;
}

/** Bytes that a model may take here; Infinity where nothing limits it. */
export interface MemoryLimits {
  /** In the engine's own heap, which holds the parameters, their moments and one batch. */
  readonly heap: number;
  /** In the process, which holds the caller's weights and batch besides. */
  readonly total: number;
  /** What no process uses now; the caller's weights are in use already. */
  readonly available: number;
}

/** TensorFlow.js's backends; "tensorflow" is libtensorflow, on a processor or an NVIDIA graphics processor. */
export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/**
 * Both engines compute the same numbers to rounding, step by step. A *slope* is the derivative of the loss with respect
 * to the numbers of a tensor, a *gradient* that with respect to a parameter. Shapes are checked by the layers.
 */
export interface Engine {
  /** "native" has kernels of our own, compiled here; "tfjs" is TensorFlow.js. */
  readonly name: "native" | "tfjs";
  /** What computes: the native vectors and threads, or the TensorFlow.js backend. */
  readonly backend: string;
  readonly version: string;
  /** Of the factors of products; sums and everything else are float32. */
  readonly precision: "float32" | "bfloat16";
  memoryLimits(): MemoryLimits;

  /**
   * Runs one pass alone: passes that are started meanwhile wait. All tensors that it makes are freed at its end.
   * Must not be nested.
   */
  run<R>(work: () => Promise<R>): Promise<R>;

  // ------------------------------------------------------------ memory
  /** Copies values into a parameter with zero moments. The caller must dispose it. */
  parameter(
    name: string,
    shape: readonly number[],
    values: Float32Array,
    options?: ParameterOptions,
  ): Parameter;
  /** Copies what is kept of a parameter. */
  readParameter(parameter: Parameter, kept: Kept): Promise<Float32Array>;
  /** Replaces what is kept of a parameter by a copy of as many values. */
  writeParameter(parameter: Parameter, kept: Kept, values: Float32Array): void;
  dispose(parameter: Parameter): void;
  /**
   * Brings row-major numbers `[rows, columns in all]` in, or the named columns of them; `values` must not change until
   * the run ends.
   */
  tensor(values: Float32Array, rows: number, columns?: Columns): Tensor;
  /** Copies a tensor out, row-major `[rows, units]`. */
  read(x: Tensor): Promise<Float32Array>;
  /** Copies the used part of a vector parameter, `[1, units]`, which stays as it is when the parameter is settled. */
  vector(parameter: Parameter): Tensor;
  /** Whether all values are finite, and how many marks are 1. */
  inspect(
    values: Float32Array,
    marks: Uint8Array,
  ): { readonly finite: boolean; readonly marked: number };

  // ------------------------------------------------------------ products
  /** `x W^T + b`: `[rows, inputs]` to `[rows, outputs]`. */
  linear(weight: Parameter, bias: Parameter, x: Tensor): Tensor;
  /** `slope W`: `[rows, outputs]` to `[rows, inputs]`. Call before the weight is settled. */
  linearBack(weight: Parameter, slope: Tensor): Tensor;
  /** Settles the gradient `slope^T x`, `[outputs, inputs]`, of a weight. */
  settleWeight(weight: Parameter, slope: Tensor, x: Tensor, settlement: Settlement): void;
  /** Settles the gradient `[1, units]` of a vector; null stands for 0. */
  settleVector(vector: Parameter, gradient: Tensor | null, settlement: Settlement): void;
  /** Moves a buffer a share of the way to `[1, units]`: `buffer += share (x - buffer)`. */
  blend(buffer: Parameter, x: Tensor, share: number): void;
  /**
   * A last layer with its activation and loss, and with a settlement also its slope and update, block by block of
   * outputs: what is as large as the data never exists as a whole.
   * @param x `[rows, inputs]`
   * @param target `[rows, outputs]`
   */
  head(weight: Parameter, bias: Parameter, x: Tensor, target: Matrix, options: HeadOptions): Head;

  // ------------------------------------------------------------ element by element, all of one shape
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  /** `a by + plus`. */
  scale(a: Tensor, by: number, plus?: number): Tensor;
  exp(a: Tensor): Tensor;
  /** `1 / sqrt(a + epsilon)`. */
  rsqrt(a: Tensor, epsilon: number): Tensor;
  /** `a > 0 ? a : leak a`; NaN stays NaN. */
  relu(a: Tensor, leak: number): Tensor;
  /** `log(1 + e^a)`. */
  softplus(a: Tensor): Tensor;
  sigmoid(a: Tensor): Tensor;
  clip(a: Tensor, low: number, high: number): Tensor;
  /** `out > 0 ? slope : leak slope`: back through a ReLU. */
  gate(slope: Tensor, out: Tensor, leak: number): Tensor;
  /**
   * Draws 0 with probability `share`, else `1 / (1 - share)`: one number of `random` an entry, row by row; a draw below
   * `share 2^32` gives 0.
   */
  mask(rows: number, units: number, share: number, random: Random): Tensor;

  // ------------------------------------------------------------ across rows
  /** Sums over the rows, `[1, units]`. */
  sumRows(a: Tensor): Tensor;
  /** Adds `[1, units]` to each row. */
  addVector(a: Tensor, vector: Tensor): Tensor;
  /** Multiplies each row by `[1, units]`. */
  mulVector(a: Tensor, vector: Tensor): Tensor;
  /** Rows `[start, end)`. */
  sliceRows(a: Tensor, start: number, end: number): Tensor;
  /** The rows of all, one after the other. */
  stackRows(parts: readonly Tensor[]): Tensor;
}

/** Whether an engine runs anywhere, without native code, and so is slow. */
export function isPortable({ name, backend }: Pick<Engine, "name" | "backend">): boolean {
  return name === "tfjs" && backend !== "tensorflow";
}

interface NamedEngine {
  readonly name: string;
  readonly backend: string;
  readonly version: string;
}

/** Names an engine by what its numbers depend on: `native`, `tfjs (wasm 4.22.0)`. */
export function nameEngine({ name, backend, version }: NamedEngine): string {
  return name === "native" ? name : `${name} (${backend} ${version})`;
}

/** Names an engine with what computes: `native (256-bit vectors, 2 threads)`. */
export function describeEngine(engine: NamedEngine): string {
  return engine.name === "native" ? `native (${engine.backend})` : nameEngine(engine);
}
