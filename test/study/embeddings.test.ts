// Embeddings of a study's samples: all samples in order, by a model and by PCA of the training rows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseEngine } from "../../lib/engine/choose.js";
import { ARO } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { embedSamples, encodeSamples } from "../../lib/study/embeddings.js";
import { readProfile } from "../../lib/study/profile.js";
import { openStudy } from "../../lib/study/study.js";

test("embedSamples embeds every sample, training rows as PCA was fitted to them", async () => {
  const profile = readProfile({ ARO_PROFILE: "course", ARO_SET: "model.width=8" });
  const study = await openStudy(profile);
  const { engine } = await chooseEngine({ prefer: "cpu" });
  const spec = { ...profile.model, features: study.cohort.features.length, visible: null };
  const model = buildAutoencoder(engine, ARO, spec, initializeWeights(ARO, spec, 1));
  const { aro, aroWithoutRelu, pca, pca10 } = await embedSamples(study, model);
  const samples = study.cohort.samples.length;
  const { train } = study.split;
  assert.deepEqual(
    [aro, aroWithoutRelu, pca, pca10].map(({ rows, columns }) => [rows, columns]),
    [8, 8, train.length - 1, 10].map((columns) => [samples, columns]),
  );
  assert.ok(aroWithoutRelu.values.some((value) => value < 0));
  assert.ok(aro.values.every((value) => value >= 0));
  // A row of the training part lies where the model puts that row of the prepared matrix.
  const encoded = await model.encode(study.prepared.train.matrix);
  const row = train.length - 1;
  const at = (values: ArrayLike<number>, of: number) =>
    Array.from({ length: 8 }, (_, j) => values[of * 8 + j]);
  assert.deepEqual(at(aro.values, train[row]), at(encoded, row));
  // The mean over the training rows of each principal component is 0, which it is not over all rows.
  const mean = (rows: readonly number[]) =>
    rows.reduce((sum, of) => sum + pca10.values[of * 10], 0) / rows.length;
  assert.ok(Math.abs(mean(train)) < 1e-4, `${mean(train)}`);
  assert.ok(Math.abs(mean(study.cohort.samples.map((_, i) => i))) > 1e-2);
  for (let i = 0; i < samples; i++) {
    const [few, all] = [pca10.values[i * 10 + 9], pca.values[i * pca.columns + 9]];
    assert.ok(Math.abs(few - all) < 1e-6, `sample ${i}: ${few} and ${all}`);
  }
  const misspelled = { Relu: false, scaler: study.prepared.scaler } as never;
  await assert.rejects(encodeSamples(study, model, misspelled), {
    message: /encodeSamples: .* got "Relu"; did you mean "relu"/,
  });
  model.dispose();
});
