// Survival and numbers read from labels, in the spellings that cohorts have.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Label } from "../../lib/cohort/cohort.js";
import { type Outcome, readOutcome } from "../../lib/cohort/outcomes.js";

const samplesOf = (name: string, values: readonly Label[], other = "months") =>
  values.map((value, i) => ({
    id: `S${i}`,
    patient: `P${i}`,
    labels: { [name]: value, [other]: i === 0 ? "12.5" : i },
  }));

const readSurvival = (samples: Parameters<typeof readOutcome>[0], time = "months") =>
  readOutcome(samples, { time, died: "state" }) as Extract<Outcome, { kind: "survival" }> | null;

test("states are read in every spelling, and a time of 0 says nothing", () => {
  const states = ["1:DECEASED", "0:LIVING", 1, 0, "Dead", "alive", null];
  const samples = samplesOf("state", states);
  const found = readSurvival(samples)!;
  assert.deepEqual(found.time, [12.5, 1, 2, 3, 4, 5, null]);
  assert.deepEqual(found.died, [true, false, true, false, true, false, null]);
  const later = readSurvival(samplesOf("state", [1, 1], "time"), "time");
  assert.deepEqual(later!.time, [12.5, 1]);
  const zero = samples.map((one) => ({ ...one, labels: { ...one.labels, months: 0 } }));
  assert.equal(readOutcome(zero, { time: "months", died: "state" }), null);
});

test("a cohort without the labels has no survival, and an unknown state is refused", () => {
  assert.equal(readOutcome(samplesOf("a", [1, 0]), { time: "months", died: "state" }), null);
  assert.throws(
    () => readOutcome(samplesOf("state", [1, "maybe"]), { time: "months", died: "state" }),
    /state of S1 to be 1 or dead, 0 or alive, got "maybe"/,
  );
  const odd = samplesOf("months", ["soon"], "state");
  assert.throws(
    () => readOutcome(odd, { time: "months", died: "state" }),
    /number as months of S0, got "soon"/,
  );
});

test("numbers are read, null where not recorded, and refused where they are none", () => {
  assert.deepEqual(readOutcome(samplesOf("BMI", [21.5, null, "30"]), "BMI"), {
    kind: "number",
    values: [21.5, null, 30],
  });
  assert.equal(readOutcome(samplesOf("BMI", [null, null]), "BMI"), null);
  assert.equal(readOutcome(samplesOf("age", [1]), "BMI"), null);
  assert.throws(
    () => readOutcome(samplesOf("BMI", ["high"]), "BMI"),
    /number as BMI of S0, got "high"/,
  );
});
