// The native engine's kernels: compiled on this machine, for its processor, when they are first needed; then loaded.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { runCommand } from "../cohort/python.js";
import { projectRoot } from "../cohort/root.js";

const require = createRequire(import.meta.url);
const SOURCE = join(projectRoot(), "lib", "engine", "kernels.cc");

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

/** Threads that the kernels use: ARO_THREADS, or all cores that this process may use. */
export function threadCount(): number {
  const asked = process.env.ARO_THREADS;
  if (!asked) return availableParallelism();
  const count = Number(asked);
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new RangeError(`ARO_THREADS: expected a whole number from 1 to 1024, got "${asked}"`);
  }
  return count;
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
 * Compiles the kernels unless that has been done, and gives the file. It is compiled aside and renamed, so that a file
 * that is there is whole, whoever compiles at the same time.
 * @throws Error in one line with what is missing and the remedy.
 */
export async function compileKernels({
  folder = join(projectRoot(), "lib", "dist"),
  compilers,
  onProgress = () => {},
}: {
  readonly folder?: string;
  /** Commands, the first that answers is taken. */
  readonly compilers?: readonly string[];
  readonly onProgress?: (line: string) => void;
} = {}): Promise<string> {
  const compiler = await findCompiler(compilers);
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  const flags = [
    ..."-std=c++17 -O3 -fno-math-errno -fPIC -shared -pthread".split(" "),
    process.arch === "x64" ? "-march=native" : "-mcpu=native",
    ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
  ];
  const key = createHash("sha256")
    .update(await readFile(SOURCE))
    .update(JSON.stringify([compiler, flags, process.version, await processor()]))
    .digest("hex");
  const file = join(folder, `kernels-${key.slice(0, 16)}.node`);
  if (existsSync(file)) return file;
  onProgress(`compiling the native engine with ${compiler.version}`);
  await mkdir(folder, { recursive: true });
  const aside = `${file}.${process.pid}.part`;
  const { code, output } = await runCommand(compiler.command, [
    ...flags,
    ...["-I", headers, SOURCE, "-o", aside],
  ]);
  if (code !== 0) {
    await rm(aside, { force: true });
    const lines = output.trim().split("\n");
    const reason = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
    throw new Error(
      `compileKernels: expected ${compiler.command} to compile lib/engine/kernels.cc, got exit status ${code} (${reason}); ` +
        "it takes a compiler for C++17, such as g++ 9 or clang 10",
    );
  }
  await rename(aside, file);
  return file;
}

/** Of the kernels' source: the first digits of its SHA-256. */
export async function kernelVersion(): Promise<string> {
  return createHash("sha256")
    .update(await readFile(SOURCE))
    .digest("hex")
    .slice(0, 8);
}

/**
 * Finds the first C++ compiler that answers.
 * @throws Error with the remedy if none does.
 */
export async function findCompiler(
  commands: readonly string[] = process.env.CXX ? [process.env.CXX] : ["g++", "clang++", "c++"],
): Promise<{ readonly command: string; readonly version: string }> {
  for (const command of commands) {
    const { code, output } = await runCommand(command, ["--version"]);
    if (code === 0) return { command, version: output.split("\n")[0] };
  }
  const remedy =
    process.platform === "darwin"
      ? "xcode-select --install"
      : "on Debian and Ubuntu: apt install g++";
  throw new Error(
    `findCompiler: expected a C++ compiler (${commands.join(", ")}), got none; install one, ${remedy}`,
  );
}

/** What the compiled code depends on of this processor: its name, and on Linux what it can do. */
async function processor(): Promise<string> {
  const name = cpus()[0]?.model ?? process.arch;
  if (process.platform !== "linux") return name;
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  return name + (/^(flags|Features)\s*:.*$/m.exec(text)?.[0] ?? "");
}
