// Batches of rows: dealt from a cohort's, checked, and cut into chunks.
import type { Modality } from "../cohort/cohort.js";
import { countObserved, type Matrix, selectRows } from "../cohort/matrix.js";
import type { Columns, Engine } from "../engine/engine.js";
import { countedMatrix, measuredFeatures } from "../preprocess/counted.js";
import type { Part, Prepared } from "../preprocess/prepare.js";

/** The part of prepared rows that training reads. */
export type TrainingRows<P extends Part> = Omit<Prepared<P>, "patients" | "zScores">;

/** The rows that training reads. The part is in the type, so test rows do not type-check. */
export interface TrainingData {
  readonly train: TrainingRows<"train">;
  readonly validation: TrainingRows<"validation">;
}

/** The rows of a run, and what some models need beside them; a `PreparedCohort` fits. */
export interface RunData extends TrainingData {
  /** Of the cohort. */
  readonly name: string;
  readonly modalities?: readonly Modality[];
  /** The class of each training row, in [0, classes), or -1 if unknown; for models that learn from a label. */
  readonly classes?: readonly number[];
}

/** Deals the training rows out in batches; the validation rows are one batch. */
export interface Deal<Batch> {
  /** Number of training rows. */
  readonly rows: number;
  /**
   * Names of the random streams that shuffle the rows each epoch. With one, rows that fit into a single batch are not
   * shuffled; with several, each gives one part of a batch.
   */
  readonly orders: readonly string[];
  /** All training rows in their original order, for epochs of a single batch. */
  readonly whole: Batch;
  readonly validation: Batch;
  /** Gathers a batch from the rows of each order. */
  batch(rows: readonly (readonly number[])[]): Batch;
  /** Counts observed entries; a batch without any is skipped. */
  countObserved(batch: Batch): number;
}

/**
 * Deals out whole rows. The validation loss does not count features that no training row measured.
 * @param uncounted further columns that the validation loss does not count; null for none.
 * @throws RangeError if the rows do not have the model's features, or have no observed entry.
 */
export function dealRows(
  { train, validation }: TrainingData,
  { features }: { readonly features: number },
  uncounted: Columns | null = null,
): Deal<Matrix> {
  const measured = countedMatrix(validation.matrix, measuredFeatures({ train }));
  const counted = uncounted ? withoutColumns(measured, uncounted) : measured;
  requireRows("train", train.matrix, features);
  requireRows("validation", counted, features);
  return {
    rows: train.matrix.rows,
    orders: ["batches"],
    whole: train.matrix,
    validation: counted,
    batch: ([rows]) => selectRows(train.matrix, rows),
    countObserved,
  };
}

/** Marks columns as not observed. */
function withoutColumns(matrix: Matrix, { start, end }: Columns): Matrix {
  const { columns } = matrix;
  const observed = matrix.observed.map((flag, at) =>
    at % columns >= start && at % columns < end ? 0 : flag,
  );
  return { ...matrix, observed };
}

/** @throws RangeError if a part's rows do not fit the model, or have no observed entry. */
export function requireRows(part: string, matrix: Matrix, features: number): void {
  if (matrix.columns !== features) {
    throw new RangeError(
      `train: expected ${part} rows of ${features} features, as the model has, got ${matrix.columns}`,
    );
  }
  if (countObserved(matrix) === 0) {
    throw new RangeError(
      `train: expected observed entries in the ${part} rows, got none in ${matrix.rows} rows`,
    );
  }
}

/**
 * Checks that a batch is `[rows, features]` of finite values, and counts its observed entries.
 * @throws RangeError with what was found.
 */
export function inspectMatrix(
  engine: Engine,
  where: string,
  { rows, columns, values, observed }: Matrix,
  features: number,
  what = "",
): number {
  if (columns !== features || rows < 1) {
    throw new RangeError(
      `${where}: expected a batch of at least 1 row and ${features} columns${what}, got ${rows} x ${columns}`,
    );
  }
  if (values.length !== rows * columns || observed.length !== rows * columns) {
    throw new RangeError(
      `${where}: expected ${rows * columns} values and as many marks of observation${what}, ` +
        `got ${values.length} and ${observed.length}`,
    );
  }
  const { finite, marked } = engine.inspect(values, observed);
  if (finite) return marked;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  throw new RangeError(
    `${where}: expected finite values${what}, got ${values[bad]} at row ${Math.floor(bad / columns)}, ` +
      `column ${bad % columns}`,
  );
}

/** Rows evaluated at a time, outside of training. */
const ROWS = 128;

/** Cuts a batch into chunks of at most 128 rows, without copying. */
export function chunksOf({ rows, columns, values, observed }: Matrix): Matrix[] {
  return Array.from({ length: Math.ceil(rows / ROWS) }, (_, i) => {
    const count = Math.min(ROWS, rows - i * ROWS);
    const [from, to] = [i * ROWS * columns, (i * ROWS + count) * columns];
    return {
      rows: count,
      columns,
      values: values.subarray(from, to),
      observed: observed.subarray(from, to),
    };
  });
}
