// Maps new samples onto the training samples' distribution, feature by feature, where someone asks for it.
import { emptyMatrix } from "../cohort/matrix.js";
import { meanOf } from "../evaluate/statistics.js";
import type { Imputer } from "./bundle.js";
import type { Places, SeenTable } from "./new-table.js";

/** "z" moves mean and deviation to the training samples', "quantile" the whole distribution. */
export const ALIGNMENTS = ["quantile", "z"] as const;

export type Alignment = (typeof ALIGNMENTS)[number];

/** Samples that measured a feature, for its distribution to be told. */
const LEAST_SAMPLES = 10;

/**
 * Aligns a table: each feature's mean and deviation, or its quantiles, become those of the training samples. This takes
 * batch and units away, and with them whatever truly differs between the two groups of samples, such as the share of
 * tumors. A feature that fewer than 10 samples measured is left out.
 * @returns the table in new values, and how many of the model's features were left out.
 * @throws RangeError if there are fewer than 10 samples.
 */
export function alignTable(
  { decoder }: Pick<Imputer, "decoder">,
  table: SeenTable,
  { columns }: Places,
  kind: Alignment,
): { readonly table: SeenTable; readonly left: number } {
  const { samples, features, matrix } = table;
  if (samples.length < LEAST_SAMPLES) {
    throw new RangeError(
      `impute: expected at least ${LEAST_SAMPLES} samples to align by ${kind}, got ${samples.length}; a distribution ` +
        "cannot be told from so few, so convert their units, or align them together with others of their batch",
    );
  }
  const out = emptyMatrix(matrix.rows, matrix.columns);
  const { mean, std } = decoder.paths.scaler;
  let left = 0;
  columns.forEach((column, g) => {
    if (column < 0) return;
    const places: number[] = [];
    for (let at = column; at < matrix.values.length; at += matrix.columns) {
      if (matrix.observed[at]) places.push(at);
    }
    if (places.length < LEAST_SAMPLES) {
      left++;
      return;
    }
    const values = Float64Array.from(places, (at) => matrix.values[at]);
    const aligned =
      kind === "z"
        ? toMoments(values, mean[g], std[g])
        : toQuantiles(values, trainingValues(decoder, g));
    places.forEach((at, i) => {
      out.values[at] = aligned[i];
      out.observed[at] = 1;
    });
  });
  return { table: { samples, features, matrix: out }, left };
}

function toMoments(values: Float64Array, mean: number, std: number): Float64Array {
  const center = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / values.length;
  const by = variance > 0 ? std / Math.sqrt(variance) : 0;
  return values.map((value) => mean + (value - center) * by);
}

/** Each value's quantile among the values, `(rank - 1/2) / n` with the mean rank of ties, taken from the reference. */
function toQuantiles(values: Float64Array, reference: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    const position = ((start + end) / 2 / values.length) * reference.length - 0.5;
    const at = Math.min(Math.max(position, 0), reference.length - 1);
    const below = Math.floor(at);
    const above = Math.min(below + 1, reference.length - 1);
    const value = reference[below] + (at - below) * (reference[above] - reference[below]);
    for (let i = start; i < end; i++) out[order[i]] = value;
    start = end;
  }
  return out;
}

/** The training samples' values of a feature, ascending, clamped as training clamps them. */
function trainingValues({ paths }: Imputer["decoder"], g: number): Float64Array {
  const { inputs, center, by } = paths.likeness;
  return Float64Array.from({ length: inputs.rows }, (_, i) => {
    const d = inputs.values[i * inputs.columns + g];
    return center[g] + (by[g] > 0 ? d / by[g] : 0);
  }).sort();
}
