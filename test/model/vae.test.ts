// The variational autoencoder agrees with PyTorch on every engine, and its gradients with differences of its loss.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Matrix } from "../../lib/cohort/matrix.js";
import {
  createRandom,
  type Random,
  type RandomState,
  restoreRandom,
} from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { countParameters, initializeWeights, type Weights } from "../../lib/model/model.js";
import { klWeightAt, VAE, type VaeSpec } from "../../lib/model/vae.js";
import { contenders } from "../engine/engines.js";
import {
  assertClose,
  assertTensors,
  flatten,
  goldenCases,
  type Nested,
  type Tensors,
  weightsOf,
} from "../golden.js";
import { checkGradients } from "../layers/differences.js";

interface GoldenLosses {
  readonly huber: number;
  readonly mse: number;
  readonly KL: number;
}

interface GoldenRun {
  readonly title: string;
  readonly output: VaeSpec["output"];
  readonly hidden_dropout: number;
  readonly visible: readonly [number, number];
  readonly weight_decay: number;
  readonly lr: number;
  readonly encoder_layers: number;
  readonly decoder_layers: number;
  readonly kl_weight: number;
  readonly warm_up_epochs: number;
  readonly epoch: number;
  readonly draws: RandomState;
  readonly init: Tensors;
  readonly noise: readonly (readonly (readonly number[])[])[];
  readonly first: {
    readonly output: Nested;
    readonly latent: Nested;
    readonly evaluation: GoldenLosses;
    readonly losses: GoldenLosses;
    readonly grad: Tensors;
  };
  readonly trace: readonly GoldenLosses[];
  readonly after_step_5: Tensors;
}

interface Golden {
  readonly sizes: { readonly features: number; readonly width: number; readonly latent: number };
  readonly x: readonly (readonly number[])[];
  readonly observed: readonly (readonly number[])[];
  readonly runs: readonly GoldenRun[];
}

function specOf({ sizes }: Golden, run: GoldenRun): VaeSpec {
  const [start, end] = run.visible;
  return {
    ...sizes,
    encoderLayers: run.encoder_layers,
    decoderLayers: run.decoder_layers,
    output: run.output,
    hiddenDropout: run.hidden_dropout,
    klWeight: run.kl_weight,
    warmUpEpochs: run.warm_up_epochs,
    visible: end - start < sizes.features ? { start, end } : null,
  };
}

/** The golden noise, step by step, beside dropout from the golden state. */
function replay({ draws, noise }: GoldenRun): Random {
  const numbers = flatten(noise);
  let next = 0;
  return { ...restoreRandom(draws), normal: () => numbers[next++] };
}

const SMALL: VaeSpec = {
  features: 20,
  width: 8,
  encoderLayers: 1,
  latent: 3,
  decoderLayers: 1,
  output: "softplus",
  hiddenDropout: 0,
  klWeight: 2,
  warmUpEpochs: 10,
  visible: { start: 0, end: 15 },
};

for (const { name, skip, start, tensors } of contenders) {
  describe(`the VAE on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start({ blockEntries: 64 });
    });
    const build = (spec: VaeSpec, weights: Weights = initializeWeights(VAE, spec, 1)) =>
      buildAutoencoder(engine, VAE, spec, weights);

    for (const { data } of goldenCases<Golden>("vae")) {
      const batch: Matrix = {
        rows: data.x.length,
        columns: data.sizes.features,
        values: Float32Array.from(data.x.flat()),
        observed: Uint8Array.from(data.observed.flat()),
      };
      for (const run of data.runs) {
        const spec = specOf(data, run);
        const weights = weightsOf(run.init);

        test(`agrees with PyTorch on the first pass: ${run.title}`, async () => {
          const model = build(spec, weights);
          assertClose(await model.reconstruct(batch), run.first.output, "output");
          assertClose(await model.encode(batch), run.first.latent, "latent mean");
          const { huber, mse, parts } = await model.evaluate(batch);
          const expected = Object.values(run.first.evaluation);
          assertClose([huber, mse, parts!.KL], expected, "losses in evaluation");
          const options = { random: replay(run), epoch: run.epoch };
          assertTensors(await model.gradients(batch, options), run.first.grad, "gradient of");
          model.dispose();
        });

        test(`agrees with PyTorch over five steps: ${run.title}`, async () => {
          const model = build(spec, weights);
          const random = replay(run);
          const rates = { learningRate: run.lr, weightDecay: run.weight_decay };
          for (const [i, expected] of run.trace.entries()) {
            const { huber, mse, parts } = await model.step(batch, {
              ...rates,
              random,
              epoch: i + 1,
            });
            assertClose([huber], [expected.huber], `Huber in step ${i + 1}`);
            assertClose([mse], [expected.mse], `MSE in step ${i + 1}`);
            assertClose([parts!.KL], [expected.KL], `divergence in step ${i + 1}`);
          }
          assertTensors(await model.readWeights(), run.after_step_5, "after five steps,");
          model.dispose();
        });
      }
    }

    test("has the gradient of Huber's loss plus the weighted divergence, by differences", async () => {
      const batch = rowsOf(9);
      const weights = initializeWeights(VAE, SMALL, 3);
      const epoch = 6; // half of the weight of 2
      const model = build(SMALL, weights);
      const gradients = await model.gradients(batch, { random: createRandom(5), epoch });
      model.dispose();
      await checkGradients(gradients, weights, async (moved) => {
        const other = build(SMALL, moved);
        const options = { learningRate: 0, random: createRandom(5), epoch };
        const { huber, parts } = await other.step(batch, options);
        other.dispose();
        return huber + parts!.KL;
      });
    });

    test("learns, keeps its tensors, and frees them", async () => {
      const empty = await tensors();
      const model = build(SMALL);
      const batch = rowsOf(30);
      const random = createRandom(2);
      const first = await model.evaluate(batch);
      await model.step(batch, { learningRate: 3e-3, random });
      const held = await tensors();
      for (let i = 0; i < 200; i++) await model.step(batch, { learningRate: 3e-3, random });
      const last = await model.evaluate(batch);
      assert.equal(await tensors(), held);
      assert.ok(last.huber < 0.7 * first.huber, `${first.huber} ${last.huber}`);
      model.dispose();
      assert.equal(await tensors(), empty);
    });

    test("measures the divergence of many rows as that of their parts", async () => {
      const model = build(SMALL);
      const many = rowsOf(300); // more than are worked on at a time
      const { parts, observed } = await model.evaluate(many);
      const latent = await model.encode(many);
      assert.equal(latent.length, 300 * SMALL.latent);
      let sum = 0;
      for (let row = 0; row < 300; row++) {
        const [from, to] = [row * SMALL.features, (row + 1) * SMALL.features];
        const one: Matrix = {
          rows: 1,
          columns: SMALL.features,
          values: many.values.subarray(from, to),
          observed: many.observed.subarray(from, to),
        };
        const alone = await model.evaluate(one);
        sum += alone.parts!.KL * alone.observed;
      }
      assertClose([parts!.KL], [sum / observed], "divergence");
      model.dispose();
    });
  });
}

test("the weight of the divergence warms up in a line from 0, and stays", () => {
  const weights = [1, 2, 6, 11, 12, 100].map((epoch) => klWeightAt(SMALL, epoch));
  assert.deepEqual(weights, [0, 0.2, 1, 2, 2, 2]);
  assert.equal(klWeightAt({ ...SMALL, warmUpEpochs: 0 }, 1), 2);
});

test("the authors' configuration has the parameters of its layers", () => {
  const spec = {
    ...SMALL,
    features: 71094,
    width: 4096,
    encoderLayers: 3,
    latent: 2048,
    decoderLayers: 3,
  };
  const dense = (outputs: number, inputs: number) => outputs * (inputs + 1);
  const expected =
    dense(4096, 71094) +
    6 * dense(4096, 4096) +
    2 * dense(2048, 4096) +
    dense(4096, 2048) +
    dense(71094, 4096);
  assert.equal(countParameters(VAE, spec), expected);
});

test("a spec that makes no sense is refused by name", () => {
  const bad: [Partial<VaeSpec>, RegExp][] = [
    [{ features: 0 }, /VAE: expected features .* got 0/],
    [{ width: 1.5 }, /width .* got 1.5/],
    [{ latent: 0 }, /latent .* got 0/],
    [{ encoderLayers: -1 }, /encoderLayers .* got -1/],
    [{ decoderLayers: 0.5 }, /decoderLayers .* got 0.5/],
    [{ output: "tanh" as "relu" }, /output .* got "tanh"/],
    [{ hiddenDropout: 1 }, /hiddenDropout .* got 1/],
    [{ klWeight: Number.NaN }, /klWeight .* got NaN/],
    [{ warmUpEpochs: -1 }, /warmUpEpochs .* got -1/],
    [{ visible: { start: 3, end: 21 } }, /visible .* got \[3, 21\)/],
  ];
  for (const [change, message] of bad) {
    assert.throws(() => VAE.check({ ...SMALL, ...change }), { name: "RangeError", message });
  }
});

/** Rows on a curve, with a fifth not observed. */
function rowsOf(rows: number): Matrix {
  const random = createRandom(7);
  const columns = SMALL.features;
  const values = new Float32Array(rows * columns);
  const observed = new Uint8Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const place = random.normal();
    for (let j = 0; j < columns; j++) {
      values[i * columns + j] = Math.max(0, Math.sin(place + j) + 0.1 * random.normal());
      observed[i * columns + j] = random.uniform() < 0.8 ? 1 : 0;
    }
  }
  return { rows, columns, values, observed };
}
