// Looks into preprocessing: the numbers shown are those that the scaler gives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { describeFeature, zeroShares } from "../../lib/preprocess/describe.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";

const matrix = matrixFrom(3, 2, [1, 0, Number.NaN, 2, 3, 4]);
const samples = ["a", "b", "c"].map((id) => ({ id, patient: id, labels: {} }));
const scaler = fitScaler(matrix, [0, 1, 2], ["a", "b", "c"]);

test("describeFeature follows a missing entry from null to its filled value", () => {
  const cohort = { samples, features: ["X", "Y"], matrix };
  const [row] = describeFeature(cohort, scaler, 0, [1]);
  assert.equal(row.sample, "b");
  assert.equal(row.feature, "X");
  assert.equal(row.measured, null);
  assert.equal(row.imputed, 2); // the median of 1 and 3
  assert.equal(row.log, row.standardized > 0 ? Math.fround(Math.log1p(row.standardized)) : 0);
  assert.throws(() => describeFeature(cohort, scaler, 2, [1]), /\[0, 2\), got 2/);
});

test("zeroShares counts observed zeros only, by modality and part", () => {
  const modalities = [
    { name: "RNA", start: 0, end: 1 },
    { name: "protein", start: 1, end: 2 },
  ];
  const partOf = <P extends "train" | "test">(part: P, numbers: number[]) => {
    const rows = numbers.length / 2;
    const ids = Array.from({ length: rows }, (_, i) => `${part}${i}`);
    return { part, rows: ids.map((_, i) => i), ids, matrix: matrixFrom(rows, 2, numbers) };
  };
  const train = partOf("train", [0, 1, Number.NaN, 0, 3, 0]);
  const test = partOf("test", [1, 0]);
  assert.deepEqual(zeroShares({ modalities, train, test }), [
    { modality: "RNA", training: 1 / 2, test: 0 },
    { modality: "protein", training: 2 / 3, test: 1 },
  ]);
  const nothing = partOf("test", [Number.NaN, 1]);
  assert.throws(() => zeroShares({ modalities, train, test: nothing }), /entries of RNA, got none/);
});
