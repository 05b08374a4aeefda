// Reconstruction scores: by hand, their intervals, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { drawWeights, estimate } from "../../lib/evaluate/bootstrap.js";
import { constantPredictor, observedMean, type Predictor } from "../../lib/evaluate/predictor.js";
import { type SpacesOptions, scorePredictors } from "../../lib/evaluate/reconstruction.js";
import { type Prepared, prepareCohort } from "../../lib/preprocess/prepare.js";
import { preparedFrom, syntheticCohort } from "./synthetic.js";

/** Scores given predictions of given test rows; the training rows are one, the baseline. */
function score(
  truth: readonly (readonly number[])[],
  predicted: readonly number[],
  { baseline = [0, 0, 0], ...options }: SpacesOptions & { readonly baseline?: number[] } = {},
) {
  const predictor = {
    name: "x",
    sees: "all",
    predict: () => Float32Array.from(predicted),
  } as const;
  const prepared = preparedFrom([baseline], truth, 1);
  return scorePredictors([predictor], prepared, { parts: ["test"], draws: 50, ...options });
}

test("scores average over observed entries only", async () => {
  const truth = [
    [1, 2, Number.NaN],
    [0, 3, 0],
  ];
  const scores = await score(truth, [0.5, 0, 99, 0, 3, 1], { baseline: [0, 1, 0] });
  const [rna, protein, inferred, all] = scores;
  assert.deepEqual([rna.modality, rna.mse, rna.huber], ["RNA", 0.25 / 2, 0.125 / 2]);
  assert.equal(rna.skill?.value, 1 - 0.25);
  assert.deepEqual([protein.observed, protein.mse], [3, (4 + 0 + 1) / 3]);
  assert.equal(protein.huber, (1.5 + 0 + 0.5) / 3); // delta 1: 2 - 1/2, and 1/2
  assert.equal(protein.skill?.value, 1 - 5 / (1 + 4));
  assert.deepEqual({ ...inferred, modality: "protein" }, protein); // the only one behind the first
  assert.deepEqual([all.modality, all.observed, all.mse], ["all", 5, 5.25 / 5]);
  assert.equal(all.medianR, null); // fewer than ten samples
});

test("a score is null where nothing was observed, or the baseline is perfect", async () => {
  const [rna, protein] = await score([[0, Number.NaN, Number.NaN]], [0, 0, 0]);
  assert.deepEqual([rna.mse, rna.skill], [0, null]);
  const { observed, mse, huber, skill, varianceRatio, medianR, features } = protein;
  assert.deepEqual([observed, features], [0, 0]);
  assert.deepEqual([mse, huber, skill, varianceRatio, medianR], [null, null, null, null, null]);
});

test("the median of r is over features with ten observed entries that vary", async () => {
  const random = createRandom(3, "r");
  const table = Array.from({ length: 12 }, (_, i) => [
    i,
    random.normal(),
    i < 9 ? random.normal() : Number.NaN, // nine entries: too few
  ]);
  const predicted = table.flatMap(([x, y]) => [2 * x + 1, -y, random.normal()]);
  const [rna, protein, , all] = await score(table, predicted);
  assert.ok(Math.abs(rna.medianR!.value - 1) < 1e-6);
  assert.ok(Math.abs(protein.medianR!.value + 1) < 1e-6);
  assert.equal(protein.features, 1);
  assert.ok(Math.abs(all.medianR!.value) < 1e-6); // between 1 and -1
  assert.equal(all.features, 2);
  assert.ok(Math.abs(rna.varianceRatio! - 4) < 1e-6); // twice the measured values
  const [constant] = await score(table, Array(36).fill(0.1));
  const { medianR, features, varianceRatio } = constant;
  assert.deepEqual([medianR, features, varianceRatio], [null, 0, 0]);
});

test("intervals hold the value, repeat with the seed, and widen when a patient has many samples", async () => {
  const random = createRandom(4, "interval");
  const table = Array.from({ length: 16 }, (_, i) => {
    const shared = i < 8 ? 0 : 1;
    return [shared + random.uniform(), shared + random.uniform(), shared + random.uniform()];
  });
  const predicted = table.flat().map((value) => 0.2 * value + random.uniform());
  const own = await score(table, predicted);
  assert.deepEqual(await score(table, predicted), own);
  assert.notDeepEqual(await score(table, predicted, { seed: 7 }), own);
  for (const { skill, medianR } of own) {
    for (const estimate of [skill, medianR]) {
      assert.ok(estimate!.low < estimate!.value && estimate!.value < estimate!.high);
      assert.ok(estimate!.high - estimate!.low < 1.5);
    }
  }
  const patientOf = new Map(table.map((_, i) => [`test${i}`, i < 8 ? "A" : "B"]));
  const shared = await score(table, predicted, { patientOf });
  const width = (e: { low: number; high: number } | null) => e!.high - e!.low;
  assert.ok(width(shared[3].medianR) > width(own[3].medianR));
});

test("a bootstrap interval covers the mean of squared normal errors about as often as it says", () => {
  const random = createRandom(5, "coverage");
  let covered = 0;
  for (let round = 0; round < 200; round++) {
    const errors = Array.from({ length: 40 }, () => random.normal() ** 2);
    const weights = drawWeights(errors.map(String), { draws: 300, seed: round });
    const means = weights.map((own) => own.reduce((sum, w, i) => sum + w * errors[i], 0) / 40);
    const { low, high } = estimate(0, means);
    if (low <= 1 && high >= 1) covered++;
  }
  assert.ok(covered >= 165 && covered <= 199, `covered ${covered} of 200`); // 95 % less small-sample bias
});

test("rows that the scaler was fitted on are refused as test rows, and scored as training rows", async () => {
  const prepared = preparedFrom([[1, 2, 3]], [[1, 2, 3]], 1);
  const leaky = { ...prepared, test: { ...prepared.test, ids: prepared.train.ids } };
  const oracle = {
    name: "x",
    sees: "all",
    predict: ({ matrix }: Prepared) => matrix.values,
  } as const;
  await assert.rejects(scorePredictors([oracle], leaky), /not trained on, got 1 that were: train0/);
  const [, , , all] = await scorePredictors([oracle], leaky, { parts: ["train"] });
  assert.equal(all.mse, 0);
});

test("predictions that do not fit or are no numbers are refused, and so are no draws", async () => {
  const truth = [[1, 2, 3]];
  await assert.rejects(score(truth, [0, 0, 0, 0]), /3 predicted values of "x", got 4/);
  await assert.rejects(score(truth, [1, Number.NaN, 0]), /"x", got NaN at row 0, column 1/);
  await assert.rejects(
    score(truth, [0, 0, 0], { draws: 0 }),
    /positive whole number of draws, got 0/,
  );
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
  assert.ok(Math.abs(protein.mse! / (squares / count) - 1) < 1e-5);
  assert.ok(Math.abs(protein.skill!.value - (1 - squares / around)) < 1e-5);
  await assert.rejects(
    scorePredictors([half], paper, options),
    /prepared as z-scores to score in measured units, got the space "paper"/,
  );
});
