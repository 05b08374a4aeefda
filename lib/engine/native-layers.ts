// The native engine's parameters by layer, as its kernels take them.
import type { AutoencoderSpec, Weights } from "../model/autoencoder.js";
import type { Kept } from "./engine.js";
import type { Trained } from "./kernels.js";

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

/** Lays parameters out by layer; with gradients, the arrays that take those in the parameters' place. */
export function layersOf(
  { features, width, hiddenLayers, visible }: AutoencoderSpec,
  parameters: ReadonlyMap<string, Parameter>,
  gradients?: Weights,
): { readonly input: Layer; readonly hidden: readonly Layer[]; readonly output: Layer } {
  const { start, end } = visible ?? { start: 0, end: features };
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
  if (visible === null) return;
  for (let row = 0; row < width; row++) {
    const [from, to] = [row * features, (row + 1) * features];
    for (let i = from; i < from + visible.start; i++) weight[i] *= keep;
    for (let i = from + visible.end; i < to; i++) weight[i] *= keep;
  }
}
