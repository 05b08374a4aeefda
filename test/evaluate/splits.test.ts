// Repeated splits: paired differences per inferred modality, with an interval that the differences justify.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { compareOverSplits } from "../../lib/evaluate/splits.js";

// Proteins that follow their own gene's RNA and nothing else: the cis path must help.
const random = createRandom(3);
const [samples, genes] = [60, 30];
const rows = Array.from({ length: samples }, () => {
  const rna = Array.from({ length: genes }, () => random.normal());
  return [...rna, ...rna.map((value) => value + 0.3 * random.normal())];
});
const names = Array.from({ length: genes }, (_, i) => `G${i}`);
const cohort = {
  name: "toy",
  samples: rows.map((_, i) => ({ id: `s${i}`, patient: `p${i}`, labels: {} })),
  modalities: [
    { name: "RNA", start: 0, end: genes },
    { name: "protein", start: genes, end: 2 * genes },
  ],
  features: [...names, ...names],
  matrix: matrixFrom(samples, 2 * genes, rows.flat()),
  drops: [],
};

test("where proteins follow their own gene, the cis path wins in every interval", async () => {
  const [row, ...others] = await compareOverSplits(cohort, { splits: 4 });
  assert.equal(others.length, 0);
  assert.equal(row.modality, "protein");
  assert.ok(row.high < 0, `difference ${row.difference} [${row.low}, ${row.high}]`);
  assert.ok(row.ridge < row.mean);
  assert.ok(Math.abs(row.difference - (row.ridgeWithCis - row.ridge)) < 1e-12);
});

test("one split has no interval and is refused", async () => {
  await assert.rejects(compareOverSplits(cohort, { splits: 1 }), /at least 2 splits, got 1/);
});
