// The native engine's parameters by layer, as its kernels take them.
import {
  type AutoencoderSpec,
  parametersOf,
  sizeOf,
  visibleOf,
  type Weights,
} from "../model/autoencoder.js";
import { type AdamStep, BETA1, BETA2, coefficients, EPSILON } from "./adam.js";

import type { Kept } from "./engine.js";
import type { Kernels, Trained } from "./kernels.js";

/** A parameter and its moments, in PyTorch's layout. */
export type Parameter = Readonly<Record<Kept, Float32Array>>;

export interface Layer {
  readonly weight: Trained;
  readonly bias: Trained;
  readonly outputs: number;
  readonly inputs: number;
  /** Numbers from row to row of the weight: more than the inputs where the model does not see all of them. */
  readonly stride: number;
}

/** Copies the parameters of the layers out of the weights, with zero moments. */
export function makeParameters(
  kernels: Kernels,
  spec: AutoencoderSpec,
  weights: Weights,
): Map<string, Parameter> {
  return new Map(
    parametersOf({ ...spec, batchNorm: false }).map(({ name, shape }) => {
      const make = () => kernels.allocate(sizeOf(shape));
      const value = make();
      value.set(weights.get(name)!);
      return [name, { value, first: make(), second: make() }];
    }),
  );
}

/** Makes room for a gradient of each parameter. */
export function makeGradients(
  parameters: ReadonlyMap<string, Parameter>,
): Map<string, Float32Array> {
  return new Map(
    [...parameters].map(([name, { value }]) => [name, new Float32Array(value.length)]),
  );
}

/** A step of AdamW as the kernels take it; what decay leaves of a weight comes first. */
export function kernelRule(step: AdamStep): Float64Array {
  const { keep, rate, root } = coefficients(step);
  return Float64Array.of(keep, rate, root, BETA1, 1 - BETA1, BETA2, 1 - BETA2, EPSILON);
}

/** Multiplies activations `[units, lanes]` with a mask `[units, rows]`, in place. */
export function dropLanes(
  activations: Float32Array,
  lanes: number,
  mask: Float32Array,
  rows: number,
): void {
  for (let unit = 0, i = 0; i < mask.length; unit++) {
    for (let to = unit * lanes; to < unit * lanes + rows; to++, i++) activations[to] *= mask[i];
  }
}

/** Lays parameters out by layer; with gradients, the arrays that take those in the parameters' place. */
export function layersOf(
  spec: AutoencoderSpec,
  parameters: ReadonlyMap<string, Parameter>,
  gradients?: Weights,
): { readonly input: Layer; readonly hidden: readonly Layer[]; readonly output: Layer } {
  const { features, width, hiddenLayers } = spec;
  const { start, end } = visibleOf(spec);
  const part = (name: string, from: number): Trained => {
    const gradient = gradients?.get(name);
    if (gradient) return [gradient.subarray(from), null, null];
    const { value, first, second } = parameters.get(name)!;
    return [value.subarray(from), first.subarray(from), second.subarray(from)];
  };
  const layer = (name: string, outputs: number, stride: number, from = 0, to = stride): Layer => ({
    weight: part(`${name}.weight`, from),
    bias: part(`${name}.bias`, 0),
    ...{ outputs, inputs: to - from, stride },
  });
  return {
    input: layer("inp_lin", width, features, start, end),
    hidden: Array.from({ length: hiddenLayers }, (_, i) =>
      layer(`encoder_layers.${i}`, width, width),
    ),
    output: layer("out_lin", features, width),
  };
}

/** AdamW's decay, which is all that happens to the input weights `[width, features]` of columns that are not seen. */
export function decayUnseen(
  { features, width, visible }: AutoencoderSpec,
  weight: Float32Array,
  keep: number,
): void {
  if (visible === null || keep === 1) return;
  for (let row = 0; row < width; row++) {
    const [from, to] = [row * features, (row + 1) * features];
    for (let i = from; i < from + visible.start; i++) weight[i] *= keep;
    for (let i = from + visible.end; i < to; i++) weight[i] *= keep;
  }
}
