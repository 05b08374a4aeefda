// The labels of samples: the values of each, and how many samples have them.
import type { Label, Sample } from "./cohort.js";

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
 * @throws RangeError that lists the labels if no sample has one of that name.
 */
export function labelValues(samples: readonly Sample[], label: string): Label[] {
  if (!samples.some(({ labels }) => Object.hasOwn(labels, label))) {
    const known = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].join(", ");
    throw new RangeError(
      `labelValues: expected one of the labels ${known || "(none)"}, got "${label}"`,
    );
  }
  return samples.map(({ labels }) => labels[label] ?? null);
}

/** Counts the patients of the samples. */
export function countPatients(samples: readonly Sample[]): number {
  return new Set(samples.map(({ patient }) => patient)).size;
}

/**
 * Reads one label of every sample. Values of fewer than `atLeast` patients become null, since a class that is not in
 * every fold cannot be judged.
 */
export function commonLabels(samples: readonly Sample[], label: string, atLeast: number): Label[] {
  const values = labelValues(samples, label);
  const patients = new Map<Label, Set<string>>();
  values.forEach((value, row) => {
    const own = patients.get(value) ?? new Set();
    patients.set(value, own.add(samples[row].patient));
  });
  return values.map((value) => ((patients.get(value)?.size ?? 0) < atLeast ? null : value));
}
