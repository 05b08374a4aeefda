// The shared decoder's network agrees with PyTorch on every engine, and refuses what does not fit it.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Engine } from "../../lib/engine/engine.js";
import { rateAt, stepsFor } from "../../lib/impute/network.js";
import { countParameters } from "../../lib/model/model.js";
import {
  buildSharedDecoder,
  initializeSharedDecoder,
  type MeasuredPairs,
  SHARED_DECODER,
  type SharedDecoderSpec,
} from "../../lib/model/shared-decoder.js";
import { contenders } from "../engine/engines.js";
import {
  assertClose,
  assertTensors,
  goldenCases,
  type Nested,
  type Tensors,
  weightsOf,
} from "../golden.js";

type Losses = Readonly<Record<string, number>>;

interface GoldenRun {
  readonly objective: SharedDecoderSpec["objective"];
  readonly paths: number;
  readonly statistics: number;
  readonly hidden: number;
  readonly pairs: Readonly<Record<Exclude<keyof MeasuredPairs, "count">, Nested>>;
  readonly init: Tensors;
  readonly first: {
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
    readonly pull: readonly number[];
    readonly losses: Losses;
    readonly gradients: Tensors;
  };
  readonly rates: readonly number[];
  readonly trace: readonly Losses[];
  readonly after: Tensors;
}

interface Golden {
  readonly networks: readonly GoldenRun[];
}

function specOf({ paths, statistics, hidden, objective }: GoldenRun): SharedDecoderSpec {
  return { gates: new Array<number>(paths).fill(0), statistics, hidden, objective };
}

function pairsOf({ pairs }: GoldenRun): MeasuredPairs {
  const vectors = Object.fromEntries(weightsOf(pairs)) as unknown as Omit<MeasuredPairs, "count">;
  return { count: vectors.target.length, ...vectors };
}

for (const { name, skip, start, tensors } of contenders) {
  describe(`the shared decoder on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start({ blockEntries: 64 });
    });

    for (const { data } of goldenCases<Golden>("shared_decoder")) {
      for (const run of data.networks) {
        const spec = specOf(run);
        const pairs = pairsOf(run);
        const weights = weightsOf(run.init);
        const assertLosses = (
          { mse, parts }: { readonly mse: number; readonly parts?: Losses },
          expected: Losses,
          what: string,
        ) => {
          const measured: Losses = { ...parts, mse };
          assert.deepEqual(Object.keys(measured).sort(), Object.keys(expected).sort());
          const keys = Object.keys(expected);
          assertClose(
            keys.map((key) => measured[key]),
            keys.map((key) => expected[key]),
            what,
          );
        };

        test(`agrees with PyTorch on predictions and gradients: ${run.objective}`, async () => {
          const model = buildSharedDecoder(engine, spec, weights);
          const { mean, deviation, pull } = await model.predict(pairs);
          assertClose(mean, run.first.mean, "mean");
          assertClose(deviation, run.first.deviation, "deviation");
          if (spec.objective === "preprocessed") assertClose(pull, run.first.pull, "pull");
          else assert.ok(pull.every((share) => share === 0));
          assertLosses(await model.evaluate(pairs), run.first.losses, "losses");
          assertTensors(await model.gradients(pairs), run.first.gradients, "gradient of");
          model.dispose();
        });

        test(`agrees with PyTorch over five steps of AdamW: ${run.objective}`, async () => {
          const model = buildSharedDecoder(engine, spec, weights);
          for (const [step, expected] of run.trace.entries()) {
            const learningRate = rateAt(step, 300);
            assert.ok(Math.abs(learningRate - run.rates[step]) < 1e-15);
            const measured = await model.step(pairs, { learningRate, weightDecay: 1e-3 });
            assertLosses(measured, expected, `losses of step ${step + 1}`);
          }
          assertTensors(await model.readWeights(), run.after, "after five steps");
          model.dispose();
        });

        test(`a step leaves no tensor behind: ${run.objective}`, async () => {
          const model = buildSharedDecoder(engine, spec, weights);
          await model.step(pairs, { learningRate: 1e-3 });
          const held = await tensors();
          await model.step(pairs, { learningRate: 1e-3 });
          await model.predict(pairs);
          assert.equal(await tensors(), held);
          model.dispose();
        });
      }
    }
  });
}

const SPEC: SharedDecoderSpec = {
  gates: [0.4, 0.5, 0.7, 0, 0, 0.7, 0],
  statistics: 18,
  hidden: 32,
  objective: "preprocessed",
};

test("it has 2,218 parameters for two inferred modalities", () => {
  assert.equal(countParameters(SHARED_DECODER, SPEC), 2218);
});

test("an untrained network gives each path its first gate, whatever it is told", async () => {
  const engine = await contenders.find(({ name }) => name === "cpu")!.start();
  const model = buildSharedDecoder(engine, SPEC, initializeSharedDecoder(SPEC, 1));
  const inputs = Float32Array.from({ length: 50 }, (_, i) => (i % 7) - 3);
  const unit = Float32Array.of(2, 0.5);
  const { mean, deviation, pull } = await model.predict({ count: 2, inputs, unit });
  for (const i of [0, 1]) {
    const expected = SPEC.gates.reduce((sum, gate, p) => sum + gate * inputs[i * 25 + p], 0);
    assert.ok(Math.abs(mean[i] - unit[i] * expected) < 1e-5);
    assert.ok(Math.abs(deviation[i] - unit[i] * Math.exp(-0.1)) < 1e-6);
    assert.ok(Math.abs(pull[i] - 1 / (1 + Math.exp(3))) < 1e-6);
  }
  model.dispose();
});

test("a weight or pairs that make no sense are refused, with what was found", async () => {
  const engine = await contenders.find(({ name }) => name === "cpu")!.start();
  const weights = initializeSharedDecoder(SPEC, 1);
  const build = (change: Partial<SharedDecoderSpec>) =>
    buildSharedDecoder(engine, { ...SPEC, ...change }, weights);
  assert.throws(
    () => build({ preprocessedWeight: Number.NaN }),
    /expected preprocessedWeight to be finite and at least 0, got NaN/,
  );
  const model = build({});
  const one = Float32Array.of(1);
  const pairs: MeasuredPairs = {
    count: 1,
    inputs: new Float32Array(25),
    unit: one,
    by: one,
    plus: one,
    level: one,
    target: one,
  };
  const options = { learningRate: 1e-3 };
  await assert.rejects(
    model.step({ ...pairs, inputs: new Float32Array(24) }, options),
    /expected 25 finite inputs a pair of 1 pairs, .* got 24 numbers/,
  );
  await assert.rejects(
    model.step({ ...pairs, target: Float32Array.of(Number.NaN) }, options),
    /expected 1 finite target a pair .* got NaN/,
  );
  await assert.rejects(model.step({ ...pairs, count: 0 }, options), /of 0 pairs, at least one/);
  model.dispose();
});

test("training takes 60 to 300 steps, and at most twenty passes", () => {
  assert.equal(stepsFor(1_000_000, 300), 300);
  assert.equal(stepsFor(8192 * 10, 300), 150);
  assert.equal(stepsFor(8192 * 3, 300), 60, "fifteen passes would be 45");
  assert.equal(stepsFor(8192, 300), 20, "twenty passes");
  assert.equal(stepsFor(100, 300), 20, "one batch a pass");
  assert.ok(rateAt(0, 300) < rateAt(29, 300));
  assert.ok(Math.abs(rateAt(299, 300) / 3e-3 - 0.02) < 1e-3);
});
