// The ledger: verdicts follow from rules, and a number from another cohort is never a replication.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Evidence } from "../../lib/claims/evidence.js";
import { countByGround, countVerdicts, judgeClaims } from "../../lib/claims/ledger.js";
import { paperClaims } from "../../lib/claims/paper.js";
import { readProfile } from "../../lib/study/profile.js";

const score = {
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
const difference = { first: "ARO masked", samples: 18, difference: -0.04, low: -0.06, high: -0.02 };
const classifier = {
  task: "tissue",
  classifier: "mlp",
  accuracy: 0.96,
  accuracyLow: 0.91,
  accuracyHigh: 0.99,
};
const evidence: Evidence = {
  profile: readProfile({}),
  replicates: false,
  reconstruction: [
    { ...score, predictor: "ARO masked", part: "test", mse: 0.14, huber: 0.068 },
    { ...score, predictor: "ARO unmasked", part: "test", mse: 0.15, huber: 0.07 },
    { ...score, predictor: "PCA, sees all", part: "train", mse: 2e-12, huber: 1e-12 },
    { ...score, predictor: "PCA, sees all", part: "test", mse: 0.1, huber: 0.05 },
    { ...score, predictor: "zero", modality: "RNA", part: "test", mse: 0.2, huber: 0.1 },
  ],
  differences: [
    { ...difference, second: "ARO unmasked", modality: "all", better: "ARO masked" },
    { ...difference, second: "training mean, observed", modality: "RNA", better: "ARO masked" },
    { ...difference, second: "training mean, observed", modality: "protein", better: "ARO masked" },
  ],
  seeds: null,
  downstream: [
    {
      ...classifier,
      representation: "ARO",
      balancedAccuracy: 0.95,
      balancedLow: 0.9,
      balancedHigh: 1,
    },
    {
      ...classifier,
      representation: "PCA",
      balancedAccuracy: 0.7,
      balancedLow: 0.6,
      balancedHigh: 0.8,
    },
  ],
  latent: [{ representation: "ARO", label: "tissue", adjustedRand: 0.6 }],
  figures: ["figure-2a", "figure-2b", "figure-6", "split"],
};
const nothing: Evidence = {
  ...evidence,
  profile: readProfile({ ARO_PROFILE: "course" }),
  reconstruction: null,
  differences: null,
  seeds: null,
  downstream: null,
  latent: null,
  figures: [],
};

const entries = judgeClaims(evidence);
const find = (id: string, among = entries) => {
  const entry = among.find((candidate) => candidate.id === id);
  assert.ok(entry, `no entry "${id}"`);
  return entry;
};
const verdictWith = (id: string, change: Partial<Evidence>) =>
  find(id, judgeClaims({ ...evidence, ...change })).verdict;

test("every claim is judged once, under an id of its own, and says what it was judged on", () => {
  assert.equal(entries.length, paperClaims().length);
  assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
  for (const { id, ours, paper, verdict, judgedOn } of entries) {
    assert.ok(ours.length > 0 && paper.length > 0, id);
    assert.equal(verdict === "needs the data", judgedOn === "nothing", id);
  }
});

test("every table and every figure of the paper is in the ledger", () => {
  const places = entries.map(({ where }) => where).join("; ");
  for (const place of [
    "Abstract",
    "Tables 1 and 4",
    "Tables 2 and 5",
    "Table 3",
    "Table 4",
    "Table 5",
    "Table 6",
  ]) {
    assert.match(places, new RegExp(`\\b${place}\\b`));
  }
  for (const figure of ["1", "2a", "2b", "2c", "4", "5", "6"]) {
    assert.match(places, new RegExp(`Figure ${figure}\\b`));
  }
  const losses = entries.filter(({ id }) => /^(mse|huber)-(aro|pca)/.test(id));
  assert.equal(losses.length, 18 + 12); // means, and a deviation for all but PCA
});

test("Table 3 and the total are reproduced by counting", () => {
  assert.equal(find("parameters").ours, "303,863,222");
  const blocks = entries.filter(({ id }) => id.startsWith("table3-"));
  assert.equal(blocks.length, 10);
  assert.ok(blocks.every(({ verdict }) => verdict === "reproduced"));
  assert.equal(find("no-batch-normalization").verdict, "reproduced");
});

test("the comparator is as large as stated, and a small one with every column exists", () => {
  assert.match(find("modis-parameters").ours, /^22\.56 B/);
  assert.equal(find("modis-parameters").verdict, "reproduced");
  assert.match(find("modis-reduced").ours, /^0\.25 B with all 74,002 columns/);
  assert.equal(find("modis-reduced").verdict, "not reproduced");
});

test("statements that cannot both hold contradict each other", () => {
  for (const id of [
    "abstract-mse-validation",
    "abstract-mse-test",
    "features-unified",
    "row-is-patient",
    "optimal",
    "accuracy-test-rows",
  ]) {
    assert.equal(find(id).verdict, "contradicts itself", id);
    assert.equal(find(id).judgedOn, "the paper", id);
  }
  assert.match(find("identifiers-harmonized").ours, /at most 43 of 10,998/);
  assert.equal(find("huber-half-mse").ours, "9 of 9 pairs fit, to the digits printed");
});

test("a setting holds if the authors' code does the same, whatever ours does", () => {
  assert.equal(find("learning-rate").ours, "code: 1e-5; here: 1e-5");
  assert.equal(find("learning-rate").verdict, "reproduced");
  for (const id of [
    "identifiers-harmonized",
    "output-activation",
    "hidden-dropout",
    "masked-block",
    "leakage",
    "split-unit",
  ]) {
    assert.equal(find(id).verdict, "contradicts itself", id);
    assert.equal(find(id).judgedOn, "its code", id);
  }
});

test("an equal number from another cohort still needs the data", () => {
  const entry = find("mse-aro-masked-test");
  assert.equal(entry.ours, "0.140 on ucec");
  assert.equal(entry.verdict, "needs the data");
  assert.equal(find("mse-aro-masked-validation").ours, "–");
  assert.equal(find("mse-pca-train").ours, "2.0e-12 on ucec");
});

test("on the paper's own cohort a loss is reproduced or not, by the digits printed", () => {
  assert.equal(verdictWith("mse-aro-masked-test", { replicates: true }), "reproduced");
  assert.equal(verdictWith("mse-pca-test", { replicates: true }), "not reproduced");
  assert.equal(verdictWith("mse-aro-masked-train", { replicates: true }), "needs the data");
});

test("losses over several seeds stand with their deviation, a single seed does not", () => {
  const row = { predictor: "ARO masked", part: "test", mse: 0.1283, mseDeviation: 4.9e-4 };
  const over = (seeds: number) => [{ ...row, seeds, huber: 0.0641, huberDeviation: 2.4e-4 }];
  const ours = (id: string, seeds: number) =>
    find(id, judgeClaims({ ...evidence, seeds: over(seeds) })).ours;
  assert.equal(ours("mse-aro-masked-test", 5), "0.1283 ± 0.00049 over 5 seeds on ucec");
  assert.equal(ours("huber-aro-masked-test-deviation", 5), "0.00024 over 5 seeds on ucec");
  assert.equal(ours("runs-averaged", 5), "5");
  assert.equal(ours("mse-aro-masked-test", 1), "0.140 on ucec");
  assert.equal(find("mse-aro-masked-test-deviation").ours, "trained once");
  assert.equal(find("runs-averaged").ours, "1");
});

test("accuracies carry the interval of their 29 samples", () => {
  const cancer = "29 of 29: 95 % interval 88-100 %; on ucec 96 %, 91-99 %";
  assert.equal(find("accuracy-cancer-aro").ours, cancer);
  assert.equal(find("accuracy-laterality-aro").ours, "21 of 29: 95 % interval 54-85 %");
  assert.equal(find("pca-weaker-cancer-paper").verdict, "reproduced");
  assert.equal(find("pca-weaker-laterality-paper").verdict, "not reproduced");
});

test("no trivial solution holds only where the mean is beaten in every modality", () => {
  assert.equal(find("no-trivial-solution").verdict, "reproduced");
  assert.equal(find("no-trivial-solution").judgedOn, "ucec");
  const [pair, rna, protein] = evidence.differences!;
  const differences = [pair, rna, { ...protein, high: 0.001 }];
  assert.equal(verdictWith("no-trivial-solution", { differences }), "not reproduced");
});

test("PCA is weaker downstream only if it is with every number of components", () => {
  assert.equal(find("pca-weaker-downstream").verdict, "reproduced");
  const [aro, pca] = evidence.downstream!;
  const ten = { ...aro, representation: "PCA 10" };
  assert.equal(
    verdictWith("pca-weaker-downstream", { downstream: [aro, pca, ten] }),
    "not reproduced",
  );
});

test("orders and clusters are read from the run, and turn with it", () => {
  assert.equal(find("pca-reconstructs-better").verdict, "reproduced");
  const reconstruction = evidence.reconstruction!.map((row) => ({ ...row, mse: 0.2 }));
  assert.equal(verdictWith("pca-reconstructs-better", { reconstruction }), "not reproduced");
  assert.equal(find("masked-beats-unmasked").verdict, "reproduced");
  const [pair] = evidence.differences!;
  const differences = [{ ...pair, high: 0.001 }];
  assert.equal(verdictWith("masked-beats-unmasked", { differences }), "not reproduced");
  assert.equal(find("clusters-cancer").verdict, "not reproduced");
  const latent = [{ representation: "ARO", label: "tissue", adjustedRand: 0.81 }];
  assert.equal(verdictWith("clusters-cancer", { latent }), "reproduced");
});

test("figures are named beside the paper's", () => {
  assert.equal(find("figure-2a").ours, "figure-2a on ucec");
  assert.equal(find("figure-5").ours, "–");
  assert.equal(find("figure-6").ours, "figure-6 on ucec");
});

test("without a run, what needs one says so and is not decided", () => {
  const ledger = judgeClaims(nothing);
  assert.equal(ledger.length, entries.length);
  for (const id of [
    "mse-aro-masked-test",
    "no-trivial-solution",
    "clusters-cancer",
    "pca-weaker-downstream",
  ]) {
    const { ours, verdict } = find(id, ledger);
    assert.equal(ours, "no run of profile course yet: npm start -- --profile course", id);
    assert.equal(verdict, "needs the data", id);
  }
  assert.equal(find("parameters", ledger).verdict, "reproduced");
});

test("the counts add up to the claims, in verdicts and in what they were reached on", () => {
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
  assert.equal(sum(Object.values(countVerdicts(entries))), entries.length);
  const grounds = countByGround(entries);
  assert.equal(sum(grounds.map(({ claims }) => claims)), entries.length);
  assert.ok(grounds.every(({ claims }) => claims > 0));
});
