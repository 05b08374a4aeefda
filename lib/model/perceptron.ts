// The classifier of the downstream tasks: a perceptron with one hidden layer, as scikit-learn's MLPClassifier.
//
//   x [rows, inputs] -> hidden -> ReLU [rows, units] -> output = logits [rows, classes] -> softmax = probabilities
//
// The loss is the mean cross-entropy plus `penalty |W|^2 / (2 rows)` of both weights. AdamW adds the penalty's gradient.
import type { Matrix } from "../cohort/matrix.js";
import { createRandom } from "../cohort/random.js";
import type { Engine, Tensor } from "../engine/engine.js";
import { sizeOf } from "../engine/shapes.js";
import { dense, type Pass, relu, sequence } from "../layers/layers.js";
import { crossEntropy, softmax } from "../layers/losses.js";
import { inspectMatrix } from "./batches.js";
import {
  type Architecture,
  buildModel,
  drawUniform,
  type Model,
  type Network,
  type Weights,
} from "./model.js";

export interface PerceptronSpec {
  readonly inputs: number;
  /** Units of the hidden layer. */
  readonly hidden: number;
  readonly classes: number;
  /** Weight of the L2 penalty, divided by the rows of a batch; biases are not penalized. scikit-learn's `alpha`. */
  readonly penalty: number;
}

/** Rows with a class each. */
export interface LabeledRows {
  /** `[rows, inputs]`; the mask is ignored. */
  readonly matrix: Matrix;
  /** In [0, classes). */
  readonly labels: ArrayLike<number>;
}

/**
 * A perceptron on an engine. Its `mse` is the Brier score: the squared differences between probabilities and classes,
 * summed over classes and averaged over rows. The cross-entropy without the penalty is among its parts.
 */
export interface PerceptronModel extends Model<LabeledRows> {
  readonly spec: PerceptronSpec;
  /** The probability of each class, `[rows, classes]`; a row sums to 1. */
  classify(rows: Matrix): Promise<Float64Array>;
}

interface PerceptronNetwork extends Network<LabeledRows> {
  /** `[rows, inputs]` to logits `[rows, classes]`. */
  logits(rows: Matrix, pass: Pass): Tensor;
}

/** The perceptron as layers. */
export const PERCEPTRON: Architecture<PerceptronSpec, LabeledRows, PerceptronNetwork> = {
  name: "perceptron",
  check: () => {}, // `fitMlp` has checked its options

  network(spec) {
    const layers = sequence(
      dense("hidden", spec.inputs, spec.hidden),
      relu(),
      dense("output", spec.hidden, spec.classes),
    );
    return {
      tensors: layers.tensors,
      leastRows: 1,
      inspect: (where, batch, engine) => inspectLabels(engine, where, spec, batch),
      async pass({ matrix: { values, rows }, labels }, _observed, pass) {
        const { engine } = pass;
        const x = engine.tensor(values, rows); // [rows, inputs]
        const { out, back } = layers.forward(x, penalize(pass, spec, rows));
        const logits = await engine.read(out); // [rows, classes]
        const { loss, slope } = crossEntropy(logits, labels);
        if (pass.settlement) back(engine.tensor(Float32Array.from(slope), rows), false);
        const squared = brierSum(slope, rows);
        return { huber: squared / 2, squared, parts: { "cross-entropy": loss } };
      },
      logits: ({ values, rows }, pass) =>
        layers.forward(pass.engine.tensor(values, rows), pass).out,
    };
  },
};

/** Builds a perceptron that starts from these weights. @throws RangeError if they do not fit. */
export function buildPerceptron(
  engine: Engine,
  spec: PerceptronSpec,
  weights: Weights,
): PerceptronModel {
  const model = buildModel(engine, PERCEPTRON, spec, weights);
  return Object.assign(model, {
    spec,
    async classify(rows: Matrix) {
      inspectMatrix(engine, "classify", rows, spec.inputs);
      const logits = await model.run("classify", (pass) =>
        engine.read(model.network.logits(rows, pass)),
      );
      return softmax(logits, rows.rows);
    },
  });
}

/** Draws weights and biases uniform in `±sqrt(6 / (inputs + outputs))`. Source: Glorot and Bengio 2010, as scikit-learn. */
export function initializePerceptron(
  spec: PerceptronSpec,
  seed: number,
): Map<string, Float32Array> {
  let bound = 0;
  return new Map(
    PERCEPTRON.network(spec).tensors.map(({ name, shape }) => {
      if (shape.length === 2) bound = Math.sqrt(6 / (shape[0] + shape[1])); // the bias that follows shares it
      const values = new Float32Array(sizeOf(shape));
      const [layer, kind] = name.split(".");
      const stream = `mlp ${layer} ${kind === "weight" ? "weights" : "biases"}`;
      drawUniform(createRandom(seed, stream), bound, values);
      return [name, values];
    }),
  );
}

/** Adds the penalty's gradient, `penalty W / rows`, to AdamW's step. */
function penalize(pass: Pass, { penalty }: PerceptronSpec, rows: number): Pass {
  const { settlement } = pass;
  if (!settlement || settlement instanceof Map) return pass;
  return { ...pass, settlement: { ...settlement, l2: penalty / rows } };
}

/** Sums `(p_k - [k = class])^2` over rows and classes; the cross-entropy's slope is `(p_k - [k = class]) / rows`. */
function brierSum(slope: Float64Array, rows: number): number {
  return slope.reduce((sum, value) => sum + (rows * value) ** 2, 0);
}

/** @throws RangeError if the rows do not fit, or a label is no class. */
function inspectLabels(
  engine: Engine,
  where: string,
  { inputs, classes }: PerceptronSpec,
  { matrix, labels }: LabeledRows,
): number {
  inspectMatrix(engine, where, matrix, inputs);
  const isClass = (label: number) => Number.isInteger(label) && label >= 0 && label < classes;
  const wrong = Array.from(labels).find((label) => !isClass(label));
  if (labels.length === matrix.rows && wrong === undefined) return matrix.rows;
  throw new RangeError(
    `${where}: expected a class in [0, ${classes}) of each of ${matrix.rows} rows, ` +
      `got ${wrong === undefined ? `${labels.length} labels` : `the label ${wrong}`}`,
  );
}
