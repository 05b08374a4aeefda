// Layers, each with its forward and backward pass side by side; they run on every engine.
//
// Forward, a layer turns `[rows, inputs]` into `[rows, outputs]`. Backward, it turns the slope (the derivative of the
// loss) with respect to its output into the slope with respect to its input, and settles its parameters' gradients. A
// layer knows its parameters by name; the engine that holds them comes with each pass.
import type { Random } from "../cohort/random.js";
import type { Columns, Engine, Parameter, Settlement, Tensor } from "../engine/engine.js";
import { sizeOf } from "../engine/shapes.js";
import { checkOptions } from "../options.js";

/** The mode of a pass through a model. */
export interface Pass {
  readonly engine: Engine;
  /** Finds a parameter of the model by its name. */
  readonly parameter: (name: string) => Parameter;
  /** Whether dropout is on, and batch normalization uses the batch's own statistics and updates the running ones. */
  readonly isTraining: boolean;
  /** The source of dropout and noise; without it, there is neither. */
  readonly random?: Random;
  /** What becomes of gradients in the backward pass; null leaves the parameters unchanged. */
  readonly settlement: Settlement | null;
}

/** The outcome of a layer's forward pass. */
export interface Passed {
  readonly out: Tensor;
  /**
   * Runs backward, once: settles gradients and returns the slope with respect to the layer's input, or null if that is
   * not wanted.
   * @param slope of the loss with respect to `out`, with the same shape.
   */
  back(slope: Tensor, isWanted: boolean): Tensor | null;
}

/** A step of a model's computation, with its backward pass. */
export interface Layer {
  /** Its parameters and buffers, in the order in which files hold them; the backward pass must reach a layer with some. */
  readonly tensors: readonly TensorShape[];
  /** `[rows, inputs]` to `[rows, outputs]`. */
  forward(x: Tensor, pass: Pass): Passed;
}

/** A tensor of a model: a trained parameter, or a buffer that is updated without a gradient. */
export interface TensorShape {
  /** As in PyTorch's state dict. */
  readonly name: string;
  /** `[outputs, inputs]` of a weight, `[units]` of a vector. */
  readonly shape: readonly number[];
  /** The initial values; "uniform" draws from `±1 / sqrt(inputs)`, as torch.nn.Linear does. */
  readonly start: "uniform" | "zeros" | "ones";
  readonly isTrained: boolean;
  /** The part of the last dimension that the model uses; by default all. */
  readonly columns?: Columns;
}

/** What tells a model's tensors; an architecture does. */
export interface Described<Spec> {
  network(spec: Spec): { readonly tensors: readonly TensorShape[] };
}

/** Counts the numbers of the trained tensors among these, or of the others. */
export function countNumbers(tensors: readonly TensorShape[], isTrained: boolean): number {
  return tensors.reduce(
    (sum, one) => sum + (one.isTrained === isTrained ? sizeOf(one.shape) : 0),
    0,
  );
}

export interface DenseOptions {
  /** The inputs that are used, if the weight has more; by default all. */
  readonly columns?: Columns;
  /** The initial values; by default "uniform". */
  readonly start?: TensorShape["start"];
  /**
   * Whether batch normalization follows, which cancels the bias: the bias's gradient is then set to 0, because Adam would
   * scale up its rounding error.
   */
  readonly isNormalized?: boolean;
}

/**
 * Dense: `out = x W^T + b`, `[rows, inputs]` to `[rows, outputs]`, with W `[outputs, inputs]`.
 * Back: `dx = dout W`, `dW = dout^T x`, `db = sum of dout over the rows`.
 */
export function dense(
  name: string,
  inputs: number,
  outputs: number,
  options: DenseOptions = {},
): Layer {
  const {
    columns = { start: 0, end: inputs },
    start = "uniform",
    isNormalized = false,
  } = checkOptions("dense", options, {
    columns: "object",
    start: ["uniform", "zeros", "ones"],
    isNormalized: "boolean",
  });
  const [weight, bias] = [`${name}.weight`, `${name}.bias`];
  return {
    tensors: [
      { name: weight, shape: [outputs, inputs], start, isTrained: true, columns },
      { name: bias, shape: [outputs], start, isTrained: true },
    ],
    forward: (x, { engine, parameter, settlement, isTraining }) => ({
      out: engine.linear(parameter(weight), parameter(bias), x), // [rows, outputs]
      back(slope, isWanted) {
        const below = isWanted ? engine.linearBack(parameter(weight), slope) : null; // [rows, inputs], with the weight before its update
        if (settlement) {
          engine.settleWeight(parameter(weight), slope, x, settlement);
          const sum = isNormalized && isTraining ? null : engine.sumRows(slope); // [1, outputs]
          engine.settleVector(parameter(bias), sum, settlement);
        }
        return below;
      },
    }),
  };
}

/** ReLU, `x > 0 ? x : leak x`, of any shape. Back: `dout` where x > 0, else `leak dout`. */
export function relu(leak = 0): Layer {
  return untrained((x, { engine }) => {
    const out = engine.relu(x, leak);
    return { out, back: (slope) => engine.gate(slope, out, leak) };
  });
}

/** Softplus, `log(1 + e^x)`, of any shape. Back: `dout / (1 + e^-x)`. */
export function softplus(): Layer {
  return untrained((x, { engine }) => ({
    out: engine.softplus(x),
    back: (slope) => engine.mul(slope, engine.sigmoid(x)),
  }));
}

/**
 * Dropout of `[rows, units]`: `x mask` in training, where each entry of the mask is 0 with probability `share`, else `1 / (1 - share)`. One
 * number is drawn per entry, row by row; with a share of 0, none is. Back: `dout mask`.
 */
export function dropout(share: number): Layer {
  return untrained((x, { engine, isTraining, random }) => {
    if (!isTraining || !random || share === 0) return { out: x, back: (slope) => slope };
    const mask = engine.mask(x.rows, x.units, share, random); // [rows, units]
    return { out: engine.mul(x, mask), back: (slope) => engine.mul(slope, mask) };
  });
}

/**
 * Sets some units to 0, forward and back.
 * @param first number of the first incoming unit, where `units` count from elsewhere.
 */
export function zeroUnits(units: readonly number[], first = 0): Layer {
  return untrained((x, { engine }) => {
    if (units.length === 0) return { out: x, back: (slope) => slope };
    const ones = new Float32Array(x.units).fill(1);
    for (const unit of units) ones[unit - first] = 0;
    const kept = engine.tensor(ones, 1); // [1, units]
    return { out: engine.mulVector(x, kept), back: (slope) => engine.mulVector(slope, kept) };
  });
}

/**
 * Masks blocks of units at random in training: each row keeps a random choice of at least one block, every choice equally
 * likely, and the other blocks are set to 0. One number is drawn per row. Back: `dout mask`.
 * @param blocks ranges of units.
 * @param first number of the first incoming unit, where `blocks` count from elsewhere.
 */
export function maskBlocks(blocks: readonly Columns[], first = 0): Layer {
  return untrained((x, { engine, isTraining, random }) => {
    if (!isTraining || !random || blocks.length === 0) return { out: x, back: (slope) => slope };
    const mask = new Float32Array(x.rows * x.units).fill(1);
    for (let i = 0; i < x.rows; i++) {
      const row = mask.subarray(i * x.units, (i + 1) * x.units);
      const choice = 1 + random.integer(2 ** blocks.length - 1); // bit b: whether block b is kept
      blocks.forEach(({ start, end }, b) => {
        if ((choice & (1 << b)) === 0) row.fill(0, start - first, end - first);
      });
    }
    const kept = engine.tensor(mask, x.rows); // [rows, units]
    return { out: engine.mul(x, kept), back: (slope) => engine.mul(slope, kept) };
  });
}

export interface BatchNormOptions {
  /** The units that are used, if the tensors have more; by default all. */
  readonly columns?: Columns;
  /** Added to the variance; 1e-5 by default, as in PyTorch. */
  readonly epsilon?: number;
}

/** The share by which running statistics move towards the batch's in each step; PyTorch's default. */
const MOMENTUM = 0.1;

/**
 * Batch normalization: `standard = (x - mean) / sqrt(variance + epsilon)`, `out = scale standard + shift`, unit by unit.
 * In training, mean and variance are the batch's own (divisor n), and the running ones move a tenth of the way towards
 * them (variance with divisor n - 1). Otherwise they are the running ones, which the backward pass treats as constants.
 * Back in training: `dx = scale / sqrt(variance + epsilon) (dout - (dshift + standard dscale) / n)`, where
 * `dshift = sum of dout` and `dscale = sum of dout standard` over the n rows.
 * Source: torch.nn.BatchNorm1d.
 * @returns a layer whose `forward` throws a RangeError in training on a single row, which has no variance.
 */
export function batchNorm(name: string, units: number, options: BatchNormOptions = {}): Layer {
  const { columns = { start: 0, end: units }, epsilon = 1e-5 } = checkOptions(
    "batchNorm",
    options,
    {
      columns: "object",
      epsilon: "number",
    },
  );
  const tensor = (kind: string, start: "ones" | "zeros", isTrained: boolean): TensorShape => {
    return { name: `${name}.${kind}`, shape: [units], start, isTrained, columns };
  };
  const tensors = [
    tensor("weight", "ones", true),
    tensor("bias", "zeros", true),
    tensor("running_mean", "zeros", false),
    tensor("running_var", "ones", false),
  ];
  return {
    tensors,
    forward(x, { engine, parameter, isTraining, settlement }) {
      const [scale, shift, runningMean, runningVariance] = tensors.map((one) =>
        parameter(one.name),
      );
      const n = x.rows;
      if (isTraining && n < 2) {
        throw new RangeError(
          `${name}: expected at least 2 rows, got ${n}, which have no variance to normalize by; take another batch size`,
        );
      }
      const average = (of: Tensor) => engine.scale(engine.sumRows(of), 1 / n); // [1, units]
      const mean = isTraining ? average(x) : engine.vector(runningMean);
      const centered = engine.addVector(x, engine.scale(mean, -1));
      const variance = isTraining
        ? average(engine.mul(centered, centered))
        : engine.vector(runningVariance);
      if (isTraining) {
        engine.blend(runningMean, mean, MOMENTUM);
        engine.blend(runningVariance, engine.scale(variance, n / (n - 1)), MOMENTUM);
      }
      const inverse = engine.rsqrt(variance, epsilon);
      const standard = engine.mulVector(centered, inverse); // [rows, units]
      const by = engine.vector(scale);
      return {
        out: engine.addVector(engine.mulVector(standard, by), engine.vector(shift)),
        back(slope, isWanted) {
          const alongShift = engine.sumRows(slope); // [1, units]
          const alongScale = engine.sumRows(engine.mul(slope, standard)); // [1, units]
          if (settlement) {
            engine.settleVector(scale, alongScale, settlement);
            engine.settleVector(shift, alongShift, settlement);
          }
          if (!isWanted) return null;
          const moved = engine.addVector(engine.mulVector(standard, alongScale), alongShift);
          const inner = isTraining ? engine.sub(slope, engine.scale(moved, 1 / n)) : slope;
          return engine.mulVector(inner, engine.mul(by, inverse)); // with the scale before its update
        },
      };
    },
  };
}

/** Layers one after another. The backward pass ends at the first trained layer, unless the input's slope is wanted. */
export function sequence(...layers: readonly Layer[]): Layer {
  const first = layers.findIndex(({ tensors }) => tensors.length > 0);
  return {
    tensors: layers.flatMap(({ tensors }) => tensors),
    forward(x, pass) {
      const passed: Passed[] = [];
      for (const layer of layers) passed.push(layer.forward(passed.at(-1)?.out ?? x, pass));
      return {
        out: passed.at(-1)?.out ?? x,
        back(slope, isWanted) {
          if (!isWanted && first < 0) return null;
          let at: Tensor | null = slope;
          const end = isWanted ? 0 : first;
          for (let i = layers.length - 1; i >= end && at; i--) {
            at = passed[i].back(at, isWanted || i > first);
          }
          return isWanted ? at : null;
        },
      };
    },
  };
}

function untrained(
  forward: (
    x: Tensor,
    pass: Pass,
  ) => { readonly out: Tensor; readonly back: (slope: Tensor) => Tensor },
): Layer {
  return { tensors: [], forward };
}
