// Labels of samples: counted with what is not recorded, and asked for by a name that exists.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countLabels, countPatients, labelValues, mergeRare } from "../../lib/cohort/labels.js";

const samples = [
  { id: "a", patient: "P1", labels: { tissue: "tumor", grade: 2 } },
  { id: "b", patient: "P1", labels: { tissue: "normal", grade: null } },
  { id: "c", patient: "P2", labels: { tissue: "tumor", grade: 3 } },
];

test("countLabels puts the frequent first and what is not recorded last", () => {
  assert.deepEqual(countLabels(samples, ["tissue", "grade"]), [
    { label: "tissue", value: "tumor", samples: 2 },
    { label: "tissue", value: "normal", samples: 1 },
    { label: "grade", value: 2, samples: 1 },
    { label: "grade", value: 3, samples: 1 },
    { label: "grade", value: null, samples: 1 },
  ]);
});

test("a label that no sample has is refused with those that there are", () => {
  assert.throws(() => labelValues(samples, "stage"), /tissue, grade, got "stage"/);
});

test("countPatients counts a patient once", () => {
  assert.equal(countPatients(samples), 2);
});

test("labelValues leaves out classes of fewer patients than asked for", () => {
  assert.deepEqual(labelValues(samples, "tissue", { atLeast: 2 }), ["tumor", null, "tumor"]);
  assert.deepEqual(labelValues(samples, "grade", { atLeast: 1 }), [2, null, 3]);
});

test("mergeRare names the rarest values other, and leaves what is not recorded", () => {
  const values = ["a", "b", "b", "c", "c", "c", "d", null];
  assert.deepEqual(mergeRare(values, 4), values);
  assert.deepEqual(mergeRare(values, 3), ["other", "b", "b", "c", "c", "c", "other", null]);
  assert.deepEqual(mergeRare(["a", "a", "b", "b", "other"], 2), [
    "a",
    "a",
    "other",
    "other",
    "other",
  ]);
  assert.throws(() => mergeRare(values, 1), /at least 2 values, got 1/);
});
