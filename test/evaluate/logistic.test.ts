// Logistic regression: scikit-learn's numbers, the conditions of an optimum, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { fitLogistic, predictLogistic } from "../../lib/evaluate/logistic.js";
import {
  confusionMatrix,
  confusionMetrics,
  rocAuc,
  rocAucOfClasses,
} from "../../lib/evaluate/metrics.js";
import { minimizeSmooth } from "../../lib/evaluate/minimize.js";
import { fitColumnScale, standardizePoints } from "../../lib/evaluate/points.js";
import { goldenCases } from "../golden.js";
import { pointsOf } from "./synthetic.js";

interface Golden {
  embeddings: number[][];
  labels: number[];
  standardised: number[][];
  coef: number[][];
  intercept: number[];
  probabilities: number[][];
  predictions: number[];
  confusion: number[][];
  accuracy: number;
  balanced_accuracy: number;
  macro_f1: number;
  binary: { labels: number[]; coef: number[][]; intercept: number[]; roc_auc: number };
}

const assertAllClose = (actual: ArrayLike<number>, expected: number[], tolerance: number) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i] - value) <= tolerance, `${actual[i]} vs ${value} at ${i}`);
  });
};

const mostProbable = (probabilities: Float64Array, classes: number) =>
  Array.from({ length: probabilities.length / classes }, (_, i) => {
    const row = Array.from(probabilities.subarray(i * classes, (i + 1) * classes));
    return row.indexOf(Math.max(...row));
  });

for (const { folder, data } of goldenCases<Golden>("classify")) {
  const points = pointsOf(data.embeddings);
  const classes = data.confusion.length;

  test(`standardization agrees with scikit-learn (${folder})`, () => {
    const { values } = standardizePoints(points, fitColumnScale(points));
    assertAllClose(values, data.standardised.flat(), 1e-9);
  });

  test(`multinomial fit, predictions and metrics agree with scikit-learn (${folder})`, () => {
    const model = fitLogistic(points, data.labels, classes);
    assert.ok(model.converged);
    assertAllClose(model.coefficients, data.coef.flat(), 1e-3);
    assertAllClose(model.intercepts, data.intercept, 1e-3);
    const probabilities = predictLogistic(model, points);
    assertAllClose(probabilities, data.probabilities.flat(), 1e-4);
    const predictions = mostProbable(probabilities, classes);
    assert.deepEqual(predictions, data.predictions);
    const confusion = confusionMatrix(data.labels, predictions, classes);
    assert.deepEqual(Array.from(confusion.counts), data.confusion.flat());
    const metrics = confusionMetrics(confusion);
    assertAllClose(
      [metrics.accuracy, metrics.balancedAccuracy, metrics.macroF1],
      [data.accuracy, data.balanced_accuracy, data.macro_f1],
      1e-14,
    );
  });

  test(`binary fit and ROC AUC agree with scikit-learn (${folder})`, () => {
    const { labels, coef, intercept, roc_auc: area } = data.binary;
    const model = fitLogistic(points, labels, 2);
    assertAllClose(model.coefficients, coef.flat(), 1e-3);
    assertAllClose(model.intercepts, intercept, 1e-3);
    const found = rocAucOfClasses(labels, predictLogistic(model, points), 2);
    assertAllClose([found!], [area], 1e-14);
  });
}

/** Samples of `classes` clouds that overlap, in a few of many columns. */
const makeTask = (rows: number, columns: number, classes: number) => {
  const random = createRandom(rows + columns);
  const labels = Array.from({ length: rows }, (_, i) => i % classes);
  const values = Float32Array.from({ length: rows * columns }, (_, at) => {
    const shift = at % columns === labels[Math.floor(at / columns)] ? 1.5 : 0;
    return 3 + 2 * random.normal() + shift;
  });
  return { points: { rows, columns, values }, labels };
};

for (const classes of [2, 4]) {
  test(`with 2,048 columns and 115 rows the gradient vanishes on the columns themselves (${classes} classes)`, () => {
    const { points, labels } = makeTask(115, 2048, classes);
    const began = process.cpuUsage();
    const model = fitLogistic(points, labels, classes);
    const { user, system } = process.cpuUsage(began); // not the clock: others may share the processor
    assert.ok(model.converged && user + system < 1e6, `took ${user + system} µs of a processor`);
    const scaled = standardizePoints(points, model.scale).values;
    const probabilities = predictLogistic(model, points);
    const outputs = classes === 2 ? [1] : [0, 1, 2, 3];
    outputs.forEach((k, output) => {
      const residuals = labels.map(
        (label, i) => probabilities[i * classes + k] - (label === k ? 1 : 0),
      );
      assert.ok(Math.abs(residuals.reduce((sum, value) => sum + value, 0)) < 1e-4);
      for (let j = 0; j < 2048; j++) {
        let gradient = model.coefficients[output * 2048 + j];
        for (let i = 0; i < 115; i++) gradient += residuals[i] * scaled[i * 2048 + j];
        assert.ok(Math.abs(gradient) < 1e-4, `gradient ${gradient} at column ${j}`);
      }
    });
  });
}

test("a rotation into the rows' span changes nothing: more columns than rows, and the same with zeros added", () => {
  const { points, labels } = makeTask(20, 18, 2);
  const padded = new Float32Array(20 * 24);
  for (let i = 0; i < 20; i++) padded.set(points.values.subarray(i * 18, (i + 1) * 18), i * 24);
  const direct = fitLogistic(points, labels, 2);
  const rotated = fitLogistic({ rows: 20, columns: 24, values: padded }, labels, 2);
  assertAllClose(rotated.coefficients.subarray(0, 18), Array.from(direct.coefficients), 1e-5);
  assertAllClose(rotated.coefficients.subarray(18), [0, 0, 0, 0, 0, 0], 1e-12);
  assertAllClose(rotated.intercepts, Array.from(direct.intercepts), 1e-5);
});

test("columns that do not vary leave the class shares", () => {
  const constant = { rows: 4, columns: 9, values: new Float32Array(36).fill(0.1) };
  const model = fitLogistic(constant, [0, 1, 1, 1], 2);
  assertAllClose(predictLogistic(model, constant).subarray(0, 2), [0.25, 0.75], 1e-6);
  assert.ok(model.coefficients.every((value) => value === 0));
});

test("minimizeSmooth finds the minimum of a bent valley", () => {
  const rosenbrock = ([x, y]: Float64Array, gradient: Float64Array) => {
    gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x);
    gradient[1] = 200 * (y - x * x);
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2;
  };
  const found = minimizeSmooth(rosenbrock, Float64Array.of(-1.2, 1), 1e-8);
  assert.ok(found.converged);
  assertAllClose(found.point, [1, 1], 1e-7);
  assert.throws(() => minimizeSmooth(() => Number.NaN, Float64Array.of(0), 1e-6), /finite value/);
});

test("rocAuc counts pairs, half for ties, and within strata only", () => {
  assert.equal(rocAuc([false, true, false, true], [0.1, 0.2, 0.3, 0.4]), 0.75);
  assert.equal(rocAuc([true, false, true], [1, 1, 1]), 0.5);
  assert.equal(rocAuc([true, true], [1, 2]), null);
  // Scores of the second stratum lie higher; across strata the pair (0.2 true, 0.8 false) would be lost.
  const truth = [false, true, false, true];
  assert.equal(rocAuc(truth, [0.1, 0.2, 0.8, 0.9]), 0.75);
  assert.equal(rocAuc(truth, [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]), 1);
  assert.equal(rocAuc([true, false], [1, 0], [0, 1]), null);
  assert.throws(() => rocAuc([true], [Number.NaN]), RangeError);
});

test("metrics leave out a class that does not occur", () => {
  // Class 2 is never true and never named; class 1 is never hit.
  const metrics = confusionMetrics(confusionMatrix([0, 0, 0, 1], [0, 0, 1, 0], 3));
  assert.deepEqual(
    [metrics.accuracy, metrics.balancedAccuracy, metrics.majorityRate],
    [0.5, 1 / 3, 0.75],
  );
  assert.ok(Math.abs(metrics.macroF1 - 1 / 3) < 1e-15); // F1 of 2/3 and of 0
  const threeWay = rocAucOfClasses([0, 1, 2], [0.6, 0.2, 0.2, 0.2, 0.6, 0.2, 0.2, 0.2, 0.6], 3);
  assert.equal(threeWay, 1);
  assert.throws(() => confusionMatrix([], [], 3), /expected samples, got none/);
});
