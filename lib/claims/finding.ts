// What a rule finds beside a claim, and how numbers are written in it.
import type { Interval } from "../evaluate/statistics.js";
import type { Evidence } from "./evidence.js";
import type { Claim } from "./paper.js";

export interface Finding {
  /** Our number or answer, in words. */
  readonly ours: string;
  /**
   * Whether the claim holds; "undecided" where an interval includes both answers, null where the rule has nothing to
   * judge by.
   */
  readonly holds: boolean | "undecided" | null;
}

/** Finds our number or answer beside a claim. */
export type Rule = (claim: Claim, evidence: Evidence) => Finding;

/**
 * Whether all differences are below 0, by their intervals: false as soon as one interval lies above 0, "undecided" if
 * an interval includes 0 and none lies above.
 */
export function allBelowZero(differences: readonly Interval[]): boolean | "undecided" {
  if (differences.some(({ low }) => low > 0)) return false;
  return differences.every(({ high }) => high < 0) || "undecided";
}

/** The widest interval of `a - b` that two separate intervals allow: it includes 0 where they overlap. */
export function subtract(a: Interval, b: Interval): Interval {
  return { low: a.low - b.high, high: a.high - b.low };
}

/** Writes a whole number in groups of three. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Writes an interval of shares in [0, 1] as whole percent: "54-85 %". */
export function percents({ low, high }: Interval): string {
  return `${(100 * low).toFixed(0)}-${percent(high)}`;
}

/** Writes a share in [0, 1] as whole percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Writes a number with three decimals, a tiny one as a power. */
export function short(value: number): string {
  return value !== 0 && Math.abs(value) < 5e-4 ? value.toExponential(1) : value.toFixed(3);
}
