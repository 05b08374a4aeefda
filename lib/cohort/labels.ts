// The labels of samples: the values of each, and how many samples have them.
import { checkOptions } from "../options.js";
import type { Label, Sample } from "./cohort.js";

/** How many samples have a value of a label. */
export interface LabelCount {
  readonly label: string;
  /** Null means "not recorded". */
  readonly value: Label;
  readonly samples: number;
}

/**
 * Counts the values of labels, the most frequent first and "not recorded" last.
 * @throws RangeError that lists the labels if no sample has one of that name.
 */
export function countLabels(samples: readonly Sample[], labels: readonly string[]): LabelCount[] {
  return labels.flatMap((label) => {
    const counts = new Map<Label, number>();
    for (const value of labelValues(samples, label))
      counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts]
      .map(([value, count]) => ({ label, value, samples: count }))
      .sort((a, b) => Number(a.value === null) - Number(b.value === null) || b.samples - a.samples);
  });
}

export interface LabelOptions {
  /** Values of fewer patients become null, since a class that is not in every fold cannot be judged. By default 1. */
  readonly atLeast?: number;
}

/**
 * Reads one label of every sample, null where it is not recorded.
 * @throws RangeError that lists the labels if no sample has one of that name.
 */
export function labelValues(
  samples: readonly Sample[],
  label: string,
  options: LabelOptions = {},
): Label[] {
  const { atLeast = 1 } = checkOptions("labelValues", options, { atLeast: "number" });
  if (!samples.some(({ labels }) => Object.hasOwn(labels, label))) {
    const known = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].join(", ");
    throw new RangeError(
      `labelValues: expected one of the labels ${known || "(none)"}, got "${label}"`,
    );
  }
  const values = samples.map(({ labels }) => labels[label] ?? null);
  if (atLeast <= 1) return values;
  const patients = new Map<Label, Set<string>>();
  values.forEach((value, row) => {
    const own = patients.get(value) ?? new Set();
    patients.set(value, own.add(samples[row].patient));
  });
  return values.map((value) => (patients.get(value)!.size < atLeast ? null : value));
}

/** What the rarest values of a label are called when they are merged. */
export const OTHER = "other";

/**
 * Merges the rarest values of a label into "other" where there are more than `most`, so that `most` are left with it.
 * A value that was not recorded, null, stays null.
 * @throws RangeError if `most` is not a whole number of at least 2.
 */
export function mergeRare<T extends Label>(
  values: readonly T[],
  most: number,
): (T | typeof OTHER)[] {
  const counts = new Map<T, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const rare = rarest(counts, most);
  return values.map((value) => (rare.has(value) ? OTHER : value));
}

/**
 * Chooses the values to merge into "other" so that at most `most` are left with it; none if there are no more.
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

/** Counts the patients of the samples. */
export function countPatients(samples: readonly Sample[]): number {
  return new Set(samples.map(({ patient }) => patient)).size;
}
