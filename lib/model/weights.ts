// A model's weights on disk: one float32 tensor a parameter, which PyTorch reads and writes as well.
import { type AutoencoderSpec, parametersOf, type Weights } from "./autoencoder.js";
import { streamTensors, withTensors } from "./tensor-file.js";

/** Gives one parameter's values at a time, as `Model.readTensor` does. */
export type ReadWeight = (name: string) => Promise<Float32Array>;

/**
 * Writes the model's parameters in the order of the paper's Table 3, with PyTorch's names and `[out, in]` layout.
 * The file appears whole or not at all. Where weights are read one by one, no more than one is held.
 * @throws RangeError if a parameter is missing, unknown, of another size, or not finite.
 */
export async function writeWeights(
  file: string,
  spec: AutoencoderSpec,
  weights: Weights | ReadWeight,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const parameters = parametersOf(spec);
  if (typeof weights !== "function") refuseOtherNames("writeWeights", parameters, weights.keys());
  const read = typeof weights === "function" ? weights : (name: string) => weights.get(name)!;
  const tensors = parameters.map(({ name, shape }) => ({ name, shape, read: () => read(name) }));
  await streamTensors(file, tensors, { format: "pt", ...metadata });
}

/**
 * Reads the parameters of a model of this spec.
 * @throws Error if the file is not a sound safetensors file, or holds the parameters of another model.
 */
export async function readWeights(
  file: string,
  spec: AutoencoderSpec,
): Promise<Map<string, Float32Array>> {
  const parameters = parametersOf(spec);
  return await withTensors(file, async ({ tensors, read }) => {
    refuseOtherNames("the parameters of this model", parameters, tensors.keys());
    for (const { name, shape } of parameters) {
      const there = tensors.get(name)!.shape;
      if (there.join() !== shape.join()) {
        throw new Error(`expected "${name}" to be [${shape}], got [${there}]`);
      }
    }
    const weights = new Map<string, Float32Array>();
    for (const { name } of parameters) weights.set(name, await read(name));
    return weights;
  });
}

function refuseOtherNames(
  what: string,
  parameters: readonly { readonly name: string }[],
  names: Iterable<string>,
): void {
  const given = new Set(names);
  const missing = parameters.map(({ name }) => name).filter((name) => !given.delete(name));
  if (missing.length + given.size === 0) return;
  const some = (list: readonly string[]) =>
    list.length === 0 ? "none" : list.slice(0, 5).join(", ") + (list.length > 5 ? ", ..." : "");
  throw new RangeError(
    `${what}: expected ${parameters.length} names, got ${missing.length} missing (${some(missing)}) ` +
      `and ${given.size} unknown (${some([...given])}); was it another width or number of hidden layers?`,
  );
}
