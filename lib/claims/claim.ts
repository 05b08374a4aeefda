// A claim: where the paper states it, how it is printed there, and what looks into it.
import type { Evidence } from "./evidence.js";

/**
 * What a verdict rests on. "arithmetic" follows from the paper's own numbers; "consistency" holds two of its statements
 * against each other; "code" holds a statement against the authors' code; "cohort" asks the same question of the cohort
 * at hand; "data" is a number of the paper's own cohorts.
 */
export type Kind = "arithmetic" | "consistency" | "code" | "cohort" | "data";

export interface Claim {
  readonly id: string;
  /** Where the paper states it. */
  readonly where: string;
  /** What is stated, in a few words. */
  readonly what: string;
  /** As a number; null where it is stated in words. */
  readonly value: number | null;
  /** How it is printed there. */
  readonly printed: string;
  readonly kind: Kind;
  readonly find: (evidence: Evidence) => Finding;
}

/** What was found beside a claim. */
export interface Finding {
  readonly ours: string;
  /** Whether the statement holds; null where that cannot be told from what there is. */
  readonly holds: boolean | null;
}

/** Whether a number is the printed one, to the digits printed: 0.1449 is "0.14", 0.146 is not. */
export function roundsTo(value: number, printed: string): boolean {
  const [mantissa, exponent = "0"] = printed.replaceAll(",", "").split("e");
  const decimals = mantissa.split(".")[1]?.length ?? 0;
  const unit = 10 ** (Number(exponent) - decimals);
  // A millionth of the unit more: 0.165 - 0.16 is 0.005 but for rounding in binary.
  return Math.abs(value - Number(`${mantissa}e${exponent}`)) <= 0.500001 * unit;
}

/** Writes a share in [0, 1] as whole percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Writes a number with three decimals, a tiny one as a power. */
export function short(value: number): string {
  return value !== 0 && Math.abs(value) < 5e-4 ? value.toExponential(1) : value.toFixed(3);
}
