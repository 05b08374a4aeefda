// A prepared cohort: its parts are what the split says, its scaler saw the training part alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cohort } from "../../lib/cohort/cohort.js";
import { matrixFrom, selectRows } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { countedMatrix, measuredFeatures } from "../../lib/preprocess/counted.js";
import {
  asZScores,
  type Prepared,
  prepareCohort,
  requireHeldOut,
} from "../../lib/preprocess/prepare.js";
import { applyScaler, fitScaler } from "../../lib/preprocess/scaler.js";
import { splitSamples } from "../../lib/preprocess/split.js";

const FEATURES = 12;

/** Patients with two samples each, in two modalities, a fifth of the entries not measured. */
function pairedCohort(patients: number, seed: number): Cohort {
  const random = createRandom(seed, "cohort");
  const samples = Array.from({ length: 2 * patients }, (_, row) => ({
    id: `s${row}`,
    patient: `P${row % patients}`,
    labels: {},
  }));
  const draw = () => (random.uniform() < 0.2 ? Number.NaN : 5 + random.normal());
  return {
    name: "pairs",
    samples,
    modalities: [
      { name: "rna", start: 0, end: 8 },
      { name: "protein", start: 8, end: FEATURES },
    ],
    features: Array.from({ length: FEATURES }, (_, column) => `f${column}`),
    matrix: matrixFrom(
      samples.length,
      FEATURES,
      Array.from({ length: samples.length * FEATURES }, draw),
    ),
    drops: [],
  };
}

const cohort = pairedCohort(20, 1);
const split = splitSamples(cohort.samples);
const prepared = prepareCohort(cohort, split);
const PARTS = ["train", "validation", "test"] as const;

test("each part has its own name, the split's rows and the ids of those rows", () => {
  for (const name of PARTS) {
    const part = prepared[name];
    assert.equal(part.part, name);
    assert.deepEqual(part.rows, split[name]);
    assert.deepEqual(
      part.ids,
      split[name].map((row) => cohort.samples[row].id),
    );
    assert.deepEqual([part.matrix.rows, part.matrix.columns], [split[name].length, FEATURES]);
  }
});

test("the scaler is fitted on the training rows, and all parts are scaled by it", () => {
  const scaler = fitScaler(cohort.matrix, split.train, prepared.train.ids);
  assert.deepEqual(prepared.scaler, scaler);
  for (const name of PARTS) {
    assert.deepEqual(prepared[name].matrix, applyScaler(scaler, cohort.matrix, split[name]));
  }
});

test("masks say what was measured, and values are filled, finite and non-negative", () => {
  for (const name of PARTS) {
    const { matrix, rows } = prepared[name];
    assert.deepEqual(matrix.observed, selectRows(cohort.matrix, rows).observed);
    assert.ok(matrix.observed.some((seen) => seen === 0));
    assert.ok(matrix.values.every((value) => Number.isFinite(value) && value >= 0));
  }
});

test("what the validation and test rows hold does not reach the scaler or the training rows", () => {
  const values = cohort.matrix.values.slice();
  for (const row of [...split.validation, ...split.test]) {
    values.fill(1e9, row * FEATURES, (row + 1) * FEATURES);
  }
  const changed = prepareCohort({ ...cohort, matrix: { ...cohort.matrix, values } }, split);
  assert.deepEqual(changed.scaler, prepared.scaler);
  assert.deepEqual(changed.train, prepared.train);
  assert.notDeepEqual(changed.test.matrix.values, prepared.test.matrix.values);
});

test("preparing leaves the cohort as it was", () => {
  const before = structuredClone(cohort);
  prepareCohort(cohort, split);
  assert.deepEqual(cohort, before);
});

test("prepareCohort refuses a split of another cohort, and one that names a row twice", () => {
  const larger = splitSamples(pairedCohort(30, 2).samples);
  assert.throws(() => prepareCohort(cohort, larger), {
    name: "RangeError",
    message: /prepareCohort: expected a split that names rows in \[0, 40\) once each, got \d+;/,
  });
  const leaky = { ...split, test: [...split.test, split.train[0]] };
  const message = new RegExp(`got ${split.train[0]} again`);
  assert.throws(() => prepareCohort(cohort, leaky), { name: "RangeError", message });
  assert.throws(() => prepareCohort(cohort, { ...split, train: [] }), /at least one row/);
});

test("prepareCohort refuses a modality of which the training rows hold nothing, by name", () => {
  const { matrix, modalities } = cohort;
  const { name, start, end } = modalities[1];
  const observed = matrix.observed.slice();
  for (const row of split.train) {
    observed.fill(0, row * matrix.columns + start, row * matrix.columns + end);
  }
  const message = new RegExp(`got none of "${name}" in ${split.train.length} rows`);
  const empty = { ...cohort, matrix: { ...matrix, observed } };
  assert.throws(() => prepareCohort(empty, split), { name: "RangeError", message });
});

test("what no training row measured does not count, and the rest does", () => {
  const { columns } = cohort.matrix;
  const observed = cohort.matrix.observed.slice();
  for (const row of split.train) observed[row * columns + 1] = 0;
  const ready = prepareCohort({ ...cohort, matrix: { ...cohort.matrix, observed } }, split);
  const counted = countedMatrix(ready.test.matrix, measuredFeatures(ready));
  ready.test.matrix.observed.forEach((is, at) => {
    assert.equal(counted.observed[at], at % columns === 1 ? 0 : is);
  });
  assert.equal(
    countedMatrix(prepared.test.matrix, measuredFeatures(prepared)),
    prepared.test.matrix,
  );
});

test("requireHeldOut refuses training rows, also where they call themselves test rows", () => {
  requireHeldOut(prepared.scaler, prepared.validation);
  assert.throws(() => requireHeldOut(prepared.scaler, prepared.train), RangeError);
  const disguised: Prepared<"test"> = { ...prepared.train, part: "test" };
  assert.throws(() => requireHeldOut(prepared.scaler, disguised), {
    name: "RangeError",
    message: new RegExp(`expected test rows .* got ${disguised.ids.length} that were: s\\d+`),
  });
});

test("requireHeldOut finds a single leaked row, and rows of another split's scaler", () => {
  const [leaked] = prepared.train.ids;
  const rows = { ...prepared.test, ids: [...prepared.test.ids, leaked] };
  assert.throws(
    () => requireHeldOut(prepared.scaler, rows),
    new RegExp(`got 1 that were: ${leaked};`),
  );
  const swapped = prepareCohort(cohort, { ...split, train: split.test, test: split.train });
  assert.throws(() => requireHeldOut(swapped.scaler, prepared.test), RangeError);
});

test("the compiler keeps training rows from passing for test rows", () => {
  const scoreTest = (rows: Prepared<"test">) => rows.ids.length;
  // @ts-expect-error: Prepared<"train"> is not a Prepared<"test">
  assert.equal(scoreTest(prepared.train), prepared.train.ids.length);
  // @ts-expect-error: nor is Prepared<"validation">
  assert.equal(scoreTest(prepared.validation), prepared.validation.ids.length);
  // @ts-expect-error: nor is a part that is not known
  assert.equal(scoreTest(prepared.test as Prepared), prepared.test.ids.length);
  assert.equal(scoreTest(prepared.test), prepared.test.ids.length);
});

test("asZScores gives what preparing the cohort as z-scores gives", () => {
  const split = splitSamples(cohort.samples);
  const again = prepareCohort(cohort, split, { space: "z" });
  assert.deepEqual(asZScores(prepareCohort(cohort, split)), again);
});
