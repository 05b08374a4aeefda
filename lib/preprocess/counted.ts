// The entries that losses and scores count: observed ones, of features that some training row measured.
import type { Matrix } from "../cohort/matrix.js";
import type { Prepared } from "./prepare.js";

/** Marks with 1 the features that some training row measured, `[features]`. */
export function measuredFeatures({
  train,
}: {
  readonly train: Pick<Prepared, "matrix">;
}): Uint8Array {
  const { rows, columns, observed } = train.matrix;
  const measured = new Uint8Array(columns);
  for (let at = 0; at < rows * columns; at++) if (observed[at]) measured[at % columns] = 1;
  return measured;
}

/** Counts the features of the columns `[start, end)` that no training row measured. */
export function countUnmeasured(
  measured: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): number {
  return measured.subarray(start, end).reduce((count, is) => count + 1 - is, 0);
}

/**
 * Returns a matrix with a mask that excludes the features that no training row measured, of which nothing can be learned.
 * The values are shared.
 * @param measured as `measuredFeatures` marks them.
 */
export function countedMatrix(matrix: Matrix, measured: Uint8Array): Matrix {
  if (!measured.includes(0)) return matrix;
  const { columns, observed } = matrix;
  return { ...matrix, observed: observed.map((is, at) => is & measured[at % columns]) };
}
