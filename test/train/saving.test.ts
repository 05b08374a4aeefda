// When checkpoints are written: never for more than a twentieth of the time, and always at the end.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ARO } from "../../lib/model/aro.js";
import { initializeWeights } from "../../lib/model/model.js";
import { createSaving } from "../../lib/train/checkpoint.js";
import type { TrainState } from "../../lib/train/train.js";
import { scratchFolder } from "../scratch.js";
import { fakeModel, SPEC } from "./fake-model.js";

const root = scratchFolder();

const CHECKPOINT = { config: "", seconds: 0, epochs: [], state: {} as TrainState };

/** Trains 100 epochs of 10 s where a write takes `cost` ms; gives the times at which one began, in s. */
async function timesOf(cost: number, seconds: number): Promise<number[]> {
  const folder = mkdtempSync(join(root, "run-"));
  const model = fakeModel(initializeWeights(ARO, SPEC, 1));
  let time = 0;
  const times: number[] = [];
  // The lock is looked at right before a write.
  const lock = {
    check: async () => {
      times.push(time / 1000);
      time += cost;
    },
  };
  const save = createSaving(folder, model, { from: null, lock, seconds, now: () => time });
  for (let epoch = 1; epoch <= 100; epoch++) {
    time += 10_000;
    model.stepCount++;
    await save(CHECKPOINT, false);
  }
  assert.ok(readdirSync(folder).length <= 2);
  return times;
}

test("a checkpoint is written when the pause is over, at the end of an epoch", async () => {
  assert.deepEqual((await timesOf(0, 25)).slice(0, 3), [30, 60, 90]);
});

test("with no pause, one is written after each epoch, whatever it takes", async () => {
  assert.equal((await timesOf(60_000, 0)).length, 100);
});

test("writes that take long are made so seldom that they take a twentieth of the training", async () => {
  const times = await timesOf(5000, 30);
  assert.deepEqual(times.slice(0, 4), [30, 135, 240, 345]); // 100 s of training between them
});

test("the first one waits as well for a model that takes long to write", async () => {
  const wide = { ...SPEC, features: 50_000, width: 500 }; // 0.6 GB of state, 3 s
  const model = {
    ...fakeModel(initializeWeights(ARO, SPEC, 1)),
    tensors: ARO.network(wide).tensors,
    stepCount: 1,
  };
  let time = 0;
  let asked = 0;
  const lock = {
    check: async () => {
      asked++;
      throw new Error("as far as it goes");
    },
  };
  const save = createSaving(root, model, { from: null, lock, seconds: 30, now: () => time });
  time = 59_000;
  await save(CHECKPOINT, false);
  assert.equal(asked, 0);
  time = 62_000;
  await assert.rejects(save(CHECKPOINT, false), /as far as it goes/);
});

test("what is stopped is written at once, but not twice, nor where no step was taken", async () => {
  const folder = mkdtempSync(join(root, "run-"));
  const model = fakeModel(initializeWeights(ARO, SPEC, 1));
  let writes = 0;
  const lock = { check: async () => void writes++ };
  const save = createSaving(folder, model, { from: null, lock, seconds: 30, now: () => 0 });
  await save(CHECKPOINT, true);
  assert.equal(writes, 0);
  model.stepCount = 3;
  await save(CHECKPOINT, true);
  await save(CHECKPOINT, true);
  assert.equal(writes, 1);
  assert.deepEqual(readdirSync(folder), ["checkpoint-3.safetensors"]);
});
