// A small multilayer perceptron that classifies embeddings, as the paper's downstream tasks do.
import { type Matrix, selectRows } from "../cohort/matrix.js";
import { createRandom, shuffle } from "../cohort/random.js";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import type { Rows } from "../engine/linear-algebra.js";
import type { Weights } from "../model/model.js";
import {
  buildPerceptron,
  initializePerceptron,
  type PerceptronModel,
  type PerceptronSpec,
} from "../model/perceptron.js";
import { checkOptions } from "../options.js";
import { type ColumnScale, fitColumnScale, standardizePoints } from "./points.js";
import { checkCount } from "./statistics.js";

const PENALTY = 1e-4; // `alpha`, the weight of `‖W‖² / 2` per sample of a batch; biases are not penalized
const LEARNING_RATE = 1e-3; // Adam's
const BATCH = 200; // rows per step, at most
const TOLERANCE = 1e-4; // least decrease of an epoch's loss that counts as progress
const PATIENCE = 10; // consecutive epochs without progress after which training has converged

/** The settings and defaults are scikit-learn's MLPClassifier with the authors' `max_iter=1000`. */
export interface MlpOptions {
  /** Units of the hidden layer. By default 100. */
  readonly hidden?: number;
  /** By default 1,000. */
  readonly maxEpochs?: number;
  /** Whether to standardize each column over the training rows, which the authors' code does not. By default true. */
  readonly standardize?: boolean;
  /** By default 42. */
  readonly seed?: number;
  /** By default the one that `chooseEngine` finds. */
  readonly engine?: Engine;
}

export interface MlpModel {
  readonly spec: PerceptronSpec;
  /** Null where the columns are taken as they come. */
  readonly scale: ColumnScale | null;
  readonly weights: Weights;
  /** Mean penalized loss of each epoch. */
  readonly losses: readonly number[];
  /** Whether the loss came to rest before the epochs ran out. */
  readonly converged: boolean;
}

/**
 * Trains one hidden ReLU layer and a softmax with Adam on the cross-entropy; labels are indexes in [0, classes), and at
 * least two occur.
 * Same settings as scikit-learn's MLPClassifier, whose random numbers differ, so accuracies agree and weights do not;
 * for two classes it has one logistic output where this has two of a softmax.
 * Source: paper section 5, "an MLP"; the authors' notebook, MLPClassifier(random_state=42, max_iter=1000).
 * @throws RangeError if an option is out of range.
 * @throws DivergenceError if the loss diverges.
 */
export async function fitMlp(
  points: Rows,
  labels: ArrayLike<number>,
  classes: number,
  options: MlpOptions = {},
): Promise<MlpModel> {
  const {
    hidden = 100,
    maxEpochs = 1000,
    standardize = true,
    seed = 42,
    engine,
  } = checkOptions("fitMlp", options, {
    hidden: "number",
    maxEpochs: "number",
    standardize: "boolean",
    seed: "number",
    engine: "object",
  });
  checkCount("fitMlp", "hidden units", hidden);
  checkCount("fitMlp", "epochs", maxEpochs);
  const scale = standardize ? fitColumnScale(points) : null;
  const inputs = inputsOf(points, scale);
  const spec = { inputs: points.columns, hidden, classes, penalty: PENALTY };
  const weights = initializePerceptron(spec, seed);
  const model = buildPerceptron(engine ?? (await chooseEngine()).engine, spec, weights);
  try {
    const random = createRandom(seed, "mlp batches");
    let order = Array.from({ length: points.rows }, (_, row) => row);
    const losses: number[] = [];
    let best = Number.POSITIVE_INFINITY;
    let stale = 0;
    while (losses.length < maxEpochs && stale <= PATIENCE) {
      if (points.rows > BATCH) order = shuffle(order, random);
      let total = 0;
      for (let from = 0; from < points.rows; from += BATCH) {
        const rows = order.slice(from, from + BATCH);
        const matrix = rows.length === points.rows ? inputs : selectRows(inputs, rows);
        const penalized = (await penaltyOf(model)) / rows.length;
        const { parts } = await model.step(
          { matrix, labels: rows.map((row) => labels[row]) },
          { learningRate: LEARNING_RATE },
        );
        total += (parts!["cross-entropy"] + penalized) * rows.length;
      }
      const loss = total / points.rows;
      losses.push(loss);
      stale = loss > best - TOLERANCE ? stale + 1 : 0;
      best = Math.min(best, loss);
    }
    const converged = stale > PATIENCE;
    return { spec, scale, weights: await model.readWeights(), losses, converged };
  } finally {
    model.dispose();
  }
}

/** Gives each row's class probabilities, `[rows, classes]`; each row sums to 1. */
export async function predictMlp(
  { spec, scale, weights }: MlpModel,
  points: Rows,
  { engine }: Pick<MlpOptions, "engine"> = {},
): Promise<Float64Array> {
  const model = buildPerceptron(engine ?? (await chooseEngine()).engine, spec, weights);
  try {
    return await model.classify(inputsOf(points, scale));
  } finally {
    model.dispose();
  }
}

/** What the network reads, in float32. */
function inputsOf(points: Rows, scale: ColumnScale | null): Matrix {
  const { rows, columns, values } = scale ? standardizePoints(points, scale) : points;
  const observed = new Uint8Array(values.length).fill(1);
  return { rows, columns, values: Float32Array.from(values), observed };
}

/** `penalty |W|^2 / 2` of both weights. */
async function penaltyOf(model: PerceptronModel): Promise<number> {
  let squares = 0;
  for (const name of ["hidden.weight", "output.weight"]) {
    const weights = await model.readTensor(name, "value");
    for (let i = 0; i < weights.length; i++) squares += weights[i] * weights[i];
  }
  return (PENALTY * squares) / 2;
}
