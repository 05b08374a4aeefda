// The perceptron on every engine: its gradients and probabilities against float64, its penalty, and what it refuses.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import {
  buildPerceptron,
  initializePerceptron,
  type LabeledRows,
  type PerceptronSpec,
} from "../../lib/model/perceptron.js";
import { contenders } from "../engine/engines.js";
import { relativeError } from "../golden.js";

const spec: PerceptronSpec = { inputs: 5, hidden: 6, classes: 3, penalty: 0 };
const random = createRandom(1);
const labels = [0, 1, 2, 0, 1, 2, 0];
const matrix = matrixFrom(
  7,
  5,
  Array.from({ length: 35 }, () => random.normal()),
);
const batch: LabeledRows = { matrix, labels };

/** The same network in float64. */
function reference(weights: ReadonlyMap<string, ArrayLike<number>>) {
  const layer = (name: string, x: readonly number[]) => {
    const [weight, bias] = [weights.get(`${name}.weight`)!, weights.get(`${name}.bias`)!];
    return Array.from(bias, (b, k) =>
      x.reduce((sum, value, j) => sum + weight[k * x.length + j] * value, b),
    );
  };
  const probabilities = labels.map((_, i) => {
    const x = Array.from(matrix.values.subarray(5 * i, 5 * i + 5));
    const hidden = layer("hidden", x).map((unit) => Math.max(0, unit));
    const odds = layer("output", hidden).map(Math.exp);
    const sum = odds.reduce((a, b) => a + b);
    return odds.map((odd) => odd / sum);
  });
  const mean = (of: (row: readonly number[], label: number) => number) =>
    probabilities.reduce((sum, row, i) => sum + of(row, labels[i]), 0) / labels.length;
  return {
    probabilities: probabilities.flat(),
    crossEntropy: mean((row, label) => -Math.log(row[label])),
    brier: mean((row, label) =>
      row.reduce((sum, p, k) => sum + (p - (k === label ? 1 : 0)) ** 2, 0),
    ),
  };
}

/** Differences of the reference's loss, entry by entry. */
function numericGradients(
  weights: ReadonlyMap<string, Float32Array>,
): ReadonlyMap<string, number[]> {
  return new Map(
    [...weights].map(([name, values]) => {
      const lossAt = (i: number, change: number) => {
        const moved = Float64Array.from(values);
        moved[i] += change;
        return reference(new Map<string, ArrayLike<number>>(weights).set(name, moved)).crossEntropy;
      };
      return [name, Array.from(values, (_, i) => (lossAt(i, 1e-6) - lossAt(i, -1e-6)) / 2e-6)];
    }),
  );
}

for (const { name, skip, start, tensors } of contenders) {
  describe(`the perceptron on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    const weights = initializePerceptron(spec, 2);

    test("agrees with float64 on probabilities, losses and gradients", async () => {
      const model = buildPerceptron(engine, spec, weights);
      const expected = reference(weights);
      assert.ok(relativeError(await model.classify(matrix), expected.probabilities) < 1e-5);
      const { mse, huber, observed, parts } = await model.evaluate(batch);
      const found = [parts!["cross-entropy"], mse, huber];
      const losses = [expected.crossEntropy, expected.brier, expected.brier / 2];
      assert.ok(relativeError(found, losses, 0) < 1e-5);
      assert.equal(observed, 7);
      const gradients = await model.gradients(batch);
      for (const [name, expected] of numericGradients(weights)) {
        // An entry below a tenth of the largest is held to a tenth of it, as in the parity of ARO.
        assert.ok(relativeError(gradients.get(name)!, expected, 0.1) < 1e-5, name);
      }
      model.dispose();
    });

    test("adds the penalty's gradient, by rows, to the weights and not to the biases", async () => {
      const penalized = { ...spec, penalty: 3 };
      const model = buildPerceptron(engine, penalized, weights);
      await model.step(batch, { learningRate: 1e-3 });
      const after = await model.readWeights();
      for (const [name, gradient] of numericGradients(weights)) {
        const before = weights.get(name)!;
        const share = name.endsWith("weight") ? 3 / 7 : 0;
        // Adam's first step is `rate g / (|g| + epsilon)`.
        const expected = gradient.map((g, i) => {
          const whole = g + share * before[i];
          return before[i] - (1e-3 * whole) / (Math.abs(whole) + 1e-8);
        });
        assert.ok(relativeError(after.get(name)!, expected, 0.1) < 1e-5, name);
      }
      model.dispose();
    });

    test("learns its rows by heart, keeps its tensors, and frees them", async () => {
      const empty = await tensors();
      const model = buildPerceptron(engine, spec, weights);
      await model.step(batch, { learningRate: 0.02 });
      const held = await tensors();
      for (let i = 0; i < 200; i++) await model.step(batch, { learningRate: 0.02 });
      assert.equal(await tensors(), held);
      const { mse } = await model.evaluate(batch);
      assert.ok(mse < 0.05, `a Brier score of ${mse}`);
      const probabilities = await model.classify(matrix);
      for (const [i, label] of labels.entries()) {
        const row = probabilities.subarray(3 * i, 3 * i + 3);
        assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-12);
        assert.equal(row.indexOf(Math.max(...row)), label);
      }
      model.dispose();
      assert.equal(await tensors(), empty);
    });

    test("refuses labels and rows that do not fit", async () => {
      const model = buildPerceptron(engine, spec, weights);
      const refuse = (wrong: Partial<LabeledRows>, message: RegExp) =>
        assert.rejects(model.step({ ...batch, ...wrong }, { learningRate: 1e-3 }), {
          name: "RangeError",
          message,
        });
      await refuse({ labels: [0, 1] }, /a class in \[0, 3\) of each of 7 rows, got 2 labels/);
      await refuse({ labels: labels.with(2, 3) }, /got the label 3/);
      await refuse({ labels: labels.with(2, -1) }, /got the label -1/);
      await refuse({ labels: labels.with(2, 0.5) }, /got the label 0.5/);
      await refuse({ matrix: matrixFrom(7, 4, new Float32Array(28)) }, /5 columns, got 7 x 4/);
      await assert.rejects(
        model.classify({ ...matrix, values: matrix.values.with(9, Number.NaN) }),
        /classify: expected finite values, got NaN at row 1, column 4/,
      );
      model.dispose();
    });
  });
}

test("initial weights repeat with their seed, within Glorot's bounds", () => {
  const wide = { ...spec, inputs: 200, hidden: 50 };
  const weights = initializePerceptron(wide, 7);
  assert.deepEqual(initializePerceptron(wide, 7), weights);
  assert.notDeepEqual(initializePerceptron(wide, 8), weights);
  for (const [layer, inputs, outputs] of [
    ["hidden", 200, 50],
    ["output", 50, 3],
  ] as const) {
    const bound = Math.sqrt(6 / (inputs + outputs));
    const values = [...weights.get(`${layer}.weight`)!, ...weights.get(`${layer}.bias`)!];
    assert.equal(values.length, outputs * (inputs + 1));
    const largest = Math.max(...values.map(Math.abs));
    assert.ok(largest <= bound * (1 + 1e-6) && largest > 0.9 * bound, layer);
  }
});
