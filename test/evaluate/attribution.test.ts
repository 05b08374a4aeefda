// Attributions agree with captum on every engine, add up to what they explain, and refuse what makes no sense.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { integratedGradients, rankFeatures, saliency } from "../../lib/evaluate/attribution.js";
import { ARO, type AroSpec } from "../../lib/model/aro.js";
import { type AutoencoderModel, buildAutoencoder, type Unit } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { VAE, type VaeSpec } from "../../lib/model/vae.js";
import { contenders } from "../engine/engines.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  readonly autoencoder: {
    readonly features: number;
    readonly visible: number;
    readonly width: number;
    readonly hiddenLayers: number;
    readonly steps: number;
    readonly weights: Readonly<Record<string, readonly (number | readonly number[])[]>>;
    readonly x: readonly (readonly number[])[];
    readonly attributions: readonly (Unit & {
      readonly baseline: readonly number[];
      readonly values: readonly (readonly number[])[];
      readonly error: readonly number[];
      readonly saliency: readonly (readonly number[])[];
    })[];
  };
}

const TOLERANCE = 1e-5;
const SPEC: AroSpec = {
  features: 12,
  visible: { start: 0, end: 8 },
  width: 6,
  hiddenLayers: 2,
  output: "softplus",
  inputDropout: 0.3,
  hiddenDropout: 0.2,
  batchNorm: false,
  zeroed: [],
};

const assertClose = (actual: ArrayLike<number>, expected: ArrayLike<number>, what: string) => {
  const error = relativeError(actual, expected);
  assert.ok(error < TOLERANCE, `${what}: relative error ${error.toExponential(1)}`);
};

function drawRows(rows: number, columns: number): Matrix {
  const random = createRandom(3, "rows");
  return matrixFrom(
    rows,
    columns,
    Array.from({ length: rows * columns }, () => Math.abs(random.normal())),
  );
}

for (const { name, skip, start } of contenders) {
  describe(`attributions on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start({ blockEntries: 16 });
    });

    for (const { data } of goldenCases<Golden>("reading")) {
      const { autoencoder: golden } = data;
      test("agree with captum and autograd", async () => {
        const spec: AroSpec = {
          ...SPEC,
          features: golden.features,
          visible: { start: 0, end: golden.visible },
          width: golden.width,
          hiddenLayers: golden.hiddenLayers,
        };
        const weights = new Map(
          Object.entries(golden.weights).map(([key, values]) => [
            key,
            Float32Array.from(values.flat()),
          ]),
        );
        const model = buildAutoencoder(engine, ARO, spec, weights);
        const rows = matrixFrom(golden.x.length, golden.features, golden.x.flat());
        for (const { baseline, values, error, saliency: slopes, ...unit } of golden.attributions) {
          const found = await integratedGradients(model, rows, {
            unit,
            steps: golden.steps,
            baseline: Float32Array.from(baseline),
          });
          assertClose(found.values, values.flat(), `${unit.of} ${unit.column}`);
          // The error is a small difference of numbers around 1.
          assert.ok(error.every((one, i) => Math.abs(found.error[i] - one) < TOLERANCE));
          assertClose(await saliency(model, rows, unit), slopes.flat(), "saliency");
        }
        model.dispose();
      });
    }
  });
}

describe("attributions", () => {
  let engine: Engine;
  let model: AutoencoderModel<AroSpec>;
  const rows = drawRows(5, 12);
  const unit: Unit = { of: "reconstruction", column: 10 };
  before(async () => {
    engine = await contenders.find(({ skip }) => !skip)!.start();
    model = buildAutoencoder(engine, ARO, SPEC, initializeWeights(ARO, SPEC, 1));
  });
  after(() => model.dispose());

  test("slopes are differences of the reconstruction and of the latent units", async () => {
    for (const of of ["reconstruction", "latent"] as const) {
      const { values, slopes } = await model.slopes(rows, { of, column: 5 });
      const unitOf = async (batch: Matrix) => {
        const out = of === "latent" ? await model.encode(batch) : await model.reconstruct(batch);
        return Array.from({ length: 5 }, (_, i) => out[(i * out.length) / 5 + 5]);
      };
      assertClose(values, await unitOf(rows), of);
      const step = 1e-2;
      const moved = async (by: number) => {
        const shifted = rows.values.map((value, at) => value + (at % 12 === 3 ? by : 0));
        return await unitOf({ ...rows, values: shifted });
      };
      const [up, down] = [await moved(step), await moved(-step)];
      up.forEach((value, i) => {
        const expected = (value - down[i]) / (2 * step);
        assert.ok(Math.abs(slopes[i * 8 + 3] - expected) < 2e-3, `${of}, row ${i}`);
      });
    }
  });

  test("add up to the change of the output, the better the more steps there are", async () => {
    const [few, many] = [
      await integratedGradients(model, rows, { unit, steps: 4 }),
      await integratedGradients(model, rows, { unit, steps: 400 }),
    ];
    assert.ok(many.relativeError < few.relativeError && many.relativeError < 2e-3);
    for (let i = 0; i < 5; i++) {
      const sum = many.values.subarray(i * 8, (i + 1) * 8).reduce((all, one) => all + one, 0);
      const change = many.output[i] - many.baseline;
      assert.ok(Math.abs(sum - change - many.error[i]) < 1e-6);
    }
  });

  test("a masked column moves nothing, and neither does one at its baseline", async () => {
    const baseline = rows.values.slice(0, 12);
    const { values, visible } = await integratedGradients(model, rows, { unit, baseline });
    assert.deepEqual(visible, { start: 0, end: 8 });
    assert.equal(values.length, 5 * 8);
    assert.ok(values.subarray(0, 8).every((value) => value === 0));
  });

  test("the variational autoencoder has slopes too, through the mean of its latent units", async () => {
    const spec: VaeSpec = {
      features: 12,
      width: 6,
      encoderLayers: 1,
      latent: 3,
      decoderLayers: 1,
      output: "softplus",
      hiddenDropout: 0,
      klWeight: 1,
      warmUpEpochs: 0,
      visible: null,
    };
    const vae = buildAutoencoder(engine, VAE, spec, initializeWeights(VAE, spec, 1));
    const { relativeError } = await integratedGradients(vae, rows, { unit, steps: 400 });
    assert.ok(relativeError < 2e-3);
    const { values } = await vae.slopes(rows, { of: "latent", column: 1 });
    const latent = await vae.encode(rows);
    assertClose(
      values,
      [0, 1, 2, 3, 4].map((i) => latent[i * 3 + 1]),
      "latent",
    );
    vae.dispose();
  });

  test("bad input is refused with what was expected", async () => {
    const refuse = (options: object, message: RegExp) =>
      assert.rejects(integratedGradients(model, rows, { unit, ...options }), message);
    await refuse({ unit: { of: "latent", column: 6 } }, /column of the latent in \[0, 6\), got 6/);
    await refuse({ unit: { of: "reconstruction", column: 0.5 } }, /\[0, 12\), got 0.5/);
    await refuse({ baseline: new Float32Array(8) }, /baseline of 12 columns, got 8/);
    await refuse({ steps: 0 }, /positive number of steps, got 0/);
    await assert.rejects(model.slopes({ ...rows, columns: 11 }, unit), /12 columns, got 5 x 11/);
  });
});

test("rankFeatures orders columns by mean absolute value and keeps the sign of the mean", () => {
  assert.deepEqual(rankFeatures([1, -3, 0.5, 1, -5, -0.5], ["a", "b", "c"]), [
    { feature: "b", mean: -4, strength: 4 },
    { feature: "a", mean: 1, strength: 1 },
    { feature: "c", mean: 0, strength: 0.5 },
  ]);
  assert.throws(() => rankFeatures([1, 2, 3], ["a", "b"]), /whole rows of 2 features, got 3/);
});
