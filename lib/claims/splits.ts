// The claims of this library, judged: over repeated splits, each model less each control, as recorded.
import { compareOverSplits, type SplitDifference } from "../evaluate/repeated-splits.js";
import {
  ARO_CONVERGED,
  ARO_PAPER,
  CLASS_MEAN,
  MODIS_CONVERGED,
  SPLIT_PAIRS,
  STACK,
  VAE_CONVERGED,
} from "../study/variants.js";
import type { Evidence } from "./evidence.js";
import { allBelowZero } from "./finding.js";

/** A mean difference over splits with its corrected 95 % interval. */
type Claimed = Pick<SplitDifference, "low" | "high"> & { readonly estimate: number };

/** A claim of this library, which the paper does not make: a model less one control in one modality. */
export interface OwnEntry {
  /** E.g. "ucec-protein-vs-ridge-cis" for the shared decoder, "ucec-protein-aro-vs-ridge-cis" for ARO. */
  readonly id: string;
  readonly what: string;
  /**
   * Of the MSE, negative where the model errs less, and of the median r, positive where it fits better; r is null
   * against a constant.
   */
  readonly ours: { readonly mse: Claimed; readonly r: Claimed | null; readonly repeats: number };
  readonly where: "this library";
  /** What the paper states: nothing. */
  readonly value: "none";
  readonly kind: "own";
  /** The model is better if the intervals of MSE and r both say so, worse if one says the opposite. */
  readonly verdict: "better" | "worse" | "undecided";
  /** The name of the cohort. */
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

/** Judges each pair whose two predictors share at least two recorded splits; there are none without recorded scores. */
export function judgeDifferences({ profile, splits }: Evidence): OwnEntry[] {
  const scores = splits ?? [];
  const pairs = SPLIT_PAIRS.filter(
    ([first, second]) => sharedSplits({ splits }, first, second) >= 2,
  );
  const rows = compareOverSplits(scores, pairs);
  const keyOf = ({ first, second, modality }: SplitDifference) =>
    `${first}\n${second}\n${modality}`;
  const byKey = new Map(rows.flatMap((row) => (row.measure === "r" ? [[keyOf(row), row]] : [])));
  return rows
    .filter(({ measure }) => measure === "mse")
    .map((mse): OwnEntry => {
      const { first, second, modality, splits: repeats } = mse;
      const r = byKey.get(keyOf(mse));
      const less = r ? [{ low: -r.high, high: -r.low }] : []; // a model with a smaller r fits worse
      const holds = allBelowZero([mse, ...less]);
      return {
        id: `${profile.name}-${nameOf(modality)}-${SHORT[first] ?? ""}vs-${SHORT[second]}`,
        what: `${first} less ${second}, ${modality}, test rows, the paper's space`,
        ours: { mse: claimed(mse), r: r ? claimed(r) : null, repeats },
        where: "this library",
        value: "none",
        kind: "own",
        verdict: holds === "undecided" ? holds : holds ? "better" : "worse",
        judgedOn: profile.name,
      };
    });
}

/** Counts the recorded splits that two predictors share. */
export function sharedSplits(
  { splits }: Pick<Evidence, "splits">,
  first: string,
  second: string,
): number {
  const seedsOf = (name: string) =>
    new Set((splits ?? []).filter(({ variant }) => variant === name).map(({ seed }) => seed));
  const others = seedsOf(second);
  return [...seedsOf(first)].filter((seed) => others.has(seed)).length;
}

function claimed({ difference, low, high }: SplitDifference): Claimed {
  return { estimate: difference, low, high };
}

/** "phosphoprotein" is "phospho" in an id. */
function nameOf(modality: string): string {
  return modality
    .toLowerCase()
    .replace(/^phosphoprotein.*$/, "phospho")
    .replace(/[^a-z0-9]+/g, "-");
}
