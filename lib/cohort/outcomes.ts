// Clinical outcomes of samples: survival from two labels, and labels that are numbers.
import type { Label, Sample } from "./cohort.js";

/** Time and state of each sample, null where one of them is not recorded. */
export interface SurvivalLabels {
  readonly time: readonly (number | null)[];
  readonly died: readonly (boolean | null)[];
}

const DIED = /^(1|1:.*|yes|true|dead|died|deceased|event)$/i;
const LIVING = /^(0|0:.*|no|false|alive|living|censored)$/i;

/**
 * Reads survival from the label of a time and that of a state: 1, "dead" or "1:DECEASED" against 0, "alive" or
 * "0:LIVING". A time of 0 or less counts as not recorded.
 * @returns null if no sample has both labels.
 * @throws RangeError naming the sample whose state is none of these, or whose time is no number.
 */
export function readSurvival(
  samples: readonly Sample[],
  labels: { readonly time: string; readonly died: string },
): SurvivalLabels | null {
  const found = samples.map(({ id, labels: own }) => {
    const [time, state] = [own[labels.time] ?? null, own[labels.died] ?? null];
    if (time === null || state === null) return { time: null, died: null };
    const number = Number(time);
    if (!Number.isFinite(number)) {
      throw new RangeError(
        `readSurvival: expected a number as ${labels.time} of ${id}, got "${time}"`,
      );
    }
    const died = DIED.test(String(state));
    if (!died && !LIVING.test(String(state))) {
      throw new RangeError(
        `readSurvival: expected ${labels.died} of ${id} to be 1 or dead, 0 or alive, got "${state}"`,
      );
    }
    return number > 0 ? { time: number, died } : { time: null, died: null };
  });
  if (found.every(({ time }) => time === null)) return null;
  return { time: found.map(({ time }) => time), died: found.map(({ died }) => died) };
}

/**
 * Reads a label that is a number, null where it is not recorded.
 * @returns null if no sample records it.
 * @throws RangeError naming the sample whose value is no number.
 */
export function readNumbers(samples: readonly Sample[], label: string): (number | null)[] | null {
  const values = samples.map(({ id, labels }) => {
    const value: Label = labels[label] ?? null;
    if (value === null) return null;
    const number = typeof value === "number" ? value : Number(value);
    if (Number.isFinite(number)) return number;
    throw new RangeError(`readNumbers: expected a number as ${label} of ${id}, got "${value}"`);
  });
  return values.every((value) => value === null) ? null : values;
}
