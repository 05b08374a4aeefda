// The matrix products of a training step and nothing else, through the native engine's own kernels.
import { type Kernels, loadKernels, type WeightPlace } from "../../lib/engine/kernels.js";
import type { Shape } from "./inputs.js";
import type { Task } from "./ours.js";

/** Features whose gradient is made at a time, into memory that stays in the processor's cache and is written over. */
const BLOCK = 1024;

/**
 * Makes a task that multiplies what a step multiplies, on random numbers: five products with the large weights
 * (forward and gradient of the input layer; forward, gradient and way back of the output layer) and three with each
 * hidden layer's. No loss, no Adam; the weights are read, and nothing as large as they are is written.
 */
export async function bareProducts(shape: Shape): Promise<Task> {
  const kernels = await loadKernels();
  return {
    with: `our kernels, ${32 * kernels.vector}-bit vectors, ${kernels.threads} threads`,
    answer: [],
    run: makeProducts(kernels, shape),
  };
}

function makeProducts(kernels: Kernels, { batch: rows, features, width, hiddenLayers }: Shape) {
  const random = (length: number) => {
    const values = kernels.allocate({ length });
    for (let i = 0; i < length; i++) values[i] = ((i * 7919) % 1021) / 1021 - 0.5;
    return values;
  };
  const [inputWeight, outputWeight] = [random(width * features), random(features * width)];
  const hidden = Array.from({ length: hiddenLayers }, () => random(width * width));
  const bias = random(features);
  const [wide, narrow, block] = [features, width, BLOCK].map((units) => random(rows * units)); // [rows, units]
  const [wideOut, narrowOut] = [features, width].map((units) => random(rows * units));
  const gradient = { value: random(Math.max(BLOCK, width) * width), first: null, second: null };
  const adam = new Float64Array(9);
  const place = (outputs: number, inputs: number): WeightPlace => {
    return { start: 0, stride: inputs, outputs, inputs };
  };
  const inBlocks = (work: (size: number) => void) => {
    for (let at = 0; at < features; at += BLOCK) work(Math.min(BLOCK, features - at));
  };
  return () => {
    const given = { bias, rows };
    kernels.forward({
      ...given,
      ...place(width, features),
      weight: inputWeight,
      x: wide,
      out: narrowOut,
    });
    for (const weight of hidden) {
      kernels.forward({ ...given, ...place(width, width), weight, x: narrow, out: narrowOut });
    }
    kernels.forward({
      ...given,
      ...place(features, width),
      weight: outputWeight,
      x: narrow,
      out: wideOut,
    });
    kernels.backward({
      ...place(features, width),
      weight: outputWeight,
      slope: wide,
      rows,
      out: narrowOut,
    });
    const update = { weight: gradient, rows, adam };
    inBlocks((size) => {
      const slope = block.subarray(0, rows * size);
      kernels.update({ ...update, ...place(size, width), slope, x: narrow });
    });
    for (const weight of hidden) {
      kernels.backward({ ...place(width, width), weight, slope: narrow, rows, out: narrowOut });
      kernels.update({ ...update, ...place(width, width), slope: narrow, x: narrow });
    }
    inBlocks((size) => {
      const x = block.subarray(0, rows * size);
      kernels.update({ ...update, ...place(width, size), slope: narrow, x });
    });
  };
}
