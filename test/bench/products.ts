// The matrix products of a training step and nothing else, through the native engine's own library.
import { type Attribute, loadAddon } from "../../lib/engine/addon.js";
import type { Shape } from "./inputs.js";
import type { Task } from "./ours.js";

/** Features whose weights are multiplied at a time: results of 16 MiB, for which no memory must be asked of the system. */
const BLOCK = 2048;

/**
 * Makes a task that multiplies what a step multiplies, on random numbers: five products with the large weights
 * (forward and gradient of the input layer; forward, gradient and way back of the output layer) and three with each
 * hidden layer's.
 */
export function bareProducts({ batch, features, width, hiddenLayers }: Shape): Task {
  const addon = loadAddon();
  const random = (rows: number, columns: number) => {
    // Cheap, but no zeros: pages of them would all be the same memory.
    const values = new Float32Array(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 1021) / 1021 - 0.5;
    return addon.createTensor([rows, columns], addon.TF_FLOAT, values);
  };
  const product = (a: number, b: number, left: boolean, right: boolean) => {
    const attributes: Attribute[] = [
      { name: "T", type: addon.TF_ATTR_TYPE, value: addon.TF_FLOAT },
      { name: "transpose_a", type: addon.TF_ATTR_BOOL, value: left },
      { name: "transpose_b", type: addon.TF_ATTR_BOOL, value: right },
    ];
    addon.deleteTensor(addon.executeOp("MatMul", attributes, [a, b], 1)[0].id);
  };
  const units = random(batch, width);
  const hidden = Array.from({ length: hiddenLayers }, () => random(width, width));
  const blocks = Array.from({ length: Math.ceil(features / BLOCK) }, (_, i) => {
    const size = Math.min(BLOCK, features - i * BLOCK);
    return {
      input: random(width, size), // [out, in], as PyTorch has it
      output: random(size, width),
      columns: random(batch, size), // of the input, of the reconstruction, and of its gradient
    };
  });
  return {
    with: `libtensorflow ${addon.TF_Version}, blocks of ${BLOCK} features`,
    answer: [],
    run() {
      for (const { input, columns } of blocks) product(columns, input, false, true);
      for (const weight of hidden) product(units, weight, false, true);
      for (const { output, columns } of blocks) {
        product(units, output, false, true);
        product(columns, output, false, false);
        product(columns, units, true, false);
      }
      for (const weight of hidden) {
        product(units, weight, false, false);
        product(units, units, true, false);
      }
      for (const { columns } of blocks) product(units, columns, true, false);
    },
  };
}
