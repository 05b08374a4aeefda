// The split: exactly scikit-learn's by sample, and never through a patient.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../lib/cohort/cohort.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type Split, type SplitOptions, splitSamples } from "../../lib/preprocess/split.js";
import { goldenCases } from "../golden.js";

interface SplitGolden {
  readonly cases: readonly ({ readonly n: number; readonly random_state: number } & Split)[];
}

/** Samples of the given patients, in that order. */
const samplesOf = (patients: readonly string[]): Sample[] =>
  patients.map((patient, row) => ({ id: `s${row}`, patient, labels: {} }));

/** `count` patients with one, two or three samples each, standing in mixed order. */
function mixedPatients(count: number, seed: number): string[] {
  const random = createRandom(seed, "patients");
  const names = Array.from({ length: count }, (_, i) => `P${i}`);
  return names
    .flatMap((name) => new Array<string>(1 + random.integer(3)).fill(name))
    .map((name) => ({ name, at: random.uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

const parts = ({ train, validation, test: held }: Split) => [train, validation, held];

for (const { folder, data } of goldenCases<SplitGolden>("split")) {
  for (const by of ["sample", "patient"] as const) {
    test(`splitting single samples by ${by} equals train_test_split in ${folder}`, () => {
      for (const { n, random_state: seed, train, validation, test: held } of data.cases) {
        const samples = samplesOf(Array.from({ length: n }, (_, row) => `P${row}`));
        assert.deepEqual(splitSamples(samples, { seed, by }), { train, validation, test: held });
      }
    });
  }
}

test("the paper's 115 samples become 80, 17 and 18 rows", () => {
  const samples = samplesOf(Array.from({ length: 115 }, (_, row) => `P${row}`));
  const sizes = parts(splitSamples(samples)).map((rows) => rows.length);
  assert.deepEqual(sizes, [80, 17, 18]);
});

test("by patient, no patient stands in two parts", () => {
  for (let seed = 0; seed < 30; seed++) {
    const patients = mixedPatients(5 + 3 * seed, seed);
    const seen = parts(splitSamples(samplesOf(patients), { seed })).map(
      (rows) => new Set(rows.map((row) => patients[row])),
    );
    const [train, validation, held] = seen;
    assert.equal(train.size + validation.size + held.size, new Set(patients).size, `seed ${seed}`);
  }
});

test("by sample, patients are parted: what the default protects from", () => {
  const patients = mixedPatients(60, 1);
  const { train, test: held } = splitSamples(samplesOf(patients), { by: "sample" });
  const trained = new Set(train.map((row) => patients[row]));
  assert.ok(held.some((row) => trained.has(patients[row])));
});

test("every row stands in exactly one part", () => {
  for (const options of [{ by: "patient" }, { by: "sample" }] satisfies SplitOptions[]) {
    for (const count of [4, 5, 17, 90]) {
      const patients = mixedPatients(count, count);
      const rows = parts(splitSamples(samplesOf(patients), { ...options, seed: 3 })).flat();
      assert.deepEqual(
        rows.sort((a, b) => a - b),
        patients.map((_, row) => row),
      );
    }
  }
});

test("by patient, 70, 15 and 15 percent of the patients, and nearly of the samples", () => {
  const patients = mixedPatients(200, 5);
  const split = splitSamples(samplesOf(patients), { seed: 5 });
  const counts = parts(split).map((rows) => new Set(rows.map((row) => patients[row])).size);
  assert.deepEqual(counts, [140, 30, 30]);
  const shares = parts(split).map((rows) => rows.length / patients.length);
  [0.7, 0.15, 0.15].forEach((share, i) => {
    assert.ok(Math.abs(shares[i] - share) < 0.05, `part ${i} holds ${shares[i]} of the samples`);
  });
});

test("the same seed gives the same split, another seed another, and 42 is the default", () => {
  const samples = samplesOf(mixedPatients(40, 2));
  assert.deepEqual(splitSamples(samples, { seed: 8 }), splitSamples(samples, { seed: 8 }));
  assert.notDeepEqual(splitSamples(samples, { seed: 8 }), splitSamples(samples, { seed: 9 }));
  assert.deepEqual(splitSamples(samples), splitSamples(samples, { seed: 42, by: "patient" }));
});

test("fewer than four patients are refused, whatever the number of their samples", () => {
  const three = samplesOf(["a", "a", "b", "b", "c", "c", "c"]);
  assert.throws(() => splitSamples(three), {
    name: "RangeError",
    message: "splitSamples: expected at least 4 patients, got 3",
  });
  assert.equal(parts(splitSamples(three, { by: "sample" })).flat().length, 7);
  assert.throws(() => splitSamples([], { by: "sample" }), /at least 4 samples, got 0/);
});

test("a seed that NumPy would refuse is refused", () => {
  const samples = samplesOf(["a", "b", "c", "d", "e"]);
  for (const seed of [-1, 1.5, Number.NaN]) {
    assert.throws(() => splitSamples(samples, { seed }), RangeError);
  }
});
