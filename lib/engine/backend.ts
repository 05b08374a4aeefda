// The tfjs backends that compute for the portable engine: loading one by name, and seeing its memory.
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Tf from "@tensorflow/tfjs-core";
import { type AdamKernel, adamKernel } from "./adam.js";

export type BackendName = "wasm" | "webgpu" | "cpu";

export interface Backend {
  readonly name: BackendName;
  readonly tf: typeof Tf;
  /** Lets the synchronous operations that follow run here; models of several backends may live side by side. */
  activate(): void;
  /** The tensor's own memory, or null where JavaScript cannot see it. Valid until the next allocation. */
  readonly view: (tensor: Tf.Tensor) => Float32Array | null;
  /** Adam's update on the backend's memory, where there is a faster one than JavaScript's. */
  readonly adam: AdamKernel | null;
}

/**
 * Loads a tfjs backend.
 * @throws Error with the reason if it cannot run here.
 */
export async function loadBackend(name: BackendName): Promise<Backend> {
  const tf = await import("@tensorflow/tfjs-core");
  const view = await prepare[name]();
  const before = tf.getBackend();
  // Otherwise tfjs recommends other packages on the console; what fails is thrown below.
  tf.enableProdMode();
  const restore = keepErrorHandlers();
  const ready = await tf.setBackend(name);
  restore();
  if (!ready && before) await tf.setBackend(before);
  if (!ready) throw new Error(`loadBackend: tfjs could not start its backend "${name}"`);
  const { memory } = (tf.backend() as { wasm?: { asm?: { memory?: unknown } } }).wasm?.asm ?? {};
  const adam = adamKernel(memory);
  const activate = () => {
    if (tf.getBackend() === name) return;
    // It takes effect at once, since the backend is initialized already.
    void tf.setBackend(name);
  };
  return { name, tf, activate, view: (tensor) => view(tf.backend(), tensor), adam };
}

type View = (backend: Tf.KernelBackend, tensor: Tf.Tensor) => Float32Array | null;

const prepare: Record<BackendName, () => Promise<View>> = {
  async wasm() {
    const { setWasmPaths, BackendWasm } = await import("@tensorflow/tfjs-backend-wasm");
    const resolve = createRequire(import.meta.url).resolve;
    setWasmPaths(
      join(dirname(resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist") + sep,
    );
    return (backend, tensor) => {
      if (!(backend instanceof BackendWasm)) return null;
      return backend.typedArrayFromHeap(tensor) as Float32Array;
    };
  },
  async cpu() {
    const { MathBackendCPU } = await import("@tensorflow/tfjs-backend-cpu");
    return (backend, tensor) => {
      if (!(backend instanceof MathBackendCPU)) return null;
      const values = backend.readSync(tensor.dataId);
      return values instanceof Float32Array ? values : null;
    };
  },
  async webgpu() {
    await provideWebGpu();
    await import("@tensorflow/tfjs-backend-webgpu");
    return () => null;
  },
};

/**
 * tfjs's wasm module makes every unhandled rejection of the process fatal, and prints its own source with each.
 * A kernel or a server has to survive them, so its handlers are taken off again.
 */
function keepErrorHandlers(): () => void {
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

/** What is used here of WebGPU; TypeScript declares it with the browser's library alone. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

/** What `provideWebGpu` put in place. */
let provided: Gpu | undefined;

/** Says whether this process offers WebGPU by itself. */
export function hasWebGpu(): boolean {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  return navigator?.gpu !== undefined && navigator.gpu !== provided;
}

/**
 * Sees to it that there is a `navigator.gpu` with an adapter, under Node by the optional package "webgpu".
 * @throws Error with the reason if there is none.
 */
export async function provideWebGpu(): Promise<void> {
  const scope = globalThis as { navigator?: { gpu?: Gpu } };
  const gpu = scope.navigator?.gpu ?? (await startDawn());
  if (!(await gpu.requestAdapter())) {
    throw new Error(
      "provideWebGpu: expected a graphics processor for WebGPU, got none; " +
        "it takes a driver, on Linux one of Vulkan",
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
    const file = createRequire(import.meta.url).resolve("webgpu");
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
