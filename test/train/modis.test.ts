// Training MODIS: unpaired batches, the folder it leaves, and what it refuses.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import type { ModisLosses, ModisModel } from "../../lib/engine/modis.js";
import type { ModisBatch } from "../../lib/engine/modis-contract.js";
import { portableEngine } from "../../lib/engine/portable.js";
import { requireModisWeights } from "../../lib/model/modis.js";
import { readTensors } from "../../lib/model/tensor-file.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import { type ModisData, trainModisEpochs } from "../../lib/train/modis.js";
import { completeModisConfig, readModisRun, trainModisRun } from "../../lib/train/modis-run.js";

const root = mkdtempSync(join(tmpdir(), "aro-modis-"));
after(() => rmSync(root, { recursive: true }));

const { cohort } = simulateCohort({
  seed: 3,
  patients: 40,
  features: { RNA: 60, protein: 30, metabolite: 12 },
});
const prepared = prepareCohort(cohort, splitSamples(cohort.samples));
const classes = prepared.train.rows.map((row) =>
  cohort.samples[row].labels.tissue === "tumor" ? 1 : 0,
);
const data = { ...prepared, classes };
const spec = {
  modalities: prepared.modalities.map(({ name, start, end }) => {
    return { name, features: end - start, ratios: [0.5, 0.25] };
  }),
  latent: 8,
  classes: 2,
};
const training = { epochs: 4, batchSize: 16, learningRate: 1e-3, klWeight: 5e-4, seed: 1 };
const config = completeModisConfig({ spec, training }, data);
const engine = await portableEngine({ backend: "wasm" });

/** Notes the batches that it is given, and learns nothing. */
function recorder(onStep = () => {}): ModisModel & { readonly steps: (readonly ModisBatch[])[] } {
  const judged = { adversarial: 1, classes: 1, clustering: 1 };
  const losses: ModisLosses = {
    discriminator: judged,
    generators: { ...judged, reconstruction: 1, kl: 1 },
    reconstructed: { observed: 10, huber: 1, mse: 2 },
  };
  const steps: (readonly ModisBatch[])[] = [];
  const missing = async (): Promise<never> => {
    throw new Error("recorder: not made for this");
  };
  return {
    spec,
    steps,
    async step(batches) {
      steps.push(batches);
      onStep();
      return losses;
    },
    translate: async (rows, _from, to) =>
      to.map((i) => {
        const columns = spec.modalities[i].features;
        return { rows: rows.rows, columns, values: new Float32Array(rows.rows * columns).fill(-1) };
      }),
    gradients: missing,
    readWeights: missing,
    dispose: () => {},
  };
}

/** Runs a training to its end. */
async function collect(model: ModisModel, settings = {}, rows: ModisData = data) {
  const epochs = [];
  const run = trainModisEpochs(model, rows, { ...training, ...settings });
  let next = await run.next();
  for (; !next.done; next = await run.next()) epochs.push(next.value);
  return { epochs, status: next.value };
}

test("each modality's rows are dealt out once an epoch, in an order of their own, with their classes", async () => {
  const model = recorder();
  await collect(model, { epochs: 1 });
  const { matrix } = prepared.train;
  const order = prepared.modalities.map(({ start, end }, m) =>
    model.steps.flatMap((batches) => {
      const { values, rows, columns } = batches[m].matrix;
      return Array.from({ length: rows }, (_, i) => {
        const own = values.subarray(i * columns, (i + 1) * columns).join();
        const found = prepared.train.rows.findIndex(
          (_, row) =>
            matrix.values
              .subarray(row * matrix.columns + start, row * matrix.columns + end)
              .join() === own,
        );
        assert.equal(batches[m].classes[i], classes[found]);
        return found;
      });
    }),
  );
  for (const rows of order) {
    assert.deepEqual(
      rows.toSorted((a, b) => a - b),
      classes.map((_, i) => i),
    );
  }
  assert.notDeepEqual(order[0], order[1]);
  assert.notDeepEqual(order[1], order[2]);
});

test("a last batch of one row is left out", async () => {
  const model = recorder();
  await collect(model, { epochs: 1, batchSize: classes.length - 1 });
  assert.deepEqual(
    model.steps.map(([{ matrix }]) => matrix.rows),
    [classes.length - 1],
  );
});

test("the validation loss is of translations clamped at 0", async () => {
  const { epochs } = await collect(recorder(), { epochs: 1 });
  const { values, observed } = prepared.validation.matrix;
  let sum = 0;
  let count = 0;
  values.forEach((value, i) => {
    if (!observed[i]) return;
    sum += value ** 2; // the recorder translates everything to -1
    count++;
  });
  assert.ok(Math.abs(epochs[0].validation.mse - sum / count) < 1e-9);
});

test("an interrupt ends training after the step under way", async () => {
  const controller = new AbortController();
  let left = 4;
  const model = recorder(() => {
    if (--left === 0) controller.abort();
  });
  const { epochs, status } = await collect(model, { signal: controller.signal });
  assert.equal(status, "stopped");
  assert.equal(model.steps.length, 4);
  assert.equal(
    epochs.reduce((sum, { steps }) => sum + steps, 0),
    4,
  );
});

test("settings and classes that make no sense are refused", async () => {
  await assert.rejects(collect(recorder(), { epochs: 0 }), /epochs .* got 0/);
  await assert.rejects(collect(recorder(), { batchSize: 1 }), /at least 2 of at least 2 rows/);
  const few = { ...data, classes: classes.slice(1) };
  await assert.rejects(collect(recorder(), {}, few), /expected a class of each of/);
});

test("a run learns, leaves the files of a run, and is read again", async () => {
  const folder = join(root, "whole");
  const run = await trainModisRun({ folder, config, data, engine });
  assert.deepEqual(readdirSync(folder).toSorted(), [
    "config.json",
    "environment.json",
    "metrics.jsonl",
    "result.json",
    "weights.safetensors",
  ]);
  assert.equal(run.result.status, "finished");
  assert.equal(run.epochs.length, 4);
  assert.ok(classes.includes(0) && classes.includes(1));
  assert.ok(run.epochs[3].train.mse < run.epochs[0].train.mse);
  const { tensors, metadata } = await readTensors(join(folder, "weights.safetensors"));
  assert.equal(metadata.config, config.hash);
  requireModisWeights("test", spec, await run.loadWeights());
  assert.deepEqual(tensors.get("discriminator.fc.2.weight")!.shape, [512, 1024]);

  const again = await trainModisRun({ folder, config, data, engine });
  assert.equal(again.reused, true);
  assert.deepEqual(again.epochs, run.epochs);
  const twin = await trainModisRun({ folder: join(root, "twin"), config, data, engine });
  assert.deepEqual(twin.epochs, run.epochs);
  assert.ok(
    readFileSync(join(folder, "weights.safetensors")).equals(
      readFileSync(join(root, "twin", "weights.safetensors")),
    ),
  );
});

test("a folder with a run of other settings is refused, and one without a result", async () => {
  const other = completeModisConfig({ spec, training: { ...training, epochs: 3 } }, data);
  assert.notEqual(other.hash, config.hash);
  const folder = join(root, "whole");
  await assert.rejects(
    trainModisRun({ folder, config: other, data, engine }),
    /expected the settings of the run in .* got others/,
  );
  await assert.rejects(readModisRun(join(root, "none")), /expected a run of MODIS that ended/);
  const turned = { ...data, classes: classes.map((kind) => 1 - kind) };
  assert.notEqual(completeModisConfig({ spec, training }, turned).hash, config.hash);
});
