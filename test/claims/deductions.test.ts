// What follows from the paper's own numbers: counts that agree, statements that cannot both hold, and bounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { approximates, correctOf, printedInterval } from "../../lib/claims/deductions.js";
import { judgeClaims } from "../../lib/claims/judge.js";
import { entryOf, evidence } from "./made-up.js";

test("Table 3's blocks follow from the layer sizes", () => {
  const blocks = judgeClaims(evidence).filter(({ id }) => id.startsWith("table3-"));
  assert.ok(blocks.every(({ verdict, ours, paper }) => verdict === "reproduced" && ours === paper));
});

for (const [id, finding] of [
  ["parameters", "reproduced: 303,863,222"],
  [
    "no-batch-normalization",
    "reproduced: Table 3's blocks of weights and biases add up to 303,863,222, the total",
  ],
  [
    "range-smallest",
    "not reproduced: 73 M for the smallest of the code's search: 512 wide, 1 hidden layer",
  ],
  [
    "range-largest",
    "reproduced: 666 M for the largest of the code's search: 4,096 wide, 5 hidden layers",
  ],
  ["modis-parameters", "reproduced: 22.56 B at its default ratios"],
  [
    "modis-reduced",
    "not reproduced: 0.25 B with all 74,002 columns, ratios 0.04 and 0.02 and 64 latent units; ARO has 0.30 B",
  ],
  ["samples-joined", "needs the data: Table 6 allows at most 123"],
  ["features-joined", "needs the data: Table 6 allows 58,411 to 96,417"],
  [
    "identifiers-harmonized",
    "contradicts itself: by Table 6 and the code's first protein column, the cohorts share at most 43 of 10,998 proteins",
  ],
  ["abstract-mse-validation", "contradicts itself: Tables 1 and 4: 0.14"],
  ["features-unified", "contradicts itself: Table 3 has 71,094 input columns"],
  ["row-is-patient", "contradicts itself: section 3: “tumor and normal paired samples”"],
  [
    "optimal",
    "contradicts itself: Table 2, Huber on test: PCA 0.065, ARO masked 0.068; section 5: PCA is “superior”",
  ],
  [
    "accuracy-test-rows",
    "contradicts itself: no whole number of 17 or 18 samples gives both; 21 and 17 of 29 do",
  ],
  ["huber-half-mse", "reproduced: 9 of 9 pairs fit, to the digits printed"],
  [
    "no-trivial-solution-paper",
    "needs the data: predicting the mean of a normally distributed feature scores MSE 0.122, Huber 0.061; ARO masked scores 0.14 and 0.068",
  ],
  ["pca-weaker-cancer-paper", "reproduced: 95 % intervals 88-100 % and 54-85 % lie apart"],
  ["pca-weaker-laterality-paper", "undecided: 95 % intervals 54-85 % and 41-74 % overlap"],
]) {
  test(`what follows from the paper alone about ${id}`, () => {
    const { verdict, ours } = entryOf(id);
    assert.equal(`${verdict}: ${ours}`, finding);
  });
}

test("the printed accuracies are whole counts of 29 samples, and not of the 17 or 18 test rows", () => {
  assert.deepEqual(
    ["100 %", "72.4 %", "72.41 %", "58.62 %"].map((accuracy) => correctOf(accuracy, 29)),
    [29, 21, 21, 17],
  );
  for (const n of [17, 18]) {
    assert.deepEqual([correctOf("72.41 %", n), correctOf("58.62 %", n)], [null, null], String(n));
  }
  assert.equal(correctOf("58.62 %", 290), 170);
  const { low, high } = printedInterval("72.4 %");
  assert.ok(Math.abs(low - 0.5427) < 1e-3 && Math.abs(high - 0.8531) < 1e-3, `${low} to ${high}`);
});

test("a number is the approximate one if it is off by less than a unit of the last digit", () => {
  for (const [value, text, is] of [
    [303.81e6, "~303.9 M", true],
    [303.79e6, "~303.9 M", false],
    [59.9e6, "≈ 50 M", true],
    [60e6, "≈ 50 M", false],
    [601e6, "≈ 700 M", true],
    [599e6, "≈ 700 M", false],
    [22.9e9, "≈ 22 B", true],
    [23.1e9, "≈ 22 B", false],
  ] as const) {
    assert.equal(approximates(value, text), is, `${value} beside ${text}`);
  }
});
