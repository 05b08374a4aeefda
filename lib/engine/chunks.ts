// A batch cut into runs of rows, which bounds the memory of a pass without training.
import type { Matrix } from "../cohort/matrix.js";

const ROWS = 128;

/** Cuts a batch into runs of at most 128 rows, without copying. */
export function chunks({ rows, columns, values, observed }: Matrix): Matrix[] {
  return Array.from({ length: Math.ceil(rows / ROWS) }, (_, i) => {
    const count = Math.min(ROWS, rows - i * ROWS);
    const [from, to] = [i * ROWS * columns, (i * ROWS + count) * columns];
    return {
      ...{ rows: count, columns },
      ...{ values: values.subarray(from, to), observed: observed.subarray(from, to) },
    };
  });
}
