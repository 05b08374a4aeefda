// A small multilayer perceptron that classifies embeddings, as the paper's downstream tasks do.
import { createRandom, shuffle } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkLabels, softmaxInPlace } from "./logistic.js";
import { forwardMlp, initializeMlp, type MlpParameters, mlpGradients } from "./perceptron.js";
import {
  type ColumnScale,
  checkPoints,
  fitColumnScale,
  selectPoints,
  standardizePoints,
} from "./points.js";

/** The defaults are scikit-learn's MLPClassifier with the authors' `max_iter=1000`. */
export interface MlpOptions {
  /** Units of the one hidden layer. */
  readonly hidden?: number;
  /** `alpha`: weight of `‖W‖² / 2` per sample of a batch; biases are not penalized. */
  readonly penalty?: number;
  readonly learningRate?: number;
  /** Rows a step, at most. */
  readonly batch?: number;
  readonly maxEpochs?: number;
  /** Least fall of an epoch's loss that counts as progress. */
  readonly tolerance?: number;
  /** Epochs in a row without progress after which training has converged. */
  readonly patience?: number;
  /** Scales each column to mean 0 and variance 1 over the training rows; the authors' code does not. */
  readonly standardize?: boolean;
  readonly seed?: number;
}

export interface MlpModel {
  readonly classes: number;
  /** Null where the columns are taken as they come. */
  readonly scale: ColumnScale | null;
  readonly parameters: MlpParameters;
  /** Mean penalized loss of each epoch. */
  readonly losses: readonly number[];
  /** Whether the loss came to rest before the epochs ran out. */
  readonly converged: boolean;
}

/**
 * Trains one hidden ReLU layer and a softmax with Adam on the cross-entropy; labels are indexes in [0, classes).
 * Same settings as scikit-learn's MLPClassifier, whose random numbers differ, so accuracies agree and weights do not;
 * for two classes it has one logistic output where this has two of a softmax.
 * Source: paper section 5, "an MLP"; the authors' notebook, MLPClassifier(random_state=42, max_iter=1000).
 * @throws RangeError if labels and rows differ in number, a label or an option is out of range,
 * fewer than two classes occur, or the loss diverges.
 */
export function fitMlp(
  points: Rows,
  labels: ArrayLike<number>,
  classes: number,
  {
    hidden = 100,
    penalty = 1e-4,
    learningRate = 1e-3,
    batch = 200,
    maxEpochs = 1000,
    tolerance = 1e-4,
    patience = 10,
    standardize = true,
    seed = 42,
  }: MlpOptions = {},
): MlpModel {
  checkPoints("fitMlp", points);
  checkLabels("fitMlp", labels, points.rows, classes);
  for (const [name, value] of Object.entries({ hidden, batch, maxEpochs, patience })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`fitMlp: expected ${name} to be a positive whole number, got ${value}`);
    }
  }
  if (!(penalty >= 0 && learningRate > 0)) {
    throw new RangeError(
      `fitMlp: expected penalty >= 0 and learningRate > 0, got ${penalty} and ${learningRate}`,
    );
  }
  const scale = standardize ? fitColumnScale(points) : null;
  const inputs = scale ? standardizePoints(points, scale) : points;
  const parameters = initializeMlp(points.columns, hidden, classes, seed);
  const adam = new Map(Object.values(parameters).map((values) => [values, moments(values)]));
  const random = createRandom(seed, "mlp batches");
  let order = Array.from({ length: points.rows }, (_, row) => row);
  const losses: number[] = [];
  let best = Number.POSITIVE_INFINITY;
  let stale = 0;
  let step = 0;
  while (losses.length < maxEpochs && stale <= patience) {
    if (points.rows > batch) order = shuffle(order, random);
    let total = 0;
    for (let from = 0; from < points.rows; from += batch) {
      const rows = order.slice(from, from + batch);
      const part = rows.length === points.rows ? inputs : selectPoints(inputs, rows);
      const { loss, gradients } = mlpGradients(
        parameters,
        part,
        rows.map((row) => labels[row]),
        penalty,
      );
      total += loss * rows.length;
      step++;
      for (const name of Object.keys(parameters) as (keyof MlpParameters)[]) {
        const values = parameters[name];
        stepAdam(values, gradients[name], adam.get(values)!, learningRate, step);
      }
    }
    const loss = total / points.rows;
    if (!Number.isFinite(loss)) {
      throw new RangeError(
        `fitMlp: expected a finite loss, got ${loss} after ${step} steps; lower the learning rate`,
      );
    }
    losses.push(loss);
    stale = loss > best - tolerance ? stale + 1 : 0;
    best = Math.min(best, loss);
  }
  return { classes, scale, parameters, losses, converged: stale > patience };
}

/**
 * Gives each row's class probabilities, `[rows, classes]`; each row sums to 1.
 * @throws RangeError if the points have other columns than the model was fitted on, or a value is not finite.
 */
export function predictMlp({ classes, scale, parameters }: MlpModel, points: Rows): Float64Array {
  checkPoints("predictMlp", points);
  const inputs = scale ? standardizePoints(points, scale) : points;
  const { outputs } = forwardMlp(parameters, inputs);
  for (let i = 0; i < points.rows; i++) {
    softmaxInPlace(outputs.subarray(i * classes, (i + 1) * classes));
  }
  return outputs;
}

interface Moments {
  readonly first: Float64Array;
  readonly second: Float64Array;
}

function moments(values: Float64Array): Moments {
  return { first: new Float64Array(values.length), second: new Float64Array(values.length) };
}

/** Kingma and Ba 2015 with the rates of its paper; the corrections are folded into the step as scikit-learn does. */
function stepAdam(
  values: Float64Array,
  gradient: Float64Array,
  { first, second }: Moments,
  learningRate: number,
  step: number,
): void {
  const rate = (learningRate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
  for (let i = 0; i < values.length; i++) {
    first[i] = 0.9 * first[i] + 0.1 * gradient[i];
    second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i];
    values[i] -= (rate * first[i]) / (Math.sqrt(second[i]) + 1e-8);
  }
}
