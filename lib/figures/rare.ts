// The rarest values of a label, merged into "other" where a picture cannot distinguish all values.

/** The name of the merged values. */
export const OTHER = "other";

/**
 * Merges the rarest values of a label into "other" if there are more than `most`, which leaves `most` including "other".
 * Null, for "not recorded", stays null.
 * @throws RangeError if `most` is not a whole number of at least 2.
 */
export function mergeRare<T extends string | number | null>(
  values: readonly T[],
  most: number,
): (T | typeof OTHER)[] {
  const counts = new Map<T, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const rare = rarest(counts, most);
  return values.map((value) => (rare.has(value) ? OTHER : value));
}

/**
 * Chooses the values to merge into "other", so that at most `most` are left including "other".
 * @param counts samples by value.
 * @throws RangeError if `most` is not a whole number of at least 2.
 */
export function rarest<T>(counts: ReadonlyMap<T, number>, most: number): ReadonlySet<T> {
  if (!Number.isInteger(most) || most < 2) {
    throw new RangeError(`mergeRare: expected a whole number of at least 2 values, got ${most}`);
  }
  if (counts.size <= most) return new Set();
  const named = [...counts].filter(([value]) => value !== OTHER).sort((a, b) => b[1] - a[1]);
  return new Set(named.slice(most - 1).map(([value]) => value));
}
