// A model's weights on disk: a safetensors file that PyTorch can read, with a float32 tensor per parameter or buffer.
import { quoteSome } from "../cohort/problems.js";
import type { TensorShape } from "../layers/layers.js";
import type { Weights } from "./model.js";
import { withTensors, writeTensors } from "./safetensors.js";

/**
 * An int64 counter of PyTorch's batch normalization, unused with a fixed momentum. It is skipped on reading and never
 * written: PyTorch accepts a state without it as one of an older version.
 */
const COUNT = /\.num_batches_tracked$/;

/**
 * Writes a model's tensors in order, with PyTorch's names and `[outputs, inputs]` layout. The file appears whole or not at
 * all. With a reader, such as `Model.readTensor`, only one tensor is in memory at a time.
 * @throws RangeError if a tensor is missing or unknown, has a wrong size, or is not finite.
 */
export async function writeWeights(
  file: string,
  parts: readonly TensorShape[],
  weights: Weights | ((name: string) => Promise<Float32Array>),
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (typeof weights !== "function") refuseOtherNames("writeWeights", parts, weights.keys());
  const read = typeof weights === "function" ? weights : (name: string) => weights.get(name)!;
  const tensors = parts.map(({ name, shape }) => {
    return [name, { shape, values: () => read(name) }] as const;
  });
  await writeTensors(file, new Map(tensors), { format: "pt", ...metadata });
}

/**
 * Reads the tensors of a model.
 * @throws Error if the file is damaged, or holds the tensors of another model.
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
  throw new RangeError(
    `${what}: expected ${parts.length} names, got ${missing.length} missing (${quoteSome(missing, 5)}) ` +
      `and ${given.size} unknown (${quoteSome([...given], 5)}); was it another width or number of hidden layers?`,
  );
}
