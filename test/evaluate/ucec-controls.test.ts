// The controls on a real cohort, to the digits that NumPy and scikit-learn print; skipped where it cannot be fetched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dropEmptyFeatures } from "../../lib/cohort/cohort.js";
import { fetchSource } from "../../lib/cohort/sources.js";
import { readUcec } from "../../lib/cohort/ucec.js";
import { pcaPredictor } from "../../lib/evaluate/conditional-pca.js";
import { constantPredictor, type Predictor, trainingMean } from "../../lib/evaluate/predictor.js";
import { scorePredictors } from "../../lib/evaluate/reconstruction.js";
import { fitRidge } from "../../lib/evaluate/ridge.js";
import { fitRidgeWithCis } from "../../lib/evaluate/ridge-cis.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";

const found = await fetchSource("ucec").catch((error: Error) => error);
const skip = found instanceof Error ? `the cohort cannot be had: ${found.message}` : false;

test("UCEC controls have the reference's errors, to the printed digits", { skip }, async (t) => {
  const cohort = dropEmptyFeatures(await readUcec());
  assert.equal(cohort.samples.length, 115);
  assert.equal(cohort.features.length, 45_248);
  const prepared = prepareCohort(cohort, splitSamples(cohort.samples, { seed: 42, by: "sample" }));
  const scoresOf = async (predictor: Predictor) => {
    const rows = await scorePredictors([predictor], prepared, { draws: 10 });
    const at = (part: string, modality: string) =>
      rows.find((row) => row.part === part && row.modality === modality)!;
    return {
      errors: ["validation", "test"].flatMap((part) => {
        const { mse, huber } = at(part, "all");
        return [mse!.toFixed(4), huber!.toFixed(4)];
      }),
      proteinR: at("test", "protein").medianR?.value.toFixed(3),
    };
  };
  await t.test("zero", async () => {
    const zero = constantPredictor("zero", new Float64Array(cohort.features.length));
    const { errors } = await scoresOf(zero);
    assert.deepEqual(errors, ["0.2136", "0.1046", "0.2104", "0.1034"]);
  });
  await t.test("training mean", async () => {
    const { errors } = await scoresOf(constantPredictor("mean", trainingMean(prepared)));
    assert.deepEqual(errors, ["0.1427", "0.0703", "0.1393", "0.0689"]);
  });
  await t.test("PCA, 80 components", async () => {
    const { errors, proteinR } = await scoresOf(pcaPredictor(prepared, 80));
    assert.deepEqual(errors, ["0.1017", "0.0502", "0.0844", "0.0417"]);
    assert.equal(proteinR, "0.663");
  });
  await t.test("dual ridge, lambda 100, on the clamped input", async () => {
    const { errors, proteinR } = await scoresOf(
      fitRidge(prepared, { lambdas: [100], input: "paper" }),
    );
    assert.deepEqual(errors, ["0.1047", "0.0515", "0.0869", "0.0428"]);
    assert.equal(proteinR, "0.600");
  });
  await t.test("ridge + cis of its residual beats the ridge on proteins", async () => {
    const rows = await scorePredictors(
      [
        fitRidge(prepared, { lambdas: [10_000] }),
        fitRidgeWithCis(prepared, { lambdas: [30_000], shrinkages: [1] }),
      ],
      prepared,
      { parts: ["test"], draws: 10 },
    );
    const [ridge, both] = rows.filter(({ modality }) => modality === "protein");
    assert.ok(both.mse! < 0.92 * ridge.mse!);
    assert.ok(both.medianR!.value > ridge.medianR!.value + 0.05);
  });
});
