// The fallback: the decoder where it is within 2 % of the best control out of fold, else that control.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cohort } from "../../lib/cohort/cohort.js";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { choosePathMethod } from "../../lib/impute/fallback.js";
import { fitSharedDecoder } from "../../lib/impute/fit.js";

test("the decoder stays within 2 % of the best control, and no further", () => {
  const errors = { mean: { value: 1 }, ridge: { value: 0.9 }, "ridge-cis": { value: 0.8 } };
  assert.equal(
    choosePathMethod({ ...errors, "shared-decoder": { value: 0.815 } }),
    "shared-decoder",
  );
  assert.equal(choosePathMethod({ ...errors, "shared-decoder": { value: 0.817 } }), "ridge-cis");
});

/** Proteins that follow their own gene, and metabolites of noise. */
function cohortOf(samples: number): Cohort {
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

test("what a modality falls back to replaces the networks, out of fold and for new samples", async () => {
  const cohort = cohortOf(48);
  const decoder = await fitSharedDecoder(cohort, { fallback: true, objective: "standardized" });
  const plain = await fitSharedDecoder(cohort, { objective: "standardized" });
  const [protein, metabolite] = decoder.choices;
  assert.deepEqual(
    plain.choices.map(({ errors }) => errors),
    decoder.choices.map(({ errors }) => errors),
  );
  assert.ok(Math.abs(metabolite.errors.mean!.value - 1) < 0.15, "noise has an error near 1");
  assert.ok(protein.errors["ridge-cis"]!.value < protein.errors.ridge!.value);
  decoder.choices.forEach(({ method, errors }, m) => {
    assert.equal(method, choosePathMethod(errors));
    const { start, end } = cohort.modalities[m + 1];
    let squared = 0;
    const { columns } = decoder.outOfFold.mean;
    let count = 0;
    for (let i = 0; i < 48; i++) {
      for (let j = start - 100; j < end - 100; j++) {
        const [at, from] = [i * columns + j, i * cohort.matrix.columns + j + 100];
        squared += (decoder.outOfFold.mean.values[at] - cohort.matrix.values[from]) ** 2;
        count++;
        const isSame = decoder.outOfFold.mean.values[at] === plain.outOfFold.mean.values[at];
        if (method === "shared-decoder") assert.ok(isSame);
      }
    }
    // Variances of a protein and of noise in measured units are 1.09 and 1; z-scores are of clamped values.
    const expected = errors[method]!.value * (m === 0 ? 1.09 : 1);
    assert.ok(Math.abs(squared / count / expected - 1) < 0.25, `${method}: ${squared / count}`);
  });
  assert.ok(
    decoder.choices.some(({ method }) => method !== "shared-decoder"),
    JSON.stringify(decoder.choices),
  );
});
