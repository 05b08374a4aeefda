// The matrix products of a training step and nothing else, through the native engine's own kernels.
import { threadCount } from "../../lib/engine/compile.js";
import { ACTIVATION, type Kernels, loadKernels } from "../../lib/engine/kernels.js";
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
  const multiply = makeProducts(kernels, shape);
  return {
    with: `our kernels, ${32 * kernels.vector}-bit vectors, ${threadCount()} threads`,
    answer: [],
    run: multiply,
  };
}

function makeProducts(kernels: Kernels, { batch: rows, features, width, hiddenLayers }: Shape) {
  const strip = 2 * kernels.vector;
  const whole = (count: number) => Math.ceil(count / strip) * strip;
  const lanes = whole(rows);
  const random = (length: number) => {
    const values = kernels.allocate(length);
    for (let i = 0; i < length; i++) values[i] = ((i * 7919) % 1021) / 1021 - 0.5;
    return values;
  };
  const [inputWeight, outputWeight] = [random(width * features), random(features * width)];
  const hidden = Array.from({ length: hiddenLayers }, () => random(width * width));
  const [input, packedInput] = [random(lanes * features), random(whole(features) * rows)];
  const [units, packedUnits] = [random(lanes * width), random(whole(width) * rows)];
  const [unitSlopes, featureSlopes] = [random(width * lanes), random(features * lanes)];
  const [unitsOut, featuresOut] = [random(width * lanes), random(features * lanes)];
  const below = kernels.allocate(threadCount() * whole(width) * lanes);
  const gradient = kernels.allocate(BLOCK * width);
  const [bias, biasGradient] = [random(features), kernels.allocate(features)];
  const adam = new Float64Array(8);
  const forward = (weight: Float32Array, outputs: number, inputs: number, from: Float32Array) => {
    const out = outputs === width ? unitsOut : featuresOut;
    const { linear } = ACTIVATION;
    kernels.forward(weight, inputs, outputs, inputs, bias, from, lanes, linear, out);
  };
  const gradientOf = (
    [outputs, inputs]: readonly [number, number],
    slopes: Float32Array,
    packed: Float32Array,
  ) =>
    kernels.update(
      ...([gradient, null, null, inputs, outputs, inputs, biasGradient, null, null] as const),
      ...([slopes, lanes, packed, rows, adam] as const),
    );
  const blocks = (count: number) =>
    Array.from({ length: Math.ceil(count / BLOCK) }, (_, i) => {
      return { at: i * BLOCK, size: Math.min(BLOCK, count - i * BLOCK) };
    });
  return () => {
    forward(inputWeight, width, features, input);
    for (const weight of hidden) forward(weight, width, width, units);
    forward(outputWeight, features, width, units);
    kernels.backward(outputWeight, features, width, featureSlopes, lanes, below);
    for (const { at, size } of blocks(features)) {
      gradientOf([size, width], featureSlopes.subarray(at * lanes), packedUnits);
    }
    for (const weight of hidden) {
      kernels.backward(weight, width, width, unitSlopes, lanes, below);
      for (const { at, size } of blocks(width)) {
        gradientOf([size, width], unitSlopes.subarray(at * lanes), packedUnits);
      }
    }
    for (const { at, size } of blocks(features)) {
      gradientOf([width, size], unitSlopes, packedInput.subarray(at * rows));
    }
  };
}
