// Losses, each with its slope.
import type { Matrix } from "../cohort/matrix.js";
import type { Activation, Engine, Head, HeadOptions, Tensor } from "../engine/engine.js";
import { checkOptions, required } from "../options.js";
import { dense, type Layer, type Pass, relu, sequence, softplus } from "./layers.js";

export type ReconstructionLoss = HeadOptions["loss"];

export interface ReconstructionHead {
  /** The layer by itself, unfused: `[rows, inputs]` to `[rows, outputs]`. */
  readonly layer: Layer;
  /** Compares the layer's output for `x`, `[rows, inputs]`, with a batch `[rows, outputs]`. */
  measure(x: Tensor, batch: Matrix, observed: number, pass: Pass): Head;
}

/**
 * A decoder's last layer, dense with an activation, and its mean loss over the observed entries of a batch: with the
 * error `d = out - target`, Huber's with delta 1, `d^2 / 2` up to 1 and `|d| - 1/2` from there on, or `d^2`. The engine
 * fuses the two, so no array as large as the data is ever held.
 * Back: `dlinear = clip(d, -1, 1) activation'(linear) / observed`, or with `2 d`, and from there as `dense`.
 */
export function reconstructionHead(
  name: string,
  inputs: number,
  outputs: number,
  activation: Activation,
  loss: ReconstructionLoss = "huber",
): ReconstructionHead {
  const activations = { linear: [], relu: [relu()], softplus: [softplus()] };
  return {
    layer: sequence(dense(name, inputs, outputs), ...activations[activation]),
    measure(x, batch, observed, { engine, parameter, settlement }) {
      const [weight, bias] = [parameter(`${name}.weight`), parameter(`${name}.bias`)];
      return engine.head(weight, bias, x, batch, { activation, loss, observed, settlement });
    },
  };
}

/**
 * The same losses unfused, for small outputs.
 * @param out `[rows, units]`, as the batch.
 * @returns the mean over the observed entries, and its slope.
 */
export function reconstructionLoss(
  engine: Engine,
  out: Tensor,
  { values, observed: marks, rows }: Matrix,
  options: { readonly loss: ReconstructionLoss; readonly observed: number },
): { readonly loss: Promise<number>; readonly slope: Tensor } {
  const { loss, observed } = checkOptions("reconstructionLoss", options, {
    loss: required(["huber", "squared"]),
    observed: required("count"),
  });
  const mask = engine.tensor(Float32Array.from(marks), rows);
  const difference = engine.mul(engine.sub(out, engine.tensor(values, rows)), mask);
  // clip(d) (d - clip(d) / 2) is Huber's loss with delta 1, and clip(d) its slope.
  const clipped = loss === "huber" ? engine.clip(difference, -1, 1) : difference;
  const factor = loss === "huber" ? 0.5 : 0;
  const terms = engine.mul(clipped, engine.sub(difference, engine.scale(clipped, factor)));
  const scale = (loss === "huber" ? 1 : 2) / observed;
  return {
    loss: total(engine, terms).then((sum) => sum / observed),
    slope: engine.scale(clipped, scale),
  };
}

/**
 * Cross-entropy of logits `[rows, classes]`, in float64: the mean of `-log softmax(logits)[target]` over the rows with a
 * target, or 0 without any. Slope: `(softmax - [k = target]) / rows with a target`.
 * @param targets one per row, in [0, classes); -1 for no target.
 */
export function crossEntropy(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
): { readonly loss: number; readonly slope: Float64Array } {
  const rows = targets.length;
  const classes = logits.length / rows;
  let count = 0;
  for (let i = 0; i < rows; i++) if (targets[i] >= 0) count++;
  const slope = softmax(logits, rows);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const at = i * classes;
    const target = targets[i];
    // logSumExp factors out the largest logit, so that a probability of 0 has a finite logarithm.
    if (target >= 0) {
      loss += (logSumExp(logits, at, classes) - logits[at + target]) / count;
      slope[at + target] -= 1;
    }
    for (let k = 0; k < classes; k++) slope[at + k] = target < 0 ? 0 : slope[at + k] / count;
  }
  return { loss, slope };
}

/** `e^x / sum of e^x` of each row, `[rows, classes]`. */
export function softmax(logits: ArrayLike<number>, rows: number): Float64Array {
  const classes = logits.length / rows;
  const logs = Float64Array.from({ length: rows }, (_, i) =>
    logSumExp(logits, i * classes, classes),
  );
  return Float64Array.from(logits, (logit, i) => Math.exp(logit - logs[Math.floor(i / classes)]));
}

function logSumExp(values: ArrayLike<number>, start: number, count: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = start; k < start + count; k++) largest = Math.max(largest, values[k]);
  let sum = 0;
  for (let k = start; k < start + count; k++) sum += Math.exp(values[k] - largest);
  return largest + Math.log(sum);
}

/** Sums all entries: over rows on the engine, then over units in float64. */
export async function total(engine: Engine, terms: Tensor): Promise<number> {
  const byUnit = await engine.read(engine.sumRows(terms));
  return byUnit.reduce((sum, value) => sum + value, 0);
}
