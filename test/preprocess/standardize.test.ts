// Z-scores of the observed training entries: mean and deviation after clamping, computed by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";
import { fitStandard } from "../../lib/preprocess/standardize.js";

const NONE = Number.NaN;
const rows = Array.from({ length: 12 }, (_, i) => i);
const ids = rows.map(String);
// 10 measured; 9 measured; constant; never measured. Row 12 is not for training.
const matrix = matrixFrom(
  13,
  4,
  [...rows, 12].flatMap((i) => [i < 10 ? i * i : NONE, i < 9 ? i : NONE, 7, NONE]),
);
const scaler = fitScaler(matrix, rows, ids);

test("mean and deviation are those of the observed entries, clamped to the scaler's percentiles", () => {
  const { center, scale, count } = fitStandard(matrix, rows, scaler);
  const clamped = rows
    .slice(0, 10)
    .map((i) => Math.min(Math.max(i * i, scaler.low[0]), scaler.high[0]));
  assert.ok(clamped[9] < 81, "the highest value is clamped");
  const mean = clamped.reduce((sum, value) => sum + value, 0) / 10;
  const variance = clamped.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 10;
  assert.deepEqual([...count], [10, 9, 12, 0]);
  assert.ok(Math.abs(center[0] - mean) < 1e-12);
  assert.ok(Math.abs(scale[0] - Math.sqrt(variance)) < 1e-12);
});

test("a feature measured fewer than ten times, a constant one and an unmeasured one have no deviation", () => {
  const { center, scale } = fitStandard(matrix, rows, scaler);
  assert.deepEqual([...scale.slice(1)], [0, 0, 0]);
  assert.deepEqual([...center.slice(2)], [7, 0]);
});

test("columns before the first that is asked for are left out", () => {
  const all = fitStandard(matrix, rows, scaler);
  const some = fitStandard(matrix, rows, scaler, 1);
  for (const name of ["center", "scale", "count"] as const) {
    assert.deepEqual(some[name], all[name].slice(1));
  }
});

test("a scaler of other rows or columns is refused", () => {
  assert.throws(
    () => fitStandard(matrix, rows.slice(1), scaler),
    /fitStandard: expected a scaler of 4 columns fitted on 11 rows, got one of 4 columns fitted on 12/,
  );
  const narrow = matrixFrom(12, 1, rows);
  assert.throws(() => fitStandard(narrow, rows, scaler), /expected a scaler of 1 columns/);
});
