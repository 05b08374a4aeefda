// Transforms a file's values for modeling: meaning of missing values, counts per million, logarithms.
import type { Matrix } from "./matrix.js";
import { countOf } from "./problems.js";

export const TRANSFORMS = ["none", "log2(x + 1)", "counts to CPM", "log2(CPM + 1)"] as const;

/** CPM is a sample's counts per million of its sum over the table. */
export type Transform = (typeof TRANSFORMS)[number];

export interface TransformOptions {
  /** Applied to each value; by default "none". */
  readonly transform?: Transform;
  /** "zero" reads missing values as 0, as in some tables of counts. By default they are not measured. */
  readonly missingMeans?: "not measured" | "zero";
}

/**
 * Undoes the logarithm of a transformation: counts or CPM from their logarithm. Counts that became CPM stay CPM, since
 * the sum of the sample is not known. A value whose logarithm is below 0 becomes 0.
 */
export function undoLogarithm(value: number, transform: Transform = "none"): number {
  return transform.startsWith("log2") ? Math.max(0, 2 ** value - 1) : value;
}

/** Names the units of values whose logarithm was undone, from those of the file. */
export function unitsOf(units = "the units of the training file", transform: Transform = "none") {
  return transform.includes("CPM") ? "counts per million" : units;
}

/**
 * Transforms a table's values, `[samples, features]`.
 * @param names of its samples and features, for messages.
 * @returns the new matrix, which shares the values if they are not transformed, and what was done in words.
 * @throws RangeError for counts or arguments of the logarithm below 0, and for a sample without counts.
 */
export function transformValues(
  { rows, columns, values, observed }: Matrix,
  names: { readonly samples: readonly string[]; readonly features: readonly string[] },
  { transform = "none", missingMeans = "not measured" }: TransformOptions,
): { readonly matrix: Matrix; readonly notes: readonly string[] } {
  const isZero = missingMeans === "zero";
  const out = transform === "none" ? values : values.slice();
  const notes: string[] = [];
  if (isZero) {
    const missing = observed.reduce((sum, one) => sum + (one ? 0 : 1), 0);
    notes.push(`${countOf(missing, "missing value")} read as 0`);
  }
  for (let i = 0; i < rows && transform !== "none"; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns); // 0 where not measured
    const below = row.findIndex((value) => value < 0);
    if (below >= 0) {
      throw new RangeError(
        `expected values of at least 0 for the transformation "${transform}", got ${row[below]} ` +
          `(sample "${names.samples[i]}", feature "${names.features[below]}"); are they logarithms already?`,
      );
    }
    const total = row.reduce((sum, value) => sum + value, 0);
    const perMillion = transform === "log2(x + 1)" ? 1 : 1e6 / total;
    if (!Number.isFinite(perMillion)) {
      throw new RangeError(
        `expected counts above 0 in each sample, got none in "${names.samples[i]}"; leave it out`,
      );
    }
    for (let j = 0; j < columns; j++) {
      const value = row[j] * perMillion;
      row[j] = transform === "counts to CPM" ? value : Math.log2(value + 1);
    }
  }
  if (transform !== "none") notes.push(`values transformed: ${transform}`);
  return {
    matrix: {
      rows,
      columns,
      values: out,
      observed: isZero ? new Uint8Array(observed.length).fill(1) : observed,
    },
    notes,
  };
}
