// Canonical correlations against NumPy's, and what they say of a simulation's factors.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import { fitCanonical, recoverFactors } from "../../lib/evaluate/canonical.js";
import { goldenCases } from "../golden.js";
import { pointsOf } from "./synthetic.js";

type Table = readonly (readonly number[])[];

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, within: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const gap = Math.abs(actual[i] - expected[i]);
    assert.ok(gap <= within, `${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

const normals = (rows: number, columns: number, stream: string): Rows => {
  const random = createRandom(1, stream);
  const values = Float64Array.from({ length: rows * columns }, () => random.normal());
  return { rows, columns, values };
};

for (const { data } of goldenCases<{ cases: readonly Record<string, Table>[] }>("canonical")) {
  data.cases.forEach(({ left, right, newLeft, newRight, correlations, fresh }, i) => {
    test(`fitCanonical finds NumPy's correlations and directions, case ${i + 1}`, () => {
      const found = fitCanonical(pointsOf(left), pointsOf(right));
      assertClose(found.correlations, correlations as unknown as number[], 1e-6);
      const measured = found.correlate(pointsOf(newLeft), pointsOf(newRight));
      assertClose(measured, fresh as unknown as number[], 1e-6);
    });
  });
}

test("fitCanonical does not depend on the axes of either side", () => {
  const [x, y] = [normals(40, 3, "x"), normals(40, 4, "y")];
  for (let i = 0; i < 40; i++) y.values[i * 4] += 2 * x.values[i * 3 + 1];
  const turned = {
    ...x,
    values: x.values.map((value, at) => 5 - 3 * value + (at % 3 === 0 ? x.values[at + 1] : 0)),
  };
  const { correlations } = fitCanonical(x, y);
  assertClose(fitCanonical(turned, y).correlations, correlations, 1e-9);
  assertClose(fitCanonical(y, x).correlations, correlations, 1e-9);
});

test("fitCanonical counts a repeated column once", () => {
  const x = normals(30, 2, "x");
  const twice = { rows: 30, columns: 4, values: new Float64Array(120) };
  for (let at = 0; at < 120; at++) {
    twice.values[at] = x.values[Math.floor(at / 4) * 2 + (at % 2)];
  }
  assertClose(fitCanonical(x, twice).correlations, [1, 1], 1e-9);
});

test("fitCanonical refuses so many directions that a perfect correlation is certain", () => {
  const x = normals(20, 8, "x");
  assert.doesNotThrow(() => fitCanonical(x, normals(20, 11, "y")));
  assert.throws(() => fitCanonical(x, normals(20, 12, "y")), {
    name: "RangeError",
    message: /expected at least 21 samples for 8 and 12 directions, got 20; keep fewer/,
  });
});

test("fitCanonical refuses tables of other samples, and one that does not vary", () => {
  assert.throws(() => fitCanonical(normals(20, 2, "x"), normals(19, 2, "y")), /got 20 and 19 rows/);
  const constant = { rows: 20, columns: 2, values: new Float64Array(40).fill(1) };
  assert.throws(() => fitCanonical(normals(20, 2, "x"), constant), /rows that differ/);
});

const { truth, cohort } = simulateCohort({ seed: 42 });
const train = cohort.samples.flatMap((_, row) => (row % 3 > 0 ? [row] : []));
const held = cohort.samples.flatMap((_, row) => (row % 3 > 0 ? [] : [row]));

test("recoverFactors finds all factors in the measurements, and none in noise", () => {
  const { factors, complete } = truth;
  const values = complete.values.map((value) => Math.log(Math.max(value, 0.01)));
  const found = recoverFactors({ factors, points: { ...complete, values }, train, test: held });
  assert.ok(Math.min(...found.test) > 0.8, `${found.test}`);
  const noise = normals(factors.rows, 200, "noise");
  const none = recoverFactors({ factors, points: noise, train, test: held });
  assert.ok(Math.max(...none.test) < 0.5, `${none.test}`);
  assert.ok(none.train[0] > none.test[0] + 0.1, "the training rows flatter");
});

test("recoverFactors fits nothing to the rows that it measures", () => {
  const { factors, complete } = truth;
  const changed = { ...complete, values: complete.values.slice() };
  for (const row of held) changed.values[row * complete.columns] *= 3;
  const found = [complete, changed].map((points) =>
    recoverFactors({ factors, points, train, test: held }),
  );
  assert.deepEqual(found[0].train, found[1].train);
});
