// The native engine's kernels, compiled on this machine when first needed, and the types of their arguments.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Counts, compileAddon, type Kernel, sourcePath, threadCount } from "./compile.js";

const require = createRequire(import.meta.url);

/** A parameter with Adam's moments; with null moments, the value is overwritten with the gradient. */
export interface Trained {
  readonly value: Float32Array;
  readonly first: Float32Array | null;
  readonly second: Float32Array | null;
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
  add: 0,
  subtract: 1,
  multiply: 2,
  scale: 3,
  exp: 4,
  rsqrt: 5,
  leaky: 6,
  softplus: 7,
  sigmoid: 8,
  clip: 9,
  gate: 10,
} as const;

type Floats<Name extends string> = Record<Name, Float32Array>;

/** The functions of kernels.cc, which documents them; tensors are row-major `[rows, units]`. */
export interface Kernels {
  /** Numbers in a vector. */
  readonly vector: number;
  /** Number of threads, for the life of the process. */
  readonly threads: number;
  setThreads: Kernel<Counts<"count">>;
  allocate: Kernel<Counts<"length">, Float32Array>;
  inspect: Kernel<Floats<"values"> & { marks: Uint8Array; out: Float64Array }>;
  forward: Kernel<WeightPlace & Counts<"rows"> & Floats<"weight" | "bias" | "x" | "out">>;
  backward: Kernel<WeightPlace & Counts<"rows"> & Floats<"weight" | "slope" | "out">>;
  update: Kernel<
    WeightPlace & Counts<"rows"> & Floats<"slope" | "x"> & { weight: Trained; adam: Float64Array }
  >;
  head: Kernel<
    WeightPlace &
      Counts<"rows" | "activation" | "loss" | "scale"> &
      Floats<"x" | "values"> &
      Record<"weight" | "bias", Trained> &
      Record<"gradient" | "biasGradient" | "slope", Float32Array | null> &
      Record<"adam" | "sums", Float64Array> & { observed: Uint8Array }
  >;
  settle: Kernel<Counts<"start"> & Floats<"gradient"> & { parameter: Trained; adam: Float64Array }>;
  map: Kernel<Counts<"operation" | "x" | "y"> & Floats<"a" | "out"> & { b: Float32Array | null }>;
  mapRows: Kernel<Counts<"operation"> & Floats<"a" | "vector" | "out">>;
  sumRows: Kernel<Counts<"rows"> & Floats<"a" | "out">>;
  mask: Kernel<Counts<"threshold" | "scale"> & Floats<"out"> & { state: Uint32Array }>;
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
