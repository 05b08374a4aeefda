// Whether a model fits: what an engine will need, against what there is.
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { type AutoencoderSpec, countParameters } from "../model/autoencoder.js";

/** Bytes that may be used; a limit of Infinity is none. */
export interface MemoryLimits {
  /** In the backend's own heap, which holds the weights, Adam's two moments and one batch. */
  readonly heap: number;
  /** In the process, which holds the caller's weights and batch besides. */
  readonly total: number;
  /** What nobody uses now; the caller's weights are in use already. */
  readonly available: number;
}

/** The limits of one engine here; without a backend, a model's needs are reckoned as its arrays alone. */
export interface BackendLimits extends MemoryLimits {
  readonly backend?: string;
}

const GIB = 2 ** 30;
/** Room for the batch, activations and blocks in work, beside the arrays counted by feature. */
const WORKING = 64 * 2 ** 20;
/**
 * What TensorFlow takes beyond the arrays: its library, and copies that are freed late. Measured at the peak with
 * 71,094 features: 5.72 GiB where the arrays have 4.73 (2,048 wide), 1.76 where they have 1.30 (512 wide).
 */
const TENSORFLOW = { library: 0.4 * GIB, copies: 1.15 };
/** Rows that a batch is reckoned with; the paper's has 80. */
const ROWS = 128;

/** The limits here: wasm32 addresses 4 GiB, of which fragmentation takes its share. */
export function memoryLimits(backend: string): BackendLimits {
  const heap = backend === "wasm" ? 3.75 * GIB : Number.POSITIVE_INFINITY;
  // Node says 0 or a huge number where no container limits it.
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  const total = Math.min(constrained, totalmem());
  return { heap, total, available: Math.min(total, availableMemory(constrained)), backend };
}

/**
 * Bytes that could be had at once without swapping, files kept in memory counted as free. Known on Linux alone:
 * elsewhere it is Infinity, since what those systems call free leaves out most of what they would give.
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

/** Reckons the bytes that training a model needs, in the backend's heap and in all. */
export function estimateMemory(spec: AutoencoderSpec, backend?: string): MemoryLimits {
  const weights = 4 * countParameters(spec);
  const batch = 4 * ROWS * spec.features;
  const heap = 3 * weights + batch + WORKING;
  // The batch as it came, with its dropped copy; what batch normalization leaves of it; and the caller's weights.
  const available = heap + (spec.batchNorm ? 7 : 3) * batch;
  const real = (bytes: number) =>
    backend === "tensorflow" ? TENSORFLOW.library + TENSORFLOW.copies * bytes : bytes;
  return { heap, total: real(available + weights), available: real(available) };
}

/** Finds the largest width, of at most the spec's, with which the model keeps within the limits; 0 if there is none. */
export function widestFit(spec: AutoencoderSpec, limits: BackendLimits): number {
  let fits = 0;
  let tooWide = spec.width + 1;
  while (tooWide - fits > 1) {
    const width = Math.floor((fits + tooWide) / 2);
    if (findExcess(estimateMemory({ ...spec, width }, limits.backend), limits) === null)
      fits = width;
    else tooWide = width;
  }
  return fits;
}

/**
 * Refuses a model that would run out of memory in the middle of a training.
 * @throws RangeError with the bytes needed, the limit, and the largest width that fits.
 */
export function requireMemory(spec: AutoencoderSpec, limits: BackendLimits): void {
  const needed = estimateMemory(spec, limits.backend);
  const over = findExcess(needed, limits);
  if (over === null) return;
  const fits = widestFit(spec, limits);
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(2)} GiB`;
  const what = {
    heap: "in the backend's heap",
    total: "of memory",
    available: "of memory, which is what other processes leave now,",
  }[over];
  throw new RangeError(
    `build: expected a model of at most ${gib(limits[over])} ${what}, got ${gib(needed[over])} ` +
      `for ${spec.features} features and a width of ${spec.width}; ` +
      (fits > 0 ? `a width of ${fits} fits` : "no width fits: take fewer features"),
  );
}

/** Names the first limit that is exceeded. */
function findExcess(needed: MemoryLimits, limits: MemoryLimits): keyof MemoryLimits | null {
  const kinds = ["heap", "total", "available"] as const;
  return kinds.find((kind) => needed[kind] > limits[kind]) ?? null;
}
