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

/**
 * Reads one label of every sample, null where it is not recorded.
 * @param options `atLeast`: values of fewer patients become null, since a class that is not in every fold cannot be
 * judged; by default 1.
 * @throws RangeError that lists the labels if no sample has one of that name.
 */
export function labelValues(
  samples: readonly Sample[],
  label: string,
  options: { readonly atLeast?: number } = {},
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

/** Counts the patients of the samples. */
export function countPatients(samples: readonly Sample[]): number {
  return new Set(samples.map(({ patient }) => patient)).size;
}
