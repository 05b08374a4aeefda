// Looks into preprocessing: the values are those of the scaler, and histograms count each observed value once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { describeFeature, stageHistograms, zeroShares } from "../../lib/preprocess/describe.js";
import { applyScaler, fitScaler } from "../../lib/preprocess/scaler.js";

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
  const values = describeFeature(cohort, scaler, 1, [2, 1]);
  assert.deepEqual(
    values.map(({ sample, measured }) => [sample, measured]),
    [
      ["c", 4],
      ["b", 2],
    ],
  );
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
  assert.throws(
    () => zeroShares({ modalities, train, test: nothing }),
    /zeroShares: expected observed values of RNA, got none/,
  );
});

// RNA has a gap in one training row, protein is constant; the last row is not for training.
const counted = matrixFrom(4, 3, [1, 0, 5, 2, Number.NaN, 5, 3, 4, 5, 4, 8, 5]);
const modalities = [
  { name: "RNA", start: 0, end: 2 },
  { name: "protein", start: 2, end: 3 },
];
const countedScaler = fitScaler(counted, [0, 1, 2], ["a", "b", "c"]);

test("every observed value of the rows is counted once at every stage", () => {
  const histograms = stageHistograms({ matrix: counted, modalities }, countedScaler, [0, 1, 2], 4);
  assert.equal(histograms.length, 3 * 2);
  for (const { modality, counts, edges } of histograms) {
    assert.equal(edges.length, 5);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      modality === "RNA" ? 5 : 3,
    );
  }
});

test("bins are equal from the lowest value to the highest, which the last bin includes", () => {
  const [measured] = stageHistograms({ matrix: counted, modalities }, countedScaler, [0, 1, 2], 4);
  assert.deepEqual([...measured.edges], [0, 1, 2, 3, 4]);
  assert.deepEqual([...measured.counts], [1, 1, 1, 2]);
});

test("one bin holds every value, and none is refused", () => {
  const [first] = stageHistograms({ matrix: counted, modalities }, countedScaler, [0, 1, 2], 1);
  assert.deepEqual([...first.counts], [5]);
  assert.throws(
    () => stageHistograms({ matrix: counted, modalities }, countedScaler, [0], 0),
    /expected a positive number of bins, got 0/,
  );
});

test("exact zeros are counted, and a constant feature is all zero from the z-score on", () => {
  const histograms = stageHistograms({ matrix: counted, modalities }, countedScaler, [0, 1, 2], 4);
  const zeros = (stage: string, modality: string) =>
    histograms.find((h) => h.stage === stage && h.modality === modality)?.zeros;
  assert.equal(zeros("measured", "RNA"), 1);
  assert.equal(zeros("measured", "protein"), 0);
  assert.equal(zeros("z-score", "protein"), 3);
});

test("z-scores below 0 are counted, and values that winsorizing has moved", () => {
  const histograms = stageHistograms({ matrix: counted, modalities }, countedScaler, [0, 1, 2], 4);
  const [measured, , rna] = histograms;
  assert.equal(measured.below, undefined);
  assert.equal(rna.stage, "z-score");
  const scaled = applyScaler(countedScaler, counted, [0, 1, 2], "standardized");
  const seen = [...scaled.values].filter((_, i) => i % 3 < 2 && scaled.observed[i] === 1);
  assert.equal(rna.below, seen.filter((z) => z < 0).length);
  assert.ok(Number(rna.winsorized) > 0);
});

test("a modality without observed values is refused by name", () => {
  const empty = matrixFrom(1, 1, [Number.NaN]);
  const only = [{ name: "RNA", start: 0, end: 1 }];
  assert.throws(
    () => stageHistograms({ matrix: empty, modalities: only }, fitScaler(empty, [0], ["a"]), [0]),
    /observed values of RNA, got none/,
  );
});
