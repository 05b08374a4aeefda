// The layers are a language: a model of a reader's own takes twenty lines or a page; it is trained, stopped and resumed
// on every engine.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import type { Matrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type Engine, readRun, trainRun } from "../../lib/index.js";
import {
  batchNorm,
  buildModel,
  dealRows,
  dense,
  dropout,
  inspectMatrix,
  type Network,
  type Pass,
  reconstructionHead,
  reconstructionLoss,
  relu,
  sequence,
  softplus,
  type Tensor,
  type Trainable,
  total,
} from "../../lib/model/index.js";
import type { Measured } from "../../lib/model/model.js";
import { contenders } from "../engine/engines.js";
import { scratchFolder } from "../scratch.js";
import { checkGradients } from "./differences.js";

interface CurveSpec {
  readonly features: number;
  readonly hidden: number;
}

/** As little as a model can be: x -> encoder -> batch normalization -> ReLU -> mean -> softplus, with Huber's loss. */
const TOY: Trainable<CurveSpec, Matrix> = {
  name: "toy",
  check() {},
  deal: dealRows,
  network({ features, hidden }) {
    const encoder = dense("encoder", features, hidden, { isNormalized: true });
    const body = sequence(encoder, batchNorm("norm", hidden), relu());
    const head = reconstructionHead("mean", hidden, features, "softplus");
    return {
      tensors: [...body.tensors, ...head.layer.tensors],
      leastRows: 2,
      inspect: (where, batch, engine) => inspectMatrix(engine, where, batch, features),
      async pass(batch, observed, pass) {
        const h = body.forward(pass.engine.tensor(batch.values, batch.rows), pass); // [rows, hidden]
        const { sums, slope } = head.measure(h.out, batch, observed, pass);
        if (slope) h.back(slope, false);
        return await sums;
      },
    };
  },
};

interface DenoiserNetwork extends Network<Matrix> {
  /** The mean of each value, `[rows, features]`. */
  denoise(rows: Matrix, pass: Pass): Tensor;
}

/**
 * A denoising autoencoder that gives each value a normal distribution:
 *
 *     x -> dropout -> encoder -> batch normalization -> ReLU = h [rows, hidden]
 *     h -> mean -> softplus = m, h -> log_variance = l [rows, features]
 *
 * Its loss is the negative log-likelihood, the mean of `((m - x)^2 e^-l + l) / 2` over the observed entries.
 */
const DENOISER: Trainable<CurveSpec, Matrix, DenoiserNetwork> = {
  name: "denoiser",
  check({ hidden }) {
    if (!(hidden >= 1)) throw new RangeError(`denoiser: expected hidden units, got ${hidden}`);
  },
  deal: dealRows,

  network({ features, hidden }) {
    const encoder = sequence(
      dropout(0.1),
      dense("encoder", features, hidden, { isNormalized: true }),
      batchNorm("norm", hidden),
      relu(),
    );
    const mean = sequence(dense("mean", hidden, features), softplus());
    const logVariance = dense("log_variance", hidden, features);
    return {
      tensors: [encoder, mean, logVariance].flatMap(({ tensors }) => tensors),
      leastRows: 2,
      inspect: (where, batch, engine) => inspectMatrix(engine, where, batch, features),
      async pass(batch, observed, pass) {
        const { engine } = pass;
        const x = engine.tensor(batch.values, batch.rows); // [rows, features]
        const mask = engine.tensor(Float32Array.from(batch.observed), batch.rows);
        const h = encoder.forward(x, pass); // [rows, hidden]
        const m = mean.forward(h.out, pass); // [rows, features]
        const l = logVariance.forward(h.out, pass);
        const error = engine.mul(engine.sub(m.out, x), mask);
        const slope = engine.mul(error, engine.exp(engine.scale(l.out, -1))); // (m - x) e^-l
        const squares = engine.mul(error, slope);
        const terms = engine.add(squares, engine.mul(l.out, mask));
        const sums = [terms, engine.mul(error, error)].map((each) => total(engine, each));
        const { loss } = reconstructionLoss(engine, m.out, batch, { loss: "huber", observed });
        if (pass.settlement) {
          const alongMean = engine.scale(slope, 1 / observed);
          const alongLog = engine.scale(engine.sub(mask, squares), 0.5 / observed);
          h.back(engine.add(m.back(alongMean, true)!, l.back(alongLog, true)!), false);
        }
        const [twice, squared] = await Promise.all(sums);
        const parts = { "negative log-likelihood": twice / 2 / observed };
        return { huber: (await loss) * observed, squared, parts };
      },
      denoise({ values, rows }, pass) {
        return mean.forward(encoder.forward(pass.engine.tensor(values, rows), pass).out, pass).out;
      },
    };
  },
};

const SPEC: CurveSpec = { features: 10, hidden: 6 };
const batch = rowsOf(24);
const DATA = {
  name: "curves",
  train: { part: "train", ...idsOf(24), matrix: batch },
  validation: { part: "validation", ...idsOf(8), matrix: rowsOf(8) },
} as const;
const CONFIG = {
  model: DENOISER,
  spec: SPEC,
  training: { epochs: 6, batchSize: 10, learningRate: 0.02, seed: 3 },
};
const root = scratchFolder();

for (const { name, skip, start, tensors } of contenders) {
  describe(`a model of a reader's own on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start();
    });
    const likelihoodOf = ({ parts }: Pick<Measured, "parts">) => parts!["negative log-likelihood"];

    test("learns, and leaves no tensor behind", async () => {
      const empty = await tensors();
      const model = buildModel(engine, DENOISER, SPEC, { seed: 3 });
      const first = await model.evaluate(batch);
      const random = createRandom(1);
      for (let i = 0; i < 150; i++) await model.step(batch, { learningRate: 0.02, random });
      const last = await model.evaluate(batch);
      assert.ok(last.huber < 0.3 * first.huber, `${first.huber} to ${last.huber}`);
      assert.ok(likelihoodOf(last) < likelihoodOf(first) - 1);
      model.dispose();
      assert.equal(await tensors(), empty);
    });

    for (const [page, lossOf] of [
      [TOY, ({ huber }: Measured) => huber],
      [DENOISER, likelihoodOf],
    ] as const) {
      test(`the ${page.name} has the gradients of its loss, by differences, and learns by them`, async () => {
        const model = buildModel<CurveSpec, Matrix, Network<Matrix>>(engine, page, SPEC, {
          seed: 3,
        });
        const weights = await model.readWeights();
        const gradients = new Map(await model.gradients(batch, { random: createRandom(5) }));
        assert.ok(gradients.get("encoder.bias")!.every((value) => value === 0)); // normalization takes it off
        gradients.delete("encoder.bias");
        await checkGradients(gradients, weights, async (moved) => {
          const other = buildModel<CurveSpec, Matrix, Network<Matrix>>(engine, page, SPEC, moved);
          const losses = await other.step(batch, { learningRate: 0, random: createRandom(5) });
          other.dispose();
          return lossOf(losses);
        });
        const first = lossOf(await model.evaluate(batch));
        for (let i = 0; i < 20; i++) await model.step(batch, { learningRate: 0.02 });
        assert.ok(lossOf(await model.evaluate(batch)) < first);
        model.dispose();
      });
    }

    test("is trained into a folder, stopped, resumed to the same weights, and read back", async () => {
      const options = { config: CONFIG, data: DATA, engine };
      const [whole, folder] = ["whole", "stopped"].map((what) => join(root, `${name}-${what}`));
      const expected = await trainRun({ folder: whole, ...options });
      const controller = new AbortController();
      const onEpoch = ({ epoch }: { readonly epoch: number }) => epoch === 3 && controller.abort();
      const part = await trainRun({ folder, ...options, onEpoch, signal: controller.signal });
      assert.equal(part.result.status, "stopped");
      const resumed = await trainRun({ folder, ...options });
      assert.deepEqual(resumed.notes, ["resumed after epoch 3"]);
      assert.deepEqual(resumed.epochs, expected.epochs);
      const run = await readRun(folder, DENOISER);
      assert.deepEqual(await run.loadWeights(), await expected.loadWeights());
      const model = buildModel(engine, DENOISER, run.config.spec, await run.loadWeights());
      const out = await model.run("denoise", (pass) =>
        engine.read(model.network.denoise(batch, pass)),
      );
      assert.equal(out.length, 24 * SPEC.features);
      assert.deepEqual(
        likelihoodOf(await model.evaluate(DATA.validation.matrix)),
        likelihoodOf(await model.evaluate(DATA.validation.matrix)),
      );
      model.dispose();
    });
  });
}

function idsOf(rows: number) {
  const numbers = Array.from({ length: rows }, (_, i) => i);
  return { rows: numbers, ids: numbers.map(String) };
}

/** Rows on a curve, with a fifth not observed. */
function rowsOf(rows: number): Matrix {
  const random = createRandom(7);
  const values = Float32Array.from({ length: rows * SPEC.features }, (_, i) =>
    Math.abs(Math.sin(Math.floor(i / SPEC.features) + (i % SPEC.features))),
  );
  const observed = Uint8Array.from(values, () => (random.uniform() < 0.8 ? 1 : 0));
  return { rows, columns: SPEC.features, values, observed };
}
