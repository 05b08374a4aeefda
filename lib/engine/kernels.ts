// The native engine's kernels: compiled on this machine, for its processor, when they are first needed; then loaded.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type CompileOptions, compileAddon, sourcePath, threadCount } from "./compile.js";

const require = createRequire(import.meta.url);

type Numbers = Float32Array;
/** Value and Adam's moments; with null moments, the value is written over with the gradient. */
export type Trained = readonly [value: Numbers, first: Numbers | null, second: Numbers | null];

/** What an activation does, as the kernels number it. */
export const ACTIVATION = { linear: 0, relu: 1, softplus: 2 } as const;

/** kernels.cc; `[units, lanes]` has one column a sample, padded with zeros to whole strips of two vectors. */
export interface Kernels {
  /** Numbers in a vector. */
  readonly vector: number;
  /** That compute, as long as the process lives. */
  readonly threads: number;
  setThreads(count: number): void;
  /** Zeros, outside of JavaScript's heap; freed with the array. */
  allocate(length: number): Numbers;
  /** Whether all values are finite, 1 or 0, and how many marks there are, both into `out`. */
  inspect(values: Numbers, marks: Uint8Array, out: Float64Array): void;
  /** `to[column, row] = from[row, column]` for the first columns of `[rows, stride]`; lanes past the rows become 0. */
  transpose(
    ...args: [
      ...[from: Numbers, stride: number, rows: number, columns: number],
      ...[to: Numbers, lanes: number],
    ]
  ): void;
  /** The same in strips, `[rows / strip, columns, strip]`. */
  transposeStrips(from: Numbers, rows: number, columns: number, to: Numbers): void;
  /** Input dropout, drawing from a state of random.ts and moving it on; `[rows, width]`. */
  drop(
    ...args: [
      ...[values: Numbers, columns: number, start: number, rows: number, width: number],
      ...[threshold: number, scale: number, state: Uint32Array, out: Numbers],
    ]
  ): void;
  /** Cuts `[rows, stride]` into strips `[strips, rows, 2 vectors]`. */
  pack(...args: [from: Numbers, stride: number, columns: number, rows: number, to: Numbers]): void;
  /** `out = activation(weight below + bias)`; below in strips. */
  forward(
    ...args: [
      ...[weight: Numbers, stride: number, outputs: number, inputs: number, bias: Numbers],
      ...[below: Numbers, lanes: number, activation: number, out: Numbers],
    ]
  ): void;
  /** `below = slope^T weight` in strips `[strips, lanes, 2 vectors]`, the first of as many as there are threads. */
  backward(
    ...args: [
      ...[weight: Numbers, outputs: number, inputs: number],
      ...[slope: Numbers, lanes: number, below: Numbers],
    ]
  ): void;
  /** The same with a row a sample, `[rows, inputs]`, of a weight that has `stride` numbers from row to row. */
  backwardRow(
    ...args: [
      ...[weight: Numbers, stride: number, outputs: number, inputs: number],
      ...[slope: Numbers, lanes: number, rows: number, below: Numbers],
    ]
  ): void;
  /** `out = scale below^T` where the activation is above 0; `[units, lanes]`. */
  slope(
    ...args: [
      ...[below: Numbers, units: number, lanes: number],
      ...[activation: Numbers, scale: number, out: Numbers],
    ]
  ): void;
  /** Applies the gradient `slope packed` to a weight, and the slope's sums to its bias. */
  update(
    ...args: [
      ...[...weight: Trained, stride: number, outputs: number, inputs: number, ...bias: Trained],
      ...[slope: Numbers, lanes: number, packed: Numbers, rows: number, adam: Float64Array],
    ]
  ): void;
  /** The output layer forward; with `below`, also backward and updated, or its gradients written. */
  output(
    ...args: [
      ...[latent: Numbers, packed: Numbers | null, ...weight: Trained, ...bias: Trained],
      ...[features: number, inputs: number, rows: number, lanes: number],
      ...[values: Numbers, observed: Uint8Array, activation: number, scale: number],
      ...[adam: Float64Array, below: Numbers | null],
      ...[gradient: Numbers | null, biasGradient: Numbers | null, sums: Float64Array],
    ]
  ): void;
}

let loaded: Promise<Kernels> | undefined;

/**
 * Loads the kernels, compiling them first where that has not been done for this processor, compiler and source.
 * @throws Error in one line with what is missing and the remedy.
 */
export function loadKernels(): Promise<Kernels> {
  loaded ??= compileKernels().then((file) => {
    const kernels = require(file) as Kernels;
    const threads = threadCount();
    kernels.setThreads(threads);
    return Object.assign(kernels, { threads });
  });
  return loaded;
}

/**
 * Compiles the kernels unless that has been done, and gives the file.
 * @throws Error in one line with what is missing and the remedy.
 */
export async function compileKernels(options: CompileOptions = {}): Promise<string> {
  return compileAddon("kernels", options);
}

/** Of the kernels' source: the first digits of its SHA-256. */
export async function kernelVersion(): Promise<string> {
  return createHash("sha256")
    .update(await readFile(sourcePath("kernels.cc")))
    .digest("hex")
    .slice(0, 8);
}
