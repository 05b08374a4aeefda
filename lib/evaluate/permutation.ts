// What chance alone would score: labels permuted within the constraints that patients impose.
import { groupBy } from "../cohort/group.js";
import { createRandom, type Random, shuffle } from "../cohort/random.js";
import { checkOptions } from "../options.js";
import { checkCount, checkFinite } from "./statistics.js";

export interface PermutationTest {
  /** `(1 + draws at least as large as observed) / (1 + draws)`, in (0, 1]; never 0, since it is drawn. */
  readonly p: number;
  /** The statistic of each draw. */
  readonly draws: Float64Array;
}

/**
 * Tests how often chance does at least as well as `observed`; a larger statistic is a stronger one.
 * `draw` makes the statistic of one random relabelling.
 * Source: Phipson and Smyth 2010, the estimate that counts the observed labelling itself.
 * @throws RangeError if a statistic is not finite or there are no draws.
 */
export async function permutationTest(
  observed: number,
  draw: (random: Random) => number | Promise<number>,
  options: { readonly permutations?: number; readonly seed?: number } = {},
): Promise<PermutationTest> {
  const { permutations = 200, seed = 42 } = checkOptions("permutationTest", options, {
    permutations: "number",
    seed: "number",
  });
  checkFinite("permutationTest", [observed]);
  checkCount("permutationTest", "permutations", permutations);
  const random = createRandom(seed, "permutation");
  const draws = new Float64Array(permutations);
  for (let i = 0; i < permutations; i++) draws[i] = await draw(random);
  checkFinite("permutationTest", draws);
  // Sums in another order may differ in the last digits; such a draw ties with the observed one.
  const bar = observed - 1e-12 * Math.max(1, Math.abs(observed));
  const reached = draws.filter((value) => value >= bar).length;
  return { p: (1 + reached) / (1 + permutations), draws };
}

/**
 * Relabels so that only chance ties a label to its sample, keeping what patients impose: patients with equally
 * many samples swap their labels as a whole, then each patient's own labels are shuffled among its samples.
 * @throws RangeError if labels and groups differ in number.
 */
export function permuteLabels<T>(
  labels: readonly T[],
  groups: readonly (string | number)[],
  random: Random,
): T[] {
  if (labels.length !== groups.length) {
    throw new RangeError(
      `permuteLabels: expected one group a label, got ${labels.length} labels and ${groups.length} groups`,
    );
  }
  const out = [...labels];
  for (const alike of bySize(groups)) {
    const donors = shuffle(alike, random);
    alike.forEach((rows, i) => {
      const order = shuffle(donors[i], random);
      rows.forEach((row, j) => {
        out[row] = labels[order[j]];
      });
    });
  }
  return out;
}

/** Rows of each group, gathered by how many rows the groups have. */
function bySize(groups: readonly (string | number)[]): number[][][] {
  const members = groupBy(groups.keys(), (row) => groups[row]).values();
  return [...groupBy(members, (rows) => rows.length).values()];
}
