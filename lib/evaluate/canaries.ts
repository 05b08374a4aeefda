// Canaries: checks that an evaluation fails where it must, and notices what would make it look too good.
import type { Cohort, Label } from "../cohort/cohort.js";
import { type Matrix, selectRows } from "../cohort/matrix.js";
import { createRandom, shuffle } from "../cohort/random.js";
import { gram } from "../engine/linear-algebra.js";
import { checkOptions } from "../options.js";
import type { Part, Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { pickColumns } from "./rows.js";

const SEED = 42;

/**
 * Deals the first modality's rows anew among the samples of each part, and leaves the other modalities where they are. A
 * predictor fitted on the result can learn nothing from the first modality: it falls to the constant.
 */
export function permuteRows(prepared: PreparedCohort): PreparedCohort {
  const { start, end } = prepared.modalities[0];
  const permute = <P extends Part>(part: Prepared<P>): Prepared<P> => {
    const order = shuffle([...part.rows.keys()], createRandom(SEED, `permuted ${part.part}`));
    const deal = (matrix: Matrix) => dealColumns(matrix, order, { start, end });
    return { ...part, matrix: deal(part.matrix), zScores: deal(part.zScores) };
  };
  return {
    ...prepared,
    train: permute(prepared.train),
    validation: permute(prepared.validation),
    test: permute(prepared.test),
  };
}

/** Deals the first modality's rows of a cohort anew among all its samples, before anything is split or fitted. */
export function permuteInput(cohort: Cohort): Cohort {
  const order = shuffle([...cohort.samples.keys()], createRandom(SEED, "permuted cohort"));
  return { ...cohort, matrix: dealColumns(cohort.matrix, order, cohort.modalities[0]) };
}

/** Takes the columns `[start, end)` from other rows, in that order, and leaves the rest where it is. */
function dealColumns(
  matrix: Matrix,
  order: readonly number[],
  { start, end }: { readonly start: number; readonly end: number },
): Matrix {
  const [dealt, { columns }] = [selectRows(matrix, order), matrix];
  for (let at = 0; at < matrix.values.length; at++) {
    if (at % columns >= start && at % columns < end) continue;
    dealt.values[at] = matrix.values[at];
    dealt.observed[at] = matrix.observed[at];
  }
  return dealt;
}

/** Deals labels anew among the samples: any classifier falls to chance. */
export function permuteLabels<T extends Label>(
  labels: readonly T[],
  options: { readonly seed?: number } = {},
): T[] {
  const { seed = SEED } = checkOptions("permuteLabels", options, { seed: "number" });
  return shuffle(labels, createRandom(seed, "permuted labels"));
}

/** Two samples of different parts that are the same patient, or look like it. */
export interface SharedPatient {
  readonly first: string;
  readonly second: string;
  /** Parts of the two, as "train and test". */
  readonly parts: string;
  /** "same patient", or the correlation of their first modality, as "r 0.9998". */
  readonly why: string;
}

const ALIKE = 0.99; // Pearson's r of the first modality's z-scores above which two samples count as one

/**
 * Finds samples of different parts that share a patient by name, or whose first modality is all but the same: a duplicate
 * under another name.
 * @returns nothing if the split is clean.
 */
export function findSharedPatients({
  train,
  validation,
  test,
  modalities,
}: PreparedCohort): SharedPatient[] {
  const parts = [train, validation, test];
  const width = modalities[0].end - modalities[0].start;
  const rows = parts.flatMap(({ part, ids, patients, zScores }) => {
    const values = pickColumns(zScores, modalities[0]);
    return ids.map((id, i) => {
      const row = standardizeRow(values.subarray(i * width, (i + 1) * width));
      return { part, id, patient: patients[i], row };
    });
  });
  const values = new Float64Array(rows.length * width);
  rows.forEach(({ row }, i) => {
    values.set(row, i * width);
  });
  const r = gram({ rows: rows.length, columns: width, values });
  return rows.flatMap((a, i) =>
    rows.slice(i + 1).flatMap((b, offset): SharedPatient[] => {
      if (a.part === b.part) return [];
      const correlation = r[i * rows.length + i + 1 + offset];
      const isNamed = a.patient === b.patient;
      if (!isNamed && !(correlation > ALIKE)) return [];
      const why = isNamed ? "same patient" : `r ${correlation.toFixed(4)}`;
      return [{ first: a.id, second: b.id, parts: `${a.part} and ${b.part}`, why }];
    }),
  );
}

/** Centers a row and scales it to length 1, so that inner products are correlations; zeros if it is constant. */
function standardizeRow(row: Float64Array): Float64Array {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
  const centered = row.map((value) => value - mean);
  const length = Math.sqrt(centered.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? centered.map((value) => value / length) : centered;
}

/**
 * Copies a sample of one row over another, under its own name and patient: what `findSharedPatients` must notice.
 * @throws RangeError if the cohort lacks one of the rows.
 */
export function duplicateSample(cohort: Cohort, from: number, to: number): Cohort {
  for (const row of [from, to]) {
    if (Number.isInteger(row) && row >= 0 && row < cohort.samples.length) continue;
    throw new RangeError(
      `duplicateSample: expected rows in [0, ${cohort.samples.length}), got ${row}`,
    );
  }
  const order = cohort.samples.map((_, row) => (row === to ? from : row));
  return { ...cohort, matrix: selectRows(cohort.matrix, order) };
}
