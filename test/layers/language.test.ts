// The layers are a language: a model of a reader's own takes two dozen lines, and trains on every engine.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Matrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import {
  batchNorm,
  batchNormTensors,
  dense,
  denseTensors,
  dropout,
  relu,
  sequence,
  softplus,
} from "../../lib/layers/layers.js";
import { reconstructionLoss } from "../../lib/layers/losses.js";
import {
  type Architecture,
  buildModel,
  initializeWeights,
  inspectMatrix,
  type Network,
} from "../../lib/model/model.js";
import { contenders } from "../engine/engines.js";
import { checkGradients } from "./differences.js";

const TOY: Architecture<number, Matrix, Network<Matrix>> = {
  name: "toy",
  check: () => {},
  tensors: (features) =>
    [
      denseTensors("in", 6, features),
      batchNormTensors("norm", 6),
      denseTensors("out", features, 6),
    ].flat(),
  network(engine, features, of) {
    const layers = sequence(
      ...[dense(engine, of, "in", { isNormalized: true }), batchNorm(engine, of, "norm")],
      ...[relu(engine), dropout(engine, 0.1), dense(engine, of, "out"), softplus(engine)],
    );
    return {
      leastRows: 2,
      inspect: (where, batch) => inspectMatrix(engine, where, batch, features),
      async pass(batch, observed, pass) {
        const { out, back } = layers.forward(engine.tensor(batch.values, batch.rows), pass);
        const { loss, slope } = reconstructionLoss(engine, out, batch, { loss: "huber", observed });
        if (pass.settlement) back(slope, false);
        return { huber: (await loss) * observed, squared: 0 };
      },
    };
  },
};

const FEATURES = 10;
const batch = rowsOf(24);

for (const { name, skip, start, tensors } of contenders) {
  describe(`a toy model on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    const build = (weights = initializeWeights(TOY, FEATURES, 3)) =>
      buildModel(engine, TOY, FEATURES, weights);

    test("learns, and leaves no tensor behind", async () => {
      const empty = await tensors();
      const model = build();
      const first = await model.evaluate(batch);
      const random = createRandom(1);
      for (let i = 0; i < 150; i++) await model.step(batch, { learningRate: 0.02, random });
      const last = await model.evaluate(batch);
      assert.ok(last.huber < 0.3 * first.huber, `${first.huber} to ${last.huber}`);
      model.dispose();
      assert.equal(await tensors(), empty);
    });

    test("has the gradients of its loss, by differences", async () => {
      const weights = initializeWeights(TOY, FEATURES, 3);
      const model = build(weights);
      const gradients = new Map(await model.gradients(batch, { random: createRandom(5) }));
      model.dispose();
      assert.ok(gradients.get("in.bias")!.every((value) => value === 0)); // normalization takes it off
      gradients.delete("in.bias");
      await checkGradients(gradients, weights, async (moved) => {
        const other = build(moved);
        const { huber } = await other.step(batch, { learningRate: 0, random: createRandom(5) });
        other.dispose();
        return huber;
      });
    });
  });
}

/** Rows on a curve, with a fifth not observed. */
function rowsOf(rows: number): Matrix {
  const random = createRandom(7);
  const values = Float32Array.from({ length: rows * FEATURES }, (_, i) =>
    Math.abs(Math.sin(Math.floor(i / FEATURES) + (i % FEATURES))),
  );
  const observed = Uint8Array.from(values, () => (random.uniform() < 0.8 ? 1 : 0));
  return { rows, columns: FEATURES, values, observed };
}
