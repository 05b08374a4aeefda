// Training epoch by epoch: repeatable, stoppable, and refusing what makes no sense.
import assert from "node:assert/strict";
import { test } from "node:test";
import { selectRows } from "../../lib/cohort/matrix.js";
import { ARO } from "../../lib/model/aro.js";
import { dealRows } from "../../lib/model/batches.js";
import { DivergenceError, initializeWeights, type Losses } from "../../lib/model/model.js";
import { completeSettings, type TrainOptions } from "../../lib/train/settings.js";
import { type Epoch, type Outcome, train } from "../../lib/train/train.js";
import { DATA, fakeModel, SPEC } from "./fake-model.js";

const DEAL = dealRows(DATA, SPEC);

function newModel(onStep?: (losses: Losses, step: number) => Losses) {
  return fakeModel(initializeWeights(ARO, SPEC, 1), SPEC, onStep);
}

async function follow(
  model: ReturnType<typeof fakeModel>,
  options: TrainOptions & { signal?: AbortSignal },
  onEpoch: (epoch: Epoch) => void = () => {},
): Promise<{ epochs: Epoch[]; outcome: Outcome }> {
  const training = train(model, DEAL, options);
  const epochs: Epoch[] = [];
  let next = await training.next();
  for (; !next.done; next = await training.next()) {
    epochs.push(next.value);
    onEpoch(next.value);
  }
  return { epochs, outcome: next.value };
}

test("the loss falls", async () => {
  const { epochs, outcome } = await follow(newModel(), { epochs: 30, learningRate: 0.02, seed: 0 });
  assert.equal(epochs.length, 30);
  assert.ok(epochs[29].train.huber < epochs[0].train.huber / 2);
  assert.ok(epochs[29].validation.mse < epochs[0].validation.mse / 2);
  assert.deepEqual(outcome, { status: "finished", bestWeights: null });
});

test("rows that fit in one batch are given in their own order, as the same matrix each time", async () => {
  const model = newModel();
  await follow(model, { epochs: 2, batchSize: 7, seed: 0 });
  assert.deepEqual(
    model.steps.map(({ batch }) => batch === DATA.train.matrix),
    [true, true],
  );
});

test("an epoch deals each row out once, in an order of its own, the last batch being what is left", async () => {
  const model = newModel();
  const { epochs } = await follow(model, { epochs: 2, batchSize: 3, seed: 0 });
  assert.deepEqual(
    model.steps.map(({ batch }) => batch.rows),
    [3, 3, 1, 3, 3, 1],
  );
  assert.deepEqual(
    epochs.map(({ steps }) => steps),
    [3, 3],
  );
  const lastColumn = model.steps.map(({ batch }) =>
    Array.from({ length: batch.rows }, (_, i) => batch.values[i * 3 + 2]),
  );
  const [first, second] = [lastColumn.slice(0, 3).flat(), lastColumn.slice(3).flat()];
  assert.notDeepEqual(first, second);
  const all = Array.from({ length: 7 }, (_, i) => DATA.train.matrix.values[i * 3 + 2]);
  assert.deepEqual(first.toSorted(), all);
  assert.deepEqual(second.toSorted(), all);
});

test("the same seed gives the same epochs, another seed others", async () => {
  const options = { epochs: 5, batchSize: 3, learningRate: 0.01 };
  const [a, b, c] = await Promise.all(
    [1, 1, 2].map((seed) => follow(newModel(), { ...options, seed })),
  );
  assert.deepEqual(a, b);
  assert.notDeepEqual(a.epochs, c.epochs);
});

test("dropout goes on from step to step", async () => {
  const model = newModel();
  await follow(model, { epochs: 3, seed: 4 });
  assert.equal(new Set(model.steps.map(({ drawn }) => drawn)).size, 3);
});

test("with batch normalization, a last batch of one row is left out, and batches of one row are refused", async () => {
  const model = fakeModel({ seed: 1 }, { ...SPEC, batchNorm: true });
  await follow(model, { epochs: 2, batchSize: 3, seed: 0 });
  assert.deepEqual(
    model.steps.map(({ batch }) => batch.rows),
    [3, 3, 3, 3],
  );
  await assert.rejects(follow(model, { epochs: 1, batchSize: 1, seed: 0 }), {
    name: "RangeError",
    message: /batches of at least 2 rows.*got 7 rows in batches of 1/,
  });
});

test("the training loss is the mean over observed entries, not over batches", async () => {
  const model = newModel();
  const { epochs } = await follow(model, { epochs: 1, batchSize: 4, learningRate: 1e-12, seed: 0 });
  const whole = await newModel().evaluate(DATA.train.matrix);
  assert.ok(Math.abs(epochs[0].train.huber - whole.huber) < 1e-9);
  assert.ok(Math.abs(epochs[0].train.mse - whole.mse) < 1e-9);
});

test("a batch in which nothing is observed is left out", async () => {
  const matrix = selectRows(DATA.train.matrix, [0, 1]);
  matrix.observed.fill(0, 3);
  const model = newModel();
  const data = { ...DATA, train: { ...DATA.train, matrix } };
  const deal = dealRows(data, SPEC);
  const { value } = await train(model, deal, { epochs: 1, batchSize: 1, seed: 0 }).next();
  assert.equal((value as Epoch).steps, 1);
  assert.ok(Number.isFinite((value as Epoch).train.huber));
});

test("the rate falls on a plateau of the validation loss, sooner at two steps an epoch, as in the authors' code", async () => {
  for (const [plateau, expected] of [
    [{ factor: 0.5, patience: 1 }, [0.4, 0.4, 0.4, 0.2, 0.2, 0.1]],
    [{ factor: 0.5, patience: 1, stepsPerEpoch: 2 }, [0.4, 0.4, 0.2, 0.1, 0.05, 0.025]],
    [null, [0.4, 0.4, 0.4, 0.4, 0.4, 0.4]],
  ] as const) {
    const model = newModel();
    model.evaluate = async () => ({ huber: 1, mse: 1, observed: 1 });
    const { epochs } = await follow(model, { epochs: 6, learningRate: 0.4, plateau, seed: 0 });
    for (const rated of [epochs, model.steps]) {
      assert.deepEqual(
        rated.map(({ learningRate }) => learningRate),
        expected,
      );
    }
  }
});

test("early stopping ends after its patience, with the weights of the best epoch", async () => {
  const model = newModel();
  const hubers = [3, 2, 2.5, 2.2, 1];
  let seen = 0;
  model.evaluate = async () => ({ huber: hubers[seen++], mse: 1, observed: 1 });
  const atBest: Float32Array[] = [];
  const options = { epochs: 5, learningRate: 0.1, earlyStopping: { patience: 2 }, seed: 0 };
  const bias = async () => (await model.readWeights()).get("out_lin.bias")!;
  const training = train(model, DEAL, options);
  let next = await training.next();
  for (; !next.done; next = await training.next()) {
    if (next.value.epoch === 2) atBest.push(await bias());
    if (next.value.epoch === 4) assert.deepEqual(next.value.best, { epoch: 2, huber: 2 });
  }
  assert.equal(seen, 4);
  assert.equal(next.value.status, "finished");
  assert.deepEqual(next.value.bestWeights?.get("out_lin.bias"), atBest[0]);
  assert.notDeepEqual(await bias(), atBest[0]);
});

test("an abort between epochs ends training there", async () => {
  const controller = new AbortController();
  const model = newModel();
  const { epochs, outcome } = await follow(
    model,
    { epochs: 9, seed: 0, signal: controller.signal },
    ({ epoch }) => epoch === 3 && controller.abort(),
  );
  assert.equal(epochs.length, 3);
  assert.equal(model.steps.length, 3);
  assert.equal(outcome.status, "stopped");
});

test("an abort within an epoch ends it after the step under way, with an epoch that tells its steps", async () => {
  const controller = new AbortController();
  const model = newModel((losses, step) => {
    if (step === 5) controller.abort();
    return losses;
  });
  const options = { epochs: 2, batchSize: 3, seed: 0, signal: controller.signal };
  const { epochs, outcome } = await follow(model, options);
  assert.deepEqual(
    epochs.map(({ steps }) => steps),
    [3, 2],
  );
  assert.equal(model.steps.length, 5);
  assert.equal(outcome.status, "stopped");
});

test("a training aborted before it starts takes no step", async () => {
  const model = newModel();
  const { epochs, outcome } = await follow(model, { seed: 0, signal: AbortSignal.abort() });
  assert.deepEqual([epochs.length, model.steps.length, outcome.status], [0, 0, "stopped"]);
});

test("an abort after the last step leaves a finished training", async () => {
  const controller = new AbortController();
  const { outcome } = await follow(
    newModel(),
    { epochs: 2, seed: 0, signal: controller.signal },
    ({ epoch }) => epoch === 2 && controller.abort(),
  );
  assert.equal(outcome.status, "finished");
});

test("timers have their turn between steps", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  const { outcome } = await follow(newModel(), {
    epochs: 1e6,
    seed: 0,
    signal: controller.signal,
  });
  assert.equal(outcome.status, "stopped");
});

test("a loss that is not finite is an error with epoch, rate and remedy", async () => {
  const model = newModel((losses, step) =>
    step === 2 ? { ...losses, huber: Number.NaN } : losses,
  );
  await assert.rejects(follow(model, { epochs: 5, learningRate: 0.5, seed: 0 }), {
    name: "DivergenceError",
    message: /training loss, got Huber NaN.* in epoch 2 at learning rate 0\.5; try/,
  });
  const other = newModel();
  other.evaluate = async () => {
    throw new DivergenceError("evaluate: expected finite losses", "Huber Infinity");
  };
  await assert.rejects(
    follow(other, { epochs: 5, seed: 0 }),
    /validation loss, got Huber Infinity/,
  );
});

test("rows that do not fit the model, or without an observed entry, are refused", () => {
  assert.throws(() => dealRows(DATA, { features: 4 }), /rows of 4 features.* got 3/);
  const matrix = selectRows(DATA.train.matrix, [0]);
  matrix.observed.fill(0);
  const data = { ...DATA, validation: { ...DATA.validation, matrix } };
  assert.throws(() => dealRows(data, SPEC), /in the validation rows, got none/);
});

test("the settings are the paper's unless said otherwise", () => {
  assert.deepEqual(completeSettings({ seed: 3, plateau: { patience: 5 } }), {
    epochs: 200,
    batchSize: 80,
    learningRate: 1e-5,
    weightDecay: 0,
    plateau: { factor: 0.1, patience: 5, stepsPerEpoch: 1 },
    earlyStopping: null,
    seed: 3,
  });
});

test("settings that make no sense are refused by name", () => {
  const bad: [Omit<TrainOptions, "seed">, RegExp][] = [
    [{ epochs: 0 }, /epochs to be a whole number of at least 1, got 0/],
    [{ batchSize: 1.5 }, /batchSize .* got 1.5/],
    [{ learningRate: Number.NaN }, /learningRate .* got NaN/],
    [{ learningRate: 0 }, /learningRate .* got 0/],
    [{ learningRate: Number.POSITIVE_INFINITY }, /learningRate .* got Infinity/],
    [{ weightDecay: -1 }, /weightDecay .* got -1/],
    [{ plateau: { factor: 1 } }, /plateau: expected factor .* got 1/],
    [{ plateau: { patience: -1 } }, /plateau: expected patience .* got -1/],
    [{ plateau: { stepsPerEpoch: 0 } }, /plateau: expected stepsPerEpoch .* got 0/],
    [{ earlyStopping: { patience: 0 } }, /earlyStopping: expected patience .* got 0/],
  ];
  for (const [options, message] of bad) {
    assert.throws(() => completeSettings({ ...options, seed: 0 }), { name: "RangeError", message });
  }
  assert.throws(() => completeSettings({ seed: -1 }), /seed .* got -1/);
});

test("misspelled settings are refused with the nearest name, at every depth", () => {
  const refused = (options: object, message: RegExp) =>
    assert.throws(() => completeSettings({ seed: 0, ...options }), { name: "TypeError", message });
  refused({ learningrate: 1e-4 }, /^train: .* "learningrate"; did you mean "learningRate"/);
  refused({ plateau: { patince: 3 } }, /^train: plateau: .* did you mean "patience"/);
  refused({ earlyStopping: { patient: 3 } }, /^train: earlyStopping: .* did you mean "patience"/);
  refused({ earlyStopping: 5 }, /earlyStopping to be an object or null, got 5/);
  refused({ epochs: "9" }, /epochs to be a whole number of at least 1, got "9"/);
});

test("columns can be left out of the validation loss, and stay in the training loss", () => {
  const [all, without] = [null, { start: 0, end: 2 }].map((none) => dealRows(DATA, SPEC, none));
  assert.equal(without.whole, all.whole);
  assert.equal(without.validation.values, all.validation.values);
  assert.deepEqual(
    [...without.validation.observed],
    [...all.validation.observed].map((is, at) => (at % SPEC.features < 2 ? 0 : is)),
  );
});

test("a criterion of all columns is no setting of its own, so that runs keep their hash", () => {
  assert.deepEqual(completeSettings({ seed: 0, criterion: "all" }), completeSettings({ seed: 0 }));
  assert.equal(completeSettings({ seed: 0, criterion: "inferred" }).criterion, "inferred");
});
