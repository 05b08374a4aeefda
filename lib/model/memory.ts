// The memory that training a model needs, checked against the memory available.
import type { Engine, MemoryLimits } from "../engine/engine.js";
import type { TensorShape } from "../layers/layers.js";
import { sizeOf } from "./model.js";

/** A model whose memory grows with its features and its width. */
export interface Sized {
  readonly features: number;
  readonly width: number;
}

/** The part of an architecture that the estimate needs. */
interface Tensors<Spec> {
  tensors(spec: Spec): readonly TensorShape[];
}

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
  architecture: Tensors<Spec>,
  spec: Spec & Pick<Sized, "features">,
  backend: string,
): MemoryLimits {
  const tensors = architecture.tensors(spec);
  const count = (isTrained: boolean) =>
    tensors.reduce((sum, one) => sum + (one.isTrained === isTrained ? sizeOf(one.shape) : 0), 0);
  const [weights, buffers] = [4 * count(true), 4 * count(false)];
  const batch = 4 * ROWS * spec.features;
  const batches = buffers > 0 ? BATCHES.normalized : BATCHES.plain;
  const heap = 3 * weights + buffers + batches * batch + WORKING;
  const available = heap + batch; // the batch as passed in
  const real = (bytes: number) =>
    backend === "tensorflow" ? TENSORFLOW.library + TENSORFLOW.copies * bytes : bytes;
  return { heap, total: real(available + weights), available: real(available) };
}

/** Finds the largest width, of at most the spec's, with which the model keeps within the limits; 0 if there is none. */
export function widestFit<Spec extends Sized>(
  architecture: Tensors<Spec>,
  spec: Spec,
  { backend, limits }: { readonly backend: string; readonly limits: MemoryLimits },
): number {
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
 * @throws RangeError with the bytes needed, the limit, and the largest width that fits.
 */
export function requireMemory<Spec extends Sized>(
  architecture: Tensors<Spec>,
  spec: Spec,
  { backend, limits }: { readonly backend: Engine["backend"]; readonly limits: MemoryLimits },
): void {
  requireRoom(estimateMemory(architecture, spec, backend), limits, () => {
    const fits = widestFit(architecture, spec, { backend, limits });
    return (
      `for ${spec.features} features and a width of ${spec.width}; ` +
      (fits > 0 ? `a width of ${fits} fits` : "no width fits: take fewer features")
    );
  });
}

/**
 * Refuses a need for more memory than there is.
 * @param explain names what needs it, and what would fit.
 * @throws RangeError with the bytes needed and the first limit that they exceed.
 */
export function requireRoom(
  needed: MemoryLimits,
  limits: MemoryLimits,
  explain: () => string,
): void {
  const over = findExcess(needed, limits);
  if (over === null) return;
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(2)} GiB`;
  const what = {
    heap: "in the backend's heap",
    total: "of memory",
    available: "of memory, which is what other processes leave now,",
  }[over];
  throw new RangeError(
    `build: expected a model of at most ${gib(limits[over])} ${what}, got ${gib(needed[over])} ${explain()}`,
  );
}

/** Names the first limit that is exceeded. */
function findExcess(needed: MemoryLimits, limits: MemoryLimits): keyof MemoryLimits | null {
  const kinds = ["heap", "total", "available"] as const;
  return kinds.find((kind) => needed[kind] > limits[kind]) ?? null;
}
