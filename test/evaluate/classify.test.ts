// Downstream classification: no leaks, every sample counted, chance found to be chance, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import {
  type Classifier,
  crossValidate,
  predictFold,
  scoreHoldout,
} from "../../lib/evaluate/classify.js";
import {
  compareClassifiers,
  compareRepresentations,
  encodeCategories,
} from "../../lib/evaluate/compare.js";
import { wilsonInterval } from "../../lib/evaluate/statistics.js";

const logistic = { kind: "logistic" } as const;
const majority = { kind: "majority" } as const;

/** Patients of one sample; the first columns tell the classes apart by `distance`. */
const makeTask = (counts: Record<string, number>, distance: number, columns = 6) => {
  const random = createRandom(12);
  const labels = Object.entries(counts).flatMap(([name, count]) => Array<string>(count).fill(name));
  const names = Object.keys(counts);
  const values = Float32Array.from({ length: labels.length * columns }, (_, at) => {
    const own = names.indexOf(labels[Math.floor(at / columns)]) === at % columns;
    return random.normal() + (own ? distance : 0);
  });
  const embeddings: Rows = { rows: labels.length, columns, values };
  return { embeddings, labels, groups: labels.map((_, i) => `p${i}`) };
};

test("crossValidate predicts each sample once, and its numbers agree with each other", async () => {
  const task = makeTask({ left: 20, right: 30, both: 10 }, 2);
  const result = await crossValidate(task, logistic);
  const [run, ...others] = result.runs;
  const { classes } = result.task;
  assert.deepEqual([classes, others], [["both", "left", "right"], []]);
  assert.deepEqual(run.rows, [...task.labels.keys()]);
  assert.deepEqual(
    Array.from(run.truth, (c) => classes[c]),
    task.labels,
  );
  const hits = run.rows.filter((_, i) => run.truth[i] === run.predictions[i]).length;
  assert.equal(run.scores.accuracy, hits / 60);
  assert.ok(hits / 60 > 0.6 && hits < 60);
  assert.equal(run.scores.majorityRate, 0.5);
  assert.deepEqual(await crossValidate(task, logistic), result);
});

test("the majority class scores its share, half the balance and an area of one half", async () => {
  const { runs } = await crossValidate(makeTask({ normal: 11, tumor: 42 }, 0), majority);
  const [{ scores }] = runs;
  assert.ok(Math.abs(scores.accuracy - 42 / 53) < 1e-15);
  assert.ok(Math.abs(scores.majorityRate - 42 / 53) < 1e-15);
  assert.equal(scores.balancedAccuracy, 0.5);
  assert.equal(scores.rocAuc, 0.5);
});

test("samples of a patient are never learned from to predict another of the same patient", async () => {
  // Each patient's two samples are twins in noise with a label of chance: only a leak could predict it.
  const random = createRandom(3);
  const columns = 40;
  const patients = Array.from({ length: 60 }, () =>
    Array.from({ length: columns }, () => random.normal()),
  );
  const flips = patients.map((_, p) => (p % 2 === 0 ? "a" : "b"));
  const task = {
    embeddings: {
      rows: 120,
      columns,
      values: Float32Array.from(patients.flatMap((twin) => [...twin, ...twin])),
    },
    labels: flips.flatMap((label) => [label, label]),
    groups: flips.flatMap((_, p) => [`p${p}`, `p${p}`]),
  };
  const grouped = (await crossValidate(task, logistic)).runs[0].scores.accuracy;
  const paper = (await crossValidate({ ...task, protocol: "paper" }, logistic)).runs[0].scores;
  assert.ok(grouped < 0.65, `grouped ${grouped}`);
  assert.ok(paper.accuracy > 0.75, `paper ${paper.accuracy}`);
});

test("the paper's protocol scores 29 of 115 samples, and accuracies are means over draws", async () => {
  const task = { ...makeTask({ left: 38, right: 34, normal: 43 }, 3), repeats: 2 };
  const { runs } = await crossValidate({ ...task, protocol: "paper" }, logistic);
  for (const run of runs) assert.equal(run.rows.length, 29);
  assert.notDeepEqual(runs[0].rows, runs[1].rows);
  const mean = (runs[0].scores.accuracy + runs[1].scores.accuracy) / 2;
  const options = { ...task, protocol: "paper", classifiers: [logistic] } as const;
  const [, row] = await compareClassifiers(options);
  assert.equal(row.accuracy, mean);
  const { low, high } = wilsonInterval(mean * 29, 29);
  assert.deepEqual([row.accuracyLow, row.accuracyHigh], [low, high]);
  assert.ok(row.balancedLow < row.balancedAccuracy && row.balancedAccuracy < row.balancedHigh);
});

test("samples without a label are left out", async () => {
  const task = makeTask({ a: 15, b: 15 }, 4);
  const labels = task.labels.map((label, i) => (i % 5 === 0 ? null : label));
  const { task: labeled, runs } = await crossValidate({ ...task, labels }, logistic);
  assert.equal(runs[0].rows.length, 24);
  labeled.rows.forEach((row, i) => {
    assert.equal(labeled.classes[runs[0].truth[i]], labels[row]);
  });
});

test("scoreHoldout learns from the one part and scores the other, without the unlabeled", async () => {
  const task = makeTask({ tumor: 30, normal: 20 }, 8);
  const labels = task.labels.map((label, row) => (row === 3 || row === 40 ? null : label));
  const rows = [...labels.keys()];
  const fold = { train: rows.filter((row) => row % 2 === 0), test: rows.filter((row) => row % 2) };
  const run = await scoreHoldout({ ...task, labels }, fold, logistic);
  assert.equal(run.rows.length, fold.test.length - 1);
  assert.ok(run.scores.accuracy > 0.95, `${run.scores.accuracy}`);
  // Learned from labels that are turned round in the training part alone, every prediction is wrong.
  const turned = labels.map((label, row) =>
    label === null || row % 2 ? label : label === "tumor" ? "normal" : "tumor",
  );
  const wrong = await scoreHoldout({ ...task, labels: turned }, fold, logistic);
  assert.ok(wrong.scores.accuracy < 0.05, `${wrong.scores.accuracy}`);
  await assert.rejects(
    () => scoreHoldout({ ...task, labels }, { train: rows, test: [3] }, logistic),
    /expected samples, got none/,
  );
});

test("numbers are labels too, in ascending order", async () => {
  const { embeddings, labels, groups } = makeTask({ a: 10, b: 10 }, 3);
  const stages = labels.map((label) => (label === "a" ? 10 : 9));
  const { task } = await crossValidate({ embeddings, labels: stages, groups }, logistic);
  assert.deepEqual(task.classes, [9, 10]);
});

test("a class that the training rows lack gets probability 0", async () => {
  const { embeddings } = makeTask({ a: 4, b: 2, c: 4 }, 5);
  const labels = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2];
  const fold = { train: [0, 1, 2, 6, 7, 8], test: [3, 4, 5, 9] };
  for (const classifier of [logistic, majority, { kind: "mlp", maxEpochs: 200 } as const]) {
    const found = await predictFold(embeddings, labels, 3, fold, classifier);
    for (let i = 0; i < 4; i++) {
      const [a, b, c] = found.subarray(3 * i, 3 * i + 3);
      assert.equal(b, 0);
      assert.ok(Math.abs(a + c - 1) < 1e-12);
    }
    if (classifier.kind !== "majority") assert.ok(found[0] > 0.5 && found[11] > 0.5);
  }
  const alone = await predictFold(embeddings, labels, 3, { train: [4, 5], test: [0, 8] }, logistic);
  assert.deepEqual(Array.from(alone), [0, 1, 0, 0, 1, 0]);
});

test("compareClassifiers puts the majority class and covariates beside each classifier", async () => {
  const task = makeTask({ left: 18, right: 18 }, 3);
  const cohort = task.labels.map((label) => (label === "left" ? "GBM" : null));
  const rows = await compareClassifiers({
    ...task,
    folds: 3,
    classifiers: [logistic, { kind: "mlp", hidden: 10, maxEpochs: 40 }],
    covariates: { cohort },
  });
  assert.deepEqual(
    rows.map((row) => row.classifier),
    ["majority class", "cohort alone", "logistic", "mlp"],
  );
  assert.equal(rows[0].accuracy, 0.5);
  assert.equal(rows[1].accuracy, 1);
  assert.ok(rows[2].accuracy > 0.8);
  for (const row of rows) {
    assert.ok(row.accuracyLow <= row.accuracy && row.accuracy <= row.accuracyHigh);
    assert.equal(row.samples, 36);
    assert.equal(row.majorityRate, 0.5);
    assert.equal(row.confusion.counts.flat().length, 4);
  }
  assert.deepEqual(rows[1].confusion, {
    classes: ["left", "right"],
    counts: [[18, 0], [0, 18]], // biome-ignore format: a table
    low: wilsonInterval(36, 36).low,
    high: 1,
    majority: 0.5,
  });
  await assert.rejects(
    () => compareClassifiers({ ...task, covariates: { cohort: ["GBM"] } }),
    /36 values of covariate "cohort", got 1/,
  );
});

test("encodeCategories gives each value a column, null among them", () => {
  const { rows, columns, values } = encodeCategories(["a", null, "b", "a"]);
  assert.deepEqual([rows, columns], [4, 3]);
  assert.deepEqual(Array.from(values), [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0]);
});

test("crossValidate refuses what has no answer, with the remedy", async () => {
  const task = makeTask({ a: 10, b: 3 }, 1);
  const refuse = (changes: object, message: RegExp, classifier: Classifier = logistic) =>
    assert.rejects(() => crossValidate({ ...task, ...changes }, classifier), message);
  await refuse({}, /class "b" in 3; ask for at most 3 folds/);
  await refuse({ labels: task.labels.slice(1) }, /got 12 labels and 13 groups/);
  await refuse({ labels: task.labels.map(() => "a") }, /at least two classes/);
  await refuse({ labels: task.labels.map(() => null) }, /0 labeled samples/);
  await refuse({ labels: task.labels.map(() => Number.NaN) }, /write null/);
  await refuse({ folds: 3, repeats: 0 }, /number of repeats, at least 1, got 0/);
  await refuse({ folds: 3, protocol: "leaky" }, /"grouped" or "paper", got "leaky"/);
  await refuse({ folds: 3 }, /got "forest"/, { kind: "forest" } as never);
  const values = task.embeddings.values.slice();
  values[7] = Number.NaN;
  await refuse(
    { folds: 3, embeddings: { ...task.embeddings, values } },
    /got NaN at row 1, column 1/,
  );
});

test("compareRepresentations pairs the folds, and its interval knows that they share samples", async () => {
  const byFold = (scores: readonly number[]) => ({
    byFold: scores.map((balancedAccuracy, fold) => ({
      fold: `42, ${fold}`,
      samples: 20,
      trainSamples: 80,
      balancedAccuracy,
    })),
  });
  const rows = {
    a: byFold([0.9, 0.8, 0.85, 0.95, 0.9]),
    b: { byFold: byFold([0.7, 0.7, 0.6, 0.8, 0.65]).byFold.toReversed() },
    c: byFold([0.5, 0.5]),
  };
  const [better, worse] = compareRepresentations(rows, [
    ["a", "b"],
    ["b", "a"],
  ]);
  // SciPy: gaps .2, .1, .25, .15, .25; mean .19; t.ppf(.975, 4) * sqrt((1/5 + 1/4) * .00425) = .12142
  assert.deepEqual([better.folds, better.better, worse.better], [5, "a", "a"]);
  assert.ok(Math.abs(better.difference - 0.19) < 1e-12);
  assert.ok(Math.abs(better.high - 0.19 - 0.12142) < 1e-4);
  assert.ok(Math.abs(better.low + worse.high) < 1e-12);
  assert.throws(() => compareRepresentations(rows, [["a", "c"]]), /same folds of "a" and "c"/);
  assert.throws(() => compareRepresentations(rows, [["a", "d"]]), /one of a, b, c, got "d"/);

  const task = makeTask({ left: 12, right: 18 }, 3);
  const options = { ...task, folds: 3, repeats: 2, classifiers: [logistic] };
  const [, own] = await compareClassifiers(options);
  assert.equal(own.byFold.length, 6);
  const mean = own.byFold.reduce((sum, one) => sum + one.balancedAccuracy, 0) / 6;
  assert.ok(Math.abs(mean - own.balancedAccuracy) < 1e-12); // every fold has 4 and 6
  assert.ok(own.byFold.every(({ samples, trainSamples }) => samples + trainSamples === 30));
});
