// A cohort ready for training: split, scaled by its training rows, each part labeled in its type.
import type { Cohort, Modality } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import { applyScaler, fitScaler, type Scaler } from "./scaler.js";
import type { Split } from "./split.js";

export type Part = "train" | "validation" | "test";

/** Preprocessed rows of one part; the type names the part, so that training rows cannot pass for test rows. */
export interface Prepared<P extends Part = Part> {
  readonly part: P;
  /** Row indexes in the cohort. */
  readonly rows: readonly number[];
  readonly ids: readonly string[];
  /** `[rows, features]`, non-negative and unitless; every entry is filled, the mask marks the measured ones. */
  readonly matrix: Matrix;
}

/** A cohort's three parts, preprocessed by one scaler. */
export interface PreparedCohort {
  readonly name: string;
  readonly modalities: readonly Modality[];
  readonly features: readonly string[];
  readonly scaler: Scaler;
  readonly train: Prepared<"train">;
  readonly validation: Prepared<"validation">;
  readonly test: Prepared<"test">;
}

/**
 * Fits the scaler on the split's training rows and applies it to all three parts.
 * Source: paper section 3.
 * @throws RangeError if the split repeats a row, or has one that the cohort lacks.
 */
export function prepareCohort(cohort: Cohort, split: Split): PreparedCohort {
  checkSplit(split, cohort.samples.length);
  const idsOf = (rows: readonly number[]) => rows.map((row) => cohort.samples[row].id);
  const scaler = fitScaler(cohort.matrix, split.train, idsOf(split.train));
  const part = <P extends Part>(name: P): Prepared<P> => ({
    part: name,
    rows: split[name],
    ids: idsOf(split[name]),
    matrix: applyScaler(scaler, cohort.matrix, split[name]),
  });
  return {
    name: cohort.name,
    modalities: cohort.modalities,
    features: cohort.features,
    scaler,
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
  };
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
 * @throws RangeError that lists the first of them.
 */
export function requireHeldOut(scaler: Scaler, rows: Prepared): void {
  const seen = new Set(scaler.trainedOn);
  const leaked = rows.ids.filter((id) => seen.has(id));
  if (leaked.length > 0) {
    throw new RangeError(
      `requireHeldOut: expected ${rows.part} rows that were not trained on, got ${leaked.length} that were: ` +
        `${leaked.slice(0, 5).join(", ")}; split again, or pass the scaler that belongs to these rows`,
    );
  }
}
