// The backends of TensorFlow.js: loading one by name, and what is known of it beyond the public API.
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import type * as Tf from "@tensorflow/tfjs-core";
import { loadAddon } from "./addon.js";
import { Library, type NodeBackend } from "./tfjs-library.js";
import { type AdamKernel, adamKernel } from "./wasm-adam.js";

/** "tensorflow" is libtensorflow, on a processor or an NVIDIA graphics processor. */
export type BackendName = "tensorflow" | "webgpu" | "wasm" | "cpu";

export interface Backend {
  readonly name: BackendName;
  /** Of what computes. */
  readonly version: string;
  readonly tf: typeof Tf;
  /** Makes the synchronous operations that follow run here: TensorFlow.js has one active backend in a process. */
  activate(): void;
  /** A tensor's own memory, or null where JavaScript cannot see it. Valid until the next allocation. */
  view(tensor: Tf.Tensor): Float32Array | null;
  /** Adam's update on the backend's memory, where it is faster than JavaScript's. */
  readonly adam: AdamKernel | null;
  /** libtensorflow's own operations; null for the other backends. */
  readonly library: Library | null;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs work after all work that was given here before: the active backend and its scopes are the process's. */
export function inTurn<R>(work: () => Promise<R>): Promise<R> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return turn;
}

/**
 * Loads a backend.
 * @throws Error with the reason if it cannot run here.
 */
export function loadBackend(name: BackendName): Promise<Backend> {
  return inTurn(async () => {
    const tf = await import("@tensorflow/tfjs-core");
    // Otherwise tfjs recommends other packages on the console.
    tf.enableProdMode();
    const before = tf.getBackend();
    const restore = keepErrorHandlers();
    let ready = false;
    try {
      const viewOf = await prepare[name]();
      ready = await tf.setBackend(name);
      if (!ready) throw new Error(`loadBackend: tfjs could not start its backend "${name}"`);
      return describe(tf, name, viewOf(tf.backend()));
    } finally {
      restore();
      if (!ready && before) await tf.setBackend(before);
    }
  });
}

function describe(tf: typeof Tf, name: BackendName, view: Backend["view"]): Backend {
  const backend = tf.backend();
  const { memory } = (backend as { wasm?: { asm?: { memory?: unknown } } }).wasm?.asm ?? {};
  const library = name === "tensorflow" ? new Library(tf, backend as NodeBackend) : null;
  const activate = () => {
    // Takes effect at once, since the backend is initialized.
    if (tf.getBackend() !== name) void tf.setBackend(name);
  };
  const version = library?.version ?? tf.version_core;
  return { name, version, tf, activate, view, adam: adamKernel(memory), library };
}

const require = createRequire(import.meta.url);
const invisible = () => () => null;

/** Registers a backend with tfjs, and says how to see its tensors' memory. */
const prepare: Record<BackendName, () => Promise<(backend: Tf.KernelBackend) => Backend["view"]>> =
  {
    async tensorflow() {
      loadAddon();
      // The package calls functions that Node 23 removed.
      const removed = util as { isNullOrUndefined?: unknown; isArray?: unknown };
      removed.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
      removed.isArray ??= Array.isArray;
      require("@tensorflow/tfjs-node-gpu");
      return invisible;
    },
    async webgpu() {
      await provideWebGpu();
      await import("@tensorflow/tfjs-backend-webgpu");
      return invisible;
    },
    async wasm() {
      const { BackendWasm, setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
      const manifest = require.resolve("@tensorflow/tfjs-backend-wasm/package.json");
      setWasmPaths(join(dirname(manifest), "dist") + sep);
      return (backend) => (tensor) =>
        backend instanceof BackendWasm
          ? (backend.typedArrayFromHeap(tensor) as Float32Array)
          : null;
    },
    async cpu() {
      const { MathBackendCPU } = await import("@tensorflow/tfjs-backend-cpu");
      return (backend) => (tensor) => {
        if (!(backend instanceof MathBackendCPU)) return null;
        const values = backend.readSync(tensor.dataId);
        return values instanceof Float32Array ? values : null;
      };
    },
  };

/**
 * tfjs's wasm module makes every unhandled rejection of the process fatal, and prints its own source with each.
 * A kernel or a server must survive them, so this removes its handlers again.
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

/** The part of WebGPU used here; TypeScript declares it only with the browser's library. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

/** The `navigator.gpu` that `provideWebGpu` made. */
let provided: Gpu | undefined;

/** Says whether this process offers WebGPU by itself. */
export function hasWebGpu(): boolean {
  const { navigator } = globalThis as { navigator?: { gpu?: Gpu } };
  return navigator?.gpu !== undefined && navigator.gpu !== provided;
}

/**
 * Provides a `navigator.gpu` with an adapter, under Node by the optional package "webgpu".
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
