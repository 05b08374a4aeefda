// Totals and means at the edges of a table, which are neither samples nor features.
import type { Matrix } from "./matrix.js";
import { quote } from "./problems.js";

const NAMES =
  /^(?:(?:grand |sub)?totals?|sum|mean|average|avg|median|summe|gesamt|mittelwert|somme|moyenne|suma|media|totale)$/i;

/** A name that tells of a total or a mean. */
export interface Total {
  /** Its index among the samples or features. */
  readonly index: number;
  /** What its values are of the others, "sum" or "mean"; undefined if they are neither. */
  readonly of?: "sum" | "mean";
}

/**
 * Finds the samples or features that are named like totals, and checks their values against the others'.
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

/** The note about names like totals whose values are not. */
export function noteTotals(what: "samples" | "features", names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [`the ${what} include what may be totals: ${names.map(quote).join(", ")}`];
}
