// The engines that tests run on, with the reason why one is skipped here.
import type { Engine } from "../../lib/engine/engine.js";
import { loadKernels } from "../../lib/engine/kernels.js";
import { nativeEngine } from "../../lib/engine/native.js";

export interface Contender {
  readonly name: string;
  /** Why it cannot run here, or false. */
  readonly skip: string | false;
  start(options?: { readonly blockEntries?: number }): Promise<Engine>;
  /** Tensors that live in the engine now; 0 where it does not count them. */
  tensors(): Promise<number>;
}

export const contenders: readonly Contender[] = [
  {
    name: "native",
    skip: await loadKernels().then(
      () => false as const,
      (error: Error) => error.message,
    ),
    start: nativeEngine,
    tensors: async () => 0,
  },
];
