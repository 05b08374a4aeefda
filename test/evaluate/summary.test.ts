// Flat scores and counted pairs: nothing is lost between a score and what a reader sees of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { countPairs, flattenScores } from "../../lib/evaluate/summary.js";

const modality = { name: "protein", start: 1, end: 3 };
const predicting = (...values: number[]) => [
  { name: "x", sees: "RNA", predict: () => Float32Array.from(values) } as const,
];
const matrix = matrixFrom(2, 3, [9, 0, 1, 9, Number.NaN, 2]);
const prepared = {
  part: "test",
  rows: [0, 1],
  ids: ["a", "b"],
  patients: ["a", "b"],
  matrix,
  zScores: matrix,
} as const;

test("countPairs counts observed entries of its modality, each once", async () => {
  const predictors = predicting(9, 0, 1, 9, 1, 8);
  const [{ predictor, counts, edges }] = await countPairs(predictors, prepared, modality, 2);
  assert.equal(predictor, "x");
  assert.deepEqual([...edges], [0, 1, 2]);
  // (0, 0) low and low; (1, 1) and (2, 8) high and high; the missing entry is not counted.
  assert.deepEqual([...counts], [1, 0, 0, 2]);
});

test("countPairs refuses predictions of another size, and a modality without values", async () => {
  await assert.rejects(countPairs(predicting(0, 0), prepared, modality), /6 predictions, got 2/);
  const nothing = { ...prepared, matrix: matrixFrom(1, 3, [1, Number.NaN, Number.NaN]) };
  await assert.rejects(countPairs(predicting(0, 0, 0), nothing, modality), /values of protein/);
});

test("flattenScores keeps value and interval, and null where there is no score", () => {
  const estimate = { value: 0.123456789, low: 0.1, high: 0.2 };
  const [row] = flattenScores([
    {
      predictor: "zero",
      sees: "nothing",
      part: "test",
      space: "paper",
      samples: 2,
      modality: "all",
      observed: 4,
      mse: 0.123456789,
      huber: 0.2,
      skill: estimate,
      varianceRatio: 0.123456789,
      medianR: null,
      features: 0,
      leftOut: 3,
      notes: ["a", "b"],
    },
  ]);
  assert.equal(row.mse, 0.123457);
  assert.deepEqual([row.skillLow, row.skillHigh], [0.1, 0.2]);
  assert.equal(row.medianR, null);
  assert.deepEqual([row.varianceRatio, row.leftOut, row.notes], [0.123457, 3, "a; b"]);
});
