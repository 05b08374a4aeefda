// This library's native addons, compiled on this machine for its processor when first needed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { projectRoot } from "../cohort/root.js";

const require = createRequire(import.meta.url);

/** A function of an addon, which takes named arguments. */
export type Kernel<Arguments, Result = void> = (args: Readonly<Arguments>) => Result;
/** Arguments that are numbers. */
export type Counts<Name extends string> = Record<Name, number>;

export interface CompileOptions {
  /** The folder for compiled addons. */
  readonly folder?: string;
  /** Commands; the first that works is used. */
  readonly compilers?: readonly string[];
  readonly onProgress?: (line: string) => void;
}

/** The path of a file of lib/engine, from the repository's root. */
export function sourcePath(name: string): string {
  return join(projectRoot(), "lib", "engine", name);
}

/**
 * Compiles lib/engine/NAME.cc for this processor, compiler and Node, unless it already is, and returns the addon's path.
 * Compiles into a temporary file and renames it, so the addon is complete even if two processes compile at once.
 * @throws Error in one line with what is missing and the remedy.
 */
export function compileAddon(
  name: "kernels" | "linear-algebra",
  {
    folder = join(projectRoot(), "lib", "dist"),
    compilers,
    onProgress = () => {},
  }: CompileOptions = {},
): string {
  const compiler = findCompiler(compilers);
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  const flags = [
    ..."-std=c++17 -O3 -fno-math-errno -fPIC -shared -pthread".split(" "),
    process.arch === "x64" ? "-march=native" : "-mcpu=native",
    ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
  ];
  const source = sourcePath(`${name}.cc`);
  const key = createHash("sha256");
  for (const file of [source, ...["call.h", "threads.h", "tiles.h"].map(sourcePath)]) {
    key.update(readFileSync(file));
  }
  key.update(JSON.stringify([compiler, flags, process.version, processor()]));
  const addon = join(folder, `${name}-${key.digest("hex").slice(0, 16)}.node`);
  if (existsSync(addon)) return addon;
  onProgress(`compiling lib/engine/${name}.cc with ${compiler.version}`);
  mkdirSync(folder, { recursive: true });
  const aside = `${addon}.${process.pid}.part`;
  const args = [...flags, "-I", headers, source, "-o", aside];
  const { status, output } = run(compiler.command, args);
  if (status !== 0) {
    rmSync(aside, { force: true });
    const lines = output.split("\n");
    const reason = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
    throw new Error(
      `compileAddon: expected ${compiler.command} to compile lib/engine/${name}.cc, got exit status ${status} (${reason}); ` +
        "it takes a compiler for C++17, such as g++ 9 or clang 10",
    );
  }
  renameSync(aside, addon);
  return addon;
}

/**
 * Finds the first C++ compiler that works.
 * @throws Error with the remedy if none does.
 */
export function findCompiler(
  commands: readonly string[] = process.env.CXX ? [process.env.CXX] : ["g++", "clang++", "c++"],
): { readonly command: string; readonly version: string } {
  for (const command of commands) {
    const { status, output } = run(command, ["--version"]);
    if (status === 0) return { command, version: output.split("\n")[0] };
  }
  const remedy =
    process.platform === "darwin"
      ? "xcode-select --install"
      : "on Debian and Ubuntu: apt install g++";
  throw new Error(
    `findCompiler: expected a C++ compiler (${commands.join(", ")}), got none; install one, ${remedy}`,
  );
}

/** Threads that our addons use: ARO_THREADS, or all cores that this process may use; one where Node runs several itself. */
export function threadCount(): number {
  if (!isMainThread) return 1;
  const asked = process.env.ARO_THREADS;
  if (!asked) return availableParallelism();
  const count = Number(asked);
  if (!Number.isInteger(count) || count < 1 || count > 1024) {
    throw new RangeError(`ARO_THREADS: expected a whole number from 1 to 1024, got "${asked}"`);
  }
  return count;
}

function run(command: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 26,
  });
  return { status, output: `${stdout ?? ""}${stderr ?? ""}`.trim() || (error?.message ?? "") };
}

/** The processor's name and, on Linux, its features, on which the compiled code depends. */
function processor(): string {
  const name = cpus()[0]?.model ?? process.arch;
  if (process.platform !== "linux") return name;
  const text = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  return name + (/^(flags|Features)\s*:.*$/m.exec(text)?.[0] ?? "");
}
