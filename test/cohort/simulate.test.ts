// The simulated cohort: what is known of it holds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findModality, type Sample } from "../../lib/cohort/cohort.js";
import { countObserved, type Matrix } from "../../lib/cohort/matrix.js";
import { type SimulateOptions, simulateCohort } from "../../lib/cohort/simulate.js";

const { cohort, truth } = simulateCohort({ seed: 42 });

function column(matrix: Matrix, j: number, rows = [...Array(matrix.rows).keys()]): number[] {
  return rows.map((i) => matrix.values[i * matrix.columns + j]);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [p, q] = [mean(a), mean(b)];
  const dot = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
  const cross = dot((i) => (a[i] - p) * (b[i] - q));
  return cross / Math.sqrt(dot((i) => (a[i] - p) ** 2) * dot((i) => (b[i] - q) ** 2));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function rowsWhere(accept: (sample: Sample) => boolean, of = cohort): number[] {
  return of.samples.flatMap((sample, row) => (accept(sample) ? [row] : []));
}

function differing(a: Matrix, b: Matrix): number {
  return a.values.reduce((count, value, i) => count + Number(value !== b.values[i]), 0);
}

test("has three modalities in the order asked for, and complete truth of the same shape", () => {
  assert.deepEqual(cohort.modalities, [
    { name: "RNA", start: 0, end: 400 },
    { name: "protein", start: 400, end: 600 },
    { name: "metabolite", start: 600, end: 660 },
  ]);
  assert.equal(cohort.samples.length, 96 + 24);
  assert.deepEqual([truth.factors.rows, truth.factors.columns], [120, 6]);
  for (const { rows, columns, observed } of [truth.complete, truth.noiseless]) {
    assert.deepEqual([rows, columns], [120, 660]);
    assert.equal(observed.indexOf(0), -1);
  }
  assert.equal(truth.cis.length, 660);
});

test("is the same for the same seed, and another for another", () => {
  const again = simulateCohort({ seed: 42 });
  assert.deepEqual(again.cohort, cohort);
  assert.deepEqual(again.truth, truth);
  assert.ok(differing(simulateCohort({ seed: 43 }).cohort.matrix, cohort.matrix) > 70_000);
});

test("keeps its numbers from version to version", () => {
  const first = [...cohort.matrix.values.subarray(0, 3)].map((value) => value.toPrecision(6));
  assert.deepEqual(first, ["5.04764", "4.08092", "1.74015"]);
});

test("hides other values without changing any, when missingness alone changes", () => {
  const other = simulateCohort({ seed: 42, missingAtRandom: 0.3, detectionLimit: 0 });
  assert.deepEqual(other.truth.complete, truth.complete);
  assert.ok(countObserved(other.cohort.matrix) < countObserved(cohort.matrix));
});

test("shows every observed value as it was measured", () => {
  const { values, observed } = cohort.matrix;
  assert.ok(values.every((value, i) => !observed[i] || value === truth.complete.values[i]));
});

test("loses at random about the share asked for", () => {
  const missingAtRandom = { RNA: 0.02, protein: 0.2, metabolite: 0.5 };
  const { matrix, modalities } = simulateCohort({
    seed: 1,
    missingAtRandom,
    detectionLimit: 0,
  }).cohort;
  for (const { name, start, end } of modalities) {
    const share = 1 - countObserved(matrix, start, end) / (matrix.rows * (end - start));
    const asked = missingAtRandom[name as keyof typeof missingAtRandom];
    assert.ok(Math.abs(share - asked) < 0.02, `${name}: ${share}, asked for ${asked}`);
  }
});

test("misses exactly what lies below the detection limit", () => {
  const made = simulateCohort({
    seed: 1,
    missingAtRandom: 0,
    detectionLimit: { metabolite: 0.2, RNA: 0 },
  });
  const { matrix, modalities } = made.cohort;
  const { start, end } = findModality(modalities, "metabolite");
  let missing = 0;
  for (let row = 0; row < matrix.rows; row++) {
    for (let j = start; j < end; j++) {
      const at = row * matrix.columns + j;
      const low = made.truth.complete.values[at] < made.truth.limits.metabolite;
      assert.equal(matrix.observed[at], low ? 0 : 1);
      missing += Number(low);
    }
  }
  assert.equal(missing, Math.floor(0.2 * matrix.rows * (end - start)));
  assert.equal(made.truth.limits.RNA, Number.NEGATIVE_INFINITY);
  assert.equal(countObserved(matrix, 0, 400), 400 * matrix.rows);
});

test("gives each normal the patient of a tumor, and shares part of its factors", () => {
  const tumors = new Map(
    rowsWhere(({ labels }) => labels.tissue === "tumor").map((row) => [
      cohort.samples[row].patient,
      row,
    ]),
  );
  const normals = rowsWhere(({ labels }) => labels.tissue === "normal");
  assert.deepEqual([tumors.size, normals.length], [96, 24]);
  const partners = normals.map((row) => tumors.get(cohort.samples[row].patient)!);
  assert.equal(new Set(partners).size, 24);
  // Factors 3 and 4 are moved by no class and not by the tissue.
  const shared = [3, 4].map((f) =>
    correlation(column(truth.factors, f, normals), column(truth.factors, f, partners)),
  );
  assert.ok(mean(shared) > 0.35 && mean(shared) < 0.85, `${shared}`);
});

test("sets normals apart along the last factor", () => {
  const [tumor, normal] = ["tumor", "normal"].map((tissue) =>
    mean(
      column(
        truth.factors,
        5,
        rowsWhere(({ labels }) => labels.tissue === tissue),
      ),
    ),
  );
  assert.ok(tumor - normal > 1.8 && tumor - normal < 3.2, `${tumor - normal}`);
});

test("moves each class along its own factor", () => {
  ["alpha", "beta", "gamma"].forEach((name, factor) => {
    const inside = rowsWhere(({ labels }) => labels.histology === name);
    const outside = rowsWhere(
      ({ labels }) => labels.histology !== name && labels.histology !== null,
    );
    assert.equal(inside.length, 32);
    const moved =
      mean(column(truth.factors, factor, inside)) - mean(column(truth.factors, factor, outside));
    assert.ok(Math.abs(moved - 1.5) < 0.6, `${name}: ${moved}`);
  });
});

test("records what UCEC records: tissue and batch of all, the clinic of tumors alone", () => {
  for (const { labels } of cohort.samples) {
    assert.match(String(labels.tmtBatch), /^batch [1-4]$/);
    for (const label of ["histology", "grade", "stage", "laterality", "BMI", "age"]) {
      assert.equal(labels[label] === null, labels.tissue === "normal", label);
    }
  }
});

test("carries grade and BMI in the factors, loosely, and age not", () => {
  const tumors = rowsWhere(({ labels }) => labels.tissue === "tumor");
  const value = (row: number, label: string) =>
    Number(String(cohort.samples[row].labels[label]).replace("G", ""));
  const carried = (label: string, factor: number) =>
    correlation(
      tumors.map((row) => value(row, label)),
      column(truth.factors, factor, tumors),
    );
  assert.ok(carried("grade", 3) > 0.4 && carried("grade", 3) < 0.9);
  assert.ok(carried("BMI", 4) > 0.4 && carried("BMI", 4) < 0.9);
  for (let factor = 0; factor < 6; factor++) assert.ok(Math.abs(carried("age", factor)) < 0.3);
});

test("makes RNA positive and skewed, protein log ratios around 0, metabolites log intensities", () => {
  const { complete } = truth;
  const rows = [...Array(complete.rows).keys()];
  const values = (start: number, end: number) =>
    rows.flatMap((i) => [
      ...complete.values.subarray(i * complete.columns + start, i * complete.columns + end),
    ]);
  const [rna, protein, metabolite] = [values(0, 400), values(400, 600), values(600, 660)];
  assert.ok(rna.every((x) => x > 0));
  assert.ok(mean(rna) > 1.3 * median(rna));
  assert.ok(Math.abs(mean(protein)) < 0.1 && protein.some((x) => x < -1));
  assert.ok(mean(metabolite) > 18 && mean(metabolite) < 22);
});

test("adds noise as asked for: none leaves the truth, more lowers the correlation with it", () => {
  const clear = simulateCohort({ seed: 5, noise: 0 });
  assert.deepEqual(clear.truth.complete, clear.truth.noiseless);
  const fidelity = (noise: number) => {
    const { complete, noiseless } = simulateCohort({ seed: 5, noise: { protein: noise } }).truth;
    const each = Array.from({ length: 200 }, (_, j) =>
      correlation(column(complete, 400 + j), column(noiseless, 400 + j)),
    );
    return median(each);
  };
  for (const noise of [0.5, 1]) {
    const expected = 1 / Math.sqrt(1 + noise ** 2);
    assert.ok(Math.abs(fidelity(noise) - expected) < 0.05, `${noise}: ${fidelity(noise)}`);
  }
});

test("has 60 % of the proteins follow the RNA of their own id, and no other", () => {
  const partners = truth.cis.flatMap((gene, j) => (gene >= 0 ? [[j, gene]] : []));
  assert.equal(partners.length, 120);
  assert.equal(new Set(partners.map(([, gene]) => gene)).size, 120);
  assert.ok(partners.every(([j, gene]) => j >= 400 && j < 600 && gene < 400));
  assert.ok(partners.every(([j, gene]) => cohort.features[j] === cohort.features[gene]));
  const ids = new Set(cohort.features);
  assert.equal(ids.size, 660 - 120, "no id is shared beside these");
  const cis = partners.map(([j, gene]) =>
    correlation(column(truth.complete, j), column(truth.complete, gene)),
  );
  const strangers = partners.map(([j, gene]) =>
    Math.abs(correlation(column(truth.complete, j), column(truth.complete, (gene + 1) % 400))),
  );
  assert.ok(median(cis) > 0.4, `${median(cis)}`);
  assert.ok(median(cis) > 2 * median(strangers), `${median(strangers)}`);
});

test("offsets the second cohort by feature, and the first not at all", () => {
  const one = simulateCohort({ seed: 9, cohorts: 1 });
  const two = simulateCohort({ seed: 9, cohorts: 2, cohortOffset: 2 });
  const rowsOf = (name: string) => rowsWhere(({ labels }) => labels.cohort === name, two.cohort);
  const patients = (name: string) =>
    new Set(rowsOf(name).map((row) => two.cohort.samples[row].patient));
  assert.deepEqual([patients("A").size, patients("B").size], [48, 48]);
  assert.ok([...patients("A")].every((patient) => !patients("B").has(patient)));
  const change = (row: number) =>
    differing(
      {
        ...one.truth.complete,
        values: one.truth.complete.values.subarray(row * 660, (row + 1) * 660),
      },
      {
        ...two.truth.complete,
        values: two.truth.complete.values.subarray(row * 660, (row + 1) * 660),
      },
    );
  assert.ok(rowsOf("A").every((row) => change(row) === 0));
  assert.ok(rowsOf("B").every((row) => change(row) > 600));
});

test("takes modalities of any name", () => {
  const made = simulateCohort({
    seed: 2,
    patients: 10,
    features: { transcripts: 30, protein: 12, phosphoprotein: 8, lipid: 5 },
    scales: { lipid: "intensity" },
    cisShare: 1,
  });
  assert.deepEqual(
    made.cohort.modalities.map(({ name }) => name),
    ["transcripts", "protein", "phosphoprotein", "lipid"],
  );
  assert.equal(made.truth.cis.filter((gene) => gene >= 0).length, 20);
  assert.equal(made.cohort.features.at(-1), "M0005");
});

test("refuses options out of range, and says which", () => {
  const bad: [options: Partial<SimulateOptions>, message: RegExp][] = [
    [{ seed: -1 }, /whole seed/],
    [{ patients: 3 }, /whole number of patients in \[4, 1000000\], got 3/],
    [{ patients: 9.5 }, /patients/],
    [{ features: {} }, /expected a modality, got none/],
    [{ features: { RNA: 0 } }, /features of RNA/],
    [{ latentFactors: 2 }, /latentFactors in \[3, 1000\], got 2/],
    [{ normalShare: 1.1 }, /normalShare in \[0, 1\], got 1\.1/],
    [{ cisShare: Number.NaN }, /cisShare to be a number, got NaN/],
    [{ missingAtRandom: 1 }, /missingAtRandom of RNA in \[0, 0\.99\], got 1/],
    [{ detectionLimit: { protein: -0.1 } }, /detectionLimit of protein in/],
    [{ noise: { protien: 1 } }, /a modality of RNA, protein, metabolite, got "protien"/],
    [{ scales: { lipid: "ratio" } }, /got "lipid"/],
    [{ links: { protein: "cubic" as "mixed" } }, /link of mixed, linear, product .*, got "cubic"/],
    [
      { features: { RNA: 10, protein: 50 }, cisShare: 0.5 },
      /genes in cis of protein in \[0, 10\], got 25/,
    ],
  ];
  for (const [options, message] of bad) {
    assert.throws(
      () => simulateCohort({ seed: 42, ...options }),
      { name: "RangeError", message },
      String(message),
    );
  }
});

test("links make all features of a modality alike, and leave the other draws as they are", () => {
  const { truth: linear } = simulateCohort({ seed: 42, links: { protein: "linear" } });
  const rna = (matrix: Matrix) => column(matrix, 7);
  assert.deepEqual(rna(linear.complete), rna(truth.complete));
  assert.notDeepEqual(column(linear.complete, 450), column(truth.complete, 450));
  const options = { seed: 1, patients: 2000, normalShare: 0, classSeparation: 0, cisShare: 0 };
  const follow = (link: "linear" | "product") => {
    const features = { RNA: 1, protein: 20 };
    const found = simulateCohort({ ...options, features, links: { protein: link } }).truth;
    const factors = [0, 1, 2, 3, 4, 5].map((f) => column(found.factors, f));
    return Array.from({ length: 20 }, (_, j) => {
      const values = column(found.noiseless, j + 1);
      return factors.reduce((sum, factor) => sum + correlation(values, factor) ** 2, 0);
    });
  };
  // Squared correlations with independent factors add up to what a linear function explains.
  assert.ok(follow("linear").every((share) => share > 0.9));
  assert.ok(follow("product").every((share) => share < 0.1));
});

test("remeasures the same samples with new noise of the same size", () => {
  const simulation = simulateCohort({ seed: 42, features: { RNA: 20, protein: 30 } });
  const { complete, noiseless } = simulation.truth;
  const again = [0, 1].map((draw) => simulation.remeasure(draw));
  assert.deepEqual(simulation.remeasure(1), again[1]);
  const errors = [complete, ...again].map((matrix) =>
    Array.from({ length: 30 }, (_, j) => {
      const clean = column(noiseless, 20 + j);
      return column(matrix, 20 + j).map((value, i) => value - clean[i]);
    }).flat(),
  );
  const square = (numbers: readonly number[]) => mean(numbers.map((x) => x * x));
  for (const other of errors.slice(1)) {
    assert.ok(Math.abs(square(other) / square(errors[0]) - 1) < 0.1);
    assert.ok(Math.abs(correlation(other, errors[0])) < 0.05);
  }
  assert.throws(
    () => simulation.remeasure(-1),
    /whole number of draw in \[0, 4294967295\], got -1/,
  );
});
