// Losses of a normal distribution: agreement with NumPy and with integrals, and slopes with differences.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  expectedLog1p,
  type GaussianTerm,
  gaussHermite,
  negativeLogLikelihood,
} from "../../lib/layers/gaussian.js";
import { goldenCases } from "../golden.js";

type Term = (mean: number, deviation: number) => GaussianTerm;

const QUADRATURE = gaussHermite(11);
const likelihoodOf =
  (target: number): Term =>
  (mean, deviation) => {
    const term = { value: 0, byMean: 0, byDeviation: 0 };
    negativeLogLikelihood(mean, deviation, target, term);
    return term;
  };
const expectation: Term = (mean, deviation) => {
  const term = { value: 0, byMean: 0, byDeviation: 0 };
  expectedLog1p(mean, deviation, QUADRATURE, term);
  return term;
};

function assertSlopes(term: Term, mean: number, deviation: number): void {
  const step = 1e-6;
  const { byMean, byDeviation } = term(mean, deviation);
  const along = (m: number, s: number) =>
    (term(mean + m, deviation + s).value - term(mean - m, deviation - s).value) / (2 * step);
  for (const [what, slope, difference] of [
    ["mean", byMean, along(step, 0)],
    ["deviation", byDeviation, along(0, step)],
  ] as const) {
    const error = Math.abs(slope - difference) / Math.max(1, Math.abs(difference));
    assert.ok(error < 1e-7, `by ${what} at ${mean}, ${deviation}: ${slope}, not ${difference}`);
  }
}

test("the slopes of the likelihood are its differences", () => {
  for (const target of [-2, 0.3, 1.7]) {
    for (const mean of [-1.5, 0.1, 2]) {
      for (const deviation of [0.2, 1, 3]) assertSlopes(likelihoodOf(target), mean, deviation);
    }
  }
});

test("the slopes of the expectation are its differences, away from where a node crosses 0", () => {
  for (const mean of [-1.5, 0.1, 2]) {
    for (const deviation of [0.2, 1, 3]) assertSlopes(expectation, mean, deviation);
  }
});

test("the likelihood is least at the target, and its deviation at the error", () => {
  const { value, byMean } = likelihoodOf(1)(1, 2);
  assert.equal(value, Math.log(2));
  assert.equal(byMean, 0);
  assert.ok(Math.abs(likelihoodOf(1)(4, 3).byDeviation) < 1e-15);
});

test("the expectation agrees with NumPy's eleven nodes", () => {
  interface Golden {
    readonly expected_log1p: readonly {
      readonly mean: number;
      readonly deviation: number;
      readonly value: number;
    }[];
  }
  for (const { data } of goldenCases<Golden>("shared_decoder")) {
    for (const { mean, deviation, value } of data.expected_log1p) {
      assert.ok(Math.abs(expectation(mean, deviation).value - value) < 1e-12);
    }
  }
});

test("eleven nodes integrate polynomials of the standard normal up to degree 21", () => {
  const { nodes, weights } = QUADRATURE;
  const moment = (power: number) =>
    weights.reduce((sum, weight, k) => sum + weight * nodes[k] ** power, 0);
  assert.ok(Math.abs(moment(0) - 1) < 1e-14);
  assert.ok(Math.abs(moment(1)) < 1e-13);
  assert.ok(Math.abs(moment(2) - 1) < 1e-13);
  assert.ok(Math.abs(moment(4) - 3) < 1e-12);
  const doubleFactorial = 19 * 17 * 15 * 13 * 11 * 9 * 7 * 5 * 3;
  assert.ok(Math.abs(moment(20) / doubleFactorial - 1) < 1e-11);
  assert.ok(moment(22) < 0.998 * 21 * doubleFactorial, "but no further");
});

test("what lies below the clamp has no expectation and no slope", () => {
  assert.deepEqual(expectation(-10, 0.5), { value: 0, byMean: 0, byDeviation: 0 });
});
