// Runs and weights of the first release still open: a finished run of ARO, a stopped one that goes on, a run of MODIS.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ARO } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { MODIS } from "../../lib/model/modis.js";
import { completeConfig } from "../../lib/train/config.js";
import { readRun } from "../../lib/train/folder.js";
import { trainRun } from "../../lib/train/run.js";
import { scratchFolder } from "../scratch.js";
import { CONFIGS, DATA, startEngine } from "./mortal.js";

const FOLDER = join(import.meta.dirname, "first-release");
const root = scratchFolder();

const CONFIG = { ...CONFIGS.ARO, training: { ...CONFIGS.ARO.training, epochs: 6 } };

/** A copy, which a training may change. */
function copyOf(name: string): string {
  cpSync(join(FOLDER, name), join(root, name), { recursive: true });
  return join(root, name);
}

test("a finished run is read again, not trained again, and its weights score as they did", async () => {
  const engine = await startEngine("cpu");
  const folder = copyOf("aro");
  assert.equal(completeConfig(CONFIG, DATA).hash, (await readRun(folder, ARO)).config.hash);
  const run = await trainRun({ folder, config: CONFIG, data: DATA, engine });
  assert.ok(run.reused);
  const model = buildAutoencoder(engine, ARO, run.config.spec, await run.loadWeights());
  const { huber } = await model.evaluate(DATA.validation.matrix);
  assert.ok(Math.abs(huber / run.result.best!.huber - 1) < 1e-5);
  model.dispose();
});

test("a stopped run goes on from its checkpoint to the epochs of the finished one", async () => {
  const engine = await startEngine("cpu");
  const run = await trainRun({
    folder: copyOf("aro-stopped"),
    config: CONFIG,
    data: DATA,
    engine,
  });
  assert.match(run.notes.join("; "), /resumed after epoch 3/);
  const { epochs } = await readRun(join(FOLDER, "aro"), ARO);
  assert.equal(run.epochs.length, epochs.length);
  run.epochs.forEach(({ validation }, i) => {
    assert.ok(Math.abs(validation.huber / epochs[i].validation.huber - 1) < 1e-4);
  });
});

test("a run of MODIS is read, with its settings where they are now, and never taken for one of ARO", async () => {
  const folder = join(FOLDER, "modis");
  const run = await readRun(folder, MODIS);
  assert.equal(run.config.spec.klWeight, 5e-4);
  assert.equal(run.config.training.plateau, null);
  assert.equal(run.epochs.length, 3);
  await assert.rejects(readRun(folder, ARO), /expected a run of ARO in .*, got one of MODIS/);
});
