// Scores of a split and paired differences over splits, against NumPy and SciPy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import {
  adjustHolm,
  compareSplits,
  correctedInterval,
  type SplitScore,
  scoreSplit,
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

/** The golden split as prepared rows; column 4 was measured in no training row. */
function goldenSplit(golden: Golden) {
  const { rows, columns, train, truth, observed, measured } = golden;
  const size = train.length / columns;
  const seed = matrixFrom(size + rows + 1, columns, new Array((size + rows + 1) * columns).fill(1));
  const cohort = {
    name: "golden",
    samples: Array.from({ length: seed.rows }, (_, i) => ({
      ...{ id: `s${i}`, patient: `p${i}`, labels: {} },
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
    const [score, ...others] = await scoreSplit([predictor], goldenSplit(golden), 42);
    assert.equal(others.length, 0);
    for (const [name, expected] of Object.entries(golden.scores)) {
      close(score[name as keyof SplitScore] as number, expected, 1e-6, name);
    }
    assert.equal(score.unmeasured, 1);
    assert.equal(score.modality, "protein");
  });

  test(`a constant has a variance ratio of exactly 0 and no r, in ${folder}`, async () => {
    const predicted = new Float32Array(golden.guess.length).fill(0.1);
    const predictor = { name: "constant", sees: "nothing", predict: () => predicted } as const;
    const [score] = await scoreSplit([predictor], goldenSplit(golden), 42);
    assert.equal(score.varianceRatio, 0);
    assert.equal(score.r, null);
  });

  test(`a prediction that is not finite is refused, in ${folder}`, async () => {
    const predicted = new Float32Array(golden.guess.length).fill(Number.NaN);
    const predictor = { name: "broken", sees: "RNA", predict: () => predicted } as const;
    await assert.rejects(scoreSplit([predictor], goldenSplit(golden), 42), /broken, protein/);
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

const about = { modality: "protein", space: "paper", trainRows: 80, testRows: 18 } as const;
const rest = { observed: 9, unmeasured: 0, huber: 0, skill: null, varianceRatio: null };
const scores: SplitScore[] = [1, 2, 3].flatMap((seed) => [
  { seed, predictor: "a", mse: 0.1 + seed / 100, r: 0.5, ...about, ...rest },
  { seed, predictor: "b", mse: 0.3 + seed / 50, r: 0.4 + seed / 50, ...about, ...rest },
]);

test("differences are paired by split, and wins counted in the direction of the measure", () => {
  const [mse, r] = compareSplits([...scores].reverse(), [["a", "b"]]);
  assert.ok(Math.abs(mse.difference + 0.22) < 1e-12);
  assert.deepEqual([mse.wins, mse.splits, r.wins, r.splits], [3, 3, 3, 3]);
  assert.ok(mse.high < 0 && mse.adjusted >= mse.p);
});

test("one split has no interval and is refused", () => {
  const one = scores.filter(({ seed }) => seed === 1);
  assert.throws(() => compareSplits(one, [["a", "b"]]), /at least 2 splits with mse.*got 1/);
});
