// The ledger: verdicts follow from rules, and a number from another cohort is never a replication.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countVerdicts, judgeClaims } from "../../lib/claims/ledger.js";
import { paperClaims } from "../../lib/claims/paper.js";

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
const reconstruction = [
  { ...score, predictor: "ARO masked", part: "test", mse: 0.14, huber: 0.068 },
  { ...score, predictor: "PCA, sees all", part: "train", mse: 2e-12, huber: 1e-12 },
];
const entries = judgeClaims({ cohort: "ucec", reconstruction });
const find = (id: string) => {
  const entry = entries.find((candidate) => candidate.id === id);
  assert.ok(entry, `no entry "${id}"`);
  return entry;
};

test("every claim is judged once, under an id of its own", () => {
  assert.equal(entries.length, paperClaims().length);
  assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
});

test("Table 3 and the total are reproduced by counting", () => {
  assert.equal(find("parameters").ours, "303,863,222");
  const blocks = entries.filter(({ id }) => id.startsWith("table3-"));
  assert.equal(blocks.length, 10);
  assert.ok(blocks.every(({ verdict }) => verdict === "reproduced"));
  // The printed blocks add up to the printed total.
  const sum = paperClaims()
    .filter(({ id }) => id.startsWith("table3-"))
    .reduce((total, { value }) => total + value, 0);
  assert.equal(sum, 303_863_222);
});

test("the abstract's losses and the count of columns contradict the paper's own tables", () => {
  for (const id of ["abstract-mse-validation", "abstract-mse-test", "features-unified"]) {
    assert.equal(find(id).verdict, "contradicts itself", id);
  }
});

test("an equal number from another cohort still needs the data", () => {
  const entry = find("mse-aro-masked-test");
  assert.equal(entry.ours, "0.140 on ucec");
  assert.equal(entry.verdict, "needs the data");
  assert.equal(find("mse-aro-masked-validation").ours, "-");
  assert.equal(find("mse-pca-train").ours, "2.0e-12 on ucec");
});

test("accuracies carry the interval of their 29 samples", () => {
  assert.equal(find("accuracy-cancer-aro").ours, "29 of 29: 95 % interval 88-100 %");
  assert.equal(find("accuracy-laterality-aro").ours, "21 of 29: 95 % interval 54-85 %");
});

test("countVerdicts counts every entry", () => {
  const counts = countVerdicts(entries);
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count, 0),
    entries.length,
  );
  assert.equal(counts["contradicts itself"], 3);
});
