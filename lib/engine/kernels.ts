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

/** How kernels.cc numbers what it chooses from. */
export const ACTIVATION = { linear: 0, relu: 1, softplus: 2 } as const;
export const LOSS = { huber: 0, squared: 1 } as const;
export const OPERATION = {
  ...{ add: 0, subtract: 1, multiply: 2, scale: 3, exp: 4, rsqrt: 5 },
  ...{ leaky: 6, softplus: 7, sigmoid: 8, clip: 9, gate: 10 },
} as const;

/** The functions of kernels.cc, which says what each does; tensors are row-major `[rows, units]`. */
export interface Kernels {
  /** Numbers in a vector. */
  readonly vector: number;
  /** Threads that compute, as long as the process lives. */
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
    kernels.setThreads({ count: threads });
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
