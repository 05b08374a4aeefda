// The shape of MODIS: names, counts as PyTorch counts them, seeded weights, and settings that make no sense.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkModisSpec,
  countModisParameters,
  discriminatorLayers,
  fitRatios,
  initializeModis,
  type ModisSpec,
  modisParameters,
  modisStatistics,
  requireModisWeights,
  vaeLayers,
} from "../../lib/model/modis.js";
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
    const names = [...modisParameters(data.spec), ...modisStatistics(data.spec)]
      .map(({ name }) => name)
      .filter((name) => !name.startsWith("discriminator"));
    assert.deepEqual(names.sort(), Object.keys(data.weights).sort());
    for (const { features, ratios, latent, classes, parameters } of data.counts) {
      const modalities = features.map((count, i) => {
        return { name: `${i}`, features: count, ratios };
      });
      assert.equal(countModisParameters({ modalities, latent, classes }), parameters);
    }
    assert.deepEqual(
      data.counts.map(({ parameters }) => parameters),
      [22563885677, 253119043],
    );
  }
});

test("layers mirror each other, and sizes are rounded down", () => {
  const { encoder, mean, decoder } = vaeLayers(spec, 0);
  const sizes = (layers: typeof encoder) => layers.map(({ inputs, outputs }) => [inputs, outputs]);
  assert.deepEqual(sizes(encoder), [
    [10, 5],
    [5, 4],
  ]);
  assert.deepEqual(sizes([mean]), [[4, 3]]);
  assert.deepEqual(sizes(decoder), [
    [3, 4],
    [4, 5],
    [5, 10],
  ]);
  assert.deepEqual(
    encoder.map(({ norm, plain }) => [norm, plain]),
    [
      ["variational_autoencoders.0.encoder.1", false],
      [null, true],
    ],
  );
  const { trunk, modality, label } = discriminatorLayers(spec);
  assert.deepEqual(sizes([...trunk, modality, label]), [
    [3, 1024],
    [1024, 512],
    [512, 256],
    [256, 2],
    [256, 2],
  ]);
});

test("fitRatios gives ARO's parameters to MODIS: 0.04 and 0.02 at the paper's features", () => {
  const features = [50455, 23300, 247];
  assert.deepEqual(fitRatios(features, 64, 303_863_222), [0.04, 0.02]);
  const exactly = 253_119_043 - 723_973; // without the discriminator
  assert.deepEqual(fitRatios(features, 64, exactly), [0.04, 0.02]);
  assert.deepEqual(fitRatios(features, 64, exactly - 1), [0.03, 0.015]);
  assert.throws(() => fitRatios(features, 64, 1e6), /room for a unit .* ratios of 0 and 0 of 247/);
  assert.throws(() => fitRatios([1000, 12], 4, 1e5), /of 12 features within 100000 parameters/);
});

test("initializeModis draws the same weights from a seed, within PyTorch's bounds", () => {
  const weights = initializeModis(spec, 7);
  requireModisWeights("test", spec, weights);
  assert.deepEqual(initializeModis(spec, 7), weights);
  assert.notDeepEqual(initializeModis(spec, 8), weights);
  const drawn = weights.get("discriminator.fc.2.weight")!;
  const bound = 1 / Math.sqrt(1024);
  const largest = drawn.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(largest <= bound && largest > 0.999 * bound);
  const squares = drawn.reduce((sum, value) => sum + value ** 2, 0) / drawn.length;
  assert.ok(Math.abs(squares / (bound ** 2 / 3) - 1) < 0.01); // the variance of a uniform
  assert.ok(weights.get("variational_autoencoders.0.encoder.1.weight")!.every((x) => x === 1));
});

test("checkModisSpec names what makes no sense", () => {
  const refuse = (change: Partial<ModisSpec>, message: RegExp) =>
    assert.throws(() => checkModisSpec({ ...spec, ...change }), message);
  refuse({ modalities: spec.modalities.slice(1) }, /number of modalities .* at least 2, got 1/);
  refuse({ latent: 0 }, /latent to be a whole number of at least 1, got 0/);
  refuse({ classes: 1.5 }, /classes to be a whole number of at least 2, got 1.5/);
  const small = { name: "protein", features: 4, ratios: [0.5, 0.2] };
  refuse({ modalities: [spec.modalities[0], small] }, /protein.ratios .* at least 1 \/ 4, got 0.2/);
  refuse({ modalities: [spec.modalities[0], { ...small, ratios: [] }] }, /at least one, got none/);
});

test("requireModisWeights names the first that is missing, of another size, or unknown", () => {
  const refuse = (change: (weights: Map<string, Float32Array>) => void, message: RegExp) => {
    const weights = initializeModis(spec, 1);
    change(weights);
    assert.throws(() => requireModisWeights("build", spec, weights), message);
  };
  const name = "variational_autoencoders.1.mu.bias";
  refuse(
    (weights) => weights.delete(name),
    /build: expected 3 numbers for .*1.mu.bias \[3\], got none/,
  );
  refuse((weights) => weights.set(name, new Float32Array(2)), /\[3\], got 2/);
  refuse((weights) => weights.set("other", new Float32Array(1)), /no parameter named "other"/);
});
