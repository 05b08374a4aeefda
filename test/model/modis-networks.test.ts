// The shape of MODIS: names, counts as PyTorch counts them, seeded weights, and settings that make no sense.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countParameters } from "../../lib/model/model.js";
import { MODIS } from "../../lib/model/modis.js";
import { checkModisSpec, fitRatios, type ModisSpec } from "../../lib/model/modis-networks.js";
import { goldenCases } from "../golden.js";

interface Golden {
  readonly spec: ModisSpec;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly counts: readonly {
    readonly features: readonly number[];
    readonly ratios: readonly number[];
    readonly latent: number;
    readonly classes: number;
    readonly parameters: number;
  }[];
}

const spec: ModisSpec = {
  modalities: [
    { name: "RNA", features: 10, ratios: [0.59, 0.4] },
    { name: "protein", features: 4, ratios: [0.5] },
  ],
  latent: 3,
  classes: 2,
};

test("parameters are named and counted as in PyTorch, the paper's 22 billion among them", () => {
  for (const { data } of goldenCases<Golden>("modis")) {
    const names = MODIS.network(data.spec)
      .tensors.map(({ name }) => name)
      .filter((name) => !name.startsWith("discriminator"));
    assert.deepEqual(names.sort(), Object.keys(data.weights).sort());
    for (const { features, ratios, latent, classes, parameters } of data.counts) {
      const modalities = features.map((count, i) => {
        return { name: `${i}`, features: count, ratios };
      });
      assert.equal(countParameters(MODIS, { modalities, latent, classes }), parameters);
    }
    assert.deepEqual(
      data.counts.map(({ parameters }) => parameters),
      [22563885677, 253119043],
    );
  }
});

test("layers mirror each other, and sizes are rounded down", () => {
  const weights = MODIS.network(spec).tensors.filter(({ shape }) => shape.length === 2);
  const shapes = weights.map(({ name, shape }) => `${name.replace(".weight", "")} ${shape}`);
  const [rna, protein] = [0, 1].map((i) => `variational_autoencoders.${i}`);
  assert.deepEqual(shapes, [
    `${rna}.encoder.0 5,10`,
    `${rna}.encoder.3 4,5`,
    `${rna}.mu 3,4`,
    `${rna}.logvar 3,4`,
    `${rna}.decoder.0 4,3`,
    `${rna}.decoder.3 5,4`,
    `${rna}.decoder.6 10,5`,
    `${protein}.encoder.0 2,4`,
    `${protein}.mu 3,2`,
    `${protein}.logvar 3,2`,
    `${protein}.decoder.0 2,3`,
    `${protein}.decoder.3 4,2`,
    "discriminator.fc.0 1024,3",
    "discriminator.fc.2 512,1024",
    "discriminator.fc.4 256,512",
    "discriminator.adv_layer.0 2,256",
    "discriminator.aux_layer.0 2,256",
  ]);
  const norms = MODIS.network(spec).tensors.filter(({ name }) => name.endsWith("running_var"));
  assert.deepEqual(
    norms.map(({ name }) => name.replace(".running_var", "")),
    [`${rna}.encoder.1`, `${rna}.decoder.1`, `${rna}.decoder.4`, `${protein}.decoder.1`],
  );
});

test("fitRatios gives ARO's parameters to MODIS: 0.04 and 0.02 at the paper's features", () => {
  const features = [50455, 23300, 247];
  assert.deepEqual(fitRatios(features, 64, 303_863_222), [0.04, 0.02]);
  const exactly = 253_119_043 - 723_973; // without the discriminator
  assert.deepEqual(fitRatios(features, 64, exactly), [0.04, 0.02]);
  assert.deepEqual(fitRatios(features, 64, exactly - 1), [0.03, 0.015]);
  assert.throws(
    () => fitRatios(features, 64, 1e6),
    /room for a unit .* ratios of 0.01 and 0.005 of 247/,
  );
  assert.throws(() => fitRatios([1000, 12], 4, 1e5), /got 100000 parameters, .* of 12 features/);
});

test("checkModisSpec names what makes no sense", () => {
  const refuse = (change: Partial<ModisSpec>, message: RegExp) =>
    assert.throws(() => checkModisSpec({ ...spec, ...change }), message);
  refuse({ modalities: spec.modalities.slice(1) }, /number of modalities .* at least 2, got 1/);
  refuse({ latent: 0 }, /latent to be a whole number of at least 1, got 0/);
  refuse({ klWeight: -1 }, /klWeight to be finite and at least 0, got -1/);
  refuse({ classes: 1.5 }, /classes to be a whole number of at least 2, got 1.5/);
  const small = { name: "protein", features: 4, ratios: [0.5, 0.2] };
  refuse({ modalities: [spec.modalities[0], small] }, /protein.ratios .* at least 1 \/ 4, got 0.2/);
  refuse({ modalities: [spec.modalities[0], { ...small, ratios: [] }] }, /at least one, got none/);
});
