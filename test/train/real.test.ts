// A real training, tiny: the loss falls, two runs agree, and saved weights score the same.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ARO, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { trainRun } from "../../lib/train/run.js";
import { scratchFolder } from "../scratch.js";
import { FEATURES, rowsOf, startEngine } from "./mortal.js";

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
    ...{ features: FEATURES, width: 8, hiddenLayers: 1, visible: null },
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
