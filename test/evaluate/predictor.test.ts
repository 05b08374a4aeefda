// MODIS in a table of predictors: it sees the first modality alone, and says nothing negative.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import { modisPredictor } from "../../lib/evaluate/predictor.js";
import type { ModisModel } from "../../lib/model/modis.js";
import type { Prepared } from "../../lib/preprocess/prepare.js";

const modalities = [
  { name: "RNA", start: 0, end: 2 },
  { name: "protein", start: 2, end: 5 },
];

function prepared(numbers: readonly number[]): Prepared<"test"> {
  const rows = numbers.length / 5;
  const ids = Array.from({ length: rows }, (_, i) => `S${i}`);
  const matrix = matrixFrom(rows, 5, numbers);
  return { part: "test", rows: ids.map((_, i) => i), ids, patients: ids, matrix, zScores: matrix };
}

test("modisPredictor translates the first modality into each, in the columns' order, clamped at 0", async () => {
  const asked: { rows: Matrix; from: number; to: readonly number[] }[] = [];
  const model = {
    async translate(rows: Matrix, from: number, to: readonly number[]) {
      asked.push({ rows, from, to });
      return [
        Float32Array.of(1, -2, 3, 4), // [2, RNA]
        Float32Array.of(5, 6, 7, 8, -9, 10), // [2, protein]
      ];
    },
  } as unknown as ModisModel;
  const predictor = modisPredictor("MODIS", model, { modalities, space: "paper" });
  assert.equal(predictor.sees, "RNA");
  const found = await predictor.predict(prepared([1, 2, 9, 9, 9, 3, 4, 9, 9, 9]));
  assert.deepEqual([...found], [1, 0, 5, 6, 7, 3, 4, 8, 0, 10]);
  assert.equal(asked[0].from, 0);
  assert.deepEqual(asked[0].to, [0, 1]);
  assert.deepEqual([...asked[0].rows.values], [1, 2, 3, 4]);
});
