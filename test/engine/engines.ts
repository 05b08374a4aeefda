// Every engine that tests run on, with the reason why one is skipped here.

import type { EngineName } from "../../lib/engine/choose.js";
import type { BackendName, Engine } from "../../lib/engine/engine.js";
import { loadKernels } from "../../lib/engine/kernels.js";
import { nativeEngine } from "../../lib/engine/native.js";
import { provideWebGpu } from "../../lib/engine/platform.js";
import { loadAddon } from "../../lib/engine/tensorflow.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { loadBackend } from "../../lib/engine/tfjs-backend.js";

export interface Contender {
  readonly name: EngineName;
  /** Why it cannot run here, or false. */
  readonly skip: string | false;
  /** @param options `blockEntries` as tfjsEngine takes it; the native engine has its own blocks. */
  start(options?: { readonly blockEntries?: number }): Promise<Engine>;
  /** Tensors that live in the engine now; 0 where it does not count them. */
  tensors(): Promise<number>;
}

function tfjs(name: BackendName, skip: string | false = false): Contender {
  return {
    name,
    skip,
    start: (options) => tfjsEngine({ ...options, backend: name, precision: "float32" }),
    async tensors() {
      const { tf, library } = await loadBackend(name);
      return tf.memory().numTensors + (library ? loadAddon().getNumOfTensors() : 0);
    },
  };
}

/** Why WebGPU does not run here; false if it does. */
export const noWebGpu = await reasonAgainst(provideWebGpu);

/** All of them. */
export const contenders: readonly Contender[] = [
  {
    name: "native",
    skip: await reasonAgainst(loadKernels),
    start: nativeEngine,
    tensors: async () => 0,
  },
  tfjs("tensorflow", await reasonAgainst(loadAddon)),
  tfjs("wasm"),
  tfjs("cpu"),
  tfjs("webgpu", noWebGpu),
];

async function reasonAgainst(load: () => unknown): Promise<string | false> {
  try {
    await load();
    return false;
  } catch (error) {
    return (error as Error).message;
  }
}
