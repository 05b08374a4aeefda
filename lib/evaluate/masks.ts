// Features by the rows in which they were observed: those with the same rows share the solution of one system.
import type { Matrix } from "../cohort/matrix.js";

/** Features that were observed in the same rows. */
export interface MaskGroup {
  readonly rows: readonly number[];
  /** Indexes into the columns that were asked for. */
  readonly members: readonly number[];
}

/** Groups columns of a matrix by the rows in which they were observed. */
export function groupByMask(
  { rows: n, columns, observed }: Matrix,
  wanted: readonly number[],
): MaskGroup[] {
  const groups = new Map<string, { rows: number[]; members: number[] }>();
  wanted.forEach((column, index) => {
    const rows: number[] = [];
    for (let i = 0; i < n; i++) if (observed[i * columns + column]) rows.push(i);
    const key = rows.join();
    const known = groups.get(key);
    if (known) known.members.push(index);
    else groups.set(key, { rows, members: [index] });
  });
  return [...groups.values()];
}
