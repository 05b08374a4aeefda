// Reconstruction scores: by hand, their intervals, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { constantPredictor, observedMean, type Predictor } from "../../lib/evaluate/predictor.js";
import {
  scorePredictors,
  scoreReconstruction,
  scoreTraining,
} from "../../lib/evaluate/reconstruction.js";
import { type Part, type Prepared, prepareCohort } from "../../lib/preprocess/prepare.js";
import { fitScaler } from "../../lib/preprocess/scaler.js";
import { syntheticCohort } from "./synthetic.js";

const scaler = fitScaler(matrixFrom(2, 3, [0, 0, 0, 1, 1, 1]), [0, 1], ["T0", "T1"]);
const modalities = [
  { name: "RNA", start: 0, end: 1 },
  { name: "protein", start: 1, end: 3 },
];

function rowsOf<P extends Part>(part: P, table: number[][]): Prepared<P> {
  const ids = table.map((_, i) => `N${i}`);
  const matrix = matrixFrom(table.length, table[0].length, table.flat());
  return { part, rows: table.map((_, i) => i), ids, patients: ids, matrix, zScores: matrix };
}

test("scoreReconstruction averages over observed entries only", () => {
  const truth = rowsOf("test", [
    [1, 2, Number.NaN],
    [0, 3, 0],
  ]);
  const [rna, protein, inferred, all] = scoreReconstruction({
    truth,
    predicted: Float32Array.of(0.5, 0, 99, 0, 3, 1),
    baseline: Float64Array.of(0, 1, 0),
    modalities,
    scaler,
  });
  assert.equal(rna.modality, "RNA");
  assert.equal(rna.mse?.value, 0.25 / 2);
  assert.equal(rna.huber?.value, 0.125 / 2);
  assert.equal(rna.skill?.value, 1 - 0.25);
  assert.equal(protein.observed, 3);
  assert.equal(protein.mse?.value, (4 + 0 + 1) / 3);
  assert.equal(protein.huber?.value, (1.5 + 0 + 0.5) / 3); // delta 1: 2 - 1/2, and 1/2
  assert.equal(protein.skill?.value, 1 - 5 / (1 + 4));
  assert.deepEqual({ ...inferred, modality: "protein" }, protein); // the only one behind the first
  assert.equal(all.modality, "all");
  assert.equal(all.observed, 5);
  assert.equal(all.mse?.value, 5.25 / 5);
  assert.equal(all.medianR, null); // fewer than ten samples
});

test("scoreReconstruction gives null where nothing was observed, or the baseline is perfect", () => {
  const truth = rowsOf("test", [[0, Number.NaN, Number.NaN]]);
  const [rna, protein] = scoreReconstruction({
    truth,
    predicted: new Float32Array(3),
    baseline: new Float64Array(3),
    modalities,
    scaler,
  });
  assert.equal(rna.mse?.value, 0);
  assert.equal(rna.skill, null);
  assert.deepEqual(protein, {
    modality: "protein",
    observed: 0,
    mse: null,
    huber: null,
    skill: null,
    varianceRatio: null,
    medianR: null,
    features: 0,
  });
});

test("scoreReconstruction takes the median of r over features with ten observed entries that vary", () => {
  const random = createRandom(3, "r");
  const table = Array.from({ length: 12 }, (_, i) => [
    i,
    random.normal(),
    i < 9 ? random.normal() : Number.NaN, // nine entries: too few
  ]);
  const predicted = Float32Array.from(table.flatMap(([x, y]) => [2 * x + 1, -y, random.normal()]));
  const options = { truth: rowsOf("test", table), baseline: new Float64Array(3), scaler };
  const [rna, protein, , all] = scoreReconstruction({ ...options, predicted, modalities });
  assert.ok(Math.abs(rna.medianR!.value - 1) < 1e-6);
  assert.ok(Math.abs(protein.medianR!.value + 1) < 1e-6);
  assert.equal(protein.features, 1);
  assert.ok(Math.abs(all.medianR!.value) < 1e-6); // between 1 and -1
  assert.equal(all.features, 2);
  const constant = new Float32Array(predicted.length).fill(0.1);
  const [{ medianR, features, varianceRatio }] = scoreReconstruction({
    ...options,
    predicted: constant,
    modalities,
  });
  assert.equal(medianR, null);
  assert.equal(features, 0);
  assert.equal(varianceRatio, 0);
  assert.ok(Math.abs(rna.varianceRatio! - 4) < 1e-6); // twice the measured values
});

test("intervals hold the value, repeat with the seed, and widen when a patient has many samples", () => {
  const random = createRandom(4, "interval");
  const table = Array.from({ length: 16 }, (_, i) => {
    const shared = i < 8 ? 0 : 1;
    return [shared + random.uniform(), shared + random.uniform(), shared + random.uniform()];
  });
  const predicted = Float32Array.from(table.flat(), (value) => 0.2 * value + random.uniform());
  const baseline = new Float64Array(3);
  const options = { truth: rowsOf("test", table), predicted, baseline, modalities, scaler };
  const own = scoreReconstruction(options);
  assert.deepEqual(scoreReconstruction(options), own);
  assert.notDeepEqual(scoreReconstruction({ ...options, seed: 7 }), own);
  for (const { mse, huber, skill, medianR } of own) {
    for (const estimate of [mse, huber, skill, medianR]) {
      assert.ok(estimate!.low < estimate!.value && estimate!.value < estimate!.high);
      assert.ok(estimate!.high - estimate!.low < 1.5);
    }
  }
  const patients = table.map((_, i) => (i < 8 ? "A" : "B"));
  const shared = scoreReconstruction({ ...options, patients });
  const width = (e: { low: number; high: number } | null) => e!.high - e!.low;
  assert.ok(width(shared[3].mse) > width(own[3].mse));
});

test("a bootstrap interval covers the mean of squared normal errors about as often as it says", () => {
  const random = createRandom(5, "coverage");
  let covered = 0;
  for (let round = 0; round < 200; round++) {
    const table = Array.from({ length: 40 }, () => [random.normal(), 0, 0]);
    const [{ mse }] = scoreReconstruction({
      truth: rowsOf("test", table),
      predicted: new Float32Array(120),
      baseline: new Float64Array(3),
      modalities,
      scaler,
      draws: 300,
      seed: round,
    });
    if (mse!.low <= 1 && mse!.high >= 1) covered++;
  }
  assert.ok(covered >= 165 && covered <= 199, `covered ${covered} of 200`); // 95 % less small-sample bias
});

test("scoreReconstruction refuses rows that the scaler was fitted on", () => {
  const truth = { ...rowsOf("test", [[1, 2, 3]]), ids: ["T1"] };
  const options = {
    truth,
    predicted: new Float32Array(3),
    baseline: new Float64Array(3),
    modalities,
    scaler,
  };
  assert.throws(() => scoreReconstruction(options), /not trained on, got 1 that were: T1/);
});

test("training rows are refused by type, and scored only when asked for", () => {
  const truth = { ...rowsOf("train", [[1, 2, 3]]), ids: ["T1"] };
  const options = {
    truth,
    predicted: Float32Array.of(1, 2, 3),
    baseline: new Float64Array(3),
    modalities,
    scaler,
  };
  // @ts-expect-error the part of the rows is in their type
  assert.throws(() => scoreReconstruction(options), /not trained on/);
  assert.equal(scoreTraining(options)[2].mse?.value, 0);
});

test("scoreReconstruction refuses sizes that do not fit and predictions that are no numbers", () => {
  const options = {
    truth: rowsOf("test", [[1, 2, 3]]),
    predicted: new Float32Array(3),
    baseline: new Float64Array(3),
    modalities,
    scaler,
  };
  const refuse = (change: object, message: RegExp) =>
    assert.throws(() => scoreReconstruction({ ...options, ...change }), message);
  refuse({ predicted: new Float32Array(4) }, /3 predicted values, got 4/);
  refuse({ baseline: new Float64Array(2) }, /3 values in the baseline, got 2/);
  refuse({ patients: ["a", "b"] }, /1 patients, one a row, got 2/);
  refuse({ predicted: Float32Array.of(1, Number.NaN, 0) }, /got NaN at row 0, column 1/);
  refuse({ draws: 0 }, /positive whole number of draws, got 0/);
});

test("scorePredictors has a row for each predictor, part and modality", async () => {
  const { prepared } = syntheticCohort();
  const oracle: Predictor = {
    name: "oracle",
    sees: "all",
    predict: async ({ matrix }) => matrix.values,
  };
  const mean = constantPredictor("training mean", observedMean(prepared));
  const rows = await scorePredictors([mean, oracle], prepared, {
    parts: ["train", "validation", "test"],
    draws: 50,
  });
  assert.deepEqual(
    rows.map(({ predictor, part, modality }) => `${predictor} ${part} ${modality}`).slice(0, 5),
    [
      "training mean train RNA",
      "training mean train protein",
      "training mean train inferred",
      "training mean train all",
      "training mean validation RNA",
    ],
  );
  assert.equal(rows.length, 2 * 3 * 4);
  for (const row of rows) {
    assert.equal(row.skill?.value, row.predictor === "oracle" ? 1 : 0);
    assert.equal(row.medianR?.value ?? null, row.predictor === "oracle" ? 1 : null);
    assert.equal(row.samples, prepared[row.part].rows.length);
  }
  await assert.rejects(
    scorePredictors([mean, mean], prepared),
    /each predictor's name once, got "training mean"/,
  );
});

test("z-scores are scored in measured units against measurements that are not clamped", async () => {
  const { cohort, prepared: paper } = syntheticCohort();
  const { train, validation, test: tested } = paper;
  const split = { train: train.rows, validation: validation.rows, test: tested.rows };
  const prepared = prepareCohort(cohort, split, { space: "z" });
  const half: Predictor = {
    name: "half of each z-score",
    sees: "all",
    predict: async ({ matrix }) => matrix.values.map((z) => z / 2),
  };
  const options = { parts: ["test"], draws: 1, measured: cohort.matrix } as const;
  const scored = await scorePredictors([half], prepared, options);
  assert.deepEqual(
    scored.map(({ space, modality }) => `${space} ${modality}`),
    ["z RNA", "z protein", "z inferred", "z all", "measured RNA", "measured protein"],
  );
  const rows = scored.filter(({ space }) => space === "measured");
  const { mean, std, low, high } = prepared.scaler;
  const { values, observed, columns } = cohort.matrix;
  let [squares, around, count] = [0, 0, 0];
  for (const row of split.test) {
    for (let j = 40; j < columns; j++) {
      const value = values[row * columns + j];
      if (!observed[row * columns + j]) continue;
      const clamped = Math.min(Math.max(value, low[j]), high[j]);
      squares += (value - (mean[j] + clamped) / 2) ** 2;
      const center = observedMean(prepared)[j] * std[j] + mean[j];
      around += (value - center) ** 2;
      count++;
    }
  }
  const [, protein] = rows;
  assert.ok(Math.abs(protein.mse!.value / (squares / count) - 1) < 1e-5);
  assert.ok(Math.abs(protein.skill!.value - (1 - squares / around)) < 1e-5);
  await assert.rejects(
    scorePredictors([half], paper, options),
    /prepared as z-scores to score in measured units, got the space "paper"/,
  );
});
