// Looks into preprocessing: the numbers shown are those that the scaler gives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { describeFeature, shareOf } from "../../lib/preprocess/describe.js";
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

test("shareOf counts observed entries only", () => {
  const first = { name: "RNA", start: 0, end: 1 };
  assert.equal(
    shareOf(matrix, first, (value) => value > 2),
    1 / 2,
  );
  const nothing = matrixFrom(1, 2, [Number.NaN, 1]);
  assert.throws(() => shareOf(nothing, first, () => true), /entries of RNA, got none/);
});
