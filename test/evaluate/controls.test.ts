// The linear controls: exact small cases, what they may see, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { joinCohort } from "../../lib/cohort/cohort.js";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { findPartners, fitCis } from "../../lib/evaluate/cis.js";
import { fitConditionalPca, pcaPredictor } from "../../lib/evaluate/conditional-pca.js";
import { fitClassMean, fitControls } from "../../lib/evaluate/controls.js";
import { fitNeighbors } from "../../lib/evaluate/neighbors.js";
import {
  bestTrial,
  constantPredictor,
  meanSquaredErrorOf,
  trainingMean,
  trainingMedian,
} from "../../lib/evaluate/predictor.js";
import { scorePredictors } from "../../lib/evaluate/reconstruction.js";
import { fitRidge } from "../../lib/evaluate/ridge.js";
import { fitRidgeWithCis } from "../../lib/evaluate/ridge-cis.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import { relativeError } from "../golden.js";
import { preparedFrom, syntheticCohort } from "./synthetic.js";

const { cohort, prepared } = syntheticCohort();

const byHand = preparedFrom(
  [
    [0, 1],
    [2, 5],
    [4, 6],
  ],
  [[3, 5.5]],
  1,
);

test("trainingMean and trainingMedian are of the filled training rows", () => {
  assert.deepEqual([...trainingMean(byHand)], [2, 4]);
  assert.deepEqual([...trainingMedian(byHand)], [2, 5]);
  const predictor = constantPredictor("mean", trainingMean(byHand));
  assert.deepEqual([...(predictor.predict(byHand.test) as Float32Array)], [2, 4]);
});

test("fitRidge gives the ridge solution of one input by hand", async () => {
  const ridge = fitRidge(byHand, { lambdas: [2] });
  // slope = sum(dx dy) / (sum(dx^2) + lambda) = 10 / (8 + 2); the input itself is 8 / 10 of its deviation
  assert.ok(relativeError(await ridge.predict(byHand.test), [2 + 0.8, 4 + 1]) < 1e-6);
  assert.equal(ridge.setting, 2);
});

test("fitRidge chooses lambda by the validation rows and clamps at 0", async () => {
  const ridge = fitRidge(byHand, { lambdas: [0.1, 2, 1000] });
  assert.equal(ridge.setting, 0.1); // 4 + 10 / 8.1 is nearest to 5.5
  const low = preparedFrom([[0, 0], [2, 4], [4, 8]], [[-50, 0]], 1); // biome-ignore format: a table
  const predicted = await fitRidge(low, { lambdas: [1] }).predict(low.test);
  assert.deepEqual([...predicted], [0, 0]);
});

test("fitCis gives the slope on the own gene's RNA by hand, and the mean without a partner", async () => {
  const two = preparedFrom(
    [
      [0, 7, 1, 3],
      [2, 7, 5, 4],
      [4, 7, 6, 5],
    ],
    [[3, 7, 5.5, 4]],
    2,
  );
  const lone = { ...two, features: ["G0", "G1", "G0", "alone"] };
  assert.deepEqual([...findPartners(two)], [-1, -1, 0, 1]);
  assert.deepEqual([...findPartners(lone)], [-1, -1, 0, -1]);
  const exact = await fitCis(lone, { shrinkages: [0] }).predict(lone.test);
  assert.ok(relativeError(exact, [2, 7, 4 + 10 / 8, 4]) < 1e-6);
  // One prior row counts the variance of the input, 8 / 3.
  const shrunken = await fitCis(lone, { shrinkages: [3] }).predict(lone.test);
  assert.ok(relativeError(shrunken, [2, 7, 4 + 10 / 16, 4]) < 1e-6);
});

test("a constant partner, or a feature never observed in training, gets the training mean", async () => {
  const train = [
    [5, 1, 1, Number.NaN],
    [5, 2, 2, Number.NaN],
    [5, 3, 4, Number.NaN],
  ];
  const odd = preparedFrom(train, [[9, 9, 1, 1]], 2);
  for (const shrinkages of [[0], [3]]) {
    for (const offset of [false, true]) {
      const got = await fitCis(odd, { shrinkages, offset }).predict(odd.test);
      assert.ok(relativeError(got.slice(2), [7 / 3, 0]) < 1e-6);
    }
  }
});

test("the offset moves a prediction to the mean of what was observed", async () => {
  const table = [
    [1, 4],
    [2, 4],
    [3, 4],
    [4, Number.NaN],
  ];
  const filled = preparedFrom(table, [[2, 4]], 1);
  filled.train.matrix.values[7] = 0; // a fill far from what was observed
  const without = await fitCis(filled, { shrinkages: [0] }).predict(filled.test);
  const offset = await fitCis(filled, { shrinkages: [0], offset: true }).predict(filled.test);
  assert.equal(without[1], 3);
  assert.equal(offset[1], 3.75); // three observed rows against one prior row
});

test("predictors that see RNA give the same whatever stands in the other columns", async () => {
  const changed = {
    ...prepared.test,
    matrix: { ...prepared.test.matrix, values: prepared.test.matrix.values.slice() },
  };
  const { rows, columns } = changed.matrix;
  const { end } = prepared.modalities[0];
  for (let i = 0; i < rows; i++)
    changed.matrix.values.fill(3, i * columns + end, (i + 1) * columns);
  const predictors = [
    ...fitControls(prepared),
    ...[fitRidge, fitCis, fitRidgeWithCis, fitNeighbors].map((fit) => fit(prepared)),
  ];
  for (const predictor of predictors) {
    const a = await predictor.predict(prepared.test);
    const b = await predictor.predict(changed);
    const same = a.every((value, i) => value === b[i]);
    assert.equal(same, predictor.sees !== "all", predictor.name);
    assert.equal(a.length, rows * columns);
    assert.ok(a.every(Number.isFinite), predictor.name);
  }
});

test("controls stand in the order that the data were made for", async () => {
  const rows = await scorePredictors(fitControls(prepared), prepared, {
    draws: 20,
    parts: ["test"],
  });
  const mse = new Map(
    rows
      .filter(({ modality }) => modality === "protein")
      .map(({ predictor, mse }) => [predictor, mse!]),
  );
  const at = (name: string) => mse.get(name)!;
  assert.ok(at("training mean") < at("zero"));
  assert.ok(at("cis regression") < at("training mean"));
  assert.ok(at("dual ridge") < at("training mean"));
  assert.ok(at("ridge + cis of its residual") < at("dual ridge"));
  assert.ok(at("ridge + cis of its residual") < at("cis regression"));
  assert.ok(at("PCA, conditioned on RNA") < at("training mean"));
});

test("pcaPredictor with as many components as rows gives training rows back", async () => {
  const got = await pcaPredictor(prepared).predict(prepared.train);
  const worst = got.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - prepared.train.matrix.values[i])),
    0,
  );
  assert.ok(worst < 1e-5);
});

test("fitConditionalPca gives the conditional mean of the Gaussian that probabilistic PCA describes", async () => {
  // One component along (1, 1) / sqrt(2) with variance 4 and noise 1, of which the first column is seen:
  // covariance of the columns (l^2 + noise, l^2) with l^2 = (4 - 1) / 2, so E[x2 | x1] = 1.5 / 2.5 x1.
  const pair = preparedFrom([[4, 4], [2, 2]], [[5, 0]], 1); // biome-ignore format: a table
  const predicted = await fitConditionalPca(pair, { counts: [1], noises: [1 / 4] }).predict(
    pair.test,
  );
  assert.ok(Math.abs(predicted[1] - 3 - (1.5 / 2.5) * 2) < 1e-6);
  const loud = await fitConditionalPca(pair, { counts: [1], noises: [2] }).predict(pair.test);
  assert.deepEqual([...loud], [3, 3]);
});

test("fitNeighbors gives the mean of the nearest training rows", async () => {
  const one = await fitNeighbors(byHand, [1]).predict(byHand.test);
  const two = await fitNeighbors(byHand, [2]).predict(byHand.test);
  assert.deepEqual([...one], [2, 5]); // 2 and 4 are equally near: the first row wins
  assert.deepEqual([...two], [3, 5.5]);
});

test("ridge + cis regresses what ridges leave on rows that they did not see", async () => {
  const x = [0, 2, 4, 5, 7];
  const y = [1, 5, 6, 9, 10];
  const lambda = 2;
  const small = preparedFrom(
    x.map((value, i) => [value, y[i]]),
    [[3, 5.5]],
    1,
  );
  const average = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const line = (xs: number[], ys: number[], prior: number) => {
    const [mx, my] = [average(xs), average(ys)];
    const products = xs.reduce((sum, v, i) => sum + (v - mx) * (ys[i] - my), 0);
    const squares = xs.reduce((sum, v) => sum + (v - mx) ** 2, 0);
    return { mx, my, slope: products / (squares + prior) };
  };
  // With as many rows as folds, five, each fold leaves one out, in whatever order they are dealt.
  const residuals = x.map((left, i) => {
    const others = line(x.toSpliced(i, 1), y.toSpliced(i, 1), lambda);
    return y[i] - (others.my + others.slope * (left - others.mx));
  });
  const ridge = line(x, y, lambda);
  const rest = line(x, residuals, 0);
  const expected = ridge.my + ridge.slope * (3 - ridge.mx) + rest.slope * (3 - rest.mx);
  const options = { lambdas: [lambda], shrinkages: [0] };
  const got = await fitRidgeWithCis(small, options).predict(small.test);
  assert.ok(relativeError(got.slice(1), [expected]) < 1e-6);
  const offset = await fitRidgeWithCis(small, { ...options, offset: true }).predict(small.test);
  assert.ok(relativeError(offset.slice(1), [expected + (rest.my * 5) / 6]) < 1e-6);
});

test("ridge + cis learns from folds that part no patient", () => {
  const patients = prepared.train.ids.map(() => "everybody");
  const one = { ...prepared, train: { ...prepared.train, patients } };
  assert.throws(() => fitRidgeWithCis(one), RangeError);
  assert.throws(() => fitControls(one), /fitControls: expected .* at least 5 patients, got 1/);
});

test("a control reads z-scores or the clamped input, and rows of other columns are refused", async () => {
  const { end } = prepared.modalities[0];
  const { rows, columns, values } = prepared.test.matrix;
  const clamped = prepared.test.zScores.values.slice();
  for (let i = 0; i < rows; i++) {
    for (let j = i * columns; j < i * columns + end; j++) clamped[j] = Math.max(0, clamped[j]);
  }
  const changed = { ...prepared.test, zScores: { ...prepared.test.zScores, values: clamped } };
  const byZ = fitRidge(prepared, { lambdas: [1] });
  const byPaper = fitRidge(prepared, { lambdas: [1], input: "paper" });
  assert.notDeepEqual(await byZ.predict(prepared.test), await byZ.predict(changed));
  assert.deepEqual(await byPaper.predict(prepared.test), await byPaper.predict(changed));
  assert.ok(values.every((value) => value >= 0));
  const narrow = { ...prepared.test, matrix: matrixFrom(1, 1, [1]) };
  assert.throws(() => byZ.predict(narrow), /72 columns, got 1/);
});

test("in the space of z-scores nothing is clamped, and the paper's input is refused", async () => {
  const split = splitSamples(cohort.samples, { seed: 42 });
  const inZ = prepareCohort(cohort, split, { space: "z" });
  assert.deepEqual(inZ.test.matrix, prepared.test.zScores);
  for (const predictor of fitControls(inZ)) {
    const predicted = await predictor.predict(inZ.test);
    assert.equal(
      predicted.some((value) => value < 0),
      predictor.name !== "zero",
      predictor.name,
    );
  }
  assert.throws(() => fitRidge(inZ, { input: "paper" }), /prepared in the paper's space/);
});

test("a setting at the edge of its grid is noted, and cis says how many features found their gene", () => {
  assert.deepEqual(fitRidge(byHand, { lambdas: [0.1, 2, 1000] }).notes, [
    "lambda 0.1 is the smallest tried",
  ]);
  assert.deepEqual(fitRidge(byHand, { lambdas: [2] }).notes, []);
  assert.equal(fitCis(prepared).notes?.[0], "30 of 32 features found their gene");
  assert.equal(fitRidgeWithCis(prepared).notes?.[0], "30 of 32 features found their gene");
});

test("fitControls fits the named controls alone, in the table's order", () => {
  const names = fitControls(prepared, { only: ["PLS", "zero"] }).map(({ name }) => name);
  assert.deepEqual(names, ["zero", "PLS"]);
  assert.throws(() => fitControls(prepared, { only: ["PSL"] }), /got "PSL"; did you mean "PLS"/);
});

test("the class mean is over observed entries, and the overall mean stands in for an unknown class", async () => {
  const table = [
    [1, 4],
    [2, 8],
    [3, Number.NaN],
    [4, Number.NaN],
  ];
  const rows = preparedFrom(table, [[0, 0], [0, 0], [0, 0]], 1); // biome-ignore format: a table
  const labelOf = new Map([
    ...["train0", "train1", "test0"].map((id) => [id, "a"] as const),
    ...["train2", "train3", "test1"].map((id) => [id, "b"] as const),
  ]);
  const predicted = await fitClassMean(rows, labelOf).predict(rows.test);
  assert.deepEqual([...predicted], [1.5, 6, 3.5, 6, 2.5, 6]);
});

test("nothing observed in the validation rows leaves nothing to choose by", () => {
  const { matrix } = prepared.validation;
  const blind = {
    ...prepared,
    validation: {
      ...prepared.validation,
      matrix: { ...matrix, observed: new Uint8Array(matrix.observed.length) },
    },
  };
  assert.throws(() => fitRidge(blind), /finite validation error of lambda/);
  assert.doesNotThrow(() => fitRidge(blind, { lambdas: [10] }));
  assert.throws(() => bestTrial("this", []), /finite validation error/);
  assert.ok(Number.isNaN(meanSquaredErrorOf(blind.validation, [], { start: 0, end: 0 })));
});

test("a cohort of one modality has ridge infer it from itself and cis fall back to the mean", async () => {
  const random = createRandom(8, "single");
  const samples = Array.from({ length: 20 }, (_, i) => ({
    id: `S${i}`,
    patient: `S${i}`,
    labels: {},
  }));
  const table = {
    name: "RNA",
    samples: samples.map(({ id }) => id),
    features: ["a", "b", "c"],
    matrix: matrixFrom(20, 3, Float64Array.from({ length: 60 }, random.normal)),
  };
  const single = joinCohort({ name: "single", tables: [table], samples });
  const ready = prepareCohort(single, splitSamples(samples));
  const mean = await constantPredictor("mean", trainingMean(ready)).predict(ready.test);
  assert.deepEqual(await fitCis(ready).predict(ready.test), mean);
  assert.notDeepEqual(await fitRidge(ready, { lambdas: [1] }).predict(ready.test), mean);
});
