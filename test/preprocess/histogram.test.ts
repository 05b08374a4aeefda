// Histograms of preprocessing: they count what was observed, and nothing twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { stageHistograms } from "../../lib/preprocess/histogram.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";

const matrix = matrixFrom(4, 3, [1, 0, 5, 2, Number.NaN, 5, 3, 4, 5, 4, 8, 5]);
const modalities = [
  { name: "RNA", start: 0, end: 2 },
  { name: "protein", start: 2, end: 3 },
];
const scaler = fitScaler(matrix, [0, 1, 2], ["a", "b", "c"]);

test("every observed value of the rows is counted once at every stage", () => {
  const histograms = stageHistograms({ matrix, modalities }, scaler, [0, 1, 2], 4);
  assert.equal(histograms.length, 4 * 2);
  for (const { modality, counts, edges } of histograms) {
    assert.equal(edges.length, 5);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      modality === "RNA" ? 5 : 3,
    );
  }
});

test("exact zeros are counted, and a constant feature is all zero from the z-score on", () => {
  const histograms = stageHistograms({ matrix, modalities }, scaler, [0, 1, 2], 4);
  const zeros = (stage: string, modality: string) =>
    histograms.find((h) => h.stage === stage && h.modality === modality)?.zeros;
  assert.equal(zeros("measured", "RNA"), 1);
  assert.equal(zeros("measured", "protein"), 0);
  assert.equal(zeros("z-score", "protein"), 3);
});

test("a modality without observed values is refused by name", () => {
  const empty = matrixFrom(1, 1, [Number.NaN]);
  const only = [{ name: "RNA", start: 0, end: 1 }];
  assert.throws(
    () => stageHistograms({ matrix: empty, modalities: only }, fitScaler(empty, [0], ["a"]), [0]),
    /observed values of RNA, got none/,
  );
});
