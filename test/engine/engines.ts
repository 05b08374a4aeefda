// Every engine that tests are run over, with the reason why one is skipped here.
import { loadAddon } from "../../lib/engine/addon.js";
import { type BackendName, loadBackend } from "../../lib/engine/backend.js";
import type { Engine } from "../../lib/engine/engine.js";
import { loadKernels } from "../../lib/engine/kernels.js";
import { nativeEngine } from "../../lib/engine/native.js";
import { portableEngine } from "../../lib/engine/portable.js";
import { tensorflowEngine } from "../../lib/engine/tensorflow.js";
import { noWebGpu } from "./webgpu.js";

export interface Contender {
  readonly name: BackendName | "native" | "tensorflow";
  /** Why it cannot run here, or false. */
  readonly skip: string | false;
  start(options?: { readonly blockFeatures?: number }): Promise<Engine>;
  /** Tensors that live in the engine now, and their bytes where it tells. */
  memory(): Promise<{ readonly tensors: number; readonly bytes?: number }>;
}

function portable(name: BackendName, skip: string | false = false): Contender {
  return {
    name,
    skip,
    start: (options) => portableEngine({ ...options, backend: name }),
    memory: async () => {
      const { activate, tf } = await loadBackend(name);
      activate();
      const { numTensors, numBytes } = tf.memory();
      return { tensors: numTensors, bytes: numBytes };
    },
  };
}

/** All of them. */
export const contenders: readonly Contender[] = [
  portable("wasm"),
  portable("cpu"),
  portable("webgpu", noWebGpu),
  {
    name: "native",
    skip: await reasonAgainstNative(),
    start: nativeEngine,
    memory: async () => ({ tensors: 0 }),
  },
  {
    name: "tensorflow",
    skip: reasonAgainstTensorflow(),
    start: (options) => tensorflowEngine({ ...options, precision: "float32" }),
    memory: async () => ({ tensors: loadAddon().getNumOfTensors() }),
  },
];

function reasonAgainstTensorflow(): string | false {
  try {
    loadAddon();
    return false;
  } catch (error) {
    return (error as Error).message;
  }
}

async function reasonAgainstNative(): Promise<string | false> {
  try {
    await loadKernels();
    return false;
  } catch (error) {
    return (error as Error).message;
  }
}
