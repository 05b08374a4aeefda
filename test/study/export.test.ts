// What a study came to, as files: read back, they hold what the model gives in memory.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import pl from "nodejs-polars";
import { sliceColumns } from "../../lib/cohort/matrix.js";
import { readSampleSheet } from "../../lib/cohort/samplesheet.js";
import { readTable } from "../../lib/cohort/tables.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { ARO, type AroSpec } from "../../lib/model/aro.js";
import { type AutoencoderModel, buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { exportStudy } from "../../lib/study/export.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { publishTable } from "../../lib/study/results.js";
import { openStudy, type Study } from "../../lib/study/study.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();
const place = (name: string) => join(folder, name);
let study: Study;
let model: AutoencoderModel<AroSpec>;

before(async () => {
  const profile = readProfile({ ARO_PROFILE: "course", ARO_SET: "model.width=8" });
  study = await openStudy(profile);
  const { engine } = await chooseEngine({ prefer: "cpu" });
  const { end } = study.prepared.modalities[0];
  const visible = { start: 0, end };
  const spec = { ...profile.model, features: study.cohort.features.length, visible };
  model = buildAutoencoder(engine, ARO, spec, initializeWeights(ARO, spec, 1));
});

test("embeddings are the latent space of every sample, with labels, patient and part", async () => {
  const file = place("latent.h5ad");
  await exportStudy(study, "embeddings", file, { model });
  const table = await readTable({ name: "latent", file });
  assert.deepEqual(
    table.samples,
    study.cohort.samples.map(({ id }) => id),
  );
  const { test: part } = study.prepared;
  const expected = await model.encode(part.matrix);
  part.rows.forEach((row, i) => {
    const own = table.matrix.values.subarray(8 * row, 8 * row + 8);
    assert.deepEqual(own, expected.subarray(8 * i, 8 * i + 8));
  });
  const { samples } = await readSampleSheet({ file });
  const parts = new Map(samples.map(({ id, labels }) => [id, labels.part]));
  assert.ok(part.ids.every((id) => parts.get(id) === "test"));
  assert.deepEqual(
    samples.map(({ patient }) => patient),
    study.cohort.samples.map(({ patient }) => patient),
  );
});

test("predictions are those of the test samples, with what was measured", async () => {
  await exportStudy(study, "predictions", place("predictions.h5mu"), { model });
  await exportStudy(study, "predictions", place("predictions.parquet"), { model });
  const { test: part, modalities, features } = study.prepared;
  const predicted = await model.reconstruct(part.matrix);
  const frame = pl.readParquet(place("predictions.parquet"));
  const long = frame.getColumn("predicted").toArray();
  let seen = 0;
  for (const { name, start, end } of modalities.slice(1)) {
    const options = { name, file: place("predictions.h5mu") };
    const { matrix } = await readTable(options);
    const measured = await readTable({ ...options, layer: "measured" });
    const expected = sliceColumns(part.matrix, start, end);
    assert.deepEqual(measured.matrix.observed, expected.observed);
    assert.deepEqual(
      measured.matrix.values,
      expected.values.map((value, at) => (expected.observed[at] ? value : 0)),
    );
    for (let row = 0; row < part.ids.length; row++) {
      for (let j = start; j < end; j++) {
        const value = predicted[row * features.length + j];
        assert.equal(matrix.values[row * (end - start) + j - start], value);
        assert.equal(long[seen++], value);
      }
    }
  }
  assert.equal(seen, frame.height);
  assert.ok(modalities.length > 1);
});

test("the scaler has a row for each feature", async () => {
  await exportStudy(study, "scaler", place("scaler.tsv"));
  const frame = pl.readCSV(place("scaler.tsv"), { sep: "\t", inferSchemaLength: 10_000 });
  assert.deepEqual(frame.getColumn("feature").toArray(), study.prepared.features);
  assert.deepEqual(frame.getColumn("mean").toArray(), [...study.prepared.scaler.mean]);
});

test("scores are the published table of reconstruction, or the notebook that makes it", async () => {
  const name = `export-test-${process.pid}`;
  const own = { ...study, profile: { ...study.profile, name } };
  await assert.rejects(exportStudy(own, "scores", place("x.tsv")), /run notebook 03-train first/);
  const rows = [
    { predictor: "ARO masked", part: "test", mse: 0.125, skill: null },
    { predictor: "zero", part: "test", mse: 0.25, skill: -0.5 },
  ];
  const { runs } = foldersOf(own.profile);
  try {
    await publishTable(own.profile, "reconstruction", "03-train", rows);
    await exportStudy(own, "scores", place("scores.parquet"));
    assert.deepEqual(pl.readParquet(place("scores.parquet")).toRecords(), rows);
    await exportStudy(own, "scores", place("scores.tsv"));
    assert.equal(
      readFileSync(place("scores.tsv"), "utf8"),
      "predictor\tpart\tmse\tskill\nARO masked\ttest\t0.125\t\nzero\ttest\t0.25\t-0.5\n",
    );
  } finally {
    rmSync(runs, { recursive: true, force: true });
  }
});

test("what an export lacks is told", async () => {
  await assert.rejects(exportStudy(study, "embeddings", place("x.tsv")), /a model for embeddings/);
  await assert.rejects(exportStudy(study, "scaler", place("x.h5ad")), /got plain rows/);
});
