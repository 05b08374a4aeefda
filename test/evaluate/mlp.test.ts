// The MLP: its training, its predictions, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import { fitMlp, predictMlp } from "../../lib/evaluate/mlp.js";

/** Clouds around one corner a class. */
const makeTask = (rows: number, columns: number, classes: number, distance: number, seed = 1) => {
  const random = createRandom(seed);
  const labels = Array.from({ length: rows }, (_, i) => i % classes);
  const values = Float32Array.from({ length: rows * columns }, (_, at) => {
    const own = at % columns === labels[Math.floor(at / columns)];
    return random.normal() + (own ? distance : 0);
  });
  return { points: { rows, columns, values } satisfies Rows, labels };
};

const accuracy = (probabilities: Float64Array, labels: readonly number[], classes: number) =>
  labels.filter((label, i) => {
    const row = Array.from(probabilities.subarray(i * classes, (i + 1) * classes));
    return row.indexOf(Math.max(...row)) === label;
  }).length / labels.length;

test("fitMlp separates what can be separated, its loss falls, and it comes to rest", async () => {
  const { points, labels } = makeTask(90, 20, 3, 8);
  const model = await fitMlp(points, labels, 3, { standardize: false });
  assert.equal(accuracy(await predictMlp(model, points), labels, 3), 1);
  const unseen = makeTask(90, 20, 3, 8, 5);
  assert.equal(accuracy(await predictMlp(model, unseen.points), unseen.labels, 3), 1);
  assert.ok(model.converged && model.losses.length < 1000);
  assert.ok(model.losses.at(-1)! < 0.1 * model.losses[0]);
  // Full batch at a small rate: the loss falls in nearly every epoch.
  const falls = model.losses.filter((loss, i) => i > 0 && loss < model.losses[i - 1]).length;
  assert.ok(falls > 0.95 * (model.losses.length - 1));
});

test("fitMlp bends where no plane separates (exclusive or)", async () => {
  const random = createRandom(9);
  const values = Float32Array.from({ length: 400 }, () => random.normal());
  const labels = Array.from({ length: 200 }, (_, i) =>
    values[2 * i] * values[2 * i + 1] > 0 ? 1 : 0,
  );
  const model = await fitMlp({ rows: 200, columns: 2, values }, labels, 2);
  const found = accuracy(await predictMlp(model, { rows: 200, columns: 2, values }), labels, 2);
  assert.ok(found > 0.93, `accuracy ${found}`);
});

test("fitMlp learns in batches", async () => {
  const { points, labels } = makeTask(450, 10, 2, 6);
  const model = await fitMlp(points, labels, 2, { maxEpochs: 30 });
  assert.equal(accuracy(await predictMlp(model, points), labels, 2), 1);
});

test("fitMlp repeats with its seed and differs with another", async () => {
  const { points, labels } = makeTask(230, 4, 2, 1);
  const options = { hidden: 8, maxEpochs: 20 };
  const one = await fitMlp(points, labels, 2, { ...options, seed: 1 });
  assert.deepEqual(await fitMlp(points, labels, 2, { ...options, seed: 1 }), one);
  const other = await fitMlp(points, labels, 2, { ...options, seed: 2 });
  assert.notDeepEqual(other.losses, one.losses);
  assert.equal(one.converged, false);
});

test("scaling belongs to the training rows, and can be left out", async () => {
  const { points, labels } = makeTask(60, 4, 2, 6);
  const far = { ...points, values: points.values.map((value) => 1000 * value + 5000) };
  assert.equal(accuracy(await predictMlp(await fitMlp(far, labels, 2), far), labels, 2), 1);
  const bare = await fitMlp(points, labels, 2, { standardize: false, maxEpochs: 5 });
  assert.equal(bare.scale, null);
  const scaled = await fitMlp(points, labels, 2, { maxEpochs: 5 });
  assert.notDeepEqual(scaled.losses, bare.losses);
});

test("probabilities of each row sum to 1, however large the logits", async () => {
  const { points, labels } = makeTask(30, 4, 3, 4);
  const model = await fitMlp(points, labels, 3, { standardize: false, maxEpochs: 5 });
  const huge = { ...points, values: points.values.map((value) => 1e6 * value) };
  const probabilities = await predictMlp(model, huge);
  for (let i = 0; i < 30; i++) {
    const sum = probabilities[3 * i] + probabilities[3 * i + 1] + probabilities[3 * i + 2];
    assert.ok(Math.abs(sum - 1) < 1e-12);
  }
});

test("80 x 512 inputs train within two seconds", async () => {
  const { points, labels } = makeTask(80, 512, 3, 4);
  const began = process.cpuUsage();
  const model = await fitMlp(points, labels, 3);
  const { user, system } = process.cpuUsage(began);
  assert.ok(model.converged);
  assert.ok(user + system < 2e6, `took ${(user + system) / 1e6} s of CPU`);
});

test("fitMlp refuses senseless options", async () => {
  const { points, labels } = makeTask(6, 2, 2, 1);
  await assert.rejects(() => fitMlp(points, labels, 2, { hidden: 0 }), /hidden/);
});
