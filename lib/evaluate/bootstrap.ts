// Intervals of reconstruction scores: samples, or whole patients, drawn again with replacement.
import { quantileSorted } from "simple-statistics";
import { createRandom } from "../cohort/random.js";

/** A number and its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Draws how often each row counts: as many patients as there are, with replacement, each with all its rows.
 * @returns one weight a row for each draw.
 * @throws RangeError if the number of draws is not a positive whole number.
 */
export function drawWeights(
  patients: readonly string[],
  { draws, seed }: { readonly draws: number; readonly seed: number },
): Float64Array[] {
  if (!Number.isInteger(draws) || draws < 1) {
    throw new RangeError(`drawWeights: expected a positive whole number of draws, got ${draws}`);
  }
  const names = [...new Set(patients)];
  const number = new Map(names.map((name, i) => [name, i]));
  const random = createRandom(seed, "bootstrap");
  return Array.from({ length: draws }, () => {
    const times = new Float64Array(names.length);
    for (let i = 0; i < names.length; i++) times[random.integer(names.length)]++;
    return Float64Array.from(patients, (patient) => times[number.get(patient)!]);
  });
}

/**
 * Puts the 2.5th and 97.5th percentile of the draws around a value; draws that gave no number are left out.
 * Where none did, the interval is the value alone.
 */
export function estimate(value: number, draws: Iterable<number>): Estimate {
  const sorted = Float64Array.from(draws).filter(Number.isFinite).sort();
  if (sorted.length === 0) return { value, low: value, high: value };
  const numbers = Array.from(sorted);
  return { value, low: quantileSorted(numbers, 0.025), high: quantileSorted(numbers, 0.975) };
}
