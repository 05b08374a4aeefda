// Canaries: an evaluation falls to chance on permuted data, and notices leaks.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  duplicateSample,
  findSharedPatients,
  permuteLabels,
  permuteRows,
} from "../../lib/evaluate/canaries.js";
import { fitCis } from "../../lib/evaluate/cis.js";
import { compareClassifiers } from "../../lib/evaluate/compare.js";
import type { Predictor } from "../../lib/evaluate/predictor.js";
import { scorePredictors } from "../../lib/evaluate/reconstruction.js";
import { fitRidge } from "../../lib/evaluate/ridge.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import { syntheticCohort } from "./synthetic.js";

const { cohort, prepared } = syntheticCohort();
const split = splitSamples(cohort.samples, { seed: 42 });

test("with the RNA rows permuted, ridge and cis fall to the constant", async () => {
  const skills = async (ready: typeof prepared) => {
    const fitted: Predictor[] = [fitRidge(ready), fitCis(ready)];
    const rows = await scorePredictors(fitted, ready, { parts: ["test"], draws: 1 });
    return rows
      .filter(({ modality }) => modality === "inferred")
      .map(({ skill }) => skill?.value ?? 0);
  };
  for (const skill of await skills(prepared)) assert.ok(skill > 0.3, `${skill} as it is`);
  for (const skill of await skills(permuteRows(prepared))) {
    assert.ok(skill < 0.1, `${skill} permuted`);
  }
});

test("permuteRows keeps each row whole, in its part, and the other modalities in place", () => {
  const permuted = permuteRows(prepared);
  const { columns } = prepared.train.matrix;
  const { end } = prepared.modalities[0];
  for (const part of ["train", "validation", "test"] as const) {
    for (const which of ["matrix", "zScores"] as const) {
      const [before, after] = [prepared[part][which].values, permuted[part][which].values];
      const rowsOf = (values: Float32Array, from: number, to: number) =>
        prepared[part].ids.map((_, i) => values.slice(i * columns + from, i * columns + to).join());
      assert.notDeepEqual(rowsOf(after, 0, end), rowsOf(before, 0, end));
      assert.deepEqual(rowsOf(after, 0, end).sort(), rowsOf(before, 0, end).sort());
      assert.deepEqual(rowsOf(after, end, columns), rowsOf(before, end, columns));
    }
  }
  assert.deepEqual(permuteRows(prepared), permuted);
});

test("with permuted labels a classifier falls to chance", async () => {
  const points = prepared.train.zScores;
  const labels = prepared.train.ids.map((_, i) =>
    points.values[i * points.columns] > 0 ? "a" : "b",
  );
  const score = async (given: string[]) => {
    const [, row] = await compareClassifiers({
      embeddings: points,
      labels: given,
      groups: [...prepared.train.patients],
      classifiers: [{ kind: "logistic" }],
    });
    return row.balancedAccuracy;
  };
  assert.ok((await score(labels)) > 0.75);
  assert.ok((await score(permuteLabels(labels))) < 0.65);
  assert.deepEqual([...permuteLabels(labels)].sort(), [...labels].sort());
});

test("a patient in two parts is found by name, and a duplicate under another name by its RNA", () => {
  assert.deepEqual(findSharedPatients(prepared), []);
  const [from, to] = [split.train[3], split.test[2]];
  const names = { first: cohort.samples[from].id, second: cohort.samples[to].id };
  const copied = prepareCohort(duplicateSample(cohort, from, to), split);
  assert.deepEqual(findSharedPatients(copied), [
    { ...names, parts: "train and test", why: "r 1.0000" },
  ]);
  const samples = cohort.samples.map((sample, row) =>
    row === to ? { ...sample, patient: cohort.samples[from].patient } : sample,
  );
  assert.deepEqual(findSharedPatients(prepareCohort({ ...cohort, samples }, split)), [
    { ...names, parts: "train and test", why: "same patient" },
  ]);
  assert.throws(() => duplicateSample(cohort, 0, 80), /rows in \[0, 80\), got 80/);
});

test("a scaler that was fitted on all rows is caught when held-out rows are scored", async () => {
  const ids = cohort.samples.map(({ id }) => id);
  const scaler = fitScaler(cohort.matrix, [...ids.keys()], ids);
  const leaky = { ...prepared, scaler };
  await assert.rejects(
    scorePredictors([fitCis(leaky)], leaky, { draws: 1 }),
    /validation rows that were not trained on, got 12 that were/,
  );
});

test("a batch that explains the label scores as a classifier of its own", async () => {
  const points = prepared.train.zScores;
  const batch = prepared.train.ids.map((_, i) => `batch ${i % 2}`);
  const labels = batch.map((name, i) => (i % 10 === 0 ? "x" : name));
  const rows = await compareClassifiers({
    embeddings: points,
    labels,
    groups: [...prepared.train.patients],
    classifiers: [],
    covariates: { batch },
  });
  const alone = rows.find(({ classifier }) => classifier === "batch alone");
  assert.ok(alone && alone.accuracy > rows[0].accuracy + 0.3);
});
