// Paired differences: exact on small numbers, and favoring nobody when the interval holds zero.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { pairedDifferences } from "../../lib/evaluate/paired.js";
import { constantPredictor, observedMean } from "../../lib/evaluate/predictor.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";

const numbers = [
  [1, 5],
  [2, Number.NaN],
  [3, 7],
  [4, 8],
  [5, 9],
  [6, Number.NaN],
  [2, 6],
  [9, 9],
];
const cohort = {
  name: "toy",
  samples: numbers.map((_, i) => ({ id: `s${i}`, patient: `p${i}`, labels: {} })),
  modalities: [
    { name: "RNA", start: 0, end: 1 },
    { name: "protein", start: 1, end: 2 },
  ],
  features: ["A", "A"],
  matrix: matrixFrom(8, 2, numbers.flat()),
  drops: [],
};
const prepared = prepareCohort(cohort, { train: [0, 1, 2, 3], validation: [4], test: [5, 6, 7] });
const zero = constantPredictor("zero", new Float64Array(2));
const mean = constantPredictor("mean", observedMean(prepared));
const truth = prepared.test.matrix;

test("the difference is that of the mean squared errors over observed entries", async () => {
  const rows = await pairedDifferences([[zero, mean]], prepared, { draws: 200 });
  assert.deepEqual(
    rows.map(({ modality }) => modality),
    ["RNA", "protein", "inferred", "all"],
  );
  const constant = observedMean(prepared);
  let [sum, count] = [0, 0];
  truth.values.forEach((value, i) => {
    if (!truth.observed[i]) return;
    sum += value ** 2 - (value - Math.fround(constant[i % 2])) ** 2;
    count++;
  });
  assert.ok(Math.abs(rows[3].difference - sum / count) < 1e-9);
  assert.ok(rows.every(({ low, difference, high }) => low <= difference && difference <= high));
});

test("a predictor against itself differs by nothing, and neither is better", async () => {
  const [row] = await pairedDifferences([[mean, mean]], prepared, { draws: 50 });
  assert.deepEqual([row.difference, row.low, row.high, row.better], [0, 0, 0, "neither"]);
});

test("a predictor that knows the truth is named the better one", async () => {
  const oracle = { name: "oracle", sees: "all", predict: () => truth.values } as const;
  const rows = await pairedDifferences([[zero, oracle]], prepared, { draws: 50 });
  assert.equal(rows[3].better, "oracle");
});

test("observedMean leaves filled entries out, and falls back on them where nothing was observed", () => {
  const { values, observed } = prepared.train.matrix;
  const seen = [0, 2, 3].map((row) => values[row * 2 + 1]);
  assert.equal(observed[3], 0);
  const expected = seen.reduce((total, value) => total + value, 0) / 3;
  assert.ok(Math.abs(observedMean(prepared)[1] - expected) < 1e-9);
});
