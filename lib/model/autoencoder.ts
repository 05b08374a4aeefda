// ARO's shape: its layers, parameter names and counts, and the seeded weights that training starts from.
import { createRandom } from "../cohort/random.js";

export interface AutoencoderSpec {
  /** Columns of the input and of the reconstruction. */
  readonly features: number;
  /** Units of each hidden layer and of the latent space; 2,048 in the paper. */
  readonly width: number;
  /** Layers of width x width after the input layer; 3 in the paper. */
  readonly hiddenLayers: number;
  /** "softplus" in the paper, "relu" in the authors' code. */
  readonly output: "softplus" | "relu";
  /** Share of input entries set to 0 in each training step, in [0, 1); the rest are scaled by 1 / (1 - p). */
  readonly inputDropout: number;
  /**
   * Share of the activations of each hidden layer, the latent one among them, set to 0 in each training step, in [0, 1);
   * the rest are scaled. 0 in the paper, 0.2 in the authors' configuration.
   */
  readonly hiddenDropout: number;
  /** Whether the input is normalized by the batch, as torch.nn.BatchNorm1d does; false in the paper. */
  readonly batchNorm: boolean;
  /** Input columns `[start, end)` that the model sees, the others being 0; null lets it see all. */
  readonly visible: { readonly start: number; readonly end: number } | null;
  /**
   * Input columns that are 0 as well, ascending; what they measured stays in the target. None in the paper: the authors'
   * code masks the first column of the proteins alone.
   */
  readonly zeroed: readonly number[];
}

/** The paper's model but for its columns. Source: paper Table 3 and appendix B. */
export const PAPER_MODEL = {
  width: 2048,
  hiddenLayers: 3,
  output: "softplus",
  inputDropout: 0.1,
  hiddenDropout: 0,
  batchNorm: false,
  zeroed: [],
} as const;

export interface Parameter {
  /** As PyTorch's state dict of the authors' model names it. */
  readonly name: string;
  /** `[out, in]` of a weight, `[out]` of a bias. */
  readonly shape: readonly number[];
}

/** Values by parameter name, each in PyTorch's layout: a weight is row-major `[out, in]`. */
export type Weights = ReadonlyMap<string, Float32Array>;

/** The columns `[start, end)` that a model sees of all. */
export function visibleOf({ features, visible }: AutoencoderSpec): {
  readonly start: number;
  readonly end: number;
} {
  return visible ?? { start: 0, end: features };
}

/** Lists the parameters, which training adapts, in the order of the paper's Table 3; batch normalization is before it. */
export function parametersOf({
  features,
  width,
  hiddenLayers,
  batchNorm,
}: AutoencoderSpec): Parameter[] {
  const linear = (name: string, out: number, inputs: number): Parameter[] => [
    { name: `${name}.weight`, shape: [out, inputs] },
    { name: `${name}.bias`, shape: [out] },
  ];
  const norm = ["batch_norm.weight", "batch_norm.bias"];
  return [
    ...(batchNorm ? norm.map((name) => ({ name, shape: [features] })) : []),
    ...linear("inp_lin", width, features),
    ...Array.from({ length: hiddenLayers }, (_, i) =>
      linear(`encoder_layers.${i}`, width, width),
    ).flat(),
    ...linear("out_lin", features, width),
  ];
}

/** Lists the buffers, which training moves without a gradient: the running statistics of batch normalization. */
export function buffersOf({ features, batchNorm }: AutoencoderSpec): Parameter[] {
  const names = batchNorm ? ["batch_norm.running_mean", "batch_norm.running_var"] : [];
  return names.map((name) => ({ name, shape: [features] }));
}

/** Lists all that a model is made of: the parameters, then the buffers. */
export function tensorsOf(spec: AutoencoderSpec): Parameter[] {
  return [...parametersOf(spec), ...buffersOf(spec)];
}

/** Counts the trainable parameters; 303,863,222 at the paper's shape. */
export function countParameters(spec: AutoencoderSpec): number {
  return parametersOf(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/**
 * Draws the initial weights from a seed, each uniform in `±1 / sqrt(in)` as torch.nn.Linear does. Batch normalization
 * starts with scales and variances of 1, shifts and means of 0. The numbers are the same in every engine.
 */
export function initializeWeights(spec: AutoencoderSpec, seed: number): Map<string, Float32Array> {
  checkSpec(spec);
  let bound = 0;
  return new Map(
    tensorsOf(spec).map(({ name, shape }) => {
      if (name.startsWith("batch_norm.")) {
        const one = name === "batch_norm.weight" || name === "batch_norm.running_var";
        return [name, new Float32Array(sizeOf(shape)).fill(one ? 1 : 0)];
      }
      if (shape.length === 2) bound = 1 / Math.sqrt(shape[1]); // the bias that follows shares it
      const random = createRandom(seed, name);
      const values = new Float32Array(sizeOf(shape));
      for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * bound;
      return [name, values];
    }),
  );
}

/** @throws RangeError naming the first setting that makes no sense, and what it may be. */
export function checkSpec(spec: AutoencoderSpec): void {
  const { features, width, hiddenLayers, inputDropout, hiddenDropout } = spec;
  const { batchNorm, visible, zeroed } = spec;
  const refuse = (name: string, expected: string, got: unknown) => {
    throw new RangeError(`checkSpec: expected ${name} to be ${expected}, got ${got}`);
  };
  if (!Number.isInteger(features) || features < 1)
    refuse("features", "a positive integer", features);
  if (!Number.isInteger(width) || width < 1) refuse("width", "a positive integer", width);
  if (!Number.isInteger(hiddenLayers) || hiddenLayers < 0) {
    refuse("hiddenLayers", "a non-negative integer", hiddenLayers);
  }
  if (!(inputDropout >= 0 && inputDropout < 1)) refuse("inputDropout", "in [0, 1)", inputDropout);
  if (!(hiddenDropout >= 0 && hiddenDropout < 1)) {
    refuse("hiddenDropout", "in [0, 1)", hiddenDropout);
  }
  if (typeof batchNorm !== "boolean") refuse("batchNorm", "true or false", batchNorm);
  if (visible && !(visible.start >= 0 && visible.start < visible.end && visible.end <= features)) {
    refuse("visible", `a range in [0, ${features})`, `[${visible.start}, ${visible.end})`);
  }
  const isColumn = (column: number, i: number) =>
    Number.isInteger(column) && column > (zeroed[i - 1] ?? -1) && column < features;
  if (!zeroed.every(isColumn)) {
    refuse("zeroed", `ascending columns in [0, ${features})`, `[${zeroed.join(", ")}]`);
  }
}

/** Multiplies the sides of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
