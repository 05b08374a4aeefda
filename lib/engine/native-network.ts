// The autoencoder's forward and backward pass in single TensorFlow operations.
//
// Activations stand with one row a sample, `[rows, units]`, and weights as PyTorch has them, `[out, in]`: the products
// take their factors transposed as they are. A block of a feature layer is read, used both ways and updated while it
// lies in the processor's cache.
import type { Matrix } from "../cohort/matrix.js";
import type { NativeVariable } from "./native-variable.js";
import type { Id, Operations } from "./operations.js";
import type { Layers } from "./parameters.js";

export interface NativeNetwork extends Layers<NativeVariable> {
  readonly operations: Operations;
}

/** What becomes of a gradient, which is freed when this returns. */
export type ApplyNative = (variable: NativeVariable, gradient: Id) => void;

export interface NativeForward {
  /** The input by blocks, `[rows, visible columns of the block]`. */
  readonly inputs: readonly Id[];
  /** After each ReLU, the latent representation last; `[rows, width]`. */
  readonly activations: readonly Id[];
}

/** A batch in TensorFlow's memory, both `[rows, features]`. */
export interface NativeBatch {
  readonly values: Id;
  readonly observed: Id;
}

/** Brings a batch to TensorFlow; call inside a scope that ends before the batch changes. */
export function uploadBatch(operations: Operations, batch: Matrix): NativeBatch {
  const shape = [batch.rows, batch.columns];
  return {
    values: operations.tensor(shape, batch.values),
    observed: operations.scope(() => operations.floats(operations.tensor(shape, batch.observed))),
  };
}

/**
 * Runs input `[rows, visible columns]` up to the latent representation. Call inside a scope.
 * Without `relu`, the layers follow each other bare.
 */
export function forwardNative(
  { operations, input: parts, inputBias, hidden }: NativeNetwork,
  input: Float32Array,
  relu = true,
): NativeForward {
  const first = parts[0].block.left;
  const visible = parts[parts.length - 1].block.right - first;
  const whole = operations.tensor([input.length / visible, visible], input);
  const inputs = parts.map(({ block }) =>
    columns(operations, whole, block.left - first, block.right - first),
  );
  const activate = (bias: NativeVariable, sum: () => Id) =>
    operations.scope(() => {
      const out = operations.plain("BiasAdd", sum(), bias.tensor);
      return relu ? operations.plain("Relu", out) : out;
    });
  const through = (below: Id, weight: NativeVariable) =>
    operations.product(below, weight.tensor, { right: true });
  const activations = [
    activate(inputBias, () =>
      addUp(
        operations,
        parts.map(
          ({ variable }, i) =>
            () =>
              through(inputs[i], variable),
        ),
      ),
    ),
  ];
  for (const { weight, bias } of hidden) {
    const below = activations[activations.length - 1];
    activations.push(activate(bias, () => through(below, weight)));
  }
  return { inputs, activations };
}

/** Runs a latent representation `[rows, width]` through one block of the output layer; `[rows, features]`. */
export function outputNative(
  { operations, spec, output }: NativeNetwork,
  index: number,
  latent: Id,
): { linear: Id; reconstruction: Id } {
  const { weight, bias } = output[index];
  const linear = operations.scope(() => {
    const product = operations.product(latent, weight.variable.tensor, { right: true });
    return operations.plain("BiasAdd", product, bias.variable.tensor);
  });
  const reconstruction = operations.plain(spec.output === "softplus" ? "Softplus" : "Relu", linear);
  return { linear, reconstruction };
}

/** Losses of one block, `[huber, mse]` summed over the observed entries, and what the gradient needs. */
export function lossesNative(
  operations: Operations,
  reconstruction: Id,
  batch: NativeBatch,
  { top, bottom }: { readonly top: number; readonly bottom: number },
): { sums: readonly [number, number]; clipped: Id } {
  const apart = operations.plain(
    "Sub",
    reconstruction,
    columns(operations, batch.values, top, bottom),
  );
  const marks = columns(operations, batch.observed, top, bottom);
  const difference = operations.plain("Mul", apart, marks);
  const [minus, one, half] = [-1, 1, 0.5].map((value) => operations.scalar(value));
  // clip(d) (d - clip(d) / 2) is d^2 / 2 up to 1 and |d| - 1/2 from there on: Huber's loss with delta 1.
  const clipped = operations.plain("ClipByValue", difference, minus, one);
  const rest = operations.plain("Sub", difference, operations.plain("Mul", clipped, half));
  // Float32 row by row, float64 from there: a float32 sum over millions of entries would lose digits.
  const total = (terms: Id) =>
    operations.read(operations.sum(terms, axis(operations, 1))).reduce((sum, row) => sum + row, 0);
  const huber = total(operations.plain("Mul", clipped, rest));
  return { sums: [huber, total(operations.plain("Square", difference))], clipped };
}

/**
 * Goes back through the network, hands each gradient of the mean Huber loss to `apply` as soon as nothing
 * below needs the old weights, and frees it before the next is made. Call inside a scope.
 * @returns the sums of the losses by block, `[huber, mse, huber, mse, ...]`.
 */
export function backwardNative(
  network: NativeNetwork,
  { inputs, activations }: NativeForward,
  batch: NativeBatch,
  observed: number,
  apply: ApplyNative,
): Float32Array {
  const { operations, spec } = network;
  const settle = (variable: NativeVariable, gradient: () => Id) =>
    operations.scope(() => apply(variable, gradient()));
  const throughLinear = (weight: NativeVariable, bias: NativeVariable, slope: Id, below: Id) => {
    settle(weight, () => operations.product(slope, below, { left: true }));
    settle(bias, () => operations.sum(slope, axis(operations, 0)));
  };
  const latent = activations[activations.length - 1];
  const scale = operations.scalar(1 / observed);
  const derivative = spec.output === "softplus" ? "SoftplusGrad" : "ReluGrad";
  const losses: number[] = [];

  let slope = addUp(
    operations,
    network.output.map(({ weight, bias }, i) => () => {
      const outer = operations.scope(() => {
        const { linear, reconstruction } = outputNative(network, i, latent);
        const { sums, clipped } = lossesNative(operations, reconstruction, batch, weight.block);
        losses.push(...sums);
        return operations.plain(derivative, operations.plain("Mul", clipped, scale), linear);
      });
      const inner = operations.scope(() => operations.product(outer, weight.variable.tensor));
      throughLinear(weight.variable, bias.variable, outer, latent);
      return inner;
    }),
  ); // [rows, width], with respect to the latent representation

  for (let i = network.hidden.length - 1; i >= 0; i--) {
    const { weight, bias } = network.hidden[i];
    const outer = operations.plain("ReluGrad", slope, activations[i + 1]);
    slope = operations.scope(() => operations.product(outer, weight.tensor));
    throughLinear(weight, bias, outer, activations[i]);
  }

  const outer = operations.plain("ReluGrad", slope, activations[0]);
  network.input.forEach(({ variable }, i) => {
    settle(variable, () => operations.product(outer, inputs[i], { left: true }));
  });
  settle(network.inputBias, () => operations.sum(outer, axis(operations, 0)));
  return Float32Array.from(losses);
}

/** Copies the columns `[left, right)` of a tensor `[rows, columns]`. */
function columns(operations: Operations, id: Id, left: number, right: number): Id {
  return operations.scope(() => {
    const begin = operations.tensor([2], Int32Array.of(0, left));
    return operations.slice(id, begin, operations.tensor([2], Int32Array.of(-1, right - left)));
  });
}

function axis(operations: Operations, number: number): Id {
  return operations.tensor([1], Int32Array.of(number));
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
