// What every engine checks at its door, so that all refuse the same things in the same words.
import type { Matrix } from "../cohort/matrix.js";
import {
  type AutoencoderSpec,
  buffersOf,
  sizeOf,
  tensorsOf,
  type Weights,
} from "../model/autoencoder.js";
import { DivergenceError, type Kept, type Losses, type StepOptions } from "./engine.js";

/** @throws RangeError if a batch is not `[rows, features]` of the model. */
export function requireShape(where: string, { features }: AutoencoderSpec, batch: Matrix): void {
  const { rows, columns, values, observed } = batch;
  if (columns !== features || rows < 1) {
    throw new RangeError(
      `${where}: expected a batch of at least 1 row and ${features} columns, got ${rows} x ${columns}`,
    );
  }
  if (values.length !== rows * columns || observed.length !== rows * columns) {
    throw new RangeError(
      `${where}: expected ${rows * columns} values and as many marks of observation, ` +
        `got ${values.length} and ${observed.length}`,
    );
  }
}

/** @throws RangeError naming the first value that is not finite. */
export function requireFinite(where: string, { values, columns }: Matrix): void {
  for (let i = 0; i < values.length; i++) {
    // A difference with itself is NaN for NaN and both infinities.
    if (values[i] - values[i] !== 0) {
      const row = Math.floor(i / columns);
      throw new RangeError(
        `${where}: expected finite values, got ${values[i]} at row ${row}, column ${i % columns}`,
      );
    }
  }
}

/**
 * Gives the number of a batch's observed entries, over which its losses are means.
 * @throws RangeError if there are none.
 */
export function requireObserved(where: string, observed: number): number {
  if (observed === 0) {
    throw new RangeError(
      `${where}: expected at least one observed entry in the batch, got none; the loss has no mean then`,
    );
  }
  return observed;
}

/** @throws RangeError if a batch has one row alone, whose statistics have no variance. */
export function requireTwoRows({ rows }: Matrix): void {
  if (rows > 1) return;
  throw new RangeError(
    "step: expected a batch of at least 2 rows, got 1: batch normalization divides by the variance of the batch; " +
      "take another batch size, which leaves no row alone",
  );
}

/**
 * Checks that there is one array of the right length for each tensor of the model, and no other.
 * @throws RangeError naming the first that is not.
 */
export function requireTensors(where: string, spec: AutoencoderSpec, values: Weights): void {
  const tensors = tensorsOf(spec);
  for (const { name, shape } of tensors) {
    const got = values.get(name)?.length;
    if (got !== sizeOf(shape)) {
      throw new RangeError(
        `${where}: expected ${sizeOf(shape)} numbers for ${name} [${shape.join(", ")}], ` +
          `got ${got ?? "none"}`,
      );
    }
    requireVariances(where, name, values.get(name)!);
  }
  if (values.size > tensors.length) {
    const known = new Set(tensors.map(({ name }) => name));
    const other = [...values.keys()].find((name) => !known.has(name));
    throw new RangeError(`${where}: expected no parameter named "${other}" in this model`);
  }
}

/**
 * Checks that the model keeps this of a tensor of this name.
 * @throws RangeError if it does not, or values are given and do not fit.
 */
export function requireTensor(
  where: string,
  spec: AutoencoderSpec,
  name: string,
  kept: Kept,
  values?: Float32Array,
): void {
  const tensor = tensorsOf(spec).find((one) => one.name === name);
  if (!tensor) throw new RangeError(`${where}: expected a parameter of the model, got "${name}"`);
  if (kept !== "value" && buffersOf(spec).some((one) => one.name === name)) {
    throw new RangeError(
      `${where}: expected the value of ${name}, got a moment: it has no gradient`,
    );
  }
  if (!values) return;
  if (values.length !== sizeOf(tensor.shape)) {
    throw new RangeError(
      `${where}: expected ${sizeOf(tensor.shape)} numbers for ${name} [${tensor.shape.join(", ")}], got ${values.length}`,
    );
  }
  requireVariances(where, name, values);
}

function requireVariances(where: string, name: string, values: Float32Array): void {
  if (name !== "batch_norm.running_var") return;
  const bad = values.findIndex((value) => !(value >= 0));
  if (bad >= 0) {
    throw new RangeError(
      `${where}: expected variances of 0 or more, got ${values[bad]} in ${name}`,
    );
  }
}

/** @throws RangeError if it is not a whole number, 0 or more. */
export function requireSteps(step: number): number {
  if (Number.isInteger(step) && step >= 0) return step;
  throw new RangeError(`stepCount: expected a whole number of steps, got ${step}`);
}

/** @throws RangeError if a rate is not a finite number of at least 0. */
export function requireRates({ learningRate, weightDecay = 0 }: StepOptions): void {
  for (const [name, rate] of Object.entries({ learningRate, weightDecay })) {
    if (!(Number.isFinite(rate) && rate >= 0)) {
      throw new RangeError(`step: expected ${name} to be finite and at least 0, got ${rate}`);
    }
  }
}

/**
 * Divides sums over the observed entries, `[huber, mse, huber, mse, ...]`, by their number.
 * @throws Error if a loss is not finite: the weights have diverged.
 */
export function meanLosses(where: string, sums: Float32Array, observed: number): Losses {
  let huber = 0;
  let mse = 0;
  for (let i = 0; i < sums.length; i += 2) {
    huber += sums[i] / observed;
    mse += sums[i + 1] / observed;
  }
  if (!Number.isFinite(huber) || !Number.isFinite(mse)) {
    throw new DivergenceError(
      `${where}: expected finite losses, got Huber ${huber} and MSE ${mse}; ` +
        "the weights have diverged and are of no more use: train again with a lower learning rate",
    );
  }
  return { huber, mse };
}

/**
 * Checks a moment of what belongs to input columns, `[..., features]`.
 * @throws RangeError if it is not 0 where the model does not see.
 */
export function requireUnseenAtRest(
  { features, visible }: AutoencoderSpec,
  name: string,
  kept: Kept,
  moment: Float32Array,
): void {
  const ofInput = name === "inp_lin.weight" || name.startsWith("batch_norm.");
  if (visible === null || kept === "value" || !ofInput) return;
  for (let i = 0; i < moment.length; i++) {
    const column = i % features;
    if (moment[i] !== 0 && (column < visible.start || column >= visible.end)) {
      throw new RangeError(
        "writeTensor: expected no moments at columns that the model does not see, got some; " +
          "this state belongs to a model with other visible columns",
      );
    }
  }
}
