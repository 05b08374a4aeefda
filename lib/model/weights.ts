// A model's weights on disk: one float32 tensor per parameter or buffer, which PyTorch reads and writes as well.
import type { TensorShape } from "../layers/layers.js";
import type { Weights } from "./model.js";
import { streamTensors, withTensors } from "./tensor-file.js";

/**
 * What PyTorch's batch normalization counts beside its statistics, in int64, and with a fixed momentum never reads.
 * A state without it is whole to PyTorch, which takes it for one of an older version; it is not written, and passed over
 * where it is read.
 */
const COUNT = /\.num_batches_tracked$/;

/** Gives one tensor's values at a time, as `Model.readTensor` does. */
export type ReadWeight = (name: string) => Promise<Float32Array>;

/**
 * Writes a model's tensors in their order, with PyTorch's names and `[outputs, inputs]` layout. The file appears whole or
 * not at all. Where weights are read one by one, no more than one is held.
 * @throws RangeError if a tensor is missing, unknown, of another size, or not finite.
 */
export async function writeWeights(
  file: string,
  parts: readonly TensorShape[],
  weights: Weights | ReadWeight,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (typeof weights !== "function") refuseOtherNames("writeWeights", parts, weights.keys());
  const read = typeof weights === "function" ? weights : (name: string) => weights.get(name)!;
  const tensors = parts.map(({ name, shape }) => ({ name, shape, read: () => read(name) }));
  await streamTensors(file, tensors, { format: "pt", ...metadata });
}

/**
 * Reads the tensors of a model.
 * @throws Error if the file is not a sound safetensors file, or holds the tensors of another model.
 */
export async function readWeights(
  file: string,
  parts: readonly TensorShape[],
): Promise<Map<string, Float32Array>> {
  return await withTensors(file, async ({ tensors, read }) => {
    const names = [...tensors.keys()].filter((name) => !COUNT.test(name));
    refuseOtherNames("the parameters of this model", parts, names);
    for (const { name, shape } of parts) {
      const there = tensors.get(name)!.shape;
      if (there.join() !== shape.join()) {
        throw new Error(`expected "${name}" to be [${shape}], got [${there}]`);
      }
    }
    const weights = new Map<string, Float32Array>();
    for (const { name } of parts) weights.set(name, await read(name));
    return weights;
  });
}

function refuseOtherNames(
  what: string,
  parts: readonly { readonly name: string }[],
  names: Iterable<string>,
): void {
  const given = new Set(names);
  const missing = parts.map(({ name }) => name).filter((name) => !given.delete(name));
  if (missing.length + given.size === 0) return;
  const some = (list: readonly string[]) =>
    list.length === 0 ? "none" : list.slice(0, 5).join(", ") + (list.length > 5 ? ", ..." : "");
  throw new RangeError(
    `${what}: expected ${parts.length} names, got ${missing.length} missing (${some(missing)}) ` +
      `and ${given.size} unknown (${some([...given])}); was it another width or number of hidden layers?`,
  );
}
