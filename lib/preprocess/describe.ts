// Looks into preprocessing: one feature at every stage, and how much of each modality becomes zero.
import type { Cohort, Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import type { PreparedCohort } from "./prepare.js";
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

/**
 * Follows one column of the cohort through preprocessing.
 * @returns one row for each of `rows`.
 * @throws {RangeError} if the cohort has no such column or row.
 */
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

/** The share of a modality's observed entries that are exactly 0, in [0, 1]. */
export interface ZeroShare {
  readonly modality: string;
  /** Of the training rows. */
  readonly training: number;
  /** Of the test rows. */
  readonly test: number;
}

/**
 * Counts the zeros that preprocessing leaves, by modality.
 * @throws {RangeError} if nothing of a modality is observed.
 */
export function zeroShares({
  modalities,
  train,
  test,
}: Pick<PreparedCohort, "modalities" | "train" | "test">): ZeroShare[] {
  return modalities.map((modality) => ({
    modality: modality.name,
    training: zeroShare(train.matrix, modality),
    test: zeroShare(test.matrix, modality),
  }));
}

function zeroShare(
  { rows, columns, values, observed }: Matrix,
  { name, start, end }: Modality,
): number {
  let zeros = 0;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    for (let i = row * columns + start; i < row * columns + end; i++) {
      if (!observed[i]) continue;
      count++;
      if (values[i] === 0) zeros++;
    }
  }
  if (count === 0) {
    throw new RangeError(`zeroShares: expected observed entries of ${name}, got none`);
  }
  return zeros / count;
}
