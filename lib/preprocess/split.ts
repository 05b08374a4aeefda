// The split into training, validation and test rows, which keeps each patient's samples together.
import type { Sample } from "../cohort/cohort.js";
import { groupBy } from "../cohort/group.js";
import { countPatients, labelValues } from "../cohort/labels.js";
import { numpyPermutation } from "../cohort/random.js";
import { checkOptions } from "../options.js";

/** Row indexes of a cohort; each row is in exactly one part. */
export interface Split {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

export interface SplitOptions {
  /** Seed of NumPy's generator; 42 by default. */
  readonly seed?: number;
  /** "patient" keeps a patient's samples together; "sample" splits as the authors' code does. */
  readonly by?: "patient" | "sample";
}

/**
 * Splits 70 / 15 / 15: holds out 30 % and halves them, with the draws of scikit-learn's `train_test_split`.
 * By patient, the shares are of patients, listed in order of first appearance.
 * Source: paper section 3; by "sample", src/omic_dataclass.py of the authors' code.
 * @throws RangeError if there are fewer than four patients (or samples) to draw from.
 */
export function splitSamples(samples: readonly Sample[], options: SplitOptions = {}): Split {
  const { seed = 42, by = "patient" } = checkOptions("splitSamples", options, {
    seed: "number",
    by: ["patient", "sample"],
  });
  const key = by === "patient" ? "patient" : "id";
  const units = [...groupBy(samples.keys(), (row) => samples[row][key]).values()];
  if (units.length < 4) {
    throw new RangeError(`splitSamples: expected at least 4 ${by}s, got ${units.length}`);
  }
  const [train, held] = hold(units, 0.3, seed);
  const [validation, test] = hold(held, 0.5, seed);
  return { train: train.flat(), validation: validation.flat(), test: test.flat() };
}

/** Samples and patients with one value of a label in one part. */
export interface PartCount {
  readonly part: keyof Split;
  readonly label: string;
  readonly samples: number;
  readonly patients: number;
}

/** Counts a split by part and by the values of a label; a missing value counts as "not recorded". */
export function countParts(samples: readonly Sample[], split: Split, label: string): PartCount[] {
  const values = labelValues(samples, label).map((value) => String(value ?? "not recorded"));
  const kinds = [...new Set(values)];
  return (["train", "validation", "test"] as const).flatMap((part) =>
    kinds.map((kind) => {
      const own = split[part].filter((row) => values[row] === kind).map((row) => samples[row]);
      return { part, label: kind, samples: own.length, patients: countPatients(own) };
    }),
  );
}

/** Holds out the first items of a permutation, as sklearn.model_selection.train_test_split does. */
function hold<T>(items: readonly T[], share: number, seed: number): [kept: T[], held: T[]] {
  const order = numpyPermutation(items.length, seed);
  const count = Math.ceil(share * items.length);
  return [order.slice(count).map((i) => items[i]), order.slice(0, count).map((i) => items[i])];
}
