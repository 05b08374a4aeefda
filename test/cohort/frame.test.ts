// The sample sheet as a data frame: one row a sample, numbers as numbers, null where nothing was recorded.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../lib/cohort/cohort.js";
import { sampleFrame } from "../../lib/cohort/frame.js";

const samples: Sample[] = [
  { id: "a", patient: "p", labels: { age: 61, stage: "II", code: 3 } },
  { id: "b", patient: "p", labels: { age: null, stage: "II", code: "x" } },
  { id: "c", patient: "q", labels: { age: 48.5, stage: null } },
];

test("sampleFrame has a row a sample and a column a label, typed by what is recorded", () => {
  const frame = sampleFrame(samples);
  assert.deepEqual(frame.columns, ["sample", "patient", "age", "stage", "code"]);
  assert.deepEqual(frame.getColumn("age").toArray(), [61, null, 48.5]);
  assert.deepEqual(frame.getColumn("stage").toArray(), ["II", "II", null]);
  assert.deepEqual(frame.getColumn("code").toArray(), ["3", "x", null]);
  assert.equal(frame.getColumn("age").mean(), 54.75);
  assert.equal(frame.groupBy("patient").len().height, 2);
});

test("sampleFrame refuses a label that would hide the ids", () => {
  assert.throws(() => sampleFrame([{ id: "a", patient: "p", labels: { patient: "x" } }]), {
    name: "RangeError",
    message: /got "patient"; rename it/,
  });
});
