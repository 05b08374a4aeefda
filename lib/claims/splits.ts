// What is claimed over splits: paired differences of each model from the linear controls, as recorded.
import {
  compareOverSplits,
  type RepeatedScore,
  type SplitDifference,
} from "../evaluate/repeated-splits.js";
import type { Profile } from "../study/profile.js";
import { readRecord } from "../study/record.js";
import {
  ARO_CONVERGED,
  ARO_PAPER,
  CLASS_MEAN,
  MODIS_CONVERGED,
  SPLIT_PAIRS,
  STACK,
  VAE_CONVERGED,
} from "../study/variants.js";

/** A mean difference with its corrected 95 % interval. */
export interface ClaimedDifference {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** A model less one control in one modality. */
export interface SplitClaim {
  /** E.g. "ucec-protein-vs-ridge-cis" for the shared decoder, "ucec-protein-aro-vs-ridge-cis" for ARO. */
  readonly id: string;
  readonly where: "this library";
  readonly what: string;
  /** What the paper states: nothing. */
  readonly value: "none";
  readonly kind: "own";
  /**
   * Of the MSE, negative where the model errs less, and of the median r, positive where it fits better; r is null
   * against a constant.
   */
  readonly ours: {
    readonly mse: ClaimedDifference;
    readonly r: ClaimedDifference | null;
    readonly repeats: number;
  };
  readonly verdict: "better" | "worse" | "undecided";
  readonly judgedOn: string;
}

const SHORT: Readonly<Record<string, string>> = {
  "training mean, observed": "mean",
  "dual ridge": "ridge",
  "ridge + cis of its residual": "ridge-cis",
  "ridge + cis of its residual + offset": "ridge-cis-offset",
  [CLASS_MEAN]: "class-mean",
  "PCA, conditioned on RNA": "conditional-pca",
  "softImpute, given RNA": "soft-impute",
  PLS: "pls",
  "kernel ridge, RBF": "kernel-ridge",
  "dual ridge, clamped RNA": "ridge-clamped",
  "per-gene ridge on own RNA and components": "gene-ridge",
  [STACK]: "linear-stack",
  [ARO_PAPER]: "aro-",
  [ARO_CONVERGED]: "aro-converged-",
  [VAE_CONVERGED]: "vae-",
  [MODIS_CONVERGED]: "modis-",
};

/** Reads the record of the profile's splits and judges each pair; none without a record. */
export async function splitClaims(profile: Profile): Promise<SplitClaim[]> {
  const record = await readRecord(profile, "splits");
  return record === null ? [] : judgeSplits(profile.name, record.scores);
}

/**
 * Judges each pair whose two predictors share at least two splits, by its intervals: "better" if those of MSE and median r both favor
 * the model, "worse" if one favors the control, "undecided" otherwise.
 */
export function judgeSplits(cohort: string, scores: readonly RepeatedScore[]): SplitClaim[] {
  const seedsOf = (name: string) =>
    new Set(scores.filter(({ variant }) => variant === name).map(({ seed }) => seed));
  const pairs = SPLIT_PAIRS.filter(([first, second]) => {
    const others = seedsOf(second);
    return [...seedsOf(first)].filter((seed) => others.has(seed)).length >= 2;
  });
  const rows = compareOverSplits(scores, pairs);
  return rows
    .filter(({ measure }) => measure === "mse")
    .map((mse): SplitClaim => {
      const { first, second, modality, splits } = mse;
      const r = rows.find(
        (row) =>
          row.measure === "r" &&
          row.first === first &&
          row.second === second &&
          row.modality === modality,
      );
      const favored = [mse, r].flatMap((row) => (row ? [row.better] : []));
      return {
        id: `${cohort}-${nameOf(modality)}-${SHORT[first] ?? ""}vs-${SHORT[second]}`,
        where: "this library",
        value: "none",
        kind: "own",
        what: `${first} less ${second}, ${modality}, test rows, the paper's space`,
        ours: { mse: claimed(mse), r: r ? claimed(r) : null, repeats: splits },
        verdict: favored.includes(second)
          ? "worse"
          : favored.every((better) => better === first)
            ? "better"
            : "undecided",
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
