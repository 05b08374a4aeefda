// The AdamW update: each way of computing it gives what PyTorch gives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { coefficients, updateInPlace } from "../../lib/engine/adam.js";
import { loadBackend } from "../../lib/engine/backend.js";
import { Variable } from "../../lib/engine/variable.js";
import { relativeError } from "../golden.js";

test("updateInPlace takes the first step of the learning rate against the gradient's sign", () => {
  const [w, g] = [Float32Array.of(1, -2, 3), Float32Array.of(0.5, -4, 0)];
  const [m, v] = [new Float32Array(3), new Float32Array(3)];
  const step = coefficients({ learningRate: 0.1, weightDecay: 0.5, step: 1 });
  updateInPlace(w, g, m, v, step, null);
  const expected = [1 * 0.95 - 0.1, -2 * 0.95 + 0.1, 3 * 0.95];
  assert.ok(relativeError(w, expected) < 1e-7);
  assert.ok(relativeError(m, [0.05, -0.4, 0]) < 1e-7);
  assert.ok(relativeError(v, [0.00025, 0.016, 0]) < 1e-7);
});

test("the SIMD update agrees with the one in JavaScript at every length", async () => {
  const { tf, activate, view, adam } = await loadBackend("wasm");
  assert.ok(adam);
  activate();
  const random = createRandom(1);
  for (const size of [1, 3, 4, 7, 64, 1001]) {
    const numbers = (scale: number) =>
      Float32Array.from({ length: size }, () => scale * (1 + random.uniform()));
    const inputs = [numbers(1), numbers(1e-3), numbers(-1e-4), numbers(1e-6)];
    const tensors = inputs.map((values) => tf.tensor1d(values.slice()));
    const step = coefficients({ learningRate: 0.01, weightDecay: 0.1, step: 3 });
    const [w, g, m, v] = tensors.map((tensor) => view(tensor)!);
    updateInPlace(w, g, m, v, step, adam);
    const [w2, g2, m2, v2] = inputs;
    updateInPlace(w2, g2, m2, v2, step, null);
    assert.ok(relativeError(w, w2) < 1e-6);
    assert.ok(relativeError(m, m2, 1) < 1e-6);
    assert.ok(relativeError(v, v2) < 1e-6);
    assert.deepEqual(g, g2);
    tf.dispose(tensors);
  }
});

test("a variable whose memory is out of sight updates itself by tensor operations alike", async () => {
  const visible = await loadBackend("cpu");
  visible.activate();
  const { tf } = visible;
  const random = createRandom(2);
  const values = Float32Array.from({ length: 12 }, () => random.normal());
  const hidden = { ...visible, view: () => null };
  const before = tf.memory().numTensors;
  const pair = [visible, hidden].map((backend) => new Variable(backend, values.slice(), [3, 4]));
  for (let step = 1; step <= 3; step++) {
    const gradient = tf.tensor2d(
      Float32Array.from({ length: 12 }, () => random.normal()),
      [3, 4],
    );
    for (const variable of pair) {
      variable.update(gradient, { learningRate: 0.01, weightDecay: 0.1, step });
    }
    gradient.dispose();
  }
  for (const what of ["value", "first", "second"] as const) {
    const [seen, unseen] = await Promise.all(pair.map((variable) => variable.read(what)));
    assert.ok(relativeError(unseen, seen, 0.1) < 1e-6);
  }
  pair[1].write("first", values.slice());
  assert.deepEqual(await pair[1].read("first"), values);
  for (const variable of pair) variable.dispose();
  assert.equal(tf.memory().numTensors, before);
});
