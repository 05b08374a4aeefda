// What is read from results: numbers of another cohort stand beside the paper's, and answers turn with the evidence.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "../../lib/claims/evidence.js";
import { nameEngine } from "../../lib/engine/engine.js";
import { PAPER_MODEL } from "../../lib/model/aro.js";
import { readProfile } from "../../lib/study/profile.js";
import { settingsOf } from "../../lib/study/runs.js";
import { completeSettings } from "../../lib/train/settings.js";
import { entryOf, evidence, nothing } from "./made-up.js";

const verdictOf = (id: string, change: Partial<Evidence> = {}) => entryOf(id, change).verdict;
const oursOf = (id: string, change: Partial<Evidence> = {}) => entryOf(id, change).ours;

test("settings are those of the runs that made the numbers, or the profile's before there are any", () => {
  const trained = settingsOf({
    spec: { ...PAPER_MODEL, width: 256, output: "relu", inputDropout: 0 },
    training: completeSettings({
      seed: 0,
      learningRate: 5e-4,
      weightDecay: 1e-4,
      batchSize: 20,
      epochs: 1000,
      plateau: null,
    }),
  });
  const run = { ...trained, run: "ARO masked", engine: "portable", parameters: 1, departures: "" };
  const here = (id: string, runs: Evidence["runs"]) => oursOf(id, { runs }).replace(/.*here: /, "");
  for (const [id, ofRun, ofProfile] of [
    ["width", "256", "2,048"],
    ["hidden-layers", "3", "3"],
    ["output-activation", "ReLU", "softplus"],
    ["input-dropout", "0", "0.1"],
    ["learning-rate", "5e-4", "1e-5"],
    ["weight-decay", "0.0001", "0"],
    ["plateau-factor", "none", "0.1"],
    ["plateau-patience", "none", "10 epochs"],
    ["epochs", "1,000", "200"],
    ["batch-size", "20", "80"],
    ["split-unit", "patient", "patient"],
    ["precision", "float32", "float32"],
  ] as const) {
    assert.deepEqual([here(id, [run]), here(id, null)], [ofRun, ofProfile], id);
  }
  assert.equal(here("width", [run, { ...run, width: 2048 }]), "256 and 2,048");
  const tensorflow = { name: "tfjs", backend: "tensorflow", version: "2.21.0" };
  const engine = nameEngine({ ...tensorflow, precision: "bfloat16" });
  assert.equal(here("precision", [{ ...run, engine }]), "float32, products in bfloat16");
});

test("a number of another cohort stands beside the paper's", () => {
  assert.equal(oursOf("mse-aro-masked-test"), "0.140 on ucec");
  assert.equal(oursOf("huber-aro-unmasked-test"), "0.070 on ucec");
  assert.equal(oursOf("mse-pca-train"), "2.0e-12 on ucec");
  assert.equal(oursOf("mse-aro-masked-validation"), "–");
  assert.equal(
    oursOf("modis-mse-proteomics"),
    "on ucec, predicting 0 scores 0.250 for protein on ARO's scale",
  );
  assert.equal(
    oursOf("modis-mse-transcriptomics"),
    "on ucec, predicting 0 scores 0.200 for RNA on ARO's scale",
  );
  assert.equal(oursOf("modis-mse-metabolomics"), "–");
});

test("losses over several seeds are shown with their deviation, a single seed is not", () => {
  const row = {
    predictor: "ARO masked",
    part: "test",
    mse: 0.1283,
    mseDeviation: 4.9e-4,
    huber: 0.0641,
    huberDeviation: 2.4e-4,
  };
  const over = (seeds: number) => ({ seeds: [{ ...row, seeds }] });
  assert.equal(oursOf("mse-aro-masked-test", over(2)), "0.1283 ± 0.00049 over 2 seeds on ucec");
  assert.equal(oursOf("mse-aro-masked-test", over(1)), "0.140 on ucec");
  assert.equal(oursOf("mse-aro-unmasked-test", over(5)), "0.150 on ucec");
  assert.equal(oursOf("huber-aro-masked-test-deviation", over(5)), "0.00024 over 5 seeds on ucec");
  assert.equal(oursOf("huber-aro-masked-train-deviation", over(5)), "trained once");
  assert.equal(oursOf("mse-aro-masked-test-deviation"), "trained once");
  const own = { replicates: true, profile: readProfile({ ARO_PROFILE: "paper" }) };
  assert.equal(verdictOf("mse-aro-masked-test", { ...own, ...over(5) }), "not reproduced");
  const printed = { ...row, seeds: 5, mse: 0.1402, mseDeviation: 20.96e-5 };
  assert.equal(verdictOf("mse-aro-masked-test", { ...own, seeds: [printed] }), "reproduced");
  assert.equal(
    verdictOf("mse-aro-masked-test-deviation", { ...own, seeds: [printed] }),
    "reproduced",
  );
});

test("the runs averaged are the fewest seeds of any model, controls aside", () => {
  const row = { predictor: "ARO masked", part: "test", mse: 0.1, huber: 0.05 };
  const rows = [3, 5, null].map((seeds) => ({
    ...row,
    seeds,
    mseDeviation: null,
    huberDeviation: null,
  }));
  assert.equal(oursOf("runs-averaged", { seeds: rows }), "3");
  assert.equal(oursOf("runs-averaged", { seeds: rows.slice(1) }), "5");
  assert.equal(oursOf("runs-averaged"), "1");
  assert.match(oursOf("runs-averaged", { reconstruction: null }), /^no run/);
});

test("no trivial solution: the mean is beaten in every inferred modality, in not every one, or undecided", () => {
  assert.equal(verdictOf("no-trivial-solution"), "reproduced");
  assert.equal(
    oursOf("no-trivial-solution"),
    "on ucec, MSE of ARO masked minus that of the observed training mean on one split: " +
      "protein -0.040 (-0.060 to -0.020)",
  );
  const [, pair, rna, protein] = evidence.differences;
  const wider = [pair, rna, { ...protein, high: 0.001 }];
  assert.equal(verdictOf("no-trivial-solution", { differences: wider }), "undecided");
  const worse = [pair, rna, { ...protein, low: 0.001, high: 0.002 }];
  assert.equal(verdictOf("no-trivial-solution", { differences: worse }), "not reproduced");
});

/** Of ARO and the mean on four splits, by MSE and by variance ratio. */
const splitsOf = (aro: readonly number[], ratio = 0.1) =>
  ["ARO masked", "training mean, observed"].flatMap((variant, k) =>
    aro.map((mse, seed) => ({
      variant,
      seed,
      part: "test" as const,
      modality: "protein",
      trainSamples: 40,
      samples: 10,
      observed: 9,
      unmeasured: 0,
      huber: 0,
      skill: null,
      r: null,
      steps: null,
      mse: k === 0 ? mse : 0.2,
      varianceRatio: k === 0 ? ratio + 0.01 * seed : 0,
    })),
  );

test("recorded splits decide instead of the one split, with an interval that is wider", () => {
  const clear = { splits: splitsOf([0.1, 0.11, 0.1, 0.11]) };
  assert.equal(verdictOf("no-trivial-solution", clear), "reproduced");
  assert.match(oursOf("no-trivial-solution", clear), /over 4 splits: protein -0\.095 \(/);
  const loose = { splits: splitsOf([0.1, 0.21, 0.1, 0.21]) };
  assert.equal(verdictOf("no-trivial-solution", loose), "undecided");
});

test("a distribution is preserved from half of the measured variance on, by the interval over splits", () => {
  const withRatio = (ratio: number) => ({ splits: splitsOf([0.1, 0.1, 0.1, 0.1], ratio) });
  assert.equal(verdictOf("distribution-preserved", withRatio(0.1)), "not reproduced");
  // scipy: t.ppf(0.975, 3) * sqrt((1/4 + 1/4) * var([.1, .11, .12, .13], ddof=1)) = 0.02905
  assert.match(
    oursOf("distribution-preserved", withRatio(0.1)),
    /protein 0\.115 \(0\.086 to 0\.144\)/,
  );
  assert.equal(verdictOf("distribution-preserved", withRatio(0.48)), "undecided");
  assert.equal(verdictOf("distribution-preserved", withRatio(0.6)), "reproduced");
  assert.match(oursOf("distribution-preserved"), /no splits are recorded/);
});

test("masked beats unmasked by the interval over all columns", () => {
  assert.equal(
    oursOf("masked-beats-unmasked"),
    "on ucec, masked minus unmasked on one split: -0.040 (-0.060 to -0.020)",
  );
  assert.equal(verdictOf("masked-beats-unmasked"), "reproduced");
  const [, pair] = evidence.differences;
  const above = [{ ...pair, low: 0.001, high: 0.002 }];
  assert.equal(verdictOf("masked-beats-unmasked", { differences: above }), "not reproduced");
  const around = [{ ...pair, high: 0.001 }];
  assert.equal(verdictOf("masked-beats-unmasked", { differences: around }), "undecided");
});

test("PCA reconstructs better only if the paired intervals against both models say so", () => {
  const losses = "on ucec, test MSE: PCA 0.100, ARO unmasked 0.150, masked 0.140";
  assert.equal(oursOf("pca-reconstructs-better"), losses);
  assert.equal(verdictOf("pca-reconstructs-better"), "undecided");
  const [, pair] = evidence.differences;
  const against = (low: number, high: number) => ({
    differences: ["ARO unmasked", "ARO masked"].map((first, i) => ({
      ...pair,
      first,
      second: "PCA, sees all",
      modality: "all",
      difference: 0.04,
      low: i === 0 ? 0.02 : low,
      high: i === 0 ? 0.06 : high,
    })),
  });
  assert.equal(verdictOf("pca-reconstructs-better", against(0.02, 0.06)), "reproduced");
  assert.match(
    oursOf("pca-reconstructs-better", against(0.02, 0.06)),
    /; ARO masked less PCA 0\.040 \(0\.020 to 0\.060\)$/,
  );
  assert.equal(verdictOf("pca-reconstructs-better", against(-0.01, 0.06)), "undecided");
  assert.equal(verdictOf("pca-reconstructs-better", against(-0.06, -0.01)), "not reproduced");
  const [aro] = evidence.reconstruction;
  assert.equal(oursOf("pca-reconstructs-better", { reconstruction: [aro] }), "–");
});

test("accuracies carry the interval of the paper's 29 samples, and ours of the same label", () => {
  const cancer = "29 of 29: 95 % interval 88-100 %; on ucec 96 %, 91-99 %";
  assert.equal(oursOf("accuracy-cancer-aro"), cancer);
  assert.equal(oursOf("accuracy-laterality-aro"), "21 of 29: 95 % interval 54-85 %");
  const profile = readProfile({ ARO_PROFILE: "gbm" });
  const sex = evidence.downstream.map((row) => ({ ...row, task: "sex" }));
  assert.equal(
    oursOf("accuracy-cancer-aro", { profile, downstream: sex }),
    "29 of 29: 95 % interval 88-100 %",
  );
});

test("an accuracy of the paper's own cohort is reproduced or not, by the digits printed", () => {
  const own = { profile: readProfile({ ARO_PROFILE: "paper" }), replicates: true };
  const laterality = { ...evidence.downstream[1], task: "laterality" };
  const withAccuracy = (accuracy: number) => ({
    ...own,
    downstream: [{ ...laterality, accuracy }],
  });
  assert.equal(verdictOf("accuracy-laterality-aro", withAccuracy(0.7242)), "reproduced");
  assert.equal(verdictOf("accuracy-laterality-aro", withAccuracy(0.71)), "not reproduced");
  assert.equal(verdictOf("accuracy-cancer-aro", own), "not reproduced");
});

test("PCA is weaker downstream only if it is with every number of components, on the same folds", () => {
  const accuracies = "on ucec, balanced accuracy of tissue: ARO 95 %, PCA 70 %";
  assert.equal(oursOf("pca-weaker-downstream"), accuracies);
  assert.equal(verdictOf("pca-weaker-downstream"), "undecided");
  const [, aro, pca] = evidence.downstream;
  const less = (second: string, low: number, high: number) => ({
    task: "tissue",
    columns: "standardized" as const,
    first: "ARO",
    second,
    folds: 25,
    difference: (low + high) / 2,
    low,
    high,
    adjusted: 0.01,
    better: "ARO",
  });
  const ten = (low: number, high: number) => ({
    downstream: [aro, pca, { ...pca, representation: "PCA 10" }],
    embeddings: [
      { ...less("PCA", -1, 1), columns: "as they are" as const },
      less("PCA", 0.1, 0.4),
      less("PCA 10", low, high),
    ],
  });
  assert.equal(verdictOf("pca-weaker-downstream", ten(0.01, 0.2)), "reproduced");
  assert.match(
    oursOf("pca-weaker-downstream", ten(0.02, 0.2)),
    /; ARO less PCA 25 points \(10 to 40\); ARO less PCA 10 11 points \(2 to 20\)$/,
  );
  assert.equal(verdictOf("pca-weaker-downstream", ten(-0.1, 0.2)), "undecided");
  assert.equal(verdictOf("pca-weaker-downstream", ten(-0.2, -0.1)), "not reproduced");
  assert.match(oursOf("pca-weaker-downstream", { downstream: [aro] }), /^no run of profile ucec/);
});

test("the first task with results is compared downstream", () => {
  const histology = evidence.downstream.map((row) => ({ ...row, task: "histology" }));
  assert.match(oursOf("pca-weaker-downstream", { downstream: histology }), /accuracy of histology/);
});

test("clusters are distinct from an adjusted Rand index of 0.8", () => {
  assert.equal(
    oursOf("clusters-cancer"),
    "on ucec, adjusted Rand index of two clusters and tissue: 0.60 from ARO, 0.70 from PCA of the data; 0.8 or more is good",
  );
  const aro = (adjustedRand: number) => ({
    latent: [{ representation: "ARO", label: "tissue", adjustedRand }],
  });
  assert.equal(verdictOf("clusters-cancer", aro(0.79)), "not reproduced");
  assert.equal(verdictOf("clusters-cancer", aro(0.8)), "reproduced");
  assert.match(oursOf("clusters-cancer", aro(0.8)), /not computed from PCA/);
});

test("what a cohort is not asked is told from what was not run", () => {
  assert.equal(oursOf("clusters-laterality"), "not a task of ucec");
  assert.equal(oursOf("clusters-laterality", { latent: null }), "not a task of ucec");
  assert.equal(oursOf("clusters-cancer", { latent: [] }), "not a task of ucec");
  assert.match(
    oursOf("clusters-cancer", { latent: null }),
    /^no run of profile ucec yet: npm start$/,
  );
  for (const id of [
    "mse-aro-masked-test",
    "no-trivial-solution",
    "clusters-cancer",
    "modis-mse-proteomics",
  ]) {
    assert.equal(
      oursOf(id, nothing),
      "no run of profile course yet: npm start -- --profile course",
      id,
    );
  }
});

test("a figure is named beside the paper's of the same number", () => {
  assert.equal(oursOf("figure-2a"), "figure-2a on ucec");
  assert.equal(oursOf("figure-4a"), "figure-4a on ucec");
  assert.equal(oursOf("figure-4b"), "figure-4b on ucec");
  assert.equal(oursOf("figure-5"), "–");
  assert.equal(oursOf("figure-6a"), "not a task of ucec; its figure shows another label");
  assert.equal(oursOf("figure-6b"), "–");
  assert.equal(oursOf("figure-2c"), "not a task of ucec; its figure shows another label");
  const gbm = { profile: readProfile({ ARO_PROFILE: "gbm" }), figures: ["figure-2c"] };
  assert.equal(oursOf("figure-2c", gbm), "figure-2c on gbm");
});
