// The learning rate on a plateau: the trace that PyTorch gives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startPlateau, stepPlateau } from "../../lib/train/train.js";
import { goldenCases, relativeError } from "../golden.js";

/** PyTorch's. */
const DEFAULTS = { factor: 0.1, patience: 10 };

interface Golden {
  plateau: { metric: number[]; lr: number[]; initial: number };
}

function follow(metrics: number[], learningRate: number, options = {}): number[] {
  let state = startPlateau(learningRate);
  return metrics.map((metric) => {
    state = JSON.parse(JSON.stringify(state)); // as a checkpoint keeps it
    state = stepPlateau(state, metric, { ...DEFAULTS, ...options });
    return state.learningRate;
  });
}

for (const { folder, data } of goldenCases<Golden>("training")) {
  test(`stepPlateau follows PyTorch's ReduceLROnPlateau (${folder})`, () => {
    const { metric, lr, initial } = data.plateau;
    assert.ok(relativeError(follow(metric, initial), lr) <= 1e-12);
  });
}

test("stepPlateau tolerates as many bad steps as its patience, and lowers the rate at the next", () => {
  const rates = follow([1, 1, 1, 1], 1, { patience: 2 });
  assert.deepEqual(rates, [1, 1, 1, 0.1]);
});

test("stepPlateau does not count a fall within the relative threshold as an improvement", () => {
  assert.deepEqual(follow([1, 0.9999], 1, { patience: 0 }), [1, 0.1]);
  assert.deepEqual(follow([1, 0.9998], 1, { patience: 0 }), [1, 1]);
});

test("stepPlateau makes no reduction below 1e-8", () => {
  assert.deepEqual(follow([1, 1], 1e-8, { patience: 0 }), [1e-8, 1e-8]);
});
