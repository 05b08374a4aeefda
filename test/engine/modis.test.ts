// MODIS agrees with PyTorch in every engine that is present: losses, gradients of both steps, five steps, translation.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type BackendName, loadBackend } from "../../lib/engine/backend.js";
import type { MakeDense } from "../../lib/engine/dense.js";
import { nativeDense } from "../../lib/engine/dense-native.js";
import { portableDense } from "../../lib/engine/dense-portable.js";
import { loadKernels } from "../../lib/engine/kernels.js";
import { buildModis, type ModisLosses, makeModis, type Noise } from "../../lib/engine/modis.js";
import type { ModisBatch } from "../../lib/engine/modis-contract.js";
import { sizeOf } from "../../lib/model/autoencoder.js";
import {
  DEFAULT_RATIOS,
  initializeModis,
  type ModisSpec,
  modisParameters,
  modisStatistics,
} from "../../lib/model/modis.js";
import { goldenCases, relativeError } from "../golden.js";
import { contenders } from "./engines.js";

const TOLERANCE = 1e-5;

type Numbers = Readonly<Record<string, number>>;

interface Golden {
  readonly spec: ModisSpec;
  readonly klWeight: number;
  readonly learningRate: number;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly batches: readonly { x: number[][]; seen: number[][]; y: number[] }[];
  readonly noise: readonly (readonly number[][][])[];
  readonly losses: { readonly discriminator: Numbers; readonly generators: Numbers };
  readonly gradients: {
    readonly discriminator: Readonly<Record<string, { norm: number; at: number[] }>>;
    readonly generators: Readonly<Record<string, number[]>>;
  };
  readonly trace: readonly { readonly discriminator: Numbers; readonly generators: Numbers }[];
  readonly translated: readonly number[][][];
}

function weightsOf({ spec, weights }: Golden): Map<string, Float32Array> {
  return new Map(
    [...modisParameters(spec), ...modisStatistics(spec)].map(({ name, shape }) => {
      if (!name.startsWith("discriminator")) return [name, Float32Array.from(weights[name])];
      const formula = (i: number) => ((48271 * i + 11 * (i % 97) ** 2 + 5) % 1021) - 510;
      return [name, Float32Array.from({ length: sizeOf(shape) }, (_, i) => formula(i) / 2 ** 14)];
    }),
  );
}

function batchesOf({ batches }: Golden): ModisBatch[] {
  return batches.map(({ x, seen, y }) => {
    // What was not observed has a value all the same: the model sees it, the loss does not.
    const matrix = matrixFrom(x.length, x[0].length, x.flat());
    return { matrix: { ...matrix, observed: Uint8Array.from(seen.flat()) }, classes: y };
  });
}

/** The golden draws, in their order. */
function replay({ noise }: Golden): Noise {
  const left = noise.flat().map((table) => table.flat());
  return (size) => {
    const next = left.shift();
    assert.equal(next?.length, size);
    return next!;
  };
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  // As in the parity of the autoencoder: entries below a tenth of the largest are held to a tenth of it.
  const error = relativeError(actual, expected, 0.1);
  assert.ok(error <= TOLERANCE, `${what}: expected an error of at most ${TOLERANCE}, got ${error}`);
}

function assertLosses(
  { discriminator, generators }: ModisLosses,
  expected: Golden["losses"],
): void {
  for (const [name, value] of Object.entries(expected.discriminator)) {
    assertClose([discriminator[name as keyof typeof discriminator]], [value], name);
  }
  for (const [name, value] of Object.entries(expected.generators)) {
    assertClose([generators[name as keyof typeof generators]], [value], `generators' ${name}`);
  }
}

// On libtensorflow's engine it runs on the native kernels as well.
for (const { name, skip } of contenders.filter(({ name }) => name !== "tensorflow")) {
  const makeDense = async (): Promise<MakeDense> =>
    name === "native"
      ? nativeDense(await loadKernels())
      : portableDense(await loadBackend(name as BackendName));
  describe(`MODIS on ${name}`, { skip }, () => {
    for (const { data } of goldenCases<Golden>("modis")) {
      const { spec, klWeight, learningRate } = data;
      const batches = batchesOf(data);

      test("agrees with PyTorch on the losses and the gradients of both steps", async () => {
        const model = makeModis(spec, weightsOf(data), await makeDense());
        const options = { noise: replay(data), klWeight };
        const { losses, ...gradients } = await model.gradients(batches, options);
        assertLosses(losses, data.losses);
        const expected = Object.entries(data.gradients.generators);
        assert.deepEqual([...gradients.generators.keys()].sort(), expected.map(([n]) => n).sort());
        for (const [name, values] of expected) {
          if (isBeforeNorm(name, spec)) {
            assert.ok(values.every((value) => Math.abs(value) < 1e-12));
            assert.ok(gradients.generators.get(name)!.every((value) => value === 0));
          } else assertClose(gradients.generators.get(name)!, values, `gradient of ${name}`);
        }
        for (const [name, { norm, at }] of Object.entries(data.gradients.discriminator)) {
          const found = gradients.discriminator.get(name)!;
          const probed = at.map((_, k) => found[(7919 * k + 13) % found.length]);
          assertClose(
            [Math.sqrt(found.reduce((sum, value) => sum + value ** 2, 0))],
            [norm],
            `norm of the gradient of ${name}`,
          );
          const scale = norm / Math.sqrt(found.length);
          const worst = Math.max(...probed.map((value, k) => Math.abs(value - at[k])));
          assert.ok(worst <= 3 * TOLERANCE * scale, `gradient of ${name}: off by ${worst}`);
        }
        model.dispose();
      });

      test("agrees with PyTorch on translation, then on the losses of five steps", async () => {
        const model = makeModis(spec, weightsOf(data), await makeDense());
        const translated = await model.translate(batches[0].matrix, 0, [0, 1, 2]);
        translated.forEach(({ values }, i) => {
          assertClose(values, data.translated[i].flat(), `translation into ${i}`);
        });
        const noise = replay(data);
        for (const expected of data.trace) {
          assertLosses(await model.step(batches, { learningRate, noise, klWeight }), expected);
        }
        model.dispose();
      });
    }
  });
}

describe("MODIS in use", () => {
  const spec: ModisSpec = {
    modalities: [
      { name: "RNA", features: 30, ratios: [0.4, 0.2] },
      { name: "protein", features: 12, ratios: [0.5] },
    ],
    latent: 3,
    classes: 2,
  };
  const random = createRandom(5);
  const noise: Noise = (size) => Float64Array.from({ length: size }, () => random.normal());
  /** Two kinds of rows, which differ in every feature. */
  const batchOf = (features: number) => {
    const classes = Array.from({ length: 16 }, (_, i) => i % 2);
    const numbers = classes.flatMap((kind) =>
      Array.from(
        { length: features },
        (_, j) => 1 + Math.sin(3 * kind + j) + 0.1 * random.normal(),
      ),
    );
    return { matrix: matrixFrom(16, features, numbers), classes };
  };
  const batches = spec.modalities.map(({ features }) => batchOf(features));
  const build = () =>
    buildModis({ name: "portable", backend: "cpu" }, spec, initializeModis(spec, 1));

  test("learns to reconstruct, keeps its tensors, and frees them", async () => {
    const { tf, activate } = await loadBackend("cpu");
    activate();
    const before = tf.memory().numTensors;
    const model = await build();
    const first = await model.step(batches, { learningRate: 3e-3, noise });
    const { numTensors } = tf.memory();
    let last = first;
    for (let i = 0; i < 60; i++) last = await model.step(batches, { learningRate: 3e-3, noise });
    assert.equal(tf.memory().numTensors, numTensors);
    assert.ok(last.reconstructed.mse < 0.3 * first.reconstructed.mse);
    assert.ok(last.generators.classes < 0.5 * first.generators.classes);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
    await assert.rejects(model.readWeights(), /expected a living model/);
  });

  test("an entry that was not observed, and a class that is unknown, teach nothing", async () => {
    const model = await build();
    const [{ matrix, classes }, other] = batches;
    const observed = Uint8Array.from(matrix.observed, (_, i) => (i % 7 === 0 ? 0 : 1));
    const replayed = () => {
      const draws = createRandom(9);
      return (size: number) => Float64Array.from({ length: size }, () => draws.normal());
    };
    const lossesOf = async (part: ModisBatch) =>
      (await model.gradients([part, other], { noise: replayed() })).losses;
    const partly = await lossesOf({ matrix: { ...matrix, observed }, classes });
    const unknown = await lossesOf({ matrix, classes: classes.map(() => -1) });
    const whole = await lossesOf({ matrix, classes });
    assert.equal(partly.reconstructed.observed, whole.reconstructed.observed - 69);
    assert.notEqual(partly.generators.reconstruction, whole.generators.reconstruction);
    assert.ok(unknown.discriminator.classes < whole.discriminator.classes);
    assert.ok(unknown.discriminator.classes > 0);
    model.dispose();
  });

  test("the weights that come out go in again", async () => {
    const model = await build();
    await model.step(batches, { learningRate: 1e-2, noise });
    const weights = await model.readWeights();
    const again = await buildModis({ name: "portable", backend: "cpu" }, spec, new Map(weights));
    const [expected] = await model.translate(batches[0].matrix, 0, [1]);
    const [found] = await again.translate(batches[0].matrix, 0, [1]);
    assert.deepEqual(found, expected);
    model.dispose();
    again.dispose();
  });

  test("refuses what does not fit, and says what would", async () => {
    const model = await build();
    const step = (parts: readonly ModisBatch[]) => model.step(parts, { learningRate: 1e-3, noise });
    await assert.rejects(step(batches.slice(1)), /expected a batch of each of 2 modalities, got 1/);
    await assert.rejects(step(batches.toReversed()), /30 features of RNA, got 16 x 12/);
    const [{ matrix, classes }, other] = batches;
    await assert.rejects(step([{ matrix, classes: [1] }, other]), /16 rows of RNA, got 1/);
    const wrong = { matrix, classes: classes.map((kind) => kind + 1) };
    await assert.rejects(step([wrong, other]), /classes in \[-1, 2\) of RNA, got 2 in row 1/);
    const single = { matrix: matrixFrom(1, 30, new Float32Array(30)), classes: [0] };
    await assert.rejects(step([single, other]), /at least 2 rows of RNA/);
    const values = matrix.values.with(40, Number.NaN);
    await assert.rejects(
      step([{ matrix: { ...matrix, values }, classes }, other]),
      /got NaN at row 1/,
    );
    model.dispose();
    const weights = initializeModis(spec, 1);
    weights.delete("discriminator.fc.0.bias");
    await assert.rejects(
      buildModis({ name: "portable", backend: "cpu" }, spec, weights),
      /1024 numbers for disc.*none/,
    );
  });

  test("refuses the default ratios on the paper's features before it needs their memory", async () => {
    const features = [50455, 23300, 247];
    const modalities = features.map((count, i) => {
      return { name: `${i}`, features: count, ratios: DEFAULT_RATIOS };
    });
    const large = { modalities, latent: 256, classes: 2 };
    await assert.rejects(
      buildModis({ name: "portable", backend: "wasm" }, large, new Map()),
      /got \d+\.\d GiB for 22564 million parameters; give it smaller ratios/,
    );
  });
});

/** Biases of linear layers that batch normalization follows: they change nothing, and their gradient is 0. */
function isBeforeNorm(name: string, spec: ModisSpec): boolean {
  const bias = /^(.*)\.(\d+)\.bias$/.exec(name);
  if (!bias) return false;
  const norm = `${bias[1]}.${Number(bias[2]) + 1}.running_mean`;
  return modisStatistics(spec).some((statistic) => statistic.name === norm);
}
