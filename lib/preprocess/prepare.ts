// A cohort ready for training: split, and scaled by its training rows.
import { type Cohort, type Modality, patientsOf } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import { checkOptions } from "../options.js";
import { applyScaler, fitScaler, type Scaler } from "./scaler.js";
import type { Split } from "./split.js";

/** The parts of a split. */
export const PARTS = ["train", "validation", "test"] as const;

export type Part = (typeof PARTS)[number];

export const SPACES = ["paper", "z"] as const;

/**
 * The space of preprocessed values: "paper" is the paper's, `log1p(max(0, z))`, which is never negative; "z" stops at the
 * z-scores, which keep values below the mean.
 */
export type Space = (typeof SPACES)[number];

/** Preprocessed rows of one part; the type names the part, so that training rows cannot pass for test rows. */
export interface Prepared<P extends Part = Part> {
  readonly part: P;
  /** Row indexes in the cohort. */
  readonly rows: readonly number[];
  readonly ids: readonly string[];
  /** The patient of each row. */
  readonly patients: readonly string[];
  /** `[rows, features]`, unitless, in the cohort's space; missing entries are filled, and the mask marks the measured. */
  readonly matrix: Matrix;
  /** The same entries as z-scores, with the same mask, for controls that use values below the clamp. */
  readonly zScores: Matrix;
}

/** A cohort's three parts, preprocessed by one scaler. */
export interface PreparedCohort {
  readonly name: string;
  readonly modalities: readonly Modality[];
  readonly features: readonly string[];
  /** The gene of each feature, as in the cohort. */
  readonly genes?: readonly string[];
  readonly scaler: Scaler;
  /** The space of each part's `matrix`. */
  readonly space: Space;
  readonly train: Prepared<"train">;
  readonly validation: Prepared<"validation">;
  readonly test: Prepared<"test">;
}

export interface PrepareOptions {
  /** By default the paper's. */
  readonly space?: Space;
}

/**
 * Fits the scaler on the split's training rows and applies it to all three parts.
 * Source: paper section 3.
 * @throws RangeError if the split repeats a row or names one that the cohort lacks, or if a modality has no measured entry
 *   in the training rows.
 */
export function prepareCohort(
  cohort: Cohort,
  split: Split,
  options: PrepareOptions = {},
): PreparedCohort {
  const { space = "paper" } = checkOptions("prepareCohort", options, { space: SPACES });
  checkSplit(split, cohort.samples.length);
  const idsOf = (rows: readonly number[]) => rows.map((row) => cohort.samples[row].id);
  const scaler = fitScaler(cohort.matrix, split.train, idsOf(split.train));
  requireModalities(cohort, split);
  const part = <P extends Part>(name: P): Prepared<P> => {
    const rows = split[name];
    const zScores = applyScaler(scaler, cohort.matrix, rows, "standardized");
    return {
      part: name,
      rows,
      ids: idsOf(rows),
      patients: patientsOf(cohort, rows),
      matrix: space === "z" ? zScores : applyScaler(scaler, cohort.matrix, rows),
      zScores,
    };
  };
  return {
    name: cohort.name,
    modalities: cohort.modalities,
    features: cohort.features,
    ...(cohort.genes && { genes: cohort.genes }),
    scaler,
    space,
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
  };
}

/** The same rows as z-scores, which a cohort prepared in the paper's space holds too. */
export function asZScores(prepared: PreparedCohort): PreparedCohort {
  const part = <P extends Part>(rows: Prepared<P>): Prepared<P> => ({
    ...rows,
    matrix: rows.zScores,
  });
  return {
    ...prepared,
    space: "z",
    train: part(prepared.train),
    validation: part(prepared.validation),
    test: part(prepared.test),
  };
}

/** @throws RangeError naming a modality without a measured entry in the training rows. */
function requireModalities({ modalities, matrix }: Cohort, { train }: Split): void {
  for (const { name, start, end } of modalities) {
    const isMeasured = train.some((row) =>
      matrix.observed
        .subarray(row * matrix.columns + start, row * matrix.columns + end)
        .includes(1),
    );
    if (isMeasured) continue;
    throw new RangeError(
      `prepareCohort: expected measured entries of each modality in the training rows, got none of "${name}" in ` +
        `${train.length} rows; leave it out of the cohort, or check how its samples are named`,
    );
  }
}

function checkSplit({ train, validation, test }: Split, size: number): void {
  const seen = new Set<number>();
  for (const row of [...train, ...validation, ...test]) {
    if (!Number.isInteger(row) || row < 0 || row >= size || seen.has(row)) {
      throw new RangeError(
        `prepareCohort: expected a split that names rows in [0, ${size}) once each, got ${row}` +
          `${seen.has(row) ? " again" : ""}; split this cohort's own samples`,
      );
    }
    seen.add(row);
  }
}

/**
 * Refuses rows that the scaler was fitted on where held-out rows are needed.
 * @throws RangeError that lists the first few.
 */
export function requireHeldOut(scaler: Scaler, rows: Pick<Prepared, "part" | "ids">): void {
  const seen = new Set(scaler.trainedOn);
  const leaked = rows.ids.filter((id) => seen.has(id));
  if (leaked.length > 0) {
    throw new RangeError(
      `requireHeldOut: expected ${rows.part} rows that were not trained on, got ${leaked.length} that were: ` +
        `${leaked.slice(0, 5).join(", ")}; split again, or pass the scaler that belongs to these rows`,
    );
  }
}
