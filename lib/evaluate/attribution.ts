// Attribution: which visible columns move a unit of an autoencoder, by integrated gradients and by saliency.
import type { Matrix } from "../cohort/matrix.js";
import type { Columns } from "../engine/engine.js";
import { type AutoencoderModel, type Sight, type Unit, visibleOf } from "../model/autoencoder.js";
import { checkOptions, required } from "../options.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { findPartners } from "./cis.js";
import { columnCorrelations } from "./correlation.js";

/** A model that gives the slopes of its units. */
type Traced = Pick<AutoencoderModel<Sight>, "slopes" | "spec">;

export interface IntegratedGradientsOptions {
  readonly unit: Unit;
  /** Where the path starts, `[features]`; by default 0 everywhere, in the paper's space at or below the training mean. */
  readonly baseline?: Float32Array;
  /** Points of the path. */
  readonly steps?: number;
}

/** How far each visible column moves a unit from its value at the baseline. */
export interface Attribution {
  /** `[rows, visible columns]`, in units of the output. */
  readonly values: Float64Array;
  readonly visible: Columns;
  /** The unit's value at each row, and at the baseline. */
  readonly output: Float32Array;
  readonly baseline: number;
  /** What the attributions of a row miss of `output - baseline`, `[rows]`. */
  readonly error: Float64Array;
  /** The largest error, relative to the largest change of the output; 0 where nothing changes. */
  readonly relativeError: number;
}

/**
 * Integrates slopes along the straight line from the baseline b to each row x, at the midpoints of equal steps:
 * `(x_j - b_j) / steps Σ_k ∂F/∂x_j (b + (k + 1/2) / steps (x - b))`. Exactly integrated, the attributions of a row add
 * up to `F(x) - F(b)`; the error says what the steps miss of that.
 * Source: Sundararajan, Taly and Yan 2017, equation 1 and proposition 1.
 * @param rows preprocessed samples, `[rows, features]`.
 * @throws RangeError if the unit does not exist, the baseline has another length, or the steps are no positive whole
 * number.
 */
export async function integratedGradients(
  model: Traced,
  rows: Matrix,
  options: IntegratedGradientsOptions,
): Promise<Attribution> {
  const {
    unit,
    baseline = new Float32Array(rows.columns),
    steps = 64,
  } = checkOptions("integratedGradients", options, {
    unit: required("object"),
    baseline: Float32Array,
    steps: "number",
  });
  const { columns } = rows;
  if (baseline.length !== columns) {
    throw new RangeError(
      `integratedGradients: expected a baseline of ${columns} columns, got ${baseline.length}`,
    );
  }
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`integratedGradients: expected a positive number of steps, got ${steps}`);
  }
  const { values: output } = await model.slopes(rows, unit);
  const start = await model.slopes(matrixOf(1, columns, baseline), unit);
  const visible = visibleOf(model.spec);
  const width = visible.end - visible.start;
  const values = new Float64Array(rows.rows * width);
  const error = new Float64Array(rows.rows);
  for (let i = 0; i < rows.rows; i++) {
    const row = rows.values.subarray(i * columns, (i + 1) * columns);
    const path = new Float32Array(steps * columns);
    for (let k = 0; k < steps; k++) {
      const share = (k + 0.5) / steps;
      for (let j = 0; j < columns; j++) {
        path[k * columns + j] = baseline[j] + share * (row[j] - baseline[j]);
      }
    }
    const { slopes } = await model.slopes(matrixOf(steps, columns, path), unit);
    let sum = 0;
    for (let j = 0; j < width; j++) {
      let total = 0;
      for (let k = 0; k < steps; k++) total += slopes[k * width + j];
      const at = visible.start + j;
      const value = ((row[at] - baseline[at]) * total) / steps;
      values[i * width + j] = value;
      sum += value;
    }
    error[i] = sum - (output[i] - start.values[0]);
  }
  const largest = output.reduce((most, one) => Math.max(most, Math.abs(one - start.values[0])), 0);
  const worst = error.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  return {
    values,
    visible,
    output,
    baseline: start.values[0],
    error,
    relativeError: largest > 0 ? worst / largest : 0,
  };
}

/**
 * The absolute slope of a unit by each visible column at each row, `[rows, visible columns]`: how fast the unit changes
 * there, whatever the column's value.
 * Source: Simonyan, Vedaldi and Zisserman 2014.
 * @throws RangeError if the unit does not exist.
 */
export async function saliency(model: Traced, rows: Matrix, unit: Unit): Promise<Float64Array> {
  const { slopes } = await model.slopes(rows, unit);
  return Float64Array.from(slopes, Math.abs);
}

/** A column and how much it counts over the samples. */
export interface RankedFeature {
  readonly feature: string;
  /** Mean over samples; its sign says in which direction the column moves the unit. */
  readonly mean: number;
  /** Mean absolute value over samples, by which features are ranked. */
  readonly strength: number;
}

/**
 * Ranks columns by their mean absolute attribution, strongest first.
 * @param values `[rows, features.length]`.
 * @param features the names of the visible columns.
 * @throws RangeError if the values are not whole rows of as many features.
 */
export function rankFeatures(
  values: ArrayLike<number>,
  features: readonly string[],
): RankedFeature[] {
  const width = features.length;
  const rows = values.length / width;
  if (!(Number.isInteger(rows) && rows > 0)) {
    throw new RangeError(
      `rankFeatures: expected whole rows of ${width} features, got ${values.length} values`,
    );
  }
  const means = new Float64Array(width);
  const strengths = new Float64Array(width);
  for (let at = 0; at < values.length; at++) {
    means[at % width] += values[at] / rows;
    strengths[at % width] += Math.abs(values[at]) / rows;
  }
  return features
    .map((feature, j) => ({ feature, mean: means[j], strength: strengths[j] }))
    .sort((a, b) => b.strength - a.strength);
}

/** How well an inferred feature is predicted. */
export interface PredictedFeature {
  readonly feature: string;
  readonly modality: string;
  readonly column: number;
  /** Whether its own gene is in the first modality. */
  readonly ownGene: boolean;
  /** Pearson's r of measurement and prediction over the training samples. */
  readonly r: number;
}

/**
 * Ranks the inferred features by how well they are predicted on the training rows, best first, those whose own gene is
 * in the first modality before all others. To choose one to look at: an r of training rows says little of new samples.
 * @param predicted of the training rows, `[rows, features]`.
 */
export function rankPredicted(
  prepared: PreparedCohort,
  predicted: Float32Array,
): PredictedFeature[] {
  const { matrix } = prepared.train;
  const partners = findPartners(prepared);
  const found = columnCorrelations(matrix, predicted);
  return prepared.modalities
    .slice(1)
    .flatMap(({ name, start, end }) =>
      Array.from({ length: end - start }, (_, j) => ({
        feature: prepared.features[start + j],
        modality: name,
        column: start + j,
        ownGene: partners[start + j] >= 0,
        r: found[start + j],
      })),
    )
    .filter(({ r }) => !Number.isNaN(r))
    .sort((a, b) => Number(b.ownGene) - Number(a.ownGene) || b.r - a.r);
}

function matrixOf(rows: number, columns: number, values: Float32Array): Matrix {
  return { rows, columns, values, observed: new Uint8Array(values.length).fill(1) };
}
