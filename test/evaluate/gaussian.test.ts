// The losses of a constant prediction on a preprocessed normal feature.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { constantLosses } from "../../lib/evaluate/gaussian.js";

test("constantLosses agrees with a simulation of a million normal values", () => {
  const { mean, mse, huber } = constantLosses();
  const random = createRandom(1);
  const n = 1e6;
  let sum = 0;
  let squares = 0;
  let hubers = 0;
  for (let i = 0; i < n; i++) {
    const y = Math.log1p(Math.max(random.normal(), 0));
    const error = Math.abs(y - mean);
    sum += y;
    squares += error ** 2;
    hubers += error <= 1 ? error ** 2 / 2 : error - 0.5;
  }
  assert.ok(Math.abs(sum / n - mean) < 2e-3);
  assert.ok(Math.abs(squares / n - mse) < 1e-3);
  assert.ok(Math.abs(hubers / n - huber) < 1e-3);
});

test("constantLosses are the 0.122 and 0.061 that the derivation by hand gives", () => {
  const { mse, huber } = constantLosses();
  assert.equal(mse.toFixed(3), "0.122");
  assert.equal(huber.toFixed(3), "0.061");
});
