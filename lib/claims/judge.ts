// The judge: each of the paper's claims beside our finding, with a rule-based verdict.
import { groupBy } from "../cohort/group.js";
import { type Profile, replicatesPaper } from "../study/profile.js";
import { DEDUCTIONS } from "./deductions.js";
import type { Evidence } from "./evidence.js";
import type { Finding, Rule } from "./finding.js";
import { MEASUREMENTS } from "./measurements.js";
import { type Claim, type Kind, paperClaims, roundsTo } from "./paper.js";

/** In the order in which they are counted. */
const VERDICTS = [
  "reproduced",
  "paper and code agree",
  "not reproduced",
  "contradicts itself",
  "undecided",
  "needs the data",
] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface LedgerEntry {
  readonly id: string;
  readonly where: string;
  readonly what: string;
  readonly paper: string;
  /** What we found; on another cohort, it names that cohort. */
  readonly ours: string;
  readonly verdict: Verdict;
  readonly kind: Kind;
  /** What the verdict was reached on: "the paper", "its code", "its cohorts", the name of another cohort, "nothing". */
  readonly judgedOn: string;
  /** Link to the file and lines of the authors' code that show it, of a notebook to the file; null without one. */
  readonly source: string | null;
}

const RULES: Readonly<Record<string, Rule>> = { ...DEDUCTIONS, ...MEASUREMENTS };

/** The commit of the authors' repository that the lines are of. */
const CODE = "https://github.com/ccdderc/ARO/blob/7170eed";

/**
 * Judges claims by their kind. Arithmetic is reproduced if it gives the digits printed. Two statements that cannot both
 * hold contradict each other, as do a statement and the authors' code; otherwise paper and code agree. A question that
 * any cohort can answer is answered for the cohort at hand, which the entry names; it is undecided where an interval
 * includes both answers. A number measured on the paper's cohorts needs their data: one from another cohort stands beside
 * it and is no replication, even if it is equal.
 */
export function judgeClaims(
  evidence: Evidence,
  claims: readonly Claim[] = paperClaims(),
): LedgerEntry[] {
  return claims.map((claim) => {
    const { id, where, what, paper, kind, rule, file } = claim;
    const { ours, holds } = RULES[rule](claim, evidence);
    const verdict =
      kind === "data" && !evidence.replicates ? "needs the data" : verdictOf(kind, holds);
    const judgedOn = verdict === "needs the data" ? "nothing" : groundOf(kind, evidence);
    const source = file === "" ? null : `${CODE}/${file}`;
    return { id, where, what, paper, ours, verdict, kind, judgedOn, source };
  });
}

/** Counts the verdicts. */
export function countVerdicts(entries: readonly LedgerEntry[]): Record<Verdict, number> {
  const counts = VERDICTS.map((verdict) => [
    verdict,
    entries.filter((entry) => entry.verdict === verdict).length,
  ]);
  return Object.fromEntries(counts) as Record<Verdict, number>;
}

/** A verdict, what it was reached on, and of how many claims. */
export interface VerdictCount {
  readonly verdict: Verdict;
  readonly judgedOn: string;
  readonly claims: number;
}

/** Counts the claims by verdict and by what it was reached on, in the order of the verdicts. */
export function countByGround(entries: readonly LedgerEntry[]): VerdictCount[] {
  return VERDICTS.flatMap((verdict) => {
    const own = entries.filter((entry) => entry.verdict === verdict);
    return [...groupBy(own, ({ judgedOn }) => judgedOn)].map(([judgedOn, { length: claims }]) => ({
      verdict,
      judgedOn,
      claims,
    }));
  });
}

/** States how many claims hold, do not hold, are undecided and need the data. */
export function describeVerdicts(entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return "No claim was judged.";
  const counts = countVerdicts(entries);
  const count = (total: number, one: string, several: string, ...named: readonly string[]) => {
    const found = named.filter((text) => !text.startsWith("0 "));
    const kinds = found.length > 0 ? ` (${found.join(", ")})` : "";
    return total > 0 ? [`${total} ${total === 1 ? one : several}${kinds}`] : [];
  };
  const { reproduced, undecided, "needs the data": open } = counts;
  const [agree, fail] = [counts["paper and code agree"], counts["not reproduced"]];
  const against = counts["contradicts itself"];
  const contradict = `that ${against === 1 ? "contradicts" : "contradict"} the paper or its code`;
  const held = [`${reproduced} reproduced`, `${agree} where paper and code agree`];
  const parts = [
    ...count(reproduced + agree, "holds", "hold", ...held),
    ...count(
      fail + against,
      "does not",
      "do not",
      `${fail} not reproduced`,
      `${against} ${contradict}`,
    ),
    ...count(undecided, "is undecided", "are undecided"),
    ...count(open, "needs the paper's data", "need the paper's data"),
  ];
  const last = parts.pop()!;
  const and = parts.length > 1 ? ", and " : " and ";
  return `Of ${entries.length} claims, ${parts.length > 0 ? parts.join(", ") + and : ""}${last}.`;
}

/**
 * Compares a number of ours with a printed one: on the paper's own cohorts it is the same to the digits printed, or it
 * is different; on another cohort it is neither.
 */
export function besidePaper(
  profile: Profile,
  ours: number,
  printed: string,
): "another cohort" | "the same" | "different" {
  if (!replicatesPaper(profile)) return "another cohort";
  return roundsTo(ours, printed) ? "the same" : "different";
}

function verdictOf(kind: Kind, holds: Finding["holds"]): Verdict {
  if (holds === null) return "needs the data";
  if (holds === "undecided") return "undecided";
  if (holds) return kind === "code" ? "paper and code agree" : "reproduced";
  return kind === "consistency" || kind === "code" ? "contradicts itself" : "not reproduced";
}

function groundOf(kind: Kind, { profile }: Evidence): string {
  if (kind === "code") return "its code";
  if (kind !== "cohort" && kind !== "data") return "the paper";
  return replicatesPaper(profile) ? "its cohorts" : profile.name;
}
