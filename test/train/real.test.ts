// Real trainings, tiny: the loss falls, two runs agree, saved weights score the same, and no loss is another than before.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ARO, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { completeConfig, type RunRequest } from "../../lib/train/config.js";
import { trainRun } from "../../lib/train/run.js";
import { scratchFolder } from "../scratch.js";
import { CONFIGS, DATA, FEATURES, rowsOf, startEngine } from "./mortal.js";

const root = scratchFolder();

test("a real model learns, the same from the same seed, and its saved weights score as it did", async () => {
  const engine = await startEngine("cpu");
  const data = {
    name: "real",
    train: rowsOf("train", 24, 0.05),
    validation: rowsOf("validation", 8, 0.05),
  };
  const spec = {
    ...PAPER_MODEL,
    features: FEATURES,
    width: 8,
    hiddenLayers: 1,
    visible: null,
  };
  const training = { epochs: 30, batchSize: 10, learningRate: 0.01, seed: 3 };
  const runIn = (name: string) =>
    trainRun({ folder: join(root, name), config: { model: ARO, spec, training }, data, engine });
  const run = await runIn("a");
  const [first, last] = [run.epochs[0], run.epochs[29]];
  assert.ok(last.train.huber < first.train.huber / 4, `${first.train.huber} ${last.train.huber}`);
  assert.ok(last.validation.huber < first.validation.huber / 4);
  assert.deepEqual((await runIn("b")).epochs, run.epochs);
  const model = buildAutoencoder(engine, ARO, spec, await run.loadWeights());
  const { huber, mse } = await model.evaluate(data.validation.matrix);
  assert.deepEqual({ huber, mse }, run.result.final?.validation);
  model.dispose();
});

test("each model still comes to the loss that it came to when runs were recorded", async () => {
  const engine = await startEngine("cpu");
  const recorded = {
    ARO: 0.016550869963477165,
    VAE: 0.08756023712372513,
    MODIS: 0.17381008111693885,
  };
  for (const [name, huber] of Object.entries(recorded)) {
    const config = CONFIGS[name as keyof typeof CONFIGS] as RunRequest<unknown>;
    const training = { ...config.training, epochs: 12, earlyStopping: null };
    const { result } = await trainRun({
      folder: join(root, name),
      config: { ...config, training },
      data: DATA,
      engine,
    });
    assert.ok(Math.abs(result.best!.huber / huber - 1) < 1e-4, `${name} ${result.best!.huber}`);
  }
});

test("what a model reads beside the rows is part of its run's hash", () => {
  const classes = DATA.classes.with(0, 1 - DATA.classes[0]);
  const hashOf = (data: typeof DATA, config: RunRequest<unknown>) =>
    completeConfig(config, data).hash;
  const { ARO: aro, MODIS: modis } = CONFIGS as Record<string, RunRequest<unknown>>;
  assert.notEqual(hashOf({ ...DATA, classes }, modis), hashOf(DATA, modis));
  assert.equal(hashOf({ ...DATA, classes }, aro), hashOf(DATA, aro));
});
