// What the engines need from Node: TensorFlow.js's backends and their error handlers, WebGPU, memory limits, compiled
// linear algebra.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { totalmem } from "node:os";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import {
  type CompileOptions,
  type Counts,
  compileAddon,
  type Kernel,
  threadCount,
} from "./compile.js";
import type { BackendName, MemoryLimits } from "./engine.js";
import type { Algebra } from "./linear-algebra-portable.js";
import { loadAddon } from "./tensorflow.js";

const require = createRequire(import.meta.url);

/** Registers each backend. */
export const prepare: Record<BackendName, () => Promise<unknown>> = {
  async tensorflow() {
    loadAddon();
    // The package calls functions that Node 23 removed.
    const removed = util as { isNullOrUndefined?: unknown; isArray?: unknown };
    removed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
    removed.isArray ??= Array.isArray;
    require("@tensorflow/tfjs-node-gpu");
  },
  async webgpu() {
    await provideWebGpu();
    await import("@tensorflow/tfjs-backend-webgpu");
  },
  async wasm() {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    const manifest = require.resolve("@tensorflow/tfjs-backend-wasm/package.json");
    setWasmPaths(join(dirname(manifest), "dist") + sep);
  },
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
};

/**
 * tfjs's wasm module makes every unhandled rejection fatal, and prints its own source with each. A notebook kernel or a
 * server must survive them, so the function that this returns removes the module's handlers.
 */
export function keepErrorHandlers(): () => void {
  const events = ["uncaughtException", "unhandledRejection"];
  const before = events.map((event) => process.rawListeners(event));
  return () => {
    events.forEach((event, i) => {
      for (const listener of process.rawListeners(event)) {
        if (before[i].includes(listener)) continue;
        process.removeListener(event, listener as (...args: unknown[]) => void);
      }
    });
  };
}

/** The part of WebGPU used here; TypeScript declares it only with the browser's library. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

/** The `navigator.gpu` that `provideWebGpu` made. */
let provided: Gpu | undefined;

/** Returns whether this process has WebGPU without a package. */
export function hasWebGpu(): boolean {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  return navigator?.gpu !== undefined && navigator.gpu !== provided;
}

/**
 * Provides a `navigator.gpu` with an adapter; in Node, through the optional package "webgpu".
 * @throws Error with the reason if there is none.
 */
export async function provideWebGpu(): Promise<void> {
  const scope = globalThis as { navigator?: { gpu?: Gpu } };
  const gpu = scope.navigator?.gpu ?? (await startDawn());
  if (!(await gpu.requestAdapter())) {
    throw new Error(
      "provideWebGpu: expected a graphics processor for WebGPU, got none; " +
        "install a driver for it, on Linux one of Vulkan",
    );
  }
  if (scope.navigator?.gpu) return;
  provided = gpu;
  // Node has a navigator from version 21 on.
  scope.navigator ??= {};
  Object.defineProperty(scope.navigator, "gpu", { value: gpu });
}

async function startDawn(): Promise<Gpu> {
  try {
    const file = require.resolve("webgpu");
    const { create, globals } = await import(pathToFileURL(file).href);
    Object.assign(globalThis, globals);
    return create([]);
  } catch (error) {
    const [reason] = String(error).split("\n");
    throw new Error(
      `provideWebGpu: expected navigator.gpu or the package "webgpu", got neither (${reason})`,
    );
  }
}

const GIB = 2 ** 30;
/** Returns the limits on this machine; wasm32 addresses 4 GiB, some of which fragmentation wastes. */
export function memoryLimits(backend: string): MemoryLimits {
  const heap = backend === "wasm" ? 3.75 * GIB : Number.POSITIVE_INFINITY;
  // Without a container's limit, Node returns 0 or a huge number.
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  const total = Math.min(constrained, totalmem());
  return { heap, total, available: Math.min(total, availableMemory(constrained)) };
}

/**
 * Bytes that are available without swapping, with cached files counted as free. Known on Linux only; elsewhere it is
 * Infinity, because those systems report far less as free than they could provide.
 */
function availableMemory(constrained: number): number {
  const field = (file: string, pattern: RegExp) => {
    try {
      return Number(readFileSync(file, "utf8").match(pattern)?.[1] ?? Number.NaN);
    } catch {
      return Number.NaN;
    }
  };
  const machine = 1024 * field("/proc/meminfo", /^MemAvailable:\s+(\d+) kB/m);
  const used = field("/sys/fs/cgroup/memory.current", /(\d+)/);
  const files = field("/sys/fs/cgroup/memory.stat", /^inactive_file (\d+)/m);
  const known = [machine, constrained - (used - files)].filter((bytes) => !Number.isNaN(bytes));
  return Math.max(0, Math.min(Number.POSITIVE_INFINITY, ...known));
}

/**
 * Loads linear-algebra.cc, compiling it first where that has not been done; that takes some seconds.
 * @throws Error in one line with what is missing and the remedy.
 */
export function nativeAlgebra(options: CompileOptions = {}): Algebra {
  const addon = require(compileAddon("linear-algebra", options)) as Omit<Algebra, "name"> & {
    setThreads: Kernel<Counts<"count">>;
  };
  addon.setThreads({ count: threadCount() });
  return { ...addon, name: "native" };
}
