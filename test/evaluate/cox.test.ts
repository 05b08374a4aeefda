// Cox regression agrees with statsmodels, with and without a penalty, and concordance with lifelines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countConcordance, coxLogLikelihood, fitCox } from "../../lib/evaluate/cox.js";
import { goldenCases, relativeError } from "../golden.js";
import { pointsOf } from "./synthetic.js";

interface Golden {
  readonly cox: {
    readonly x: readonly (readonly number[])[];
    readonly time: readonly number[];
    readonly died: readonly boolean[];
    readonly fits: readonly {
      readonly ridge: number;
      readonly coefficients: readonly number[];
      readonly logLikelihood: number;
    }[];
  };
  readonly concordance: {
    readonly time: readonly number[];
    readonly risk: readonly number[];
    readonly index: number;
  };
}

for (const { data } of goldenCases<Golden>("reading")) {
  const { x, time, died, fits } = data.cox;
  const points = pointsOf(x);

  for (const { ridge, coefficients, logLikelihood } of fits) {
    test(`agrees with statsmodels and the definition: ridge ${ridge}`, () => {
      const found = fitCox(points, { time, died }, ridge);
      assert.ok(relativeError(found, coefficients) < 1e-5);
      const own = coxLogLikelihood(points, { time, died }, found);
      assert.ok(Math.abs(own / logLikelihood - 1) < 1e-8);
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
  const two = pointsOf([[1], [0]]);
  const survival = { time: [1, 2], died: [true, false] };
  const expected = -Math.log(1 + Math.exp(-0.3)); // e^0.3 / (e^0.3 + 1)
  assert.ok(Math.abs(coxLogLikelihood(two, survival, Float64Array.of(0.3)) - expected) < 1e-12);
});

test("a death and a censoring at the same time are comparable, two deaths are not", () => {
  const count = (died: boolean[]) => countConcordance({ time: [5, 5], died }, [1, 0]);
  assert.deepEqual(count([true, false]), { pairs: 1, concordant: 1 });
  assert.deepEqual(count([false, true]), { pairs: 1, concordant: 0 });
  assert.deepEqual(count([true, true]), { pairs: 0, concordant: 0 });
});

test("a column that separates deaths from survivors is refused, and fitted with a penalty", () => {
  const survival = { time: [1, 2, 3, 4], died: [true, true, true, false] };
  const separating = pointsOf([[3], [2], [1], [0]]);
  assert.throws(
    () => fitCox(separating, survival, 0),
    /separate the dead from all others|positive/,
  );
  assert.ok(fitCox(separating, survival, 0.1)[0] > 0);
});
