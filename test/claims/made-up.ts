// Evidence made up for the rules: one result of each kind, on a cohort that is not the paper's.
import assert from "node:assert/strict";
import type { Evidence } from "../../lib/claims/evidence.js";
import { judgeClaims, type LedgerEntry } from "../../lib/claims/judge.js";
import { readProfile } from "../../lib/study/profile.js";

const score = {
  varianceRatio: null,
  leftOut: 0,
  notes: "",
  sees: "RNA",
  modality: "all",
  samples: 18,
  skill: null,
  skillLow: null,
  skillHigh: null,
  medianR: null,
  medianRLow: null,
  medianRHigh: null,
};
const difference = {
  first: "ARO masked",
  samples: 18,
  difference: -0.04,
  low: -0.06,
  high: -0.02,
  better: "ARO masked",
};
const classifier = {
  task: "tissue",
  classifier: "mlp",
  accuracy: 0.96,
  accuracyLow: 0.91,
  accuracyHigh: 0.99,
  representation: "ARO",
  balancedAccuracy: 0.95,
  balancedLow: 0.9,
  balancedHigh: 1,
};
const pca = { balancedAccuracy: 0.7, balancedLow: 0.6, balancedHigh: 0.8 };

export const evidence = {
  profile: readProfile({}),
  replicates: false,
  runs: null,
  reconstruction: [
    { ...score, predictor: "ARO masked", part: "test", mse: 0.14, huber: 0.068 },
    { ...score, predictor: "ARO unmasked", part: "test", mse: 0.15, huber: 0.07 },
    { ...score, predictor: "PCA, sees all", part: "train", mse: 2e-12, huber: 1e-12 },
    { ...score, predictor: "PCA, sees all", part: "test", mse: 0.1, huber: 0.05 },
    { ...score, predictor: "zero", part: "test", mse: 0.3, huber: 0.15 },
    { ...score, predictor: "zero", modality: "RNA", part: "train", mse: 0.4, huber: 0.2 },
    { ...score, predictor: "zero", modality: "RNA", part: "test", mse: 0.2, huber: 0.1 },
    { ...score, predictor: "zero", modality: "protein", part: "test", mse: 0.25, huber: 0.1 },
  ],
  differences: [
    { ...difference, second: "ARO unmasked", modality: "RNA", low: 0.01, high: 0.02 },
    { ...difference, second: "ARO unmasked", modality: "all" },
    { ...difference, second: "training mean, observed", modality: "RNA" },
    { ...difference, second: "training mean, observed", modality: "protein" },
    { ...difference, second: "training mean, observed", modality: "all", high: 0.001 },
  ],
  seeds: null,
  splits: null,
  embeddings: null,
  downstream: [
    { ...classifier, classifier: "logistic", accuracy: 0.5, balancedLow: 0.4 },
    classifier,
    { ...classifier, representation: "PCA", ...pca },
  ],
  latent: [
    { representation: "ARO", label: "tissue", adjustedRand: 0.6 },
    { representation: "PCA", label: "tissue", adjustedRand: 0.7 },
  ],
  figures: ["figure-2b", "figure-2a", "figure-4b", "figure-4a", "figure-60", "figure-6", "split"],
} satisfies Evidence;

/** Before a first run. */
export const nothing: Evidence = {
  profile: readProfile({ ARO_PROFILE: "course" }),
  replicates: false,
  runs: null,
  reconstruction: null,
  differences: null,
  seeds: null,
  splits: null,
  downstream: null,
  embeddings: null,
  latent: null,
  figures: [],
};

/** The entry of one claim, with some of the evidence changed. */
export function entryOf(id: string, change: Partial<Evidence> = {}): LedgerEntry {
  const entry = judgeClaims({ ...evidence, ...change }).find((one) => one.id === id);
  assert.ok(entry, `no entry "${id}"`);
  return entry;
}
