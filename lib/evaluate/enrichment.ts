// Enrichment: whether the genes of a set are among those chosen more often than by chance.
import type { GeneSet } from "../cohort/gene-sets.js";

/** Sets with fewer or more genes in the universe are left out. */
const [LEAST, MOST] = [5, 500];

/** A gene set beside the chosen genes; all counts are of genes in the universe. */
export interface Enrichment {
  readonly set: string;
  readonly size: number;
  /** Chosen genes of the set. */
  readonly found: number;
  /** How many chance would find. */
  readonly expected: number;
  /** `P(X >= found)` of the hypergeometric distribution. */
  readonly p: number;
  /** p adjusted by Benjamini and Hochberg over all sets that were tested. */
  readonly adjusted: number;
  /** Up to ten of the chosen genes of the set. */
  readonly genes: readonly string[];
}

/**
 * Tests each set for more chosen genes than chance would give it, by the hypergeometric distribution (Fisher's exact
 * test, one side). Genes count once, and only those of the universe count.
 * @param chosen e.g. the top features of an attribution.
 * @param universe all genes that could have been chosen.
 * @returns the sets tested, smallest p first.
 * @throws RangeError if a chosen gene is not in the universe, or no set is left to test.
 */
export function enrichGeneSets(
  chosen: readonly string[],
  universe: readonly string[],
  sets: readonly GeneSet[],
): Enrichment[] {
  const all = new Set(universe);
  const picked = new Set(chosen);
  const stranger = chosen.find((gene) => !all.has(gene));
  if (stranger !== undefined) {
    throw new RangeError(
      `enrichGeneSets: expected chosen genes to be of the universe, got "${stranger}"`,
    );
  }
  const inside = sets.map(({ name, genes }) => ({
    name,
    genes: [...new Set(genes)].filter((gene) => all.has(gene)),
  }));
  const tested = inside.filter(({ genes }) => genes.length >= LEAST && genes.length <= MOST);
  if (tested.length === 0) {
    const largest = inside.reduce((top, { genes }) => Math.max(top, genes.length), 0);
    throw new RangeError(
      `enrichGeneSets: expected a set of ${LEAST} to ${MOST} genes of the universe, got none among ${sets.length} sets; ` +
        `the largest shares ${largest} genes with it; use the same kind of identifiers on both sides`,
    );
  }
  const logs = logFactorials(all.size);
  const rows = tested.map(({ name, genes }) => {
    const found = genes.filter((gene) => picked.has(gene));
    return {
      set: name,
      size: genes.length,
      found: found.length,
      expected: (genes.length * picked.size) / all.size,
      p: hypergeometricTail(found.length, all.size, genes.length, picked.size, logs),
      genes: found.slice(0, 10),
    };
  });
  const adjusted = adjustBenjaminiHochberg(rows.map(({ p }) => p));
  return rows
    .map((row, i) => ({ ...row, adjusted: adjusted[i] }))
    .sort((a, b) => a.p - b.p || b.found / b.expected - a.found / a.expected);
}

/**
 * Gives `P(X >= found)` when `drawn` of `total` genes are drawn without replacement and `marked` of them are marked:
 * `Σ C(marked, k) C(total - marked, drawn - k) / C(total, drawn)`.
 */
export function hypergeometricTail(
  found: number,
  total: number,
  marked: number,
  drawn: number,
  logs: Float64Array = logFactorials(total),
): number {
  const choose = (n: number, k: number) => logs[n] - logs[k] - logs[n - k];
  const low = Math.max(0, drawn - (total - marked));
  if (found <= low) return 1;
  const whole = choose(total, drawn);
  let sum = 0;
  for (let k = Math.min(marked, drawn); k >= found; k--) {
    sum += Math.exp(choose(marked, k) + choose(total - marked, drawn - k) - whole);
  }
  return Math.min(1, sum);
}

/**
 * Adjusts p values to false discovery rates: the k-th smallest of m by `m / k`, never rising downwards, at most 1.
 * Source: Benjamini and Hochberg 1995.
 */
export function adjustBenjaminiHochberg(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a]);
  const out = new Array<number>(values.length);
  let most = 1;
  order.forEach((at, i) => {
    most = Math.min(most, (values.length / (values.length - i)) * values[at]);
    out[at] = most;
  });
  return out;
}

/** `log k!` for k from 0 to n. */
function logFactorials(n: number): Float64Array {
  const out = new Float64Array(n + 1);
  for (let k = 2; k <= n; k++) out[k] = out[k - 1] + Math.log(k);
  return out;
}
