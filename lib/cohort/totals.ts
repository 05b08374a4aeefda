// Finds totals and means at the edges of a table, which are neither samples nor features.
import type { Matrix } from "./matrix.js";
import { quote } from "./problems.js";

const NAMES =
  /^(?:(?:grand |sub)?totals?|sum|mean|average|avg|median|summe|gesamt|mittelwert|somme|moyenne|suma|media|totale)$/i;

/** A sample or feature with the name of a total or a mean. */
export interface Total {
  /** Its index among the samples or features. */
  readonly index: number;
  /** Whether its values are the sum or the mean of the others; undefined if neither. */
  readonly of?: "sum" | "mean";
}

/**
 * Finds samples or features named like totals, and compares their values with the others'.
 * @param matrix `[samples, features]`.
 */
export function findTotals(
  names: readonly string[],
  { rows, columns, values, observed }: Matrix,
  side: "samples" | "features",
): Total[] {
  const named = names.flatMap((name, index) => (NAMES.test(name) ? [index] : []));
  const [length, step, stride] = side === "samples" ? [columns, 1, columns] : [rows, columns, 1];
  const matches = (index: number, mean: boolean) => {
    let checked = 0;
    for (let k = 0; k < length; k++) {
      if (!observed[k * step + index * stride]) continue;
      let sum = 0;
      let count = 0;
      for (let i = 0; i < names.length; i++) {
        if (named.includes(i) || !observed[k * step + i * stride]) continue;
        sum += values[k * step + i * stride];
        count++;
      }
      const expected = mean ? sum / count : sum;
      const found = values[k * step + index * stride];
      if (count < 2 || !(Math.abs(found - expected) <= 1e-3 * Math.abs(expected))) return false;
      checked++;
    }
    return checked > 0;
  };
  return named.map((index) => ({
    index,
    of: matches(index, false) ? "sum" : matches(index, true) ? "mean" : undefined,
  }));
}

/** Notes names of totals whose values are not totals. */
export function noteTotals(what: "samples" | "features", names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [`the ${what} include what may be totals: ${names.map(quote).join(", ")}`];
}
