// The memory that training a model needs, checked against the memory available.
import type { Engine, MemoryLimits } from "../engine/engine.js";
import { countNumbers, type Described } from "../layers/layers.js";

/** The part of an architecture that the estimate needs. */
interface Shaped<Spec> extends Described<Spec> {
  rowSize?(spec: Spec): number;
}

/** What the estimate is held against; an `Engine` is one. */
type Room = Pick<Engine, "backend" | "memoryLimits">;

const GIB = 2 ** 30;
/** Memory for activations and working blocks, beside the arrays counted by feature. */
const WORKING = 64 * 2 ** 20;
/**
 * TensorFlow's overhead: its library, and copies that are freed late. Measured peak with 71,094 features: 5.72 GiB for
 * arrays of 4.73 GiB (2,048 wide), 1.76 GiB for arrays of 1.30 GiB (512 wide).
 */
const TENSORFLOW = { library: 0.4 * GIB, copies: 1.15 };
/** Rows of the batch that the estimate assumes; the paper's batch has 80. */
const ROWS = 128;
/** Number of batch-sized tensors: the batch, its visible part, its dropout mask; and those of batch normalization. */
const BATCHES = { plain: 4, normalized: 10 };

/** Estimates the bytes that training a model needs, in the engine's heap and in total. */
export function estimateMemory<Spec>(
  architecture: Shaped<Spec>,
  spec: Spec,
  backend: string,
): MemoryLimits {
  const tensors = architecture.network(spec).tensors;
  const [weights, buffers] = [true, false].map((isTrained) => 4 * countNumbers(tensors, isTrained));
  const batch = 4 * ROWS * (architecture.rowSize?.(spec) ?? 0);
  const batches = buffers > 0 ? BATCHES.normalized : BATCHES.plain;
  const heap = 3 * weights + buffers + batches * batch + WORKING;
  const available = heap + batch; // the batch as passed in
  const real = (bytes: number) =>
    backend === "tensorflow" ? TENSORFLOW.library + TENSORFLOW.copies * bytes : bytes;
  return { heap, total: real(available + weights), available: real(available) };
}

/** Finds the largest width, of at most the spec's, with which the model keeps within the limits; 0 if there is none. */
export function widestFit<Spec>(
  architecture: Shaped<Spec>,
  spec: Spec & { readonly width: number },
  { backend, memoryLimits }: Room,
): number {
  const limits = memoryLimits();
  let fits = 0;
  let tooWide = spec.width + 1;
  while (tooWide - fits > 1) {
    const width = Math.floor((fits + tooWide) / 2);
    const needed = estimateMemory(architecture, { ...spec, width }, backend);
    if (findExcess(needed, limits) === null) fits = width;
    else tooWide = width;
  }
  return fits;
}

/**
 * Refuses a model that would run out of memory during training.
 * @throws RangeError with the bytes needed, the first limit that they exceed, and the largest width that fits.
 */
export function requireMemory<Spec>(architecture: Shaped<Spec>, spec: Spec, room: Room): void {
  const needed = estimateMemory(architecture, spec, room.backend);
  const limits = room.memoryLimits();
  const over = findExcess(needed, limits);
  if (over === null) return;
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(2)} GiB`;
  const what = {
    heap: "in the backend's heap",
    total: "of memory",
    available: "of memory, which is what other processes leave now,",
  }[over];
  const numbers = countNumbers(architecture.network(spec).tensors, true);
  const { width = 0 } = spec as Spec & { readonly width?: number };
  const fits = widestFit(architecture, { ...spec, width }, room);
  throw new RangeError(
    `build: expected a model of at most ${gib(limits[over])} ${what}, got ${gib(needed[over])} ` +
      `for ${(numbers / 1e6).toFixed(0)} million parameters; ` +
      (fits > 0 ? `a width of ${fits} fits` : "take fewer features, or make its layers narrower"),
  );
}

/** Names the first limit that is exceeded. */
function findExcess(needed: MemoryLimits, limits: MemoryLimits): keyof MemoryLimits | null {
  const kinds = ["heap", "total", "available"] as const;
  return kinds.find((kind) => needed[kind] > limits[kind]) ?? null;
}
