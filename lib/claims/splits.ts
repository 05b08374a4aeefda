// What the shared decoder claims: its paired differences from linear controls over the recorded splits.
import {
  compareSplits,
  type SplitDifference,
  type SplitScore,
} from "../evaluate/repeated-splits.js";
import type { Profile } from "../study/profile.js";
import { readSplitsRecord, SHARED, SPLIT_PAIRS } from "../study/splits.js";

/** A mean difference with its corrected 95 % interval. */
export interface ClaimedDifference {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** The shared decoder less one control in one modality. */
export interface SplitClaim {
  /** E.g. "ucec-protein-vs-ridge-cis". */
  readonly id: string;
  readonly where: "this library";
  readonly what: string;
  /** What the paper states: nothing. */
  readonly value: "none";
  readonly kind: "own";
  /** Of the MSE, negative where the shared decoder errs less, and of the median r, positive where it fits better. */
  readonly ours: {
    readonly mse: ClaimedDifference;
    readonly r: ClaimedDifference;
    readonly repeats: number;
  };
  readonly verdict: "better" | "worse" | "undecided";
  readonly judgedOn: string;
}

const SHORT: Readonly<Record<string, string>> = {
  "dual ridge": "ridge",
  "ridge + cis of its residual": "ridge-cis",
  "ridge + cis of its residual + offset": "ridge-cis-offset",
};

/** Reads the record of the profile's splits and judges each pair; none without a record. */
export async function splitClaims(profile: Profile): Promise<SplitClaim[]> {
  const record = await readSplitsRecord({ profile });
  return record === null
    ? []
    : judgeSplits(
        profile.name,
        record.splits.flatMap((s) => s.scores),
      );
}

/**
 * Judges each pair by its intervals: "better" if those of MSE and median r both favor the shared decoder, "worse" if
 * one favors the control, "undecided" otherwise.
 */
export function judgeSplits(cohort: string, scores: readonly SplitScore[]): SplitClaim[] {
  const rows = compareSplits(scores, SPLIT_PAIRS);
  return rows
    .filter(({ measure }) => measure === "mse")
    .map((mse): SplitClaim => {
      const r = rows.find(
        ({ measure, second, modality }) =>
          measure === "r" && second === mse.second && modality === mse.modality,
      )!;
      const isBetter = mse.high < 0 && r.low > 0;
      const isWorse = mse.low > 0 || r.high < 0;
      return {
        id: `${cohort}-${nameOf(mse.modality)}-vs-${SHORT[mse.second]}`,
        where: "this library",
        value: "none",
        kind: "own",
        what: `${SHARED} less ${mse.second}, ${mse.modality}, test rows, the paper's space`,
        ours: { mse: claimed(mse), r: claimed(r), repeats: mse.splits },
        verdict: isBetter ? "better" : isWorse ? "worse" : "undecided",
        judgedOn: cohort,
      };
    });
}

function claimed({ difference, low, high }: SplitDifference): ClaimedDifference {
  return { estimate: difference, low, high };
}

/** "phosphoprotein" is "phospho" in an id. */
function nameOf(modality: string): string {
  return modality
    .toLowerCase()
    .replace(/^phosphoprotein.*$/, "phospho")
    .replace(/[^a-z0-9]+/g, "-");
}
