// The primitives that layers are written in. An engine owns its memory and layouts, and knows nothing of models.
import type { Matrix } from "../cohort/matrix.js";
import type { Random } from "../cohort/random.js";
import type { AdamW } from "./adamw.js";

/**
 * Numbers `[rows, units]` inside an engine: a row per sample, or a single row with a number per unit.
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

/** The arrays of a parameter, all in its shape: its value, and Adam's two moments of its gradient. */
export type Kept = "value" | "first" | "second";

/** Gradients by the parameter's name, each in the parameter's shape and 0 outside of its columns. */
export type Gradients = Map<string, Promise<Float32Array>>;

/** What happens to a gradient: one step of AdamW where it is computed, or a copy for the caller. */
export type Settlement = AdamW | Gradients;

export type Activation = "linear" | "relu" | "softplus";

export interface HeadOptions {
  readonly activation: Activation;
  /** The loss to differentiate: Huber's with delta 1, or the squared error. */
  readonly loss: "huber" | "squared";
  /** The number of observed entries, by which the loss is divided; with 0, all slopes are 0. */
  readonly observed: number;
  /** Null to evaluate without training. */
  readonly settlement: Settlement | null;
}

export interface Head {
  /** Sums over the observed entries. */
  readonly sums: Promise<{ readonly huber: number; readonly squared: number }>;
  /** Slope of the mean loss with respect to the input, with the weight before its update; null without settlement. */
  readonly slope: Tensor | null;
}

/** Bytes that a model may use here; Infinity where there is no limit. */
export interface MemoryLimits {
  /** In the engine's heap, which holds the parameters, their moments and one batch. */
  readonly heap: number;
  /** In the process, which also holds the caller's weights and batch. */
  readonly total: number;
  /** Unused by any process now; the caller's weights are already in use. */
  readonly available: number;
}

/** TensorFlow.js's backends; "tensorflow" is libtensorflow, on a processor or an NVIDIA graphics processor. */
export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";

/**
 * Both engines compute the same numbers to rounding, step by step. A *slope* is the derivative of the loss with respect
 * to the numbers of a tensor, a *gradient* that with respect to a parameter. A primitive throws a RangeError with both
 * shapes and the parameter's name if its arguments do not fit.
 */
export interface Engine {
  /** "native" has its own kernels, compiled here; "tfjs" is TensorFlow.js. */
  readonly name: "native" | "tfjs";
  /** The native engine's vectors and threads, or the TensorFlow.js backend. */
  readonly backend: string;
  readonly version: string;
  /** Precision of the factors of products; sums and everything else are float32. */
  readonly precision: "float32" | "bfloat16";
  memoryLimits(): MemoryLimits;

  /**
   * Runs one pass at a time: others wait. Frees all tensors that the pass made when it ends. Must not be nested.
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
  /** Copies an array of a parameter. */
  readParameter(parameter: Parameter, kept: Kept): Promise<Float32Array>;
  /** Replaces an array of a parameter by a copy of `values`, of the same length. */
  writeParameter(parameter: Parameter, kept: Kept, values: Float32Array): void;
  dispose(parameter: Parameter): void;
  /**
   * Makes a tensor of row-major numbers `[rows, all columns]`, or of some of their columns. `values` must not change
   * until the run ends.
   */
  tensor(values: Float32Array, rows: number, columns?: Columns): Tensor;
  /** Copies a tensor out, row-major `[rows, units]`. */
  read(x: Tensor): Promise<Float32Array>;
  /** Copies the used part of a vector parameter, `[1, units]`; later settlements do not change the copy. */
  vector(parameter: Parameter): Tensor;
  /** Tests whether all values are finite, and counts the marks that are 1. */
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
  /** Settles the gradient `[1, units]` of a vector; null means 0. */
  settleVector(vector: Parameter, gradient: Tensor | null, settlement: Settlement): void;
  /** Moves a buffer part of the way to x, `[1, units]`: `buffer += share (x - buffer)`. */
  blend(buffer: Parameter, x: Tensor, share: number): void;
  /**
   * A last layer with its activation and loss and, given a settlement, its slope and update. It works on a block of
   * outputs at a time, so that no array is as large as the data.
   * @param x `[rows, inputs]`
   * @param target `[rows, outputs]`
   */
  head(weight: Parameter, bias: Parameter, x: Tensor, target: Matrix, options: HeadOptions): Head;

  // ------------------------------------------------------------ element by element, all of the same shape
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
   * Draws 0 with probability `share`, else `1 / (1 - share)`, with one number from `random` per entry, row by row; a draw
   * below `share 2^32` gives 0.
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
  /** Stacks the rows of all parts. */
  stackRows(parts: readonly Tensor[]): Tensor;
}

/** Returns whether an engine needs no native code, which makes it slow. */
export function isPortable({ name, backend }: Pick<Engine, "name" | "backend">): boolean {
  return name === "tfjs" && backend !== "tensorflow";
}

interface NamedEngine {
  readonly name: string;
  readonly backend: string;
  readonly version: string;
  /** By default float32. */
  readonly precision?: Engine["precision"];
}

/**
 * Names an engine by what its numbers depend on: `native`, `tfjs (wasm 4.22.0)`,
 * `tfjs (tensorflow 2.9.1, products in bfloat16)`.
 */
export function nameEngine({ name, backend, version, precision }: NamedEngine): string {
  if (name === "native") return name;
  const rounding = precision === "bfloat16" ? ", products in bfloat16" : "";
  return `${name} (${backend} ${version}${rounding})`;
}

/** Names an engine with its hardware: `native (256-bit vectors, 2 threads)`. */
export function describeEngine(engine: NamedEngine): string {
  return engine.name === "native" ? `native (${engine.backend})` : nameEngine(engine);
}
