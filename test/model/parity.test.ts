// Parity of every engine that is present with PyTorch, and of the engines with each other.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { emptyMatrix } from "../../lib/cohort/matrix.js";
import { createRandom, restoreRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { type Contender, contenders } from "../engine/engines.js";
import { assertClose, assertTensors, relativeError } from "../golden.js";
import { trainingCases } from "./training.js";

for (const { name, skip, start } of contenders) {
  // The second cuts the weights unevenly into several blocks.
  for (const blockEntries of name === "native" ? [undefined] : [undefined, 45]) {
    describe(`${name}${blockEntries ? ", in blocks" : ""}`, { skip }, () => {
      let engine: Engine;
      before(async () => {
        engine = await start({ blockEntries });
      });

      for (const golden of trainingCases()) {
        const { title, spec, batch, weights, learningRate, weightDecay, draws } = golden;

        test(`agrees with PyTorch on the first pass: ${title}`, async () => {
          const model = buildAutoencoder(engine, ARO, spec, weights);
          assertClose(await model.reconstruct(batch), golden.output, "output");
          assertClose(await model.encode(batch), golden.latent, "latent");
          const { huber, mse } = await model.evaluate(batch);
          assertClose([huber], [golden.huber], "Huber loss");
          assertClose([mse], [golden.mse], "mean squared error");
          assertTensors(await model.gradients(batch), golden.gradients, "gradient of");
          model.dispose();
        });

        test(`agrees with PyTorch after 1 and after 20 steps: ${title}`, async () => {
          const model = buildAutoencoder(engine, ARO, spec, weights);
          const trace: number[] = [];
          const random = draws && restoreRandom(draws);
          for (let i = 0; i < golden.trace.length; i++) {
            const losses = await model.step(batch, { learningRate, weightDecay, random });
            trace.push(losses.huber);
            if (i === 0) assertTensors(await model.readWeights(), golden.afterOne, "after a step,");
          }
          assertTensors(await model.readWeights(), golden.afterTwenty, "after 20 steps,");
          assert.ok(relativeError(trace, golden.trace) <= 1e-5);
          model.dispose();
        });
      }
    });
  }
}

describe("over 50 steps on 2,000 features with dropout and decay", () => {
  const spec: AroSpec = {
    ...PAPER_MODEL,
    features: 2000,
    width: 64,
    hiddenLayers: 2,
    visible: { start: 100, end: 1700 },
  };
  const random = createRandom(11);
  const batch = emptyMatrix(16, spec.features);
  for (let i = 0; i < batch.values.length; i++) {
    batch.values[i] = Math.max(0, Math.sin(i % 37) + 0.3 * random.normal());
    batch.observed[i] = random.uniform() < 0.8 ? 1 : 0;
  }
  const trace = async ({ start }: Contender): Promise<number[]> => {
    const model = buildAutoencoder(await start(), ARO, spec, initializeWeights(ARO, spec, 1));
    const drawn = createRandom(1, "dropout");
    const losses: number[] = [];
    for (let i = 0; i < 50; i++) {
      const { huber, mse } = await model.step(batch, {
        learningRate: 1e-3,
        weightDecay: 0.01,
        random: drawn,
      });
      losses.push(huber, mse);
    }
    model.dispose();
    return losses;
  };
  const [first, ...others] = contenders;
  let expected: number[];
  before(async () => {
    expected = await trace(first);
  });

  for (const other of others) {
    test(`${other.name} follows ${first.name}`, { skip: other.skip }, async () => {
      assert.ok(expected[98] < 0.5 * expected[0]);
      const error = relativeError(await trace(other), expected, 0);
      assert.ok(error < 1e-4, `expected the same losses up to 1e-4, got ${error}`);
    });
  }
});
