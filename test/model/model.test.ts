// A model, here ARO, on every engine but the slow one: refusals at the door, memory that stays flat, state that goes on.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { emptyMatrix, type Matrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { type AutoencoderModel, buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights, type Weights } from "../../lib/model/model.js";
import { type Contender, contenders } from "../engine/engines.js";
import { relativeError } from "../golden.js";

const spec: AroSpec = {
  ...PAPER_MODEL,
  features: 300,
  width: 24,
  hiddenLayers: 2,
  visible: { start: 20, end: 250 },
};

/** What is trained with every setting that may change a step. */
const SPECS = [
  { title: "with input dropout and decay", changes: {} },
  {
    title: "with batch normalization and both dropouts",
    changes: { batchNorm: true, hiddenDropout: 0.1, zeroed: [30] },
  },
];

const KEPT = ["value", "first", "second"] as const;

/** Rows of a few patterns with noise, some entries unobserved. */
function sampleRows(rows: number, seed = 7): Matrix {
  const random = createRandom(seed, "rows");
  const batch = emptyMatrix(rows, spec.features);
  for (let i = 0; i < batch.values.length; i++) {
    const pattern = Math.sin((1 + (Math.floor(i / batch.columns) % 3)) * (i % batch.columns));
    batch.values[i] = Math.max(0, pattern + 0.2 * random.normal());
    batch.observed[i] = random.uniform() < 0.8 ? 1 : 0;
  }
  return batch;
}

const train = (model: AutoencoderModel<AroSpec>, batch: Matrix, steps: number, options = {}) =>
  Array.from({ length: steps }).reduce<Promise<number>>(async (last) => {
    await last;
    return (await model.step(batch, { learningRate: 1e-3, ...options })).huber;
  }, Promise.resolve(Number.NaN));

// Without cpu, which is slow and runs wasm's code.
for (const contender of contenders.filter(({ name }) => name !== "cpu")) {
  describe(`a model on ${contender.name}`, { skip: contender.skip }, () => behave(contender));
}

function behave({ start, tensors }: Contender) {
  let engine: Engine;
  let model: AutoencoderModel<AroSpec>;
  const batch = sampleRows(12);
  const build = (spec: AroSpec, weights: Weights) => buildAutoencoder(engine, ARO, spec, weights);
  before(async () => {
    engine = await start({ blockEntries: 64 * 24 });
    model = build(spec, initializeWeights(ARO, spec, 1));
  });

  for (const { title, changes } of SPECS) {
    const changed = { ...spec, ...changes };
    test(`learns ${title}, and holds no more tensors after 200 steps`, () => learn(changed));
    test(`goes on from its tensors and its count of steps bit for bit, ${title}`, () =>
      resume(changed));
  }

  async function learn(spec: AroSpec) {
    const fresh = build(spec, initializeWeights(ARO, spec, 1));
    const options = { random: createRandom(1, "dropout"), weightDecay: 0.01 };
    const first = await train(fresh, batch, 1, options);
    const held = await tensors();
    const last = await train(fresh, batch, 199, options);
    await fresh.evaluate(batch);
    await fresh.gradients(batch);
    await fresh.encode(batch);
    await fresh.reconstruct(batch);
    assert.deepEqual(await tensors(), held);
    assert.ok(last < 0.7 * first, `expected the loss to fall from ${first}, got ${last}`);
    fresh.dispose();
  }

  test("frees its tensors when it is disposed, twice over, and refuses to be used", async () => {
    const held = await tensors();
    const fresh = build(spec, initializeWeights(ARO, spec, 1));
    fresh.dispose();
    fresh.dispose();
    assert.deepEqual(await tensors(), held);
    for (const use of [() => fresh.reconstruct(batch), () => fresh.readWeights()]) {
      await assert.rejects(use, { name: "Error", message: /disposed/ });
    }
    await assert.rejects(() => fresh.readTensor("inp_lin.bias", "first"), /disposed/);
    assert.throws(
      () => fresh.writeTensor("inp_lin.bias", "first", new Float32Array(24)),
      /disposed/,
    );
  });

  test("gives back the weights it was built from", async () => {
    const weights = initializeWeights(ARO, spec, 1);
    assert.deepEqual(await model.readWeights(), weights);
  });

  async function resume(spec: AroSpec) {
    const weightDecay = 0.1;
    const whole = build(spec, initializeWeights(ARO, spec, 1));
    await train(whole, batch, 10, { weightDecay, random: createRandom(1, "dropout") });
    const options = { weightDecay, random: createRandom(1, "dropout") };
    const half = build(spec, initializeWeights(ARO, spec, 1));
    await train(half, batch, 5, options);
    const resumed = build(spec, initializeWeights(ARO, spec, 2));
    const held = await tensors();
    assert.equal(half.stepCount, 5);
    const kept = whole.tensors.map(({ name, isTrained }) => {
      return { name, kinds: isTrained ? KEPT : (["value"] as const) };
    });
    for (const { name, kinds } of kept) {
      for (const kept of kinds) resumed.writeTensor(name, kept, await half.readTensor(name, kept));
    }
    resumed.stepCount = half.stepCount;
    assert.deepEqual(await tensors(), held);
    assert.deepEqual(await resumed.readWeights(), await half.readWeights());
    await train(resumed, batch, 5, options);
    for (const { name, kinds } of kept) {
      for (const kept of kinds) {
        const values = await whole.readTensor(name, kept);
        assert.ok(values.some((value) => value !== 0));
        assert.deepEqual(await resumed.readTensor(name, kept), values, `${kept} of ${name}`);
      }
    }
    assert.equal(resumed.stepCount, 10);
    for (const used of [whole, half, resumed]) used.dispose();
  }

  test("ignores the columns that are not visible, but reconstructs them", async () => {
    const other = { ...batch, values: batch.values.slice() };
    for (let row = 0; row < batch.rows; row++) other.values[row * batch.columns + 260] = 5;
    const reconstructed = await model.reconstruct(batch);
    assert.deepEqual(await model.reconstruct(other), reconstructed);
    assert.equal(reconstructed.length, batch.rows * spec.features);
    assert.notEqual((await model.evaluate(other)).mse, (await model.evaluate(batch)).mse);
    const gradient = (await model.gradients(batch)).get("inp_lin.weight")!;
    assert.ok(gradient.every((g, i) => (i % spec.features >= 20 && i % spec.features < 250) || !g));
  });

  test("reads 0 in zeroed columns, with and without batch normalization, and reconstructs them", async () => {
    for (const batchNorm of [false, true]) {
      const zeroed: AroSpec = { ...spec, zeroed: [3, 20, 100, 249], batchNorm };
      const fresh = build(zeroed, initializeWeights(ARO, zeroed, 1));
      const other = { ...batch, values: batch.values.slice() };
      for (let row = 0; row < batch.rows; row++) other.values[row * batch.columns + 100] = 5;
      assert.deepEqual(await fresh.reconstruct(other), await fresh.reconstruct(batch));
      assert.notEqual((await fresh.evaluate(other)).mse, (await fresh.evaluate(batch)).mse);
      const options = { random: createRandom(1, "dropout"), weightDecay: 0.5 };
      await train(fresh, batch, 3, options);
      const keep = (1 - 1e-3 * 0.5) ** 3;
      const [before, after] = [initializeWeights(ARO, zeroed, 1), await fresh.readWeights()];
      for (const [name, rows] of [
        ["inp_lin.weight", spec.width],
        ["batch_norm.weight", 1],
      ] as const) {
        for (let row = 0; row < rows && after.has(name); row++) {
          const [a, b] = [before, after].map(
            (weights) => weights.get(name)![row * spec.features + 100],
          );
          assert.ok(Math.abs(b / (a * keep) - 1) < 1e-6, name);
        }
      }
      fresh.dispose();
    }
  });

  test("drops activations in training alone, whole layers of them where the share says so", async () => {
    const dropping: AroSpec = { ...spec, hiddenDropout: 1 - 2 ** -31 };
    const fresh = build(dropping, initializeWeights(ARO, dropping, 1));
    const { huber } = await fresh.step(batch, { learningRate: 0, random: createRandom(1) });
    const bias = initializeWeights(ARO, spec, 1).get("out_lin.bias")!;
    let expected = 0;
    for (let i = 0; i < batch.values.length; i++) {
      const error = Math.abs(Math.log1p(Math.exp(bias[i % spec.features])) - batch.values[i]);
      if (batch.observed[i]) expected += error < 1 ? error ** 2 / 2 : error - 0.5;
    }
    expected /= batch.observed.reduce((sum, mark) => sum + mark, 0);
    assert.ok(Math.abs(huber / expected - 1) < 1e-5, `${huber} ${expected}`);
    assert.deepEqual(await fresh.evaluate(batch), await model.evaluate(batch));
    const { huber: whole } = await fresh.step(batch, { learningRate: 0 });
    assert.ok(Math.abs(whole / (await model.evaluate(batch)).huber - 1) < 1e-6);
    fresh.dispose();
  });

  test("has gradients of batch normalization as its losses say, and moments of the batch's own", async () => {
    const normal: AroSpec = { ...spec, batchNorm: true, zeroed: [100] };
    const weights = initializeWeights(ARO, normal, 1);
    const random = createRandom(3);
    for (const name of ["batch_norm.running_mean", "batch_norm.running_var", "batch_norm.bias"]) {
      weights.set(
        name,
        weights.get(name)!.map((value) => value + random.uniform()),
      );
    }
    const fresh = build(normal, weights);
    const gradients = await fresh.gradients(batch);
    assert.deepEqual(
      [...gradients.keys()],
      ARO.network(normal).tensors.flatMap(({ name, isTrained }) => (isTrained ? [name] : [])),
    );
    for (const name of ["batch_norm.weight", "batch_norm.bias"]) {
      const [values, gradient] = [weights.get(name)!, gradients.get(name)!];
      assert.ok([0, 19, 100, 250].every((column) => gradient[column] === 0));
      // Along the gradient, the loss grows by its squared length.
      const length = gradient.reduce((sum, one) => sum + one ** 2, 0);
      const losses = [-1, 1].map(async (sign) => {
        const moved = values.map(
          (value, i) => value + (sign * 0.02 * gradient[i]) / Math.sqrt(length),
        );
        const other = build(normal, new Map(weights).set(name, moved));
        const { huber } = await other.evaluate(batch);
        other.dispose();
        return huber;
      });
      const [below, above] = await Promise.all(losses);
      const slope = (above - below) / 0.04;
      assert.ok(
        Math.abs(slope / Math.sqrt(length) - 1) < 0.01,
        `${name} ${slope} ${Math.sqrt(length)}`,
      );
    }
    fresh.dispose();
  });

  test("refuses one row to train batch normalization by, which it evaluates", async () => {
    const normal: AroSpec = { ...spec, batchNorm: true };
    const fresh = build(normal, initializeWeights(ARO, normal, 1));
    const one = sampleRows(1);
    await assert.rejects(() => fresh.step(one, { learningRate: 1e-3 }), {
      name: "RangeError",
      message: /at least 2 rows, got 1.*take another batch size/,
    });
    assert.ok(Number.isFinite((await fresh.evaluate(one)).huber));
    await assert.rejects(
      () => fresh.readTensor("batch_norm.running_mean", "first"),
      /readTensor: expected a trained parameter of the model, got "batch_norm.running_mean"/,
    );
    fresh.dispose();
  });

  test("takes many rows at a time as it takes few", async () => {
    const many = sampleRows(300);
    const part = { start: 130, count: 5 };
    const cut = (width: number) => [part.start * width, (part.start + part.count) * width];
    const few: Matrix = {
      rows: part.count,
      columns: spec.features,
      values: many.values.subarray(...cut(spec.features)),
      observed: many.observed.subarray(...cut(spec.features)),
    };
    const whole = await model.reconstruct(many);
    const some = whole.subarray(...cut(spec.features));
    assert.ok(relativeError(await model.reconstruct(few), some) < 1e-6);
    const latent = (await model.encode(many)).subarray(...cut(spec.width));
    assert.ok(relativeError(await model.encode(few), latent, 0.1) < 1e-6);
    let squares = 0;
    let observed = 0;
    for (let i = 0; i < whole.length; i++) {
      if (many.observed[i]) squares += (whole[i] - many.values[i]) ** 2;
      observed += many.observed[i];
    }
    assert.ok(Math.abs((await model.evaluate(many)).mse / (squares / observed) - 1) < 1e-6);
  });

  test("encodes without ReLU as bare linear layers", async () => {
    const weights = initializeWeights(ARO, spec, 1);
    const [row, { start, end }] = [3, spec.visible!];
    let units = Array.from({ length: spec.features }, (_, j) =>
      j >= start && j < end ? batch.values[row * spec.features + j] : 0,
    );
    for (const layer of ["inp_lin", "encoder_layers.0", "encoder_layers.1"]) {
      const [weight, bias] = [weights.get(`${layer}.weight`)!, weights.get(`${layer}.bias`)!];
      const below = units;
      units = Array.from(bias, (b, i) =>
        below.reduce((sum, unit, j) => sum + weight[i * below.length + j] * unit, b),
      );
    }
    assert.ok(units.some((unit) => unit < 0));
    const bare = await model.encode(batch, { relu: false });
    const got = bare.subarray(row * spec.width, (row + 1) * spec.width);
    assert.ok(relativeError(got, units, 0.1) < 1e-5);
  });

  test("ends in a ReLU where the spec says so", async () => {
    const relu: AroSpec = { ...spec, output: "relu" };
    const fresh = build(relu, initializeWeights(ARO, relu, 1));
    const out = await fresh.reconstruct(batch);
    assert.ok(out.some((value) => value === 0) && out.some((value) => value > 0));
    assert.ok(out.every((value) => value >= 0));
    const first = await train(fresh, batch, 1);
    assert.ok((await train(fresh, batch, 60)) < first);
    fresh.dispose();
  });

  test("refuses a batch that does not fit, or that has a value which is not finite", async () => {
    const { values, ...rest } = batch;
    const holed = { ...rest, values: values.with(5, Number.NaN) };
    for (const [wrong, message] of [
      [emptyMatrix(2, spec.features - 1), /300 columns, got 2 x 299/],
      [emptyMatrix(0, spec.features), /at least 1 row/],
      [{ ...rest, values: values.subarray(1) }, /3600 values/],
      [holed, /finite values, got NaN at row 0, column 5/],
    ] as const) {
      for (const use of [
        () => model.step(wrong, { learningRate: 1e-3 }),
        () => model.evaluate(wrong),
        () => model.gradients(wrong),
        () => model.reconstruct(wrong),
        () => model.encode(wrong),
      ]) {
        await assert.rejects(use, { name: "RangeError", message });
      }
    }
  });

  test("refuses a batch in which nothing was observed, where a loss is asked for", async () => {
    const unseen = { ...batch, observed: new Uint8Array(batch.observed.length) };
    const message = /at least one observed entry/;
    await assert.rejects(() => model.step(unseen, { learningRate: 1e-3 }), { message });
    await assert.rejects(() => model.evaluate(unseen), { name: "RangeError", message });
    assert.ok((await model.reconstruct(unseen)).every(Number.isFinite));
  });

  test("refuses rates that are negative or not finite", async () => {
    const step = (options: { learningRate: number; weightDecay?: number }) => () =>
      model.step(batch, options);
    await assert.rejects(step({ learningRate: Number.NaN }), /learningRate/);
    await assert.rejects(step({ learningRate: 1e-3, weightDecay: -1 }), /weightDecay/);
  });

  test("refuses misspelled options", async () => {
    const refused = (name: string) => ({ name: "TypeError", message: RegExp(`got "${name}"`) });
    const rate = { learningRate: 1e-3, weightdecay: 0.1 };
    await assert.rejects(model.step(batch, rate), refused("weightdecay"));
    await assert.rejects(model.gradients(batch, { randm: 1 } as object), refused("randm"));
    await assert.rejects(model.encode(batch, { Relu: false } as object), refused("Relu"));
    assert.throws(() => build(spec, { sed: 3 } as never), refused("sed"));
  });

  test("says that the weights diverged instead of giving NaN", async () => {
    const fresh = build(spec, initializeWeights(ARO, spec, 1));
    await assert.rejects(() => train(fresh, batch, 3, { learningRate: 1e30 }), {
      name: "DivergenceError",
      message: /diverged/,
    });
    fresh.dispose();
  });

  test("refuses weights and moments of another model", async () => {
    const weights = initializeWeights(ARO, spec, 1);
    const short = new Map(weights).set("out_lin.bias", new Float32Array(3));
    assert.throws(() => build(spec, short), /300 numbers for out_lin.bias.*got 3/);
    const more = new Map(weights).set("extra", new Float32Array(1));
    assert.throws(() => build(spec, more), /no tensor named "extra"/);
    assert.throws(
      () => model.writeTensor("out_lin.bias", "first", new Float32Array(3)),
      /writeTensor: expected 300 numbers for out_lin.bias \[300\], got 3/,
    );
    await assert.rejects(() => model.readTensor("extra", "value"), /readTensor.*got "extra"/);
    assert.deepEqual(await model.readWeights(), weights);
  });
}
