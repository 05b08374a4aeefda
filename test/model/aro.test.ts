// ARO's shape: the paper's Table 3, and initial weights from a seed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { countParameters, initializeWeights } from "../../lib/model/model.js";

const PAPER: AroSpec = {
  ...PAPER_MODEL,
  features: 71094,
  visible: null,
};
const SMALL: AroSpec = { ...PAPER, features: 50, width: 20, hiddenLayers: 2 };

test("the paper's model has the parameters of its Table 3", () => {
  assert.equal(countParameters(ARO, PAPER), 303863222);
  assert.deepEqual(
    ARO.network(PAPER).tensors.map(({ name, shape }) => [name, ...shape]),
    [
      ["inp_lin.weight", 2048, 71094],
      ["inp_lin.bias", 2048],
      ["encoder_layers.0.weight", 2048, 2048],
      ["encoder_layers.0.bias", 2048],
      ["encoder_layers.1.weight", 2048, 2048],
      ["encoder_layers.1.bias", 2048],
      ["encoder_layers.2.weight", 2048, 2048],
      ["encoder_layers.2.bias", 2048],
      ["out_lin.weight", 71094, 2048],
      ["out_lin.bias", 71094],
    ],
  );
});

test("batch normalization adds a scale and a shift a feature, and two buffers that training does not adapt", () => {
  const spec = { ...SMALL, batchNorm: true };
  assert.equal(countParameters(ARO, spec), countParameters(ARO, SMALL) + 2 * 50);
  const buffersOf = (spec: AroSpec) =>
    ARO.network(spec).tensors.flatMap(({ name, isTrained }) => (isTrained ? [] : [name]));
  const names = ["weight", "bias", "running_mean", "running_var"].map(
    (name) => `batch_norm.${name}`,
  );
  assert.deepEqual(buffersOf(spec), names.slice(2));
  assert.deepEqual(buffersOf(SMALL), []);
  const [weights, without] = [initializeWeights(ARO, spec, 7), initializeWeights(ARO, SMALL, 7)];
  assert.deepEqual(
    [...weights.keys()],
    ARO.network(spec).tensors.map(({ name }) => name),
  );
  assert.deepEqual(
    names.map((name) => weights.get(name)),
    [1, 0, 0, 1].map((value) => new Float32Array(50).fill(value)),
  );
  for (const [name, values] of without) assert.deepEqual(values, weights.get(name), name);
});

test("a model without hidden layers has an input and an output layer", () => {
  assert.equal(countParameters(ARO, { ...SMALL, hiddenLayers: 0 }), 50 * 20 + 20 + 20 * 50 + 50);
});

test("the same seed gives the same weights, another seed others", () => {
  assert.deepEqual(initializeWeights(ARO, SMALL, 7), initializeWeights(ARO, SMALL, 7));
  const [a, b] = [initializeWeights(ARO, SMALL, 7), initializeWeights(ARO, SMALL, 8)];
  for (const [name, values] of a) assert.notDeepEqual(values, b.get(name), name);
});

test("a layer's weights do not depend on how many layers there are", () => {
  const deeper = initializeWeights(ARO, { ...SMALL, hiddenLayers: 5 }, 7);
  for (const [name, values] of initializeWeights(ARO, SMALL, 7)) {
    assert.deepEqual(values, deeper.get(name), name);
  }
});

test("weights and biases are uniform within 1 / sqrt(inputs) of zero", () => {
  const weights = initializeWeights(ARO, SMALL, 1);
  assert.deepEqual(
    [...weights.keys()],
    ARO.network(SMALL).tensors.map(({ name }) => name),
  );
  for (const [name, values] of weights) {
    const bound = 1 / Math.sqrt(name.startsWith("inp_lin") ? 50 : 20);
    assert.ok(
      values.every((value) => Math.abs(value) <= bound * (1 + 1e-6)),
      name,
    );
    if (values.length < 400) continue;
    // Of 400 and more uniform numbers, mean and largest lie this near in all but a few of a million draws.
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(Math.abs(mean) < (5 * bound) / Math.sqrt(3 * values.length), name);
    assert.ok(Math.max(...values) > 0.95 * bound, name);
  }
});

test("a spec that makes no sense is refused by name", () => {
  const bad: [Partial<AroSpec>, RegExp][] = [
    [{ features: 0 }, /features .* got 0/],
    [{ width: 1.5 }, /width .* got 1.5/],
    [{ hiddenLayers: -1 }, /hiddenLayers .* got -1/],
    [{ inputDropout: 1 }, /inputDropout .* got 1/],
    [{ hiddenDropout: -0.1 }, /hiddenDropout .* got -0.1/],
    [{ zeroed: [3, 50] }, /zeroed .* ascending columns in \[0, 50\), got \[3, 50\]/],
    [{ zeroed: [7, 3] }, /zeroed .* got \[7, 3\]/],
    [{ zeroed: [3, 3] }, /zeroed .* got \[3, 3\]/],
    [{ zeroed: [-1] }, /zeroed .* got \[-1\]/],
    [{ visible: { start: 0, end: 51 } }, /visible .* got \[0, 51\)/],
    [{ visible: { start: 3, end: 3 } }, /visible .* got \[3, 3\)/],
  ];
  for (const [change, message] of bad) {
    assert.throws(() => ARO.check({ ...SMALL, ...change }), { name: "RangeError", message });
  }
  const message = /batchNorm .* true or false, got 1/;
  const kind = { ...SMALL, batchNorm: 1 as unknown as boolean };
  assert.throws(() => ARO.check(kind), { name: "TypeError", message });
});
