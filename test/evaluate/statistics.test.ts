// Correlation, intervals and permutation p-values: scipy's numbers, exact small cases, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  pearson,
  quantile,
  studentQuantile,
  wilsonInterval,
} from "../../lib/evaluate/statistics.js";
import { goldenCases } from "../golden.js";

interface Golden {
  a: number[];
  b: number[];
  pearson: number;
  wilson95: { k: number; n: number; ci: [number, number] }[];
}

const assertClose = (actual: number | null, expected: number, tolerance: number) =>
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= tolerance,
    `expected ${expected} within ${tolerance}, got ${actual}`,
  );

for (const { folder, data } of goldenCases<Golden>("statistics")) {
  test(`Pearson correlations and Wilson intervals agree with scipy (${folder})`, () => {
    assertClose(pearson(data.a, data.b), data.pearson, 1e-6);
    assert.ok(data.wilson95.length > 0);
    for (const { k, n, ci } of data.wilson95) {
      const { low, high } = wilsonInterval(k, n);
      assertClose(low, ci[0], 1e-6);
      assertClose(high, ci[1], 1e-6);
    }
  });
}

test("pearson is 1 for a line, and null where one side is constant", () => {
  assertClose(pearson([1, 2, 3], [10, 20, 30]), 1, 1e-15);
  assert.equal(pearson([1, 2, 3], [5, 5, 5]), null);
  assert.equal(pearson([0.1, 0.1, 0.1], [1, 2, 3]), null);
  assert.equal(pearson([1, 1 + 1e-200, 1], [1, 2, 3]), null);
});

test("pearson keeps its digits beside a large offset", () => {
  const x = [1, 2, 4, 8];
  const y = [1, 3, 2, 5];
  const shifted = x.map((value) => value + 1e8);
  assertClose(pearson(shifted, y), pearson(x, y)!, 1e-7);
});

test("pearson refuses what has none: other lengths, one pair, NaN", () => {
  assert.throws(() => pearson([1, 2], [1]), RangeError);
  assert.throws(() => pearson([1], [1]), /at least 2/);
  assert.throws(() => pearson([1, Number.NaN], [1, 2]), /got NaN at 1/);
});

test("wilsonInterval stays within [0, 1], narrows with trials and widens with the level", () => {
  assert.equal(wilsonInterval(0, 5).low, 0);
  assert.equal(wilsonInterval(5, 5).high, 1);
  const width = ({ low, high }: { low: number; high: number }) => high - low;
  assert.ok(width(wilsonInterval(50, 100)) < width(wilsonInterval(5, 10)));
  assert.ok(width(wilsonInterval(5, 10, 0.99)) > width(wilsonInterval(5, 10, 0.9)));
  assert.throws(() => wilsonInterval(6, 5), /got 6 of 5/);
  assert.throws(() => wilsonInterval(0, 0), RangeError);
  assert.throws(() => wilsonInterval(1, 2, 1), /level/);
});

test("quantile interpolates linearly, whatever the order", () => {
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile(Float32Array.of(3, 1), 0.25), 1.5);
  assert.equal(quantile([7], 1), 7);
  assert.throws(() => quantile([], 0.5), RangeError);
  assert.throws(() => quantile([1], 1.1), RangeError);
  assert.throws(() => quantile([1, Number.NaN], 0.5), RangeError);
});

test("studentQuantile agrees with scipy.stats.t.ppf inside and beyond its table", () => {
  assert.equal(studentQuantile(1), 12.7062);
  assert.equal(studentQuantile(7), 2.36462);
  assert.ok(Math.abs(studentQuantile(31) - 2.039513446396) < 2e-6);
  assert.ok(Math.abs(studentQuantile(113) - 1.981180359414) < 2e-6);
  assert.throws(() => studentQuantile(0), /got 0/);
});
