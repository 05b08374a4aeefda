// The same number several times over, by seed or by split: its mean, its spread, and an interval of the mean.
import { mean, sampleStandardDeviation } from "simple-statistics";
import { checkFinite, type Interval, studentQuantile } from "./statistics.js";

/** What repeating a number says of it. */
export interface Repeated {
  /** How often it was repeated. */
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, `sqrt(Σ (x - mean)² / (n - 1))`; null for one number. */
  readonly deviation: number | null;
  /** 95 % interval of the mean by Student's t with n - 1 degrees of freedom; null for one number. */
  readonly interval: Interval | null;
}

/**
 * Summarizes repeats of a number. The interval takes them as independent draws: it holds what was drawn anew, and
 * nothing that was the same each time.
 * @throws RangeError if there is none, or one is not finite.
 */
export function summarizeRepeats(values: readonly number[]): Repeated {
  if (values.length === 0) throw new RangeError("summarizeRepeats: expected values, got none");
  checkFinite("summarizeRepeats", values);
  const n = values.length;
  const center = mean([...values]);
  if (n === 1) return { n, mean: center, deviation: null, interval: null };
  const deviation = sampleStandardDeviation([...values]);
  const margin = (studentQuantile(n - 1) * deviation) / Math.sqrt(n);
  return { n, mean: center, deviation, interval: { low: center - margin, high: center + margin } };
}
