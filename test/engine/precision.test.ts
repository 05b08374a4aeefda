// Products in bfloat16: close to float32 where they can run, and the choice of a graphics processor that has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { restoreRandom } from "../../lib/cohort/random.js";
import { loadAddon } from "../../lib/engine/addon.js";
import type { Precision } from "../../lib/engine/operations.js";
import { tensorflowEngine } from "../../lib/engine/tensorflow.js";
import { relativeError } from "../golden.js";
import { contenders } from "./engines.js";
import { trainingCases } from "./training.js";

const { skip } = contenders.find(({ name }) => name === "tensorflow")!;
/** Eight bits of mantissa round a factor by at most 2^-9. */
const TOLERANCE = 2 ** -7;

test("products in bfloat16 train as PyTorch does but for their rounding", { skip }, async () => {
  const engine = await tensorflowEngine({ precision: "bfloat16" });
  assert.match(engine.version, /bfloat16 products$/);
  for (const { spec, batch, weights, learningRate, weightDecay, trace, draws } of trainingCases()) {
    const model = await engine.build(spec, weights);
    const dropout = draws && restoreRandom(draws);
    const losses: number[] = [];
    for (let i = 0; i < trace.length; i++) {
      losses.push((await model.step(batch, { learningRate, weightDecay, dropout })).huber);
    }
    model.dispose();
    const error = relativeError(losses, trace, 0);
    assert.ok(error > 1e-7, "the products were not rounded");
    assert.ok(error < TOLERANCE, `expected the losses within ${TOLERANCE}, got ${error}`);
  }
});

test("on a processor products are float32 unless asked", {
  skip: skip || (loadAddon().isUsingGpuDevice() && "TensorFlow runs on a graphics processor here"),
}, async () => {
  assert.doesNotMatch((await tensorflowEngine()).version, /bfloat16/);
});

test("a graphics processor takes bfloat16 by itself", {
  skip: skip || (!loadAddon().isUsingGpuDevice() && "TensorFlow finds no graphics processor here"),
}, async () => {
  const chosen: Precision = /bfloat16/.test((await tensorflowEngine()).version)
    ? "bfloat16"
    : "float32";
  assert.equal(chosen, "bfloat16");
});
