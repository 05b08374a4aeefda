// MODIS agrees with PyTorch on every engine: losses, gradients of both steps, five steps, translation; and what it refuses.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom, type Random } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { sizeOf } from "../../lib/engine/shapes.js";
import { initializeWeights, type Measured } from "../../lib/model/model.js";
import { buildModis, MODIS } from "../../lib/model/modis.js";
import type { ModisBatch } from "../../lib/model/modis-batch.js";
import { DEFAULT_RATIOS, type ModisSpec } from "../../lib/model/modis-networks.js";
import { contenders } from "../engine/engines.js";
import { assertClose, goldenCases } from "../golden.js";

type Numbers = Readonly<Record<string, number>>;

interface GoldenLosses {
  readonly discriminator: Numbers;
  readonly generators: Numbers;
}

interface Golden {
  readonly spec: ModisSpec;
  readonly klWeight: number;
  readonly learningRate: number;
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly batches: readonly { x: number[][]; seen: number[][]; y: number[] }[];
  readonly noise: readonly (readonly number[][][])[];
  readonly losses: GoldenLosses;
  readonly gradients: {
    readonly discriminator: Readonly<Record<string, { norm: number; at: number[] }>>;
    readonly generators: Readonly<Record<string, number[]>>;
  };
  readonly trace: readonly GoldenLosses[];
  readonly translated: readonly number[][][];
}

const specOf = ({ spec, klWeight }: Golden): ModisSpec => ({ ...spec, klWeight });

function weightsOf(golden: Golden): Map<string, Float32Array> {
  return new Map(
    MODIS.network(specOf(golden)).tensors.map(({ name, shape }) => {
      if (!name.startsWith("discriminator")) {
        return [name, Float32Array.from(golden.weights[name])];
      }
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
function replay({ noise }: Golden): Random {
  const draws = (noise as readonly (readonly number[][][])[]).flat(3);
  let next = 0;
  return { ...createRandom(0), normal: () => draws[next++] };
}

function assertLosses({ parts }: Measured, expected: GoldenLosses): void {
  const flat = Object.entries(expected).flatMap(([who, losses]) =>
    Object.entries(losses as Numbers).map(([name, value]) => [`${who} ${name}`, value] as const),
  );
  assert.deepEqual(Object.keys(parts!).sort(), flat.map(([name]) => name).sort());
  for (const [name, value] of flat) assertClose([parts![name]], [value], name);
}

/** Biases of dense layers that batch normalization follows: they change nothing, and their gradient is 0. */
function isBeforeNorm(name: string, spec: ModisSpec): boolean {
  const bias = /^(.*)\.(\d+)\.bias$/.exec(name);
  if (!bias) return false;
  const norm = `${bias[1]}.${Number(bias[2]) + 1}.running_mean`;
  return MODIS.network(spec).tensors.some((tensor) => tensor.name === norm);
}

for (const { name, skip, start, tensors } of contenders) {
  describe(`MODIS on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });

    for (const { data } of goldenCases<Golden>("modis")) {
      const spec = specOf(data);
      const batches = batchesOf(data);

      test("agrees with PyTorch on the losses and the gradients of both steps", async () => {
        const still = buildModis(engine, spec, weightsOf(data));
        const options = { learningRate: 0, random: replay(data) };
        assertLosses(await still.step(batches, options), data.losses);
        still.dispose();
        const model = buildModis(engine, spec, weightsOf(data));
        const gradients = await model.gradients(batches, { random: replay(data) });
        const ofGenerators = Object.entries(data.gradients.generators);
        const names = [
          ...Object.keys(data.gradients.discriminator),
          ...ofGenerators.map(([n]) => n),
        ];
        assert.deepEqual([...gradients.keys()].sort(), names.sort());
        for (const [name, values] of ofGenerators) {
          if (isBeforeNorm(name, spec)) {
            assert.ok(values.every((value) => Math.abs(value) < 1e-12));
            assert.ok(gradients.get(name)!.every((value) => value === 0));
          } else assertClose(gradients.get(name)!, values, `gradient of ${name}`);
        }
        for (const [name, { norm, at }] of Object.entries(data.gradients.discriminator)) {
          const found = gradients.get(name)!;
          const probed = at.map((_, k) => found[(7919 * k + 13) % found.length]);
          assertClose(
            [Math.sqrt(found.reduce((sum, value) => sum + value ** 2, 0))],
            [norm],
            `norm of the gradient of ${name}`,
          );
          const scale = norm / Math.sqrt(found.length);
          const worst = Math.max(...probed.map((value, k) => Math.abs(value - at[k])));
          assert.ok(worst <= 3e-5 * scale, `gradient of ${name}: off by ${worst}`);
        }
        model.dispose();
      });

      test("agrees with PyTorch on translation, then on the losses of five steps", async () => {
        const model = buildModis(engine, spec, weightsOf(data));
        const translated = await model.translate(batches[0].matrix, 0, [0, 1, 2]);
        translated.forEach((values, i) => {
          assertClose(values, data.translated[i].flat(), `translation into ${i}`);
        });
        const random = replay(data);
        const { learningRate } = data;
        for (const expected of data.trace) {
          assertLosses(await model.step(batches, { learningRate, random }), expected);
        }
        model.dispose();
      });
    }

    // 60 steps of a discriminator of 1,024 units take plain JavaScript half a minute.
    const tooSlow = name === "cpu" && "too slow in plain JavaScript";
    test("learns to reconstruct and to tell classes, keeps its tensors, and frees them", {
      skip: tooSlow,
    }, async () => {
      const empty = await tensors();
      const model = build(engine);
      const random = createRandom(6);
      const first = await model.step(samples, { learningRate: 3e-3, random });
      const { mse: before } = await model.evaluate(samples);
      const held = await tensors();
      let last = first;
      for (let i = 0; i < 60; i++) last = await model.step(samples, { learningRate: 3e-3, random });
      assert.ok((await model.evaluate(samples)).mse < 0.5 * before);
      assert.equal(await tensors(), held);
      assert.ok(last.mse < 0.3 * first.mse);
      const classes = "generators classes";
      assert.ok(last.parts![classes] < 0.5 * first.parts![classes]);
      model.dispose();
      assert.equal(await tensors(), empty);
      await assert.rejects(model.translate(samples[0].matrix, 0, [1]), /expected a living model/);
    });

    test("an entry that was not observed, and a class that is unknown, teach nothing", async () => {
      const [{ matrix, classes }, other] = samples;
      const observed = Uint8Array.from(matrix.observed, (_, i) => (i % 7 === 0 ? 0 : 1));
      const measure = async (part: ModisBatch) => {
        const model = build(engine);
        const losses = await model.step([part, other], {
          learningRate: 0,
          random: createRandom(9),
        });
        model.dispose();
        return { ...losses, parts: losses.parts! };
      };
      const partly = await measure({ matrix: { ...matrix, observed }, classes });
      const unknown = await measure({ matrix, classes: classes.map(() => -1) });
      const whole = await measure({ matrix, classes });
      assert.equal(partly.observed, whole.observed - 69);
      const [squares, known] = ["generators reconstruction", "discriminator classes"];
      assert.notEqual(partly.parts[squares], whole.parts[squares]);
      assert.ok(unknown.parts[known] < whole.parts[known]);
      assert.ok(unknown.parts[known] > 0);
    });

    test("evaluates the translation of the first modality, clamped at 0, over what was observed", async () => {
      const model = build(engine);
      const negative = samples.map(({ matrix, classes }) => ({
        matrix: { ...matrix, values: matrix.values.map((value) => value - 1) },
        classes,
      }));
      const found = await model.evaluate(negative);
      const translated = await model.translate(negative[0].matrix, 0, [0, 1]);
      let [squares, huber, observed] = [0, 0, 0];
      translated.forEach((values, i) => {
        values.forEach((value, k) => {
          const difference = Math.abs(Math.max(0, value) - negative[i].matrix.values[k]);
          squares += difference ** 2;
          huber += difference <= 1 ? difference ** 2 / 2 : difference - 0.5;
          observed++;
        });
      });
      assert.ok(translated.some((values) => values.some((value) => value < 0)));
      assert.equal(found.observed, observed);
      assertClose([found.mse, found.huber], [squares / observed, huber / observed], "evaluation");
      model.dispose();
    });

    test("refuses what does not fit, and says what would", async () => {
      const model = build(engine);
      const step = (parts: readonly ModisBatch[]) => model.step(parts, { learningRate: 1e-3 });
      await assert.rejects(step(samples.slice(1)), /a batch of each of 2 modalities, got 1/);
      await assert.rejects(step(samples.toReversed()), /30 columns of RNA, got 16 x 12/);
      const [{ matrix, classes }, other] = samples;
      await assert.rejects(step([{ matrix, classes: [1] }, other]), /16 rows of RNA, got 1/);
      const wrong = { matrix, classes: classes.map((kind) => kind + 1) };
      await assert.rejects(step([wrong, other]), /classes in \[-1, 2\) of RNA, got 2 in row 1/);
      const single = { matrix: matrixFrom(1, 30, new Float32Array(30)), classes: [0] };
      await assert.rejects(step([single, other]), /encoder.1: expected at least 2 rows, got 1/);
      await assert.rejects(model.evaluate([single, other]), /same samples .* got 1 rows and 16/);
      const values = matrix.values.with(40, Number.NaN);
      const broken: Matrix = { ...matrix, values };
      await assert.rejects(step([{ matrix: broken, classes }, other]), /of RNA, got NaN at row 1/);
      await assert.rejects(model.translate(broken, 0, [1]), /of RNA, got NaN at row 1/);
      await assert.rejects(model.translate(matrix, 0, [2]), /a modality in \[0, 2\), got 2/);
      await assert.rejects(model.translate(matrix, 1, [0]), /12 columns of protein, got 16 x 30/);
      model.dispose();
      const weights = initializeWeights(MODIS, spec, 1);
      weights.delete("discriminator.fc.0.bias");
      assert.throws(() => buildModis(engine, spec, weights), /1024 numbers for disc.*none/);
    });

    test("refuses the default ratios on the paper's features before it needs their memory", () => {
      const modalities = [50455, 23300, 247].map((features, i) => {
        return { name: `${i}`, features, ratios: DEFAULT_RATIOS };
      });
      const large = { modalities, latent: 256, classes: 2 };
      assert.throws(
        () => buildModis(engine, large, new Map()),
        /got \d+\.\d\d GiB for 22564 million parameters; take fewer features, or make its layers narrower/,
      );
    });
  });
}

const spec: ModisSpec = {
  modalities: [
    { name: "RNA", features: 30, ratios: [0.4, 0.2] },
    { name: "protein", features: 12, ratios: [0.5] },
  ],
  latent: 3,
  classes: 2,
};

const build = (engine: Engine, seed = 1) =>
  buildModis(engine, spec, initializeWeights(MODIS, spec, seed));

/** Two kinds of samples, which differ in every feature. */
const samples = spec.modalities.map(({ features }) => {
  const random = createRandom(5);
  const classes = Array.from({ length: 16 }, (_, i) => i % 2);
  const numbers = classes.flatMap((kind) =>
    Array.from({ length: features }, (_, j) => 1 + Math.sin(3 * kind + j) + 0.1 * random.normal()),
  );
  return { matrix: matrixFrom(16, features, numbers), classes };
});
