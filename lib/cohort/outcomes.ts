// Clinical outcomes of samples: survival from two labels, and labels that are numbers.
import type { Label, Sample } from "./cohort.js";

/** What happened to patients: one entry a sample, null where it was not recorded. */
export type Outcome =
  | {
      readonly kind: "survival";
      readonly time: readonly (number | null)[];
      readonly died: readonly (boolean | null)[];
    }
  | { readonly kind: "number"; readonly values: readonly (number | null)[] };

const DIED = /^(1|1:.*|yes|true|dead|died|deceased|event)$/i;
const LIVING = /^(0|0:.*|no|false|alive|living|censored)$/i;

/**
 * Reads an outcome: a label that is a number, or survival from the label of a time and that of a state, which is 1,
 * "dead" or "1:DECEASED" against 0, "alive" or "0:LIVING". A time of 0 or less counts as not recorded.
 * @returns null if no sample records it.
 * @throws RangeError naming the sample whose number or time is none, or whose state is none of these.
 */
export function readOutcome(
  samples: readonly Sample[],
  label: string | { readonly time: string; readonly died: string },
): Outcome | null {
  if (typeof label === "string") {
    const values = samples.map((sample) => numberOf(sample, label));
    return values.every((value) => value === null) ? null : { kind: "number", values };
  }
  const found = samples.map((sample) => {
    const state = sample.labels[label.died] ?? null;
    const time = state === null ? null : numberOf(sample, label.time);
    if (time === null) return { time: null, died: null };
    const died = DIED.test(String(state));
    if (!died && !LIVING.test(String(state))) {
      throw new RangeError(
        `readOutcome: expected ${label.died} of ${sample.id} to be 1 or dead, 0 or alive, got "${state}"`,
      );
    }
    return time > 0 ? { time, died } : { time: null, died: null };
  });
  if (found.every(({ time }) => time === null)) return null;
  return {
    kind: "survival",
    time: found.map(({ time }) => time),
    died: found.map(({ died }) => died),
  };
}

function numberOf({ id, labels }: Sample, label: string): number | null {
  const value: Label = labels[label] ?? null;
  if (value === null) return null;
  const number = Number(value);
  if (Number.isFinite(number)) return number;
  throw new RangeError(`readOutcome: expected a number as ${label} of ${id}, got "${value}"`);
}
