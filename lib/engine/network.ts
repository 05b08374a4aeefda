// The autoencoder's forward and backward pass, written out in tfjs operations.
//
// Activations stand with one column a sample, `[units, rows]`, so that a weight `[out, in]` in PyTorch's layout
// is always the first factor of a product. wasm packs and keeps a copy of the second factor, is ten times
// slower with transposed factors, and is memory bound on the feature layers unless they come in blocks.
import type * as Tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../cohort/matrix.js";
import type { Backend } from "./backend.js";
import { type Block, transposedColumns } from "./blocks.js";
import type { HiddenDropout } from "./dropout.js";
import type { Layers } from "./parameters.js";
import type { Variable } from "./variable.js";

export interface Network extends Layers<Variable> {
  readonly backend: Backend;
}

/** What becomes of a gradient, which is freed when this returns. */
export type Apply = (variable: Variable, gradient: Tf.Tensor2D) => void;

/** What the backward pass needs of the forward pass. */
export interface Forward {
  /** The input by blocks, `[visible columns of the block, rows]`. */
  readonly inputs: readonly Tf.Tensor2D[];
  /** After each ReLU and its dropout, the latent representation last; `[width, rows]`. */
  readonly activations: readonly Tf.Tensor2D[];
  /** What dropout multiplied the activations with that it left. */
  readonly scale: number;
}

/**
 * Runs input `[rows, visible columns]` up to the latent representation. Call inside a tidy.
 * Without `relu`, the layers follow each other bare.
 */
export function forward(
  network: Network,
  input: Float32Array,
  { relu = true, drop = null as HiddenDropout | null } = {},
): Forward {
  const { tf } = network.backend;
  const first = network.input[0].block.left;
  const visible = network.input[network.input.length - 1].block.right - first;
  const activate = (sum: Tf.Tensor2D, bias: Variable) =>
    tf.tidy(() => {
      const linear = tf.add<Tf.Tensor2D>(sum, bias.tensor);
      const out = relu ? tf.relu(linear) : linear;
      return drop ? tf.mul<Tf.Tensor2D>(out, tf.tensor2d(drop.next(), out.shape)) : out;
    });
  const inputs = network.input.map(({ block }) => {
    const values = transposedColumns(input, visible, block.left - first, block.right - first);
    return tf.tensor2d(values, [block.right - block.left, input.length / visible]);
  });
  const sum = addUp(
    tf,
    network.input.map(
      ({ variable }, i) =>
        () =>
          tf.matMul(variable.tensor, inputs[i]),
    ),
  );
  const activations = [activate(sum, network.inputBias)];
  for (const { weight, bias } of network.hidden) {
    const below = activations[activations.length - 1];
    activations.push(activate(tf.matMul(weight.tensor, below), bias));
  }
  return { inputs, activations, scale: drop?.scale ?? 1 };
}

/** Runs a latent representation `[width, rows]` through one block of the output layer; `[features, rows]`. */
export function outputBlock(
  { backend: { tf }, spec, output }: Network,
  index: number,
  latent: Tf.Tensor2D,
): { linear: Tf.Tensor2D; reconstruction: Tf.Tensor2D } {
  const { weight, bias } = output[index];
  const linear = tf.add<Tf.Tensor2D>(
    tf.matMul(weight.variable.tensor, latent),
    bias.variable.tensor,
  );
  const reconstruction = spec.output === "softplus" ? tf.softplus(linear) : tf.relu(linear);
  return { linear, reconstruction };
}

/** Sums of the losses over the observed entries of one block, `[huber, mse]`, and what the gradient needs. */
export function blockLosses(
  tf: typeof Tf,
  reconstruction: Tf.Tensor2D,
  batch: Matrix,
  { top, bottom }: Block,
): { sums: Tf.Tensor1D; clipped: Tf.Tensor2D } {
  const upload = (values: Float32Array | Uint8Array) =>
    tf.tensor2d(transposedColumns(values, batch.columns, top, bottom), [bottom - top, batch.rows]);
  const difference = tf.mul<Tf.Tensor2D>(
    tf.sub(reconstruction, upload(batch.values)),
    upload(batch.observed),
  );
  // clip(d) (d - clip(d) / 2) is d^2 / 2 up to 1 and |d| - 1/2 from there on: Huber's loss with delta 1.
  const clipped = tf.clipByValue(difference, -1, 1);
  const huber = tf.mul(clipped, tf.sub(difference, tf.mul(clipped, 0.5)));
  // Row by row first: a float32 sum over millions of entries would lose digits.
  const sums = tf.stack([huber, tf.square(difference)].map((terms) => tf.sum(tf.sum(terms, 1))));
  return { sums: sums as Tf.Tensor1D, clipped };
}

/**
 * Goes back through the network, hands each gradient of the mean Huber loss to `apply` as soon as nothing
 * below needs the old weights, and frees it before the next is made. Call inside a tidy.
 * @param onSlope takes the slope with respect to each block of the input, `[visible columns of the block, rows]`.
 * @returns the sums of the losses by block, `[blocks, 2]`.
 */
export function backward(
  network: Network,
  { inputs, activations, scale }: Forward,
  batch: Matrix,
  observed: number,
  apply: Apply,
  onSlope: ((slope: Tf.Tensor2D) => void) | null,
): Tf.Tensor2D {
  const { tf } = network.backend;
  const settle = (variable: Variable, gradient: () => Tf.Tensor2D) =>
    tf.tidy(() => apply(variable, gradient()));
  const throughLinear = (
    weight: Variable,
    bias: Variable,
    slope: Tf.Tensor2D,
    below: Tf.Tensor2D,
  ) => {
    settle(weight, () => tf.matMul(slope, below));
    settle(bias, () => tf.sum(slope, 1, true));
  };
  // Where an activation is 0, by its ReLU or its dropout, nothing passes.
  const throughActivation = (slope: Tf.Tensor2D, activation: Tf.Tensor2D) => {
    const open = tf.mul<Tf.Tensor2D>(slope, tf.step(activation));
    return scale === 1 ? open : tf.mul<Tf.Tensor2D>(open, scale);
  };
  const latent = activations[activations.length - 1];
  const latentByRow = tf.transpose(latent); // [rows, width]
  const losses: Tf.Tensor1D[] = [];

  let slope = addUp(
    tf,
    network.output.map(({ weight, bias }, i) => () => {
      const { linear, reconstruction } = outputBlock(network, i, latent);
      const { sums, clipped } = blockLosses(tf, reconstruction, batch, weight.block);
      losses.push(tf.keep(sums));
      const derivative = network.spec.output === "softplus" ? tf.sigmoid(linear) : tf.step(linear);
      const outer = tf.mul<Tf.Tensor2D>(tf.mul(clipped, derivative), 1 / observed);
      const inner = tf.matMul<Tf.Tensor2D>(tf.transpose(weight.variable.tensor), outer);
      throughLinear(weight.variable, bias.variable, outer, latentByRow);
      return inner;
    }),
  ); // [width, rows], with respect to the latent representation

  for (let i = network.hidden.length - 1; i >= 0; i--) {
    const { weight, bias } = network.hidden[i];
    const above = slope;
    slope = tf.tidy(() => {
      const outer = throughActivation(above, activations[i + 1]);
      const inner = tf.matMul<Tf.Tensor2D>(tf.transpose(weight.tensor), outer);
      throughLinear(weight, bias, outer, tf.transpose(activations[i]));
      return inner;
    });
    above.dispose();
  }

  const outer = throughActivation(slope, activations[0]);
  network.input.forEach(({ variable }, i) => {
    if (onSlope) tf.tidy(() => onSlope(tf.matMul(tf.transpose(variable.tensor), outer)));
    settle(variable, () => tf.matMul(outer, tf.transpose(inputs[i])));
  });
  settle(network.inputBias, () => tf.sum(outer, 1, true));

  const stacked = tf.stack(losses) as Tf.Tensor2D;
  tf.dispose(losses);
  return stacked;
}

/** Adds tensors that are made one at a time, and frees each; what else `make` leaves is freed too. */
function addUp(tf: typeof Tf, terms: readonly (() => Tf.Tensor2D)[]): Tf.Tensor2D {
  return terms.reduce<Tf.Tensor2D | null>((sum, make) => {
    const next = tf.tidy(() => (sum ? tf.add<Tf.Tensor2D>(sum, make()) : make()));
    sum?.dispose();
    return next;
  }, null) as Tf.Tensor2D;
}
