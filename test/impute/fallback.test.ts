// The fallback: the decoder where it is within 2 % of the best control out of fold, else that control.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { chooseFallbacks, choosePredictor } from "../../lib/impute/fallback.js";
import { fitSharedDecoder } from "../../lib/impute/fit.js";

test("the decoder stays within 2 % of the best control, and no further", () => {
  const errors = {
    "training mean, observed": 1,
    "dual ridge": 0.9,
    "ridge + cis of its residual + offset": 0.8,
  };
  assert.equal(choosePredictor({ ...errors, "shared decoder": 0.815 }), "shared decoder");
  assert.equal(
    choosePredictor({ ...errors, "shared decoder": 0.817 }),
    "ridge + cis of its residual + offset",
  );
});

/** Proteins that follow their own gene, and metabolites of noise. */
function cohortOf(samples: number) {
  const random = createRandom(5);
  const genes = 100;
  const rows = Array.from({ length: samples }, () => {
    const rna = Array.from({ length: genes }, () => random.normal());
    const protein = rna.map((value) => value + 0.3 * random.normal());
    return [...rna, ...protein, ...Array.from({ length: 20 }, () => random.normal())];
  });
  return {
    name: "toy",
    samples: rows.map((_, i) => ({ id: `s${i}`, patient: `p${i}`, labels: {} })),
    modalities: [
      { name: "RNA", start: 0, end: genes },
      { name: "protein", start: genes, end: 2 * genes },
      { name: "metabolite", start: 2 * genes, end: 2 * genes + 20 },
    ],
    features: [0, 1]
      .flatMap(() => Array.from({ length: genes }, (_, i) => `G${i}`))
      .concat(Array.from({ length: 20 }, (_, i) => `M${i}`)),
    matrix: matrixFrom(samples, 2 * genes + 20, rows.flat()),
    drops: [],
  };
}

test("where proteins follow their gene alone, ridge + cis takes over; noise has an error near 1", async () => {
  const cohort = cohortOf(48);
  const decoder = await fitSharedDecoder(cohort);
  const [protein, metabolite] = chooseFallbacks(decoder, cohort);
  const { "shared decoder": own, "dual ridge": ridge } = protein.errors;
  const cis = protein.errors["ridge + cis of its residual + offset"];
  assert.equal(protein.predictor, "ridge + cis of its residual + offset");
  assert.ok(cis < own && own < ridge, `${cis} < ${own} < ${ridge}`);
  assert.equal(metabolite.modality, "metabolite");
  assert.ok(Math.abs(metabolite.errors["training mean, observed"] - 1) < 0.15);
});

test("another cohort is refused by the sample that it lacks", async () => {
  const cohort = cohortOf(16);
  const decoder = await fitSharedDecoder(cohort);
  const other = { ...cohort, samples: cohort.samples.map((s) => ({ ...s, id: `x${s.id}` })) };
  assert.throws(() => chooseFallbacks(decoder, other), /lacks the sample s0/);
});
