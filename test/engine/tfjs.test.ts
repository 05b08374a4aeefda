// What is the TensorFlow.js engine's own: the ways to update a variable, and the bounds of a run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { adamw } from "../../lib/engine/adamw.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { loadBackend } from "../../lib/engine/tfjs-backend.js";
import { makeVariable } from "../../lib/engine/tfjs-parameter.js";
import { relativeError } from "../golden.js";

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
