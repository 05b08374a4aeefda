// The native engine's kernels, compiled on this machine when first needed, and the types of their arguments.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { compileAddon, sourcePath, threadCount } from "./compile.js";

const require = createRequire(import.meta.url);

type Numbers = Float32Array;

/** A parameter with Adam's moments; with null moments, the value is overwritten with the gradient. */
export interface Trained {
  readonly value: Numbers;
  readonly first: Numbers | null;
  readonly second: Numbers | null;
}

/** A weight `[outputs, inputs]` whose first number is at `start` and whose rows are `stride` numbers apart. */
export interface WeightPlace {
  readonly start: number;
  readonly stride: number;
  readonly outputs: number;
  readonly inputs: number;
}

/** The numbers that kernels.cc gives to activations, losses and operations. */
export const ACTIVATION = { linear: 0, relu: 1, softplus: 2 } as const;
export const LOSS = { huber: 0, squared: 1 } as const;
export const OPERATION = {
  ...{ add: 0, subtract: 1, multiply: 2, scale: 3, exp: 4, rsqrt: 5 },
  ...{ leaky: 6, softplus: 7, sigmoid: 8, clip: 9, gate: 10 },
} as const;

/** The functions of kernels.cc, which documents them; tensors are row-major `[rows, units]`. */
export interface Kernels {
  /** Numbers in a vector. */
  readonly vector: number;
  /** Number of threads, for the life of the process. */
  readonly threads: number;
  setThreads(args: { readonly count: number }): void;
  allocate(args: { readonly length: number }): Numbers;
  inspect(args: {
    readonly values: Numbers;
    readonly marks: Uint8Array;
    readonly out: Float64Array;
  }): void;
  forward(
    args: WeightPlace & {
      readonly weight: Numbers;
      readonly bias: Numbers;
      readonly x: Numbers;
      readonly rows: number;
      readonly out: Numbers;
    },
  ): void;
  backward(
    args: WeightPlace & {
      readonly weight: Numbers;
      readonly slope: Numbers;
      readonly rows: number;
      readonly out: Numbers;
    },
  ): void;
  update(
    args: WeightPlace & {
      readonly weight: Trained;
      readonly slope: Numbers;
      readonly x: Numbers;
      readonly rows: number;
      readonly adam: Float64Array;
    },
  ): void;
  head(
    args: WeightPlace & {
      readonly weight: Trained;
      readonly bias: Trained;
      readonly x: Numbers;
      readonly rows: number;
      readonly values: Numbers;
      readonly observed: Uint8Array;
      readonly activation: number;
      readonly loss: number;
      readonly scale: number;
      readonly adam: Float64Array;
      readonly gradient: Numbers | null;
      readonly biasGradient: Numbers | null;
      readonly slope: Numbers | null;
      readonly sums: Float64Array;
    },
  ): void;
  settle(args: {
    readonly parameter: Trained;
    readonly start: number;
    readonly gradient: Numbers;
    readonly adam: Float64Array;
  }): void;
  map(args: {
    readonly operation: number;
    readonly a: Numbers;
    readonly b: Numbers | null;
    readonly x: number;
    readonly y: number;
    readonly out: Numbers;
  }): void;
  mapRows(args: {
    readonly operation: number;
    readonly a: Numbers;
    readonly vector: Numbers;
    readonly out: Numbers;
  }): void;
  sumRows(args: { readonly a: Numbers; readonly rows: number; readonly out: Numbers }): void;
  mask(args: {
    readonly threshold: number;
    readonly scale: number;
    readonly state: Uint32Array;
    readonly out: Numbers;
  }): void;
}

let loaded: Promise<Kernels> | undefined;

/**
 * Loads the kernels, after compiling them if this processor, compiler or source is new.
 * @throws Error in one line with what is missing and the remedy.
 */
export function loadKernels(): Promise<Kernels> {
  loaded ??= (async () => {
    const kernels = require(compileAddon("kernels")) as Kernels;
    const threads = threadCount();
    kernels.setThreads({ count: threads });
    return Object.assign(kernels, { threads });
  })();
  return loaded;
}

/** The first digits of the SHA-256 of the kernels' source. */
export async function kernelVersion(): Promise<string> {
  return createHash("sha256")
    .update(await readFile(sourcePath("kernels.cc")))
    .digest("hex")
    .slice(0, 8);
}
