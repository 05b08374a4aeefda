// Labels of samples: counted with what is not recorded, and asked for by a name that exists.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countLabels, countPatients, labelValues } from "../../lib/cohort/labels.js";

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
