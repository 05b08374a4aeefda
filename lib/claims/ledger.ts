// The ledger: each claim of the paper beside ours, with a verdict that follows from a rule.

import { wilsonInterval } from "../evaluate/statistics.js";
import type { FlatScore } from "../evaluate/summary.js";
import { countParameters, parametersOf, sizeOf } from "../model/autoencoder.js";
import { type Claim, PAPER_ACCURACIES, PAPER_SHAPE, paperClaims } from "./paper.js";

export type Verdict = "reproduced" | "not reproduced" | "contradicts itself" | "needs the data";

export interface LedgerEntry {
  readonly id: string;
  readonly where: string;
  readonly what: string;
  readonly paper: string;
  /** What we computed; on another cohort it is said to be of that cohort. */
  readonly ours: string;
  readonly verdict: Verdict;
}

/** The tables that claims are held against, and the cohort that they were computed on. */
export interface Evidence {
  readonly cohort: string;
  readonly reconstruction: readonly FlatScore[];
}

/**
 * Judges every claim of the paper.
 * Arithmetic is reproduced if it agrees to the digits printed; two statements of the paper that cannot both hold
 * contradict each other; a number measured on the paper's cohorts needs their data, and ours beside it, from another
 * cohort, is not a replication.
 */
export function judgeClaims(evidence: Evidence): LedgerEntry[] {
  const claims = paperClaims();
  return claims.map((claim) => {
    const { id, where, what, printed } = claim;
    return { id, where, what, paper: printed, ...judge(claim, claims, evidence) };
  });
}

/** Counts the verdicts. */
export function countVerdicts(entries: readonly LedgerEntry[]): Record<Verdict, number> {
  const counts = {
    reproduced: 0,
    "not reproduced": 0,
    "contradicts itself": 0,
    "needs the data": 0,
  };
  for (const { verdict } of entries) counts[verdict]++;
  return counts;
}

function judge(
  claim: Claim,
  claims: readonly Claim[],
  evidence: Evidence,
): Pick<LedgerEntry, "ours" | "verdict"> {
  if (claim.kind === "arithmetic") return judgeArithmetic(claim);
  if (claim.kind === "consistency") return judgeConsistency(claim, claims);
  return { ours: besideOnCohort(claim, evidence), verdict: "needs the data" };
}

function judgeArithmetic(claim: Claim): Pick<LedgerEntry, "ours" | "verdict"> {
  const block = parametersOf(PAPER_SHAPE).find(({ name }) => claim.id === `table3-${name}`);
  const ours = block ? sizeOf(block.shape) : countParameters(PAPER_SHAPE);
  // The total is printed in units of 0.1 million.
  const tolerance = block ? 0 : 0.05e6;
  return {
    ours: ours.toLocaleString("en-US"),
    verdict: Math.abs(ours - claim.value) <= tolerance ? "reproduced" : "not reproduced",
  };
}

/** Which other statement of the paper measures the same thing as a claim. */
const SAME_THING: Readonly<Record<string, string>> = {
  "abstract-mse-validation": "mse-aro-masked-validation",
  "abstract-mse-test": "mse-aro-masked-test",
};

function judgeConsistency(
  claim: Claim,
  claims: readonly Claim[],
): Pick<LedgerEntry, "ours" | "verdict"> {
  if (claim.id === "features-unified") {
    const { features } = PAPER_SHAPE;
    return {
      ours: `Table 3 has ${features.toLocaleString("en-US")} input columns`,
      verdict: features === claim.value ? "reproduced" : "contradicts itself",
    };
  }
  const other = claims.find(({ id }) => id === SAME_THING[claim.id]);
  if (!other)
    throw new Error(`judgeClaims: expected a statement to hold "${claim.id}" against, got none`);
  // The table has two digits: the abstract's number must round to it.
  const agrees = Math.abs(claim.value - other.value) <= 0.005;
  return {
    ours: `${other.where}: ${other.printed}`,
    verdict: agrees ? "reproduced" : "contradicts itself",
  };
}

function besideOnCohort(claim: Claim, { cohort, reconstruction }: Evidence): string {
  const accuracy = PAPER_ACCURACIES.find(({ id }) => id === claim.id);
  if (accuracy) {
    const n = 29;
    const k = Math.round((n * accuracy.percent) / 100);
    const { low, high } = wilsonInterval(k, n);
    return `${k} of ${n}: 95 % interval ${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)} %`;
  }
  if (!claim.beside) return "-";
  const { row, column } = claim.beside;
  const value = reconstruction.find(
    ({ predictor, part, modality }) =>
      predictor === row.predictor && part === row.part && modality === row.modality,
  )?.[column];
  if (typeof value !== "number") return "-";
  return `${value < 1e-3 ? value.toExponential(1) : value.toFixed(3)} on ${cohort}`;
}
