// How the rows of a cohort become a model's batches: in one order for all modalities, or in one for each.
import type { Modality } from "../cohort/cohort.js";
import { countObserved, type Matrix, selectRows } from "../cohort/matrix.js";
import { countedMatrix } from "../preprocess/counted.js";
import type { Part, Prepared } from "../preprocess/prepare.js";

/** What a model reads of prepared rows. */
export type TrainingRows<P extends Part> = Omit<Prepared<P>, "patients" | "zScores">;

/** What a training needs of a prepared cohort. The part is in the type: test rows do not fit. */
export interface TrainingData {
  readonly train: TrainingRows<"train">;
  readonly validation: TrainingRows<"validation">;
}

/** The training rows, dealt out batch by batch, and the validation rows as one batch. */
export interface Deal<Batch> {
  /** Training rows. */
  readonly rows: number;
  /**
   * The random streams that shuffle the rows each epoch. With one, rows that all fit in a batch are not shuffled; with
   * several, each has its own part of a batch.
   */
  readonly orders: readonly string[];
  /** All training rows in their own order, so that an engine may keep what it makes of them. */
  readonly whole: Batch;
  readonly validation: Batch;
  /** The rows of a batch, by order. */
  batch(rows: readonly (readonly number[])[]): Batch;
  /** Entries that were observed; a batch without any is passed over. */
  countObserved(batch: Batch): number;
}

/**
 * Deals out whole rows. The validation loss does not count features that no training row measured.
 * @param uncounted columns that the validation loss does not count either; null counts all.
 * @throws RangeError if the rows do not have the model's features, or nothing in them was observed.
 */
export function dealRows(
  { train, validation }: TrainingData,
  features: number,
  uncounted: Pick<Modality, "start" | "end"> | null = null,
): Deal<Matrix> {
  const measured = countedMatrix({ train }, validation);
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
function withoutColumns(matrix: Matrix, { start, end }: Pick<Modality, "start" | "end">): Matrix {
  const { columns } = matrix;
  const observed = matrix.observed.map((flag, at) =>
    at % columns >= start && at % columns < end ? 0 : flag,
  );
  return { ...matrix, observed };
}

/** @throws RangeError if a part's rows are not the model's, or nothing in them was observed. */
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
