// Logistic regression with an L2 penalty, for few samples with any number of columns.
import {
  decomposeSymmetric,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
} from "../engine/linear-algebra.js";
import { minimizeSmooth } from "./minimize.js";
import { type ColumnScale, fitColumnScale, standardizePoints } from "./points.js";
import { rowsOf } from "./rows.js";

export interface LogisticModel {
  readonly classes: number;
  /** Of the training rows. */
  readonly scale: ColumnScale;
  /** On scaled columns: `[1, columns]` for two classes (the log odds of the second), else `[classes, columns]`. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
  readonly converged: boolean;
}

const TOLERANCE = 1e-7; // largest gradient entry, per training row

/**
 * Minimizes `Σ_i -log p(y_i | x_i) + ‖w‖² / 2` on standardized columns, the intercept unpenalized; labels are indexes in
 * [0, classes), and at least two occur.
 * With more columns than rows it works on the rows' principal scores: the penalty does not see a rotation,
 * and the optimum lies in the span of the rows, so this changes nothing but the cost.
 * Source: scikit-learn's LogisticRegression(C=1).
 */
export function fitLogistic(
  points: Rows,
  labels: ArrayLike<number>,
  classes: number,
): LogisticModel {
  const scale = fitColumnScale(points);
  const scaled = standardizePoints(points, scale);
  const outputs = classes === 2 ? 1 : classes;
  const curvature = (1 / classes) * (1 - 1 / classes); // p (1 - p) before any fit
  const rotation = points.columns > points.rows ? rotateIntoSpan(scaled, curvature) : null;
  const inputs = rotation?.scores ?? scaled;
  const penalties = rotation?.penalties ?? new Float64Array(points.columns).fill(1);
  const found = minimizeSmooth(
    (point, gradient) => penalizedLoss(inputs, penalties, labels, outputs, point, gradient),
    new Float64Array(outputs * (inputs.columns + 1)),
    TOLERANCE * points.rows,
  );
  const weights = found.point.slice(0, outputs * inputs.columns);
  return {
    classes,
    scale,
    coefficients: rotation?.rotateBack(weights) ?? weights,
    intercepts: found.point.slice(outputs * inputs.columns),
    converged: found.converged,
  };
}

/** Gives each row's class probabilities, `[rows, classes]`; each row sums to 1. */
export function predictLogistic(model: LogisticModel, points: Rows): Float64Array {
  const { classes, coefficients, intercepts } = model;
  const outputs = intercepts.length;
  const scaled = standardizePoints(points, model.scale);
  const logits = multiplyTransposed(scaled, rowsOf(outputs, coefficients));
  const probabilities = new Float64Array(points.rows * classes);
  for (let i = 0; i < points.rows; i++) {
    if (outputs === 1) {
      const [p, rest] = sigmoid(logits[i] + intercepts[0]);
      probabilities[2 * i] = rest;
      probabilities[2 * i + 1] = p;
    } else {
      const row = logits.subarray(i * outputs, (i + 1) * outputs);
      for (let k = 0; k < outputs; k++) row[k] += intercepts[k];
      softmaxInPlace(row);
      probabilities.set(row, i * classes);
    }
  }
  return probabilities;
}

/** Turns logits into probabilities, `exp(z_k) / Σ exp(z)`; returns `log Σ exp(z)`. */
function softmaxInPlace(logits: Float64Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (const logit of logits) top = Math.max(top, logit);
  let sum = 0;
  for (let k = 0; k < logits.length; k++) {
    logits[k] = Math.exp(logits[k] - top);
    sum += logits[k];
  }
  for (let k = 0; k < logits.length; k++) logits[k] /= sum;
  return top + Math.log(sum);
}

/** The objective at `point` = weights `[outputs, columns]` then intercepts `[outputs]`; fills the gradient. */
function penalizedLoss(
  inputs: Rows,
  penalties: Float64Array,
  labels: ArrayLike<number>,
  outputs: number,
  point: Float64Array,
  gradient: Float64Array,
): number {
  const { rows, columns } = inputs;
  const offset = outputs * columns;
  const weights = { rows: outputs, columns, values: point.subarray(0, offset) };
  const residuals = multiplyTransposed(weights, inputs); // logits at first, [outputs, rows]
  const row = new Float64Array(outputs);
  let loss = 0;
  gradient.fill(0, offset);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < outputs; k++) row[k] = residuals[k * rows + i] + point[offset + k];
    if (outputs === 1) {
      const z = labels[i] === 1 ? row[0] : -row[0];
      loss += z > 0 ? Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z)) - z;
      row[0] = sigmoid(row[0])[0] - labels[i];
    } else {
      const own = row[labels[i]];
      loss += softmaxInPlace(row) - own;
      row[labels[i]] -= 1;
    }
    for (let k = 0; k < outputs; k++) {
      residuals[k * rows + i] = row[k];
      gradient[offset + k] += row[k];
    }
  }
  gradient.set(multiply(rowsOf(outputs, residuals), inputs));
  let penalty = 0;
  for (let i = 0; i < offset; i++) {
    const slope = penalties[i % columns] * point[i];
    penalty += slope * point[i];
    gradient[i] += slope;
  }
  return loss + penalty / 2;
}

/**
 * Turns centered rows into scores along their own span, `[rows, rank]`, and weights on those back. Each score is
 * divided by the root of the objective's curvature along it, and its penalty with it: the same optimum, in a tenth
 * of the steps.
 */
function rotateIntoSpan(
  centered: Rows,
  curvature: number,
): {
  scores: Rows;
  penalties: Float64Array;
  rotateBack: (weights: Float64Array) => Float64Array;
} | null {
  const { rows } = centered;
  const { values, vectors } = decomposeSymmetric(gram(centered));
  const rank = values.filter((value) => value > 1e-12 * values[0]).length;
  if (rank === 0) return null; // no column varies
  const penalties = values.slice(0, rank).map((value) => 1 / (1 + curvature * value));
  const scores = new Float64Array(rows * rank);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      scores[i * rank + k] = vectors[k * rows + i] * Math.sqrt(values[k] * penalties[k]);
    }
  }
  return {
    scores: { rows, columns: rank, values: scores },
    penalties,
    rotateBack: (weights) => {
      const onVectors = weights.map((weight, at) => {
        const k = at % rank;
        return weight * Math.sqrt(penalties[k] / values[k]);
      });
      const outputs = onVectors.length / rank;
      const basis = rowsOf(rank, vectors.subarray(0, rank * rows));
      const onRows = multiply(rowsOf(outputs, onVectors), basis);
      return multiply(rowsOf(outputs, onRows), centered);
    },
  };
}

/** `1 / (1 + exp(-z))` and what is left to 1, each without cancellation. */
function sigmoid(z: number): [number, number] {
  const e = Math.exp(-Math.abs(z));
  const large = 1 / (1 + e);
  const small = e / (1 + e);
  return z >= 0 ? [large, small] : [small, large];
}
