// The ledger: each claim of the paper beside ours, with a verdict that follows from a rule.
import { replicatesPaper } from "../study/profile.js";
import type { Kind } from "./claim.js";
import type { Evidence } from "./evidence.js";
import { paperClaims } from "./paper.js";

export type Verdict = "reproduced" | "not reproduced" | "contradicts itself" | "needs the data";

export interface LedgerEntry {
  readonly id: string;
  readonly where: string;
  readonly what: string;
  readonly paper: string;
  /** What we found; on another cohort it is said to be of that cohort. */
  readonly ours: string;
  readonly verdict: Verdict;
  readonly kind: Kind;
  /** What the verdict was reached on: "the paper", "its code", "its cohorts", the name of another cohort, "nothing". */
  readonly judgedOn: string;
}

/**
 * Judges every claim of the paper by its kind. Arithmetic is reproduced if it gives the digits printed; two statements,
 * or a statement and the authors' code, that cannot both hold contradict each other; a question that any cohort can answer
 * is answered for the cohort at hand, which the entry names; a number measured on the paper's cohorts needs their data,
 * and one from another cohort stands beside it and is no replication, even if it is equal.
 */
export function judgeClaims(evidence: Evidence): LedgerEntry[] {
  return paperClaims().map(({ id, where, what, printed, kind, find }) => {
    const { ours, holds } = find(evidence);
    // Without the paper's data nothing of this kind is decided, whatever the numbers are.
    const decided = holds !== null && (kind !== "data" || evidence.replicates);
    const verdict = decided ? verdictOf(kind, holds) : "needs the data";
    const judgedOn = decided ? groundOf(kind, evidence) : "nothing";
    return { id, where, what, paper: printed, ours, verdict, kind, judgedOn };
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

/** A verdict, what it was reached on, and of how many claims. */
export interface VerdictCount {
  readonly verdict: Verdict;
  readonly judgedOn: string;
  readonly claims: number;
}

/** Counts the claims by verdict and by what it was reached on, in the order of the ledger's verdicts. */
export function countByGround(entries: readonly LedgerEntry[]): VerdictCount[] {
  return (Object.keys(countVerdicts([])) as Verdict[]).flatMap((verdict) => {
    const own = entries.filter((entry) => entry.verdict === verdict);
    const grounds = [...new Set(own.map(({ judgedOn }) => judgedOn))];
    return grounds.map((judgedOn) => ({
      verdict,
      judgedOn,
      claims: own.filter((entry) => entry.judgedOn === judgedOn).length,
    }));
  });
}

function verdictOf(kind: Kind, holds: boolean): Verdict {
  if (holds) return "reproduced";
  return kind === "consistency" || kind === "code" ? "contradicts itself" : "not reproduced";
}

function groundOf(kind: Kind, { profile }: Evidence): string {
  if (kind === "code") return "its code";
  if (kind !== "cohort" && kind !== "data") return "the paper";
  return replicatesPaper(profile) ? "its cohorts" : profile.name;
}
