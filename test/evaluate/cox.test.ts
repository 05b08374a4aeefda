// Cox regression agrees with statsmodels, with and without a penalty, and concordance with lifelines.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import {
  type CoxOptions,
  countConcordance,
  coxLogLikelihood,
  fitCox,
  predictCox,
} from "../../lib/evaluate/cox.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  readonly cox: {
    readonly x: readonly (readonly number[])[];
    readonly time: readonly number[];
    readonly died: readonly boolean[];
    readonly fits: readonly {
      readonly ties: "efron" | "breslow";
      readonly ridge: number;
      readonly coefficients: readonly number[];
      readonly standardErrors: readonly number[];
      readonly logLikelihood: number;
    }[];
  };
  readonly concordance: {
    readonly time: readonly number[];
    readonly risk: readonly number[];
    readonly index: number;
  };
}

const rowsOf = (x: readonly (readonly number[])[]): Rows => ({
  ...{ rows: x.length, columns: x[0].length, values: Float64Array.from(x.flat()) },
});

for (const { data } of goldenCases<Golden>("reading")) {
  const { x, time, died, fits } = data.cox;
  const points = rowsOf(x);

  for (const expected of fits) {
    const { ties, ridge } = expected;
    test(`agrees with statsmodels and the definition: ${ties}, ridge ${ridge}`, () => {
      const found = fitCox(points, { time, died }, { ties, ridge });
      for (const key of ["coefficients", "standardErrors"] as const) {
        const error = relativeError(found[key], expected[key]);
        assert.ok(error < 1e-5, `${key}: ${error.toExponential(1)}`);
      }
      const { logLikelihood } = expected;
      assert.ok(Math.abs(found.logLikelihood / logLikelihood - 1) < 1e-8);
      const again = coxLogLikelihood(points, { time, died }, found.coefficients, ties);
      assert.ok(Math.abs(again - found.logLikelihood) < 1e-10);
    });
  }

  test("concordance is that of lifelines where no two deaths coincide", () => {
    const { time: distinct, risk, index } = data.concordance;
    const { pairs, concordant } = countConcordance({ time: distinct, died }, risk);
    assert.ok(Math.abs(concordant / pairs - index) < 1e-12);
    const none = countConcordance({ time: distinct, died }, risk, new Float64Array(time.length));
    assert.deepEqual(none, { pairs: 0, concordant: 0 });
    const twice = countConcordance(
      { time: distinct, died },
      risk,
      risk.map(() => 2),
    );
    assert.deepEqual(twice, { pairs: 4 * pairs, concordant: 4 * concordant });
  });
}

test("one sample outlived by another: the likelihood is theirs, by hand", () => {
  const two = rowsOf([[1], [0]]);
  const survival = { time: [1, 2], died: [true, false] };
  const expected = -Math.log(1 + Math.exp(-0.3)); // e^0.3 / (e^0.3 + 1)
  assert.ok(Math.abs(coxLogLikelihood(two, survival, Float64Array.of(0.3)) - expected) < 1e-12);
  assert.deepEqual([...predictCox({ coefficients: Float64Array.of(2) }, two)], [2, 0]);
  assert.throws(() => predictCox({ coefficients: Float64Array.of(2, 1) }, two), /2 columns, got 1/);
});

test("a death and a censoring at the same time are comparable, two deaths are not", () => {
  const count = (died: boolean[]) => countConcordance({ time: [5, 5], died }, [1, 0]);
  assert.deepEqual(count([true, false]), { pairs: 1, concordant: 1 });
  assert.deepEqual(count([false, true]), { pairs: 1, concordant: 0 });
  assert.deepEqual(count([true, true]), { pairs: 0, concordant: 0 });
});

test("what cannot be fitted is refused with the remedy", () => {
  const points = rowsOf([
    [1, 0],
    [0, 0],
    [2, 0],
    [1.5, 0],
  ]);
  const survival = { time: [1, 2, 3, 4], died: [true, true, true, false] };
  const refuse = (message: RegExp, changed: object, options: CoxOptions = { ridge: 1 }) =>
    assert.throws(() => fitCox(points, { ...survival, ...changed }, options), message);
  refuse(/got column 1 without information; give a ridge, or leave it out/, {}, {});
  refuse(/positive times, got 0 at row 1/, { time: [1, 0, 3, 4] });
  refuse(/positive times, got NaN at row 0/, { time: [Number.NaN, 1, 3, 4] });
  refuse(/at least one death, got none/, { died: [false, false, false, false] });
  refuse(/a state for each of 4 rows, got 4 and 3/, { died: [true, false, true] });
  refuse(/ridge of at least 0, got -1/, {}, { ridge: -1 });
  const separating = rowsOf([[3], [2], [1], [0]]);
  assert.throws(
    () => fitCox(separating, survival),
    /separate the dead from all others|without information/,
  );
  assert.ok(fitCox(separating, survival, { ridge: 0.1 }).coefficients[0] > 0);
});
