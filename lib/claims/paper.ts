// The paper's claims as data: paper.csv has a line for each, with the rule that judges it.
import { join } from "node:path";
import { readDelimited } from "../cohort/delimited.js";
import { projectRoot } from "../cohort/root.js";
import { PAPER_MODEL } from "../model/aro.js";

/** The shape of the paper's model. Source: Table 3. */
export const PAPER_SHAPE = { features: 71_094, ...PAPER_MODEL, visible: null } as const;

/**
 * What a verdict rests on: "arithmetic" on the paper's own numbers, "consistency" on two statements of the paper, "code" on
 * the authors' code, "cohort" on a question that any cohort can answer, "data" on the paper's own cohorts.
 */
export type Kind = "arithmetic" | "consistency" | "code" | "cohort" | "data";

/** A line of paper.csv. */
export interface Claim {
  readonly id: string;
  /** Where the paper states it. */
  readonly where: string;
  /** The quantity or statement, in a few words. */
  readonly what: string;
  /** As printed in the paper. */
  readonly paper: string;
  readonly kind: Kind;
  /** The rule that finds our number or answer. */
  readonly rule: string;
  /** What the rule is applied to, separated by "; " in the file: a loss, model and part, a label, a figure. */
  readonly about: readonly string[];
  /** For a setting: what the authors' code does, in the paper's words where it does the same. */
  readonly code: string;
  /** For a setting: what this project does; `{epochs}` stands for a setting of the runs. */
  readonly here: string;
  /** The file of the authors' code that shows it, with `#L` and its lines; empty where none is known. */
  readonly file: string;
}

let claims: readonly Claim[] | undefined;

/** Lists every claim, in the order of the data, the model, its training, the losses and the latent space. */
export function paperClaims(): readonly Claim[] {
  if (claims) return claims;
  const { header, rows } = readDelimited(join(projectRoot(), "lib", "claims", "paper.csv"));
  claims = rows.map((cells) => {
    const { about, ...claim } = Object.fromEntries(header.map((name, j) => [name, cells[j]]));
    return { ...claim, about: about === "" ? [] : about.split("; ") } as unknown as Claim;
  });
  return claims;
}

/** Finds the claim that a rule applies to these things, e.g. "loss" to "mse", "ARO masked" and "test". */
export function findClaim(rule: string, ...about: readonly string[]): Claim | undefined {
  return paperClaims().find(
    (claim) => claim.rule === rule && claim.about.join("; ") === about.join("; "),
  );
}

/**
 * Gives what the paper prints for such a claim.
 * @throws RangeError if it has none.
 */
export function printed(rule: string, ...about: readonly string[]): string {
  const claim = findClaim(rule, ...about);
  if (!claim) {
    throw new RangeError(`printed: expected a claim "${rule}" about ${about.join("; ")}, got none`);
  }
  return claim.paper;
}

/** Reads a printed number, as "71,094", "28.0e-04" or "72.4 %". */
export function numberOf(text: string): number {
  return Number(text.replaceAll(/,| %$/g, ""));
}

/** Whether a number is the printed one, to the digits printed: 0.1449 is "0.14", 0.146 is not. */
export function roundsTo(value: number, text: string): boolean {
  const [mantissa, exponent = "0"] = text.replaceAll(/,| %$/g, "").split("e");
  const decimals = mantissa.split(".")[1]?.length ?? 0;
  const unit = 10 ** (Number(exponent) - decimals);
  // Slightly more than half a unit: in binary, 0.165 - 0.16 exceeds 0.005.
  return Math.abs(value - numberOf(text)) <= 0.500001 * unit;
}
