// Parity of the portable engine with PyTorch, on every backend that is present.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Engine } from "../../lib/engine/engine.js";
import { portableEngine } from "../../lib/engine/portable.js";
import { relativeError } from "../golden.js";
import { trainingCases } from "./training.js";
import { noWebGpu } from "./webgpu.js";

const TOLERANCE = 1e-5;

/**
 * Holds each tensor to 1e-5, entry by entry, for entries down to a tenth of the tensor's largest; below that an
 * entry is held to a tenth of the largest. The golden numbers are float64: the rounding of one float32 term
 * as large as the tensor's largest is 6e-8 of it, so entries near 0 cannot come closer in relative terms.
 */
function assertTensors(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float64Array>,
  what: string,
): void {
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, values] of expected) assertTensor(actual.get(name)!, values, `${what} ${name}`);
}

function assertTensor(actual: Float32Array, expected: Float64Array, what: string): void {
  const error = relativeError(actual, expected, 0.1);
  assert.ok(error <= TOLERANCE, `${what}: expected an error of at most ${TOLERANCE}, got ${error}`);
}

for (const backend of ["wasm", "cpu", "webgpu"] as const) {
  const skip = backend === "webgpu" && noWebGpu;
  // The second cuts the features unevenly into several blocks.
  for (const blockFeatures of [undefined, 5]) {
    describe(`${backend}, ${blockFeatures ?? "all"} features at a time`, { skip }, () => {
      let engine: Engine;
      before(async () => {
        engine = await portableEngine({ backend, blockFeatures });
      });

      for (const golden of trainingCases()) {
        const { title, spec, batch, weights, learningRate, weightDecay } = golden;

        test(`agrees with PyTorch on the first pass: ${title}`, async () => {
          const model = await engine.build(spec, weights);
          assertTensor(await model.reconstruct(batch), golden.output, "output");
          assertTensor(await model.encode(batch), golden.latent, "latent");
          const { huber, mse } = await model.evaluate(batch);
          assert.ok(Math.abs(huber / golden.huber - 1) <= TOLERANCE);
          assert.ok(Math.abs(mse / golden.mse - 1) <= TOLERANCE);
          assertTensors(await model.gradients(batch), golden.gradients, "gradient of");
          model.dispose();
        });

        test(`agrees with PyTorch after 1 and after 20 steps: ${title}`, async () => {
          const model = await engine.build(spec, weights);
          const trace: number[] = [];
          for (let i = 0; i < golden.trace.length; i++) {
            const losses = await model.step(batch, { learningRate, weightDecay });
            trace.push(losses.huber);
            if (i === 0) assertTensors(await model.readWeights(), golden.afterOne, "after a step,");
          }
          assertTensors(await model.readWeights(), golden.afterTwenty, "after 20 steps,");
          assert.ok(relativeError(trace, golden.trace) <= TOLERANCE);
          model.dispose();
        });
      }
    });
  }
}
