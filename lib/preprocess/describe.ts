// Looks into preprocessing: one feature through every stage, and the share of entries with a property.
import type { Cohort, Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import { applyScaler, type Scaler, type Stage } from "./scaler.js";

/** One sample's value of one feature at every stage; measured is null where it is missing. */
export interface FeatureStages {
  readonly sample: string;
  readonly feature: string;
  readonly measured: number | null;
  readonly imputed: number;
  readonly winsorized: number;
  readonly standardized: number;
  readonly log: number;
}

/** Follows one column of the cohort through preprocessing, a row a sample. */
export function describeFeature(
  cohort: Pick<Cohort, "samples" | "features" | "matrix">,
  scaler: Scaler,
  column: number,
  rows: readonly number[],
): FeatureStages[] {
  const { columns, values, observed } = cohort.matrix;
  if (!Number.isInteger(column) || column < 0 || column >= columns) {
    throw new RangeError(`describeFeature: expected a column in [0, ${columns}), got ${column}`);
  }
  const at = (until: Stage) => {
    const scaled = applyScaler(scaler, cohort.matrix, rows, until);
    return (i: number) => scaled.values[i * columns + column];
  };
  const [imputed, winsorized, standardized, log] = (
    ["imputed", "winsorized", "standardized", "log"] as const
  ).map(at);
  return rows.map((row, i) => ({
    sample: cohort.samples[row].id,
    feature: cohort.features[column],
    measured: observed[row * columns + column] ? values[row * columns + column] : null,
    imputed: imputed(i),
    winsorized: winsorized(i),
    standardized: standardized(i),
    log: log(i),
  }));
}

/**
 * Takes the share of a modality's observed entries that pass a test, in [0, 1].
 * @throws RangeError if nothing is observed.
 */
export function shareOf(
  { rows, columns, values, observed }: Matrix,
  { name, start, end }: Modality,
  accept: (value: number) => boolean,
): number {
  let passed = 0;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = row * columns + start; i < row * columns + end; i++) {
      if (!observed[i]) continue;
      count++;
      if (accept(values[i])) passed++;
    }
  }
  if (count === 0) throw new RangeError(`shareOf: expected observed entries of ${name}, got none`);
  return passed / count;
}
