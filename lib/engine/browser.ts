// Replaces the engine's files that need Node when a page is bundled: wasm and plain JavaScript, no native code.
import type { MemoryLimits } from "./engine.js";
import { type Algebra, portableAlgebra } from "./linear-algebra-portable.js";

/** The wasm module as a data URL, defined by the page's builder. */
declare const WASM: string;

const unavailable = async (): Promise<never> => {
  throw new Error('tfjs: expected the backend "wasm" or "cpu" in a page, got another');
};

/** As in platform.ts. */
export const prepare = {
  tensorflow: unavailable,
  webgpu: unavailable,
  async wasm() {
    const { env } = await import("@tensorflow/tfjs-core");
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    // The module with threads needs separate files.
    env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    const modules = ["wasm", "wasm-simd", "wasm-threaded-simd"];
    setWasmPaths(Object.fromEntries(modules.map((name) => [`tfjs-backend-${name}.wasm`, WASM])));
  },
  async cpu() {
    await import("@tensorflow/tfjs-backend-cpu");
  },
};

/** As in platform.ts; these backends install no handlers. */
export function keepErrorHandlers(): () => void {
  return () => {};
}

/** As in platform.ts; a page cannot tell. */
export function memoryLimits(): MemoryLimits {
  const heap = Number.POSITIVE_INFINITY;
  return { heap, total: heap, available: heap };
}

/** As in platform.ts; a page computes in JavaScript. */
export function nativeAlgebra(): Algebra {
  return portableAlgebra;
}
