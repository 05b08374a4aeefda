// What is the TensorFlow.js engine's own: the ways to update a variable, and the bounds of a run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { adamw } from "../../lib/engine/adamw.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { loadBackend } from "../../lib/engine/tfjs-backend.js";
import { makeVariable, updateInPlace } from "../../lib/engine/tfjs-parameter.js";
import { relativeError } from "../golden.js";

test("updateInPlace takes the first step of the learning rate against the gradient's sign", () => {
  const [w, g] = [Float32Array.of(1, -2, 3), Float32Array.of(0.5, -4, 0)];
  const [m, v] = [new Float32Array(3), new Float32Array(3)];
  updateInPlace(w, g, m, v, adamw({ learningRate: 0.1, weightDecay: 0.5, step: 1 }), null);
  const expected = [1 * 0.95 - 0.1, -2 * 0.95 + 0.1, 3 * 0.95];
  assert.ok(relativeError(w, expected) < 1e-7);
  assert.ok(relativeError(m, [0.05, -0.4, 0]) < 1e-7);
  assert.ok(relativeError(v, [0.00025, 0.016, 0]) < 1e-7);
});

test("the SIMD update agrees with the one in JavaScript at every length and with every rule", async () => {
  const { tf, activate, view, adam } = await loadBackend("wasm");
  assert.ok(adam);
  activate();
  const random = createRandom(1);
  for (const options of [{}, { beta1: 0.5, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.1 }]) {
    const rule = adamw({ learningRate: 0.01, step: 3, ...options });
    for (const size of [1, 3, 4, 7, 64, 1001]) {
      const numbers = (scale: number) =>
        Float32Array.from({ length: size }, () => scale * (1 + random.uniform()));
      const inputs = [numbers(1), numbers(1e-3), numbers(-1e-4), numbers(1e-6)];
      const tensors = inputs.map((values) => tf.tensor1d(values.slice()));
      const [w, g, m, v] = tensors.map((tensor) => view(tensor)!);
      updateInPlace(w, g, m, v, rule, adam);
      const [w2, g2, m2, v2] = inputs;
      updateInPlace(w2, g2, m2, v2, rule, null);
      assert.ok(relativeError(w, w2) < 1e-6);
      assert.ok(relativeError(m, m2, 1) < 1e-6);
      assert.ok(relativeError(v, v2) < 1e-6);
      assert.deepEqual(g, g2);
      tf.dispose(tensors);
    }
  }
});

test("a variable whose memory JavaScript cannot see updates itself by tensor operations alike", async () => {
  const visible = await loadBackend("cpu");
  visible.activate();
  const { tf } = visible;
  const random = createRandom(2);
  const draw = () => Float32Array.from({ length: 12 }, () => random.normal());
  const before = tf.memory().numTensors;
  const values = draw();
  const pair = [visible, { ...visible, view: () => null }].map((backend) =>
    makeVariable(backend, values, [3, 4]),
  );
  for (let step = 1; step <= 3; step++) {
    const gradient = tf.tensor2d(draw(), [3, 4]);
    const rule = adamw({ learningRate: 0.01, weightDecay: 0.1, beta1: 0.8, step });
    for (const variable of pair) variable.update(gradient, rule);
    gradient.dispose();
  }
  for (const kept of ["value", "first", "second"] as const) {
    const [seen, unseen] = pair.map((variable) => variable.get(kept).dataSync<"float32">());
    assert.ok(relativeError(unseen, seen, 0.1) < 1e-6);
  }
  for (const variable of pair) variable.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("a primitive outside of its engine's run is refused", async () => {
  const [engine, other] = [
    await tfjsEngine({ backend: "wasm" }),
    await tfjsEngine({ backend: "cpu" }),
  ];
  const one = () => engine.tensor(Float32Array.of(1), 1);
  const refused = /expected a call within this engine's run/;
  assert.throws(one, refused);
  await other.run(async () => {
    assert.throws(one, refused);
  });
  const x = await engine.run(async () => one());
  assert.throws(() => engine.exp(x), refused);
});

test("an engine's passes run where its backend is, whatever was loaded or used meanwhile", async () => {
  const engine = await tfjsEngine({ backend: "wasm" });
  const { tf } = await loadBackend("cpu");
  assert.equal(tf.getBackend(), "cpu");
  await engine.run(async () => {
    const x = engine.tensor(Float32Array.of(1, 2), 1);
    assert.equal(tf.getBackend(), "wasm");
    await tf.setBackend("cpu"); // as a caller's own code may do
    assert.deepEqual(await engine.read(engine.scale(x, 2)), Float32Array.of(2, 4));
    assert.equal(tf.getBackend(), "wasm");
  });
});
