// Principal components: exact small cases, scikit-learn's numbers, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import { fitPca, reconstructPca, transformPca } from "../../lib/evaluate/pca.js";
import { goldenCases, relativeError } from "../golden.js";

interface Fit {
  n_components: number;
  explained_variance: number[];
  explained_variance_ratio: number[];
  mean: number[];
  scores_abs: number[][];
  reconstructed_train: number[][];
  reconstructed_new: number[][];
}

interface Golden {
  train: number[][];
  new: number[][];
  fits: Fit[];
}

const rowsOf = (table: number[][]): Rows => ({
  rows: table.length,
  columns: table[0].length,
  values: Float64Array.from(table.flat()),
});

for (const { folder, data } of goldenCases<Golden>("pca")) {
  for (const fit of data.fits) {
    test(`fitPca agrees with scikit-learn at ${fit.n_components} components (${folder})`, () => {
      const train = rowsOf(data.train);
      const pca = fitPca(train, fit.n_components);
      const rank = Math.min(fit.n_components, train.rows - 1);
      assert.equal(pca.count, rank);
      assert.ok(relativeError(pca.mean, fit.mean) < 1e-5);
      assert.ok(relativeError(pca.explainedVariance, fit.explained_variance.slice(0, rank)) < 1e-5);
      const ratio = fit.explained_variance_ratio.slice(0, rank);
      assert.ok(relativeError(pca.explainedVarianceRatio, ratio) < 1e-5);
      const expected = fit.scores_abs.flatMap((row) => row.slice(0, rank));
      assert.ok(relativeError(pca.scores.map(Math.abs), expected) < 1e-5);
      for (const rows of [train, { ...train }]) {
        // Copied for the rows that were fitted, projected for their equals.
        assert.ok(relativeError(transformPca(pca, rows).map(Math.abs), expected) < 1e-5);
      }
      const back = reconstructPca(pca, transformPca(pca, train));
      assert.ok(relativeError(back, fit.reconstructed_train.flat()) < 1e-5);
    });

    test(`reconstructPca agrees with scikit-learn on new rows at ${fit.n_components} components (${folder})`, () => {
      const pca = fitPca(rowsOf(data.train), fit.n_components);
      const got = reconstructPca(pca, transformPca(pca, rowsOf(data.new)));
      const expected = fit.reconstructed_new.flat();
      if (pca.count === fit.n_components) {
        assert.ok(relativeError(got, expected) < 1e-5);
        return;
      }
      // Beyond the rank scikit-learn adds one arbitrary direction: the difference must be that one direction,
      // at right angles to every component, and nothing else.
      const difference: Rows = {
        rows: data.new.length,
        columns: pca.mean.length,
        values: Float64Array.from(expected, (value, i) => value - got[i]),
      };
      const extra = fitPca(
        rowsOf([...data.new.map((_, i) => row(difference, i)), ...data.new.map(() => zeros(pca))]),
      );
      assert.ok(extra.explainedVarianceRatio[0] > 1 - 1e-9);
      const along = transformPca({ ...pca, mean: Float64Array.from(zeros(pca)) }, difference);
      assert.ok(along.every((value) => Math.abs(value) < 1e-9));
    });
  }
}

test("fitPca of two rows finds the line through them", () => {
  const rows = rowsOf([
    [1, 2, 5],
    [4, 6, 5],
  ]);
  const pca = fitPca(rows);
  assert.equal(pca.count, 1);
  assert.deepEqual([...pca.mean], [2.5, 4, 5]);
  assert.ok(relativeError(pca.explainedVariance, [12.5]) < 1e-12);
  assert.ok(relativeError(pca.scores, [2.5, -2.5]) < 1e-12);
  assert.ok(relativeError(pca.components.values, [-0.6, -0.8, 0]) < 1e-6);
  const back = reconstructPca(pca, transformPca(pca, rowsOf([[5.5, 8, 9]])));
  assert.ok(relativeError(back, [5.5, 8, 5]) < 1e-6);
});

test("fitPca clips the components to the rank", () => {
  const line = rowsOf([[0, 0], [1, 2], [2, 4], [3, 6]]); // biome-ignore format: a table
  assert.equal(fitPca(line, 4).count, 1);
});

test("fitPca keeps components orthonormal when features are fewer than samples", () => {
  const random = createRandom(1, "tall");
  const rows = matrixFrom(30, 4, Float64Array.from({ length: 120 }, random.normal));
  const { components, count, explainedVarianceRatio } = fitPca(rows);
  assert.equal(count, 4);
  assert.ok(Math.abs(explainedVarianceRatio.reduce((a, b) => a + b, 0) - 1) < 1e-12);
  for (let a = 0; a < 4; a++) {
    for (let b = 0; b < 4; b++) {
      let product = 0;
      for (let j = 0; j < 4; j++) {
        product += components.values[a * 4 + j] * components.values[b * 4 + j];
      }
      assert.ok(Math.abs(product - (a === b ? 1 : 0)) < 1e-6);
    }
  }
});

test("fitPca reads a filled value even where its mask says that it was not measured", () => {
  const measured = matrixFrom(2, 2, [1, 2, 3, 5]);
  const filled = { ...measured, observed: new Uint8Array(4) };
  assert.deepEqual(fitPca(filled).scores, fitPca(measured).scores);
});

test("fitPca refuses one row, equal rows, a count that is no count, and a value that is no number", () => {
  assert.throws(() => fitPca(rowsOf([[1, 2]])), /at least 2 rows, got 1/);
  assert.throws(() => fitPca(rowsOf([[1, 2], [1, 2]])), /rows that differ/); // biome-ignore format: short
  const good = rowsOf([[1, 2], [3, 4]]); // biome-ignore format: short
  for (const count of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => fitPca(good, count), /positive whole number/);
  }
  good.values[1] = Number.NaN;
  assert.throws(() => fitPca(good), /finite numbers, got NaN/);
});

test("transformPca gives a copy of the fitted rows' scores, equal to what it computes for a copy of the rows", () => {
  const rows = rowsOf([[1, 2, 5], [4, 6, 5], [0, 1, 3]]); // biome-ignore format: a table
  const pca = fitPca(rows);
  const projected = transformPca(pca, { ...rows });
  transformPca(pca, rows).fill(7);
  assert.ok(relativeError(transformPca(pca, rows), projected) < 1e-12);
});

test("transformPca refuses rows with other columns", () => {
  const pca = fitPca(rowsOf([[1, 2], [3, 4]])); // biome-ignore format: short
  assert.throws(() => transformPca(pca, rowsOf([[1, 2, 3]])), /columns/);
});

test("fitPca of 80 x 71,094 takes less than five seconds of a processor", () => {
  const rows = { rows: 80, columns: 71_094, values: new Float32Array(80 * 71_094) };
  const random = createRandom(2, "speed");
  for (let i = 0; i < rows.values.length; i++) rows.values[i] = random.uniform();
  const began = process.cpuUsage();
  assert.equal(fitPca(rows).count, 79);
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  console.log(`# ${seconds.toFixed(2)} s`);
  assert.ok(seconds < 5);
});

function row({ columns, values }: Rows, i: number): number[] {
  return [...values.subarray(i * columns, (i + 1) * columns)];
}

function zeros({ mean }: { mean: Float64Array }): number[] {
  return new Array(mean.length).fill(0);
}
