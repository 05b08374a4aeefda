// Scores of a split and paired differences over splits, against NumPy and SciPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import {
  adjustHolm,
  compareOverSplits,
  correctedInterval,
  type RepeatedScore,
  scoreRepeat,
  summarizeRepeats,
} from "../../lib/evaluate/repeated-splits.js";
import { studentTails } from "../../lib/evaluate/statistics.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { goldenCases } from "../golden.js";

interface Golden {
  readonly rows: number;
  readonly columns: number;
  readonly truth: number[];
  readonly guess: number[];
  readonly observed: number[];
  readonly measured: number[];
  readonly train: number[];
  readonly scores: Record<string, number>;
  readonly gaps: number[][];
  readonly share: number;
  readonly intervals: Record<string, number>[];
  readonly tails: [number, number, number][];
  readonly p: number[];
  readonly adjusted: number[];
}

function close(actual: number, expected: number, tolerance: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(1e-3, Math.abs(expected));
  assert.ok(error <= tolerance, `${what}: expected ${expected}, got ${actual}`);
}

const TESTED = { seed: 42, parts: ["test"] } as const;

/** The golden split as prepared rows; column 4 was measured in no training row. */
function goldenSplit(golden: Golden) {
  const { rows, columns, train, truth, observed, measured } = golden;
  const size = train.length / columns;
  const seed = matrixFrom(size + rows + 1, columns, new Array((size + rows + 1) * columns).fill(1));
  const cohort = {
    name: "golden",
    samples: Array.from({ length: seed.rows }, (_, i) => ({
      id: `s${i}`,
      patient: `p${i}`,
      labels: {},
    })),
    modalities: [
      { name: "RNA", start: 0, end: 2 },
      { name: "protein", start: 2, end: columns },
    ],
    features: Array.from({ length: columns }, (_, j) => `G${j}`),
    matrix: seed,
    drops: [],
  };
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const prepared = prepareCohort(cohort, {
    train: range(0, size),
    validation: [size + rows],
    test: range(size, rows),
  });
  prepared.train.matrix.values.set(train);
  prepared.train.matrix.observed.set(train.map((_, at) => measured[at % columns]));
  prepared.test.matrix.values.set(truth);
  prepared.test.matrix.observed.set(observed);
  return prepared;
}

for (const { folder, data: golden } of goldenCases<Golden>("splits")) {
  test(`scores of a split are NumPy's, without features that no training row measured, in ${folder}`, async () => {
    const predicted = Float32Array.from(golden.guess);
    const predictor = { name: "guess", sees: "RNA", predict: () => predicted } as const;
    const [score, ...others] = await scoreRepeat([predictor], goldenSplit(golden), TESTED);
    for (const [name, expected] of Object.entries(golden.scores)) {
      close(score[name as keyof RepeatedScore] as number, expected, 1e-6, name);
    }
    assert.deepEqual([score.modality, score.samples], ["protein", golden.rows]);
    assert.deepEqual(
      others.map(({ modality }) => modality),
      ["inferred", "all"],
    );
    assert.equal(others[0].mse, score.mse);
  });

  test(`a constant has a variance ratio of exactly 0 and no r, in ${folder}`, async () => {
    const predicted = new Float32Array(golden.guess.length).fill(0.1);
    const predictor = { name: "constant", sees: "nothing", predict: () => predicted } as const;
    const [score] = await scoreRepeat([predictor], goldenSplit(golden), TESTED);
    assert.equal(score.varianceRatio, 0);
    assert.equal(score.r, null);
  });

  test(`a prediction that is not finite is refused, in ${folder}`, async () => {
    const predicted = new Float32Array(golden.guess.length).fill(Number.NaN);
    const predictor = { name: "broken", sees: "RNA", predict: () => predicted } as const;
    await assert.rejects(
      scoreRepeat([predictor], goldenSplit(golden), TESTED),
      /finite predictions of "broken", got NaN/,
    );
  });

  test(`the corrected interval, the tails of t and Holm's adjustment are SciPy's, in ${folder}`, () => {
    golden.gaps.forEach((gaps, i) => {
      const found = correctedInterval(gaps, golden.share);
      for (const [name, expected] of Object.entries(golden.intervals[i])) {
        close(found[name as keyof typeof found], expected, 1e-5, name);
      }
    });
    for (const [t, freedom, expected] of golden.tails) {
      close(studentTails(t, freedom), expected, 1e-8, `t ${t} with ${freedom}`);
    }
    adjustHolm(golden.p).forEach((value, i) => {
      close(value, golden.adjusted[i], 1e-12, `p ${i}`);
    });
  });
}

const about = {
  part: "test" as const,
  modality: "protein",
  trainSamples: 80,
  samples: 18,
  observed: 9,
  unmeasured: 0,
  huber: 0,
  skill: null,
  varianceRatio: null,
  steps: null,
} as const;
const scores: RepeatedScore[] = [1, 2, 3].flatMap((seed) => [
  { seed, variant: "a", mse: 0.1 + seed / 100, r: 0.5, ...about },
  { seed, variant: "b", mse: 0.3 + seed / 50, r: 0.4 + seed / 50, ...about },
  { seed, variant: "constant", mse: 0.1, r: null, ...about },
]);

test("differences are paired by split, and wins counted in the direction of the measure", () => {
  const [mse, r] = compareOverSplits([...scores].reverse(), [["a", "b"]]);
  assert.ok(Math.abs(mse.difference + 0.22) < 1e-12);
  assert.deepEqual([mse.wins, mse.splits, r.wins, r.splits], [3, 3, 3, 3]);
  assert.ok(mse.high < 0 && mse.adjusted >= mse.p);
  assert.equal(mse.better, "a");
  const [reverse] = compareOverSplits(scores, [["b", "a"]]);
  assert.deepEqual([reverse.wins, reverse.better], [0, "a"]);
});

test("an interval that contains 0 is undecided, and a constant has no r to compare", () => {
  const rows = compareOverSplits(scores, [["a", "constant"]]);
  assert.deepEqual(
    rows.map(({ measure, better }) => [measure, better]),
    [["mse", "undecided"]],
  );
});

test("sums over modalities, and other parts than test rows, are not compared", () => {
  const others = (["all", "inferred"] as const).flatMap((modality) =>
    scores.map((score) => ({ ...score, modality })),
  );
  const train = scores.map((score) => ({ ...score, part: "train" as const, mse: 0 }));
  assert.deepEqual(
    compareOverSplits([...others, ...train, ...scores], [["a", "b"]]),
    compareOverSplits(scores, [["a", "b"]]),
  );
});

test("scores in another space are compared when they are asked for, and never mixed", () => {
  const inZ = scores.map((score) => ({ ...score, space: "z" as const, mse: score.mse * 10 }));
  const mixed = [...inZ, ...scores];
  assert.deepEqual(compareOverSplits(mixed, [["a", "b"]]), compareOverSplits(scores, [["a", "b"]]));
  const [mse] = compareOverSplits(mixed, [["a", "b"]], { space: "z" });
  assert.ok(Math.abs(mse.difference + 2.2) < 1e-12);
  assert.equal(mse.splits, 3);
});

test("one split has no interval and is refused", () => {
  const one = scores.filter(({ seed }) => seed === 1);
  assert.throws(() => compareOverSplits(one, [["a", "b"]]), /at least 2 splits with mse.*got 1/);
});

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
