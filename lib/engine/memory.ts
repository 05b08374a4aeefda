// Whether a model fits: what an engine will need, against what there is.
import { totalmem } from "node:os";
import { type AutoencoderSpec, countParameters } from "../model/autoencoder.js";
import type { BackendName } from "./backend.js";

/** Bytes that may be used; a limit of Infinity is none. */
export interface MemoryLimits {
  /** In the backend's own heap, which holds the weights, Adam's two moments and one batch. */
  readonly heap: number;
  /** In the process, which holds the caller's weights and batch besides. */
  readonly total: number;
}

const GIB = 2 ** 30;
/** Room for the batch, activations and blocks in work, beside the arrays counted by feature. */
const WORKING = 64 * 2 ** 20;
/** Rows that a batch is reckoned with; the paper's has 80. */
const ROWS = 128;

/** The limits here: wasm32 addresses 4 GiB, of which fragmentation takes its share. */
export function memoryLimits(backend: BackendName | "native" | "tensorflow"): MemoryLimits {
  const heap = backend === "wasm" ? 3.75 * GIB : Number.POSITIVE_INFINITY;
  // Node says 0 or a huge number where no container limits it.
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return { heap, total: Math.min(constrained, totalmem()) };
}

/** Reckons the bytes that training a model needs, in the backend's heap and in all. */
export function estimateMemory(spec: AutoencoderSpec): MemoryLimits {
  const weights = 4 * countParameters(spec);
  const batch = 4 * ROWS * spec.features;
  const heap = 3 * weights + batch + WORKING;
  // The caller's weights, and the batch as it came with its dropped copy.
  return { heap, total: heap + weights + 3 * batch };
}

/**
 * Refuses a model that would run out of memory in the middle of a training.
 * @throws RangeError with the bytes needed, the limit, and the largest width that fits.
 */
export function requireMemory(spec: AutoencoderSpec, limits: MemoryLimits): void {
  const needed = estimateMemory(spec);
  const over = (["heap", "total"] as const).find((kind) => needed[kind] > limits[kind]);
  if (!over) return;
  let fits = 0;
  let tooWide = spec.width;
  while (tooWide - fits > 1) {
    const width = Math.floor((fits + tooWide) / 2);
    const { heap, total } = estimateMemory({ ...spec, width });
    if (heap <= limits.heap && total <= limits.total) fits = width;
    else tooWide = width;
  }
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(2)} GiB`;
  const what = over === "heap" ? "in the backend's heap" : "of memory";
  throw new RangeError(
    `build: expected a model of at most ${gib(limits[over])} ${what}, got ${gib(needed[over])} ` +
      `for ${spec.features} features and a width of ${spec.width}; ` +
      (fits > 0 ? `a width of ${fits} fits` : "no width fits: take fewer features"),
  );
}
