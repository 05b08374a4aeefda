// Values on their way from a file to the model: counts per million, logarithms, and missing values that mean zero.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { TRANSFORMS, transformValues } from "../../lib/cohort/transform.js";

const names = { samples: ["a", "b"], features: ["x", "y", "z"] };
const counts = matrixFrom(2, 3, [1, 3, Number.NaN, 10, 0, 30]);
const rounded = (values: ArrayLike<number>) =>
  Array.from(values, (value) => Number(value.toFixed(4)));

test("each transformation gives the numbers of its name, and keeps what is missing", () => {
  const results = TRANSFORMS.map(
    (transform) => transformValues(counts, names, { transform }).matrix,
  );
  assert.deepEqual(
    results.map(({ values }) => rounded(values)),
    [
      [1, 3, 0, 10, 0, 30],
      [1, 2, 0, 3.4594, 0, 4.9542],
      [250000, 750000, 0, 250000, 0, 750000],
      [17.9316, 19.5165, 0, 17.9316, 0, 19.5165],
    ],
  );
  for (const { observed } of results) assert.deepEqual([...observed], [1, 1, 0, 1, 1, 1]);
  assert.equal(counts.values[1], 3);
});

test("missing values that mean zero are measured zeros, and counted", () => {
  const { matrix, notes } = transformValues(counts, names, { missingMeans: "zero" });
  assert.deepEqual([...matrix.observed], [1, 1, 1, 1, 1, 1]);
  assert.deepEqual(notes, ["1 missing value read as 0"]);
});

test("values below 0 and samples without counts are refused by name", () => {
  const negative = matrixFrom(1, 3, [1, -0.5, 2]);
  assert.throws(
    () => transformValues(negative, names, { transform: "log2(x + 1)" }),
    /at least 0 for the transformation "log2\(x \+ 1\)", got -0.5 \(sample "a", feature "y"\)/,
  );
  const none = matrixFrom(2, 3, [1, 2, 3, 0, 0, 0]);
  assert.throws(
    () => transformValues(none, names, { transform: "counts to CPM" }),
    /counts above 0 in each sample, got none in "b"/,
  );
});
