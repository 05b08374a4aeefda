// Repeats of a number against NumPy and SciPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { summarizeRepeats } from "../../lib/evaluate/repeats.js";

const masked = [0.1283, 0.1279, 0.1291, 0.128, 0.1286];
const unmasked = [0.1214, 0.1219, 0.1222, 0.121, 0.1217];

function assertClose(actual: number | undefined | null, expected: number, relative: number) {
  assert.ok(actual !== null && actual !== undefined);
  assert.ok(Math.abs(actual / expected - 1) <= relative, `${actual} is not ${expected}`);
}

test("mean, sample deviation and Student's interval are NumPy's and SciPy's", () => {
  // numpy 2.4.6: x.mean(), x.std(ddof=1); scipy 1.17.1: ttest_1samp(x, 0).confidence_interval(0.95)
  const golden = [
    [masked, 0.12838, 0.000486826457785516, 0.12777552511399465, 0.12898447488600534],
    [unmasked, 0.12164, 0.00046151923036857526, 0.12106694818717263, 0.12221305181282736],
    [
      masked.map((value, i) => value - unmasked[i]),
      0.006740000000000001,
      0.0004159326868616991,
      0.00622355135704767,
      0.007256448642952332,
    ],
  ] as const;
  for (const [values, mean, deviation, low, high] of golden) {
    const found = summarizeRepeats(values);
    assert.equal(found.n, 5);
    assertClose(found.mean, mean, 1e-13);
    assertClose(found.deviation, deviation, 1e-10);
    // The quantile of Student's t is kept to six digits.
    assertClose(found.interval?.low, low, 1e-6);
    assertClose(found.interval?.high, high, 1e-6);
  }
});

test("one number has no deviation and no interval", () => {
  assert.deepEqual(summarizeRepeats([0.5]), { n: 1, mean: 0.5, deviation: null, interval: null });
});

test("no numbers and what is no number are refused", () => {
  assert.throws(() => summarizeRepeats([]), /expected values, got none/);
  assert.throws(() => summarizeRepeats([0.1, Number.NaN]), /expected finite values, got NaN at 1/);
});
