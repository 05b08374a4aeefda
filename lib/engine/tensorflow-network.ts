// The autoencoder's forward and backward pass in single TensorFlow operations.
//
// Activations stand with one column a sample, `[units, rows]`, and weights as PyTorch has them, `[out, in]`, so that
// the large factor of a product never has to be transposed: TensorFlow's products on a processor copy a transposed
// weight element by element, several times as slow as the product itself. What is transposed is an activation, small.
// A block of a feature layer is read, used both ways and updated while it lies in the processor's cache.
import type { Matrix } from "../cohort/matrix.js";
import { type Block, transposedColumns } from "./blocks.js";
import type { HiddenDropout } from "./dropout.js";
import type { Id, Operations } from "./operations.js";
import type { Layers } from "./parameters.js";
import type { TensorflowVariable } from "./tensorflow-variable.js";

export interface TensorflowNetwork extends Layers<TensorflowVariable> {
  readonly operations: Operations;
}

/** What becomes of a gradient, which is freed when this returns. */
export type ApplyTensorflow = (variable: TensorflowVariable, gradient: Id) => void;

export interface TensorflowForward {
  /** The visible columns of the input, a row a sample; `[rows, visible columns]`. */
  readonly input: Id;
  /** After each ReLU and its dropout, the latent representation last; `[width, rows]`. */
  readonly activations: readonly Id[];
  /** What dropout multiplied the activations with that it left. */
  readonly scale: number;
}

/** A batch in TensorFlow's memory, both `[features, rows]` in float32. */
export interface TensorflowBatch {
  readonly values: Id;
  readonly observed: Id;
}

/** Brings a batch to TensorFlow, with one column a sample. */
export function uploadBatch(operations: Operations, batch: Matrix): TensorflowBatch {
  const { rows, columns } = batch;
  const upload = (values: Float32Array | Uint8Array) =>
    operations.tensor([columns, rows], transposedColumns(values, columns, 0, columns));
  return { values: upload(batch.values), observed: upload(batch.observed) };
}

/**
 * Runs input `[rows, visible columns]` up to the latent representation. Call inside a scope.
 * Without `relu`, the layers follow each other bare.
 */
export function forwardTensorflow(
  { operations, input: parts, inputBias, hidden }: TensorflowNetwork,
  input: Float32Array,
  { relu = true, drop = null as HiddenDropout | null } = {},
): TensorflowForward {
  const first = parts[0].block.left;
  const visible = parts[parts.length - 1].block.right - first;
  const rows = input.length / visible;
  const activate = (bias: TensorflowVariable, sum: () => Id) =>
    operations.scope(() => {
      const linear = operations.plain("AddV2", sum(), bias.tensor);
      const out = relu ? operations.plain("Relu", linear) : linear;
      if (drop === null) return out;
      const mask = drop.next();
      return operations.plain("Mul", out, operations.tensor([mask.length / rows, rows], mask));
    });
  const lowest = operations.scope(() => {
    const columns = operations.tensor(
      [visible, rows],
      transposedColumns(input, visible, 0, visible),
    );
    return activate(inputBias, () =>
      addUp(
        operations,
        parts.map(({ variable, block }) => () => {
          const below = rowsOf(operations, columns, block.left - first, block.right - first);
          return operations.product(variable.tensor, below);
        }),
      ),
    );
  });
  const activations = [lowest];
  for (const { weight, bias } of hidden) {
    const below = activations[activations.length - 1];
    activations.push(activate(bias, () => operations.product(weight.tensor, below)));
  }
  const scale = drop?.scale ?? 1;
  return { input: operations.tensor([rows, visible], input), activations, scale };
}

/** Runs a latent representation `[width, rows]` through one block of the output layer; `[features, rows]`. */
export function outputTensorflow(
  { operations, spec, output }: TensorflowNetwork,
  index: number,
  latent: Id,
): { linear: Id; reconstruction: Id } {
  const { weight, bias } = output[index];
  const linear = operations.scope(() => {
    const product = operations.product(weight.variable.tensor, latent);
    return operations.plain("AddV2", product, bias.variable.tensor);
  });
  const reconstruction = operations.plain(spec.output === "softplus" ? "Softplus" : "Relu", linear);
  return { linear, reconstruction };
}

/** Losses of one block, `[huber, mse]` summed over the observed entries, and what the gradient needs. */
export function lossesTensorflow(
  operations: Operations,
  reconstruction: Id,
  batch: TensorflowBatch,
  { top, bottom }: { readonly top: number; readonly bottom: number },
): { sums: readonly [number, number]; clipped: Id } {
  const apart = operations.plain(
    "Sub",
    reconstruction,
    rowsOf(operations, batch.values, top, bottom),
  );
  const marks = rowsOf(operations, batch.observed, top, bottom);
  const difference = operations.plain("Mul", apart, marks);
  const [minus, one] = [-1, 1].map((value) => operations.scalar(value));
  // clip(d) d - clip(d)^2 / 2 is d^2 / 2 up to 1 and |d| - 1/2 from there on: Huber's loss with delta 1.
  const clipped = operations.plain("ClipByValue", difference, minus, one);
  const [total] = operations.read(
    operations.sum(operations.plain("Mul", clipped, difference), [0, 1]),
  );
  const half = (id: Id) => operations.read(operations.plain("L2Loss", id))[0];
  return { sums: [total - half(clipped), 2 * half(difference)], clipped };
}

/**
 * Goes back through the network, hands each gradient of the mean Huber loss to `apply` as soon as nothing
 * below needs the old weights, and frees it before the next is made. Call inside a scope.
 * @param onSlope takes the slope with respect to each block of the input, `[rows, visible columns of the block]`.
 * @returns the sums of the losses by block, `[huber, mse, huber, mse, ...]`.
 */
export function backwardTensorflow(
  network: TensorflowNetwork,
  { input, activations, scale: left }: TensorflowForward,
  batch: TensorflowBatch,
  observed: number,
  apply: ApplyTensorflow,
  onSlope: ((slope: Id, block: Block) => void) | null,
): Float32Array {
  const { operations, spec } = network;
  const settle = (variable: TensorflowVariable, gradient: () => Id) =>
    operations.scope(() => apply(variable, gradient()));
  const scale = operations.scalar(1 / observed);
  const scaled = (id: Id) => operations.plain("Mul", id, scale);
  // Where an activation is 0, by its ReLU or its dropout, nothing passes.
  const throughActivation = (slope: Id, activation: Id) => {
    const open = operations.plain("ReluGrad", operations.transpose(slope), activation);
    return left === 1 ? open : operations.plain("Mul", open, operations.scalar(left));
  };
  const latent = operations.transpose(activations[activations.length - 1]);
  const derivative = spec.output === "softplus" ? "SoftplusGrad" : "ReluGrad";
  const losses: number[] = [];

  // In the output layer slopes are those of the sum of the losses: what they are multiplied with makes them the mean's,
  // and is smaller.
  const scaledLatent = scaled(latent);
  let slope = operations.scope(() => {
    const sum = addUp(
      operations,
      network.output.map(({ weight, bias }, i) => () => {
        const outer = operations.scope(() => {
          const { linear, reconstruction } = outputTensorflow(
            network,
            i,
            activations[activations.length - 1],
          );
          const { sums, clipped } = lossesTensorflow(
            operations,
            reconstruction,
            batch,
            weight.block,
          );
          losses.push(...sums);
          return operations.plain(derivative, clipped, linear);
        }); // [features, rows]
        const inner = operations.scope(() =>
          operations.product(operations.transpose(outer), weight.variable.tensor),
        );
        settle(weight.variable, () => operations.product(outer, scaledLatent));
        settle(bias.variable, () => scaled(operations.sum(outer, [1], true)));
        return inner;
      }),
    );
    return scaled(sum);
  }); // [rows, width], with respect to the latent representation

  for (let i = network.hidden.length - 1; i >= 0; i--) {
    const { weight, bias } = network.hidden[i];
    const outer = throughActivation(slope, activations[i + 1]);
    slope = operations.scope(() => operations.product(operations.transpose(outer), weight.tensor));
    settle(weight, () => operations.product(outer, operations.transpose(activations[i])));
    settle(bias, () => operations.sum(outer, [1], true));
  }

  const outer = throughActivation(slope, activations[0]);
  const first = network.input[0].block.left;
  for (const { variable, block } of network.input) {
    if (onSlope) {
      operations.scope(() => {
        const byRow = operations.product(operations.transpose(outer), variable.tensor);
        onSlope(byRow, block);
      });
    }
    settle(variable, () => {
      const below = columnsOf(operations, input, block.left - first, block.right - first);
      return operations.product(outer, below);
    });
  }
  settle(network.inputBias, () => operations.sum(outer, [1], true));
  return Float32Array.from(losses);
}

/** The rows `[top, bottom)` of a tensor `[rows, columns]`; TensorFlow shares the memory where it can. */
function rowsOf(operations: Operations, id: Id, top: number, bottom: number): Id {
  return operations.slice(id, [top, 0], [bottom - top, -1]);
}

/** Copies the columns `[left, right)` of a tensor `[rows, columns]`. */
function columnsOf(operations: Operations, id: Id, left: number, right: number): Id {
  return operations.slice(id, [0, left], [-1, right - left]);
}

/** Adds tensors that are made one at a time, and frees each; what else `make` leaves is freed too. */
function addUp(operations: Operations, terms: readonly (() => Id)[]): Id {
  return operations.scope(
    () =>
      terms.reduce<Id | null>(
        (sum, make) =>
          operations.scope(() => (sum === null ? make() : operations.plain("AddV2", sum, make()))),
        null,
      )!,
  );
}
