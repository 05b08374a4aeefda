// The network of the MLP: one hidden ReLU layer and linear outputs, its loss and its gradient.
import { createRandom } from "../cohort/random.js";
import {
  multiply,
  multiplyTransposed,
  type Rows,
  transposeMultiply,
} from "../engine/linear-algebra.js";
import { softmaxInPlace } from "./logistic.js";

/** Row-major, a unit a row: `[hidden, columns]`, `[hidden]`, `[classes, hidden]`, `[classes]`. */
export interface MlpParameters {
  readonly hiddenWeights: Float64Array;
  readonly hiddenBiases: Float64Array;
  readonly outputWeights: Float64Array;
  readonly outputBiases: Float64Array;
}

/** Draws weights and biases uniform in `±sqrt(6 / (in + out))`. Source: Glorot and Bengio 2010, as scikit-learn. */
export function initializeMlp(
  columns: number,
  hidden: number,
  classes: number,
  seed: number,
): MlpParameters {
  const draw = (name: string, size: number, inputs: number, outputs: number) => {
    const random = createRandom(seed, `mlp ${name}`);
    const bound = Math.sqrt(6 / (inputs + outputs));
    return Float64Array.from({ length: size }, () => (2 * random.uniform() - 1) * bound);
  };
  return {
    hiddenWeights: draw("hidden weights", hidden * columns, columns, hidden),
    hiddenBiases: draw("hidden biases", hidden, columns, hidden),
    outputWeights: draw("output weights", classes * hidden, hidden, classes),
    outputBiases: draw("output biases", classes, hidden, classes),
  };
}

/** Gives the batch's `mean(-log p) + penalty ‖W‖² / (2 rows)`, and its gradient by parameter. */
export function mlpGradients(
  parameters: MlpParameters,
  batch: Rows,
  labels: ArrayLike<number>,
  penalty: number,
): { loss: number; gradients: MlpParameters } {
  const { hiddenBiases, outputWeights, outputBiases } = parameters;
  const { rows } = batch;
  const hidden = hiddenBiases.length;
  const classes = outputBiases.length;
  const { activations, outputs } = forwardMlp(parameters, batch);
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    const row = outputs.subarray(i * classes, (i + 1) * classes);
    const own = row[labels[i]];
    loss += softmaxInPlace(row) - own;
    row[labels[i]] -= 1;
    for (let k = 0; k < classes; k++) row[k] /= rows;
  }
  const slopes = { rows, columns: classes, values: outputs };
  const weights = { rows: classes, columns: hidden, values: outputWeights };
  const toHidden = multiply(slopes, weights);
  for (let i = 0; i < toHidden.length; i++) if (activations[i] === 0) toHidden[i] = 0;
  const gradients = {
    hiddenWeights: transposeMultiply({ rows, columns: hidden, values: toHidden }, batch),
    hiddenBiases: columnSums(toHidden, hidden),
    outputWeights: transposeMultiply(slopes, { rows, columns: hidden, values: activations }),
    outputBiases: columnSums(outputs, classes),
  };
  let squares = 0;
  for (const name of ["hiddenWeights", "outputWeights"] as const) {
    const weights = parameters[name];
    for (let i = 0; i < weights.length; i++) {
      squares += weights[i] * weights[i];
      gradients[name][i] += (penalty / rows) * weights[i];
    }
  }
  return { loss: loss / rows + (penalty * squares) / (2 * rows), gradients };

  function columnSums(values: Float64Array, columns: number): Float64Array {
    const out = new Float64Array(columns);
    for (let i = 0; i < values.length; i++) out[i % columns] += values[i];
    return out;
  }
}

/** Gives the hidden activations `[rows, hidden]` and the output logits `[rows, classes]`. */
export function forwardMlp(
  { hiddenWeights, hiddenBiases, outputWeights, outputBiases }: MlpParameters,
  inputs: Rows,
): { activations: Float64Array; outputs: Float64Array } {
  const { rows, columns } = inputs;
  const hidden = hiddenBiases.length;
  const classes = outputBiases.length;
  const activations = multiplyTransposed(inputs, { rows: hidden, columns, values: hiddenWeights });
  for (let i = 0; i < activations.length; i++) {
    activations[i] = Math.max(0, activations[i] + hiddenBiases[i % hidden]);
  }
  const outputs = multiplyTransposed(
    { rows, columns: hidden, values: activations },
    { rows: classes, columns: hidden, values: outputWeights },
  );
  for (let i = 0; i < outputs.length; i++) outputs[i] += outputBiases[i % classes];
  return { activations, outputs };
}
