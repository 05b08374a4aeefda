// Tables over seeds: who stands in them, what a missing seed does, and pairs that are pairs.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RepeatedScore } from "../../lib/evaluate/repeated-splits.js";
import {
  compareVariants,
  tabulateSeeds,
  withDeviation,
} from "../../lib/study/experiment-scores.js";
import type { Variant } from "../../lib/study/variants.js";

const masked = [0.1283, 0.1279, 0.1291, 0.128, 0.1286];
const unmasked = [0.1214, 0.1219, 0.1222, 0.121, 0.1217];
const scoresOf = (variant: string, values: readonly number[]): RepeatedScore[] =>
  values.map((mse, seed) => ({
    variant,
    seed,
    part: "test" as const,
    modality: "all",
    trainSamples: 79,
    samples: 20,
    mse,
    huber: mse / 2,
    skill: 0.1,
    r: null,
    varianceRatio: null,
    steps: 200,
    observed: 9,
    unmeasured: 0,
  }));
const scores = [...scoresOf("ARO masked", masked), ...scoresOf("ARO unmasked", unmasked)];
const variants: Variant[] = [
  { name: "ARO masked", setting: "masked" },
  { name: "ARO unmasked", setting: "unmasked", caveat: "sees all" },
  { name: "never trained", setting: "masked" },
];
const found = { variants, scores, accuracies: [] };

test("a table over seeds has mean and sample deviation, and controls without either", () => {
  const constant = {
    part: "test",
    samples: 20,
    sees: "nothing",
    skill: 0,
    skillLow: 0,
    skillHigh: 0,
  };
  const none = {
    medianR: null,
    medianRLow: null,
    medianRHigh: null,
    varianceRatio: 0,
    leftOut: 0,
    notes: "",
  };
  const control = { ...constant, ...none, predictor: "training mean", mse: 0.155, huber: 0.077 };
  const rows = tabulateSeeds(scores, [
    { ...control, modality: "all" },
    { ...control, modality: "RNA" },
  ]);
  // numpy 2.4.6: mean() and std(ddof=1), to six digits
  assert.deepEqual(rows, [
    {
      predictor: "ARO masked",
      part: "test",
      seeds: 5,
      mse: 0.12838,
      mseDeviation: 0.000486826,
      huber: 0.06419,
      huberDeviation: 0.000243413,
    },
    {
      predictor: "ARO unmasked",
      part: "test",
      seeds: 5,
      mse: 0.12164,
      mseDeviation: 0.000461519,
      huber: 0.06082,
      huberDeviation: 0.00023076,
    },
    {
      predictor: "training mean",
      part: "test",
      seeds: null,
      mse: 0.155,
      mseDeviation: null,
      huber: 0.077,
      huberDeviation: null,
    },
  ]);
});

test("differences are paired by seed, whatever the order; a variant without values has no row", () => {
  const reversed = { ...found, scores: scores.toReversed() };
  const [base, other, ...more] = compareVariants(reversed, "mse", "ARO masked");
  assert.deepEqual(more, []);
  assert.deepEqual([base.variant, base.difference, base.pairs], ["ARO masked", null, 0]);
  // scipy 1.17.1: ttest_1samp(unmasked - masked, 0).confidence_interval(0.95), to six digits
  assert.deepEqual(other, {
    variant: "ARO unmasked",
    seeds: 5,
    mean: 0.12164,
    deviation: 0.000461519,
    pairs: 5,
    difference: -0.00674,
    low: -0.00725645,
    high: -0.00622355,
    caveat: "sees all",
  });
});

test("a seed that only one of two has is in its mean and in no difference", () => {
  const some = scores.filter(({ variant, seed }) => variant === "ARO unmasked" || seed === 3);
  const [base, other] = compareVariants({ ...found, scores: some }, "mse", "ARO masked");
  assert.deepEqual([base.seeds, base.deviation], [1, null]);
  assert.deepEqual([other.seeds, other.pairs, other.low, other.high], [5, 1, null, null]);
  assert.ok(Math.abs(other.difference! - (unmasked[3] - masked[3])) < 1e-9);
  const alone = compareVariants(found, "mse", "never trained");
  assert.deepEqual(
    alone.map(({ pairs, difference }) => [pairs, difference]),
    [
      [0, null],
      [0, null],
    ],
  );
});

test("accuracies are compared as losses are", () => {
  const rows = [0.9, 0.95].map((accuracy, seed) => ({
    variant: "ARO masked",
    seed,
    samples: 20,
    accuracy,
    majorityRate: 0.8,
  }));
  const [row] = compareVariants({ ...found, accuracies: rows }, "accuracy", "ARO masked");
  assert.equal(row.mean, 0.925);
});

test("a score that does not exist is in no mean, and neither is another part's", () => {
  const [first, ...others] = scores;
  const some = { ...found, scores: [{ ...first, skill: null }, ...others] };
  const seeds = compareVariants(some, "skill", "ARO masked").map((row) => row.seeds);
  assert.deepEqual(seeds, [4, 5]);
  const training = { ...found, scores: scores.map((row) => ({ ...row, part: "train" as const })) };
  assert.deepEqual(compareVariants(training, "mse", "ARO masked"), []);
});

test("a comparison with a variant that the experiment lacks is refused by name", () => {
  assert.throws(
    () => compareVariants(found, "mse", "masked"),
    /expected a variant of ARO masked; ARO unmasked; never trained, got "masked"/,
  );
});

test("differences that are all equal have no interval: it would be of no width", () => {
  const accuracies = ["ARO masked", "ARO unmasked"].flatMap((variant, i) =>
    [0.9, 0.95, 0.85].map((value, seed) => ({
      variant,
      seed,
      samples: 20,
      accuracy: value - i * 0.05,
      majorityRate: 0.8,
    })),
  );
  const [, other] = compareVariants({ ...found, accuracies }, "accuracy", "ARO masked");
  assert.deepEqual([other.difference, other.low, other.high], [-0.05, null, null]);
});

test("a mean is written with its deviation where there is one", () => {
  assert.equal(withDeviation(0.12838, 0.000486826), "0.1284 ± 0.00049");
  assert.equal(withDeviation(0.12838, null), "0.1284");
});
