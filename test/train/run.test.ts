// A run's folder: read again when it fits, refused when it does not, never half written.
import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ARO } from "../../lib/model/aro.js";
import type { RunRequest } from "../../lib/train/config.js";
import { readRun } from "../../lib/train/folder.js";
import type { Progress } from "../../lib/train/progress.js";
import { type TrainRunOptions, trainRun } from "../../lib/train/run.js";
import type { Epoch } from "../../lib/train/train.js";
import { scratchFolder } from "../scratch.js";
import { DATA, fakeEngine, SPEC } from "./fake-model.js";

const root = scratchFolder();

const CONFIG: Omit<RunRequest, "model"> = {
  spec: SPEC,
  training: { epochs: 6, learningRate: 0.02, seed: 5 },
  about: { split: "patient" },
};
const FILES = [
  "config.json",
  "environment.json",
  "events.out.tfevents.aro",
  "metrics.jsonl",
  "result.json",
  "weights.safetensors",
];

let folders = 0;
function newFolder(): string {
  return join(root, "profile", `run-${folders++}`);
}

/** Trains the run of these tests in a folder, by a fake engine. */
function trainIn(
  folder: string,
  {
    config = CONFIG,
    ...options
  }: Partial<Omit<TrainRunOptions, "config">> & { readonly config?: typeof CONFIG } = {},
  { engine, model }: Pick<ReturnType<typeof fakeEngine>, "engine" | "model"> = fakeEngine(),
) {
  return trainRun({ folder, config: { ...config, model }, data: DATA, engine, ...options });
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

/** What a progress line was told. */
function recorder(): Progress & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    note: (text) => told.push(text),
    update: ({ epoch }, epochs) => told.push(`${epoch}/${epochs}`),
    finish: (status, last, epochs) => told.push(`${status} ${last?.epoch}/${epochs}`),
  };
}

test("a run leaves its settings, surroundings, metrics, weights and result, and nothing else", async () => {
  const folder = newFolder();
  const fake = fakeEngine();
  const seen: Epoch[] = [];
  const progress = recorder();
  const run = await trainIn(folder, { progress, onEpoch: (epoch) => seen.push(epoch) }, fake);
  assert.deepEqual(readdirSync(folder).toSorted(), FILES);
  assert.equal(run.reused, false);
  assert.equal(run.config.cohort, "tiny");
  assert.equal(run.config.training.batchSize, 80);
  assert.deepEqual(run.config.about, { split: "patient" });
  assert.match(run.config.hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(run.environment.engine, { name: "tfjs", backend: "fake", version: "0.0.0" });
  assert.equal(run.environment.node, process.version);
  assert.deepEqual(run.epochs, seen);
  assert.equal(run.epochs.length, 6);
  const { seconds, ...result } = run.result;
  assert.ok(seconds > 0);
  const { train, validation, best } = seen[5];
  const expected = { epochs: 6, weights: "last", best, final: { train, validation } };
  assert.deepEqual(result, { status: "finished", ...expected });
  assert.deepEqual(await run.loadWeights(), fake.built[0].weights());
  assert.ok(fake.built[0].disposed);
  assert.deepEqual(progress.told.slice(-2), ["6/6", "finished 6/6"]);
});

test("a finished run is read again, not trained again, by any engine", async () => {
  const folder = newFolder();
  const first = await trainIn(folder);
  const before = FILES.map((name) => read(folder, name));
  const fake = fakeEngine();
  const progress = recorder();
  // Defaults written out, and keys in another order, are the same settings.
  const training = { seed: 5, batchSize: 80, learningRate: 0.02, epochs: 6, plateau: {} };
  const config = { ...CONFIG, training };
  const again = await trainIn(folder, { config, progress }, fake);
  assert.equal(again.reused, true);
  assert.equal(fake.built.length, 0);
  assert.deepEqual(again.result, first.result);
  assert.deepEqual(again.epochs, first.epochs);
  assert.deepEqual(await again.loadWeights(), await first.loadWeights());
  assert.deepEqual(
    FILES.map((name) => read(folder, name)),
    before,
  );
  assert.deepEqual(progress.told, ["finished 6/6"]);
});

test("misspelled options are refused with the nearest name, and no folder is made", async () => {
  const folder = newFolder();
  const { engine, model } = fakeEngine();
  const request = { ...CONFIG, model };
  const whole = { folder, config: request, data: DATA, engine };
  const spec = { ...CONFIG.spec, visable: null };
  for (const [changes, message] of [
    [{ onepoch: () => {} }, /^trainRun: .* did you mean "onEpoch"/],
    [{ checkpointSeconds: "9" }, /^trainRun: expected checkpointSeconds to be a number, got "9"/],
    [{ config: { ...request, trainning: {} } }, /^trainRun: config: .* did you mean "training"/],
    [{ config: { ...request, model: "VAE" } }, /config: expected model to be an object, got "VAE"/],
    [{ config: { ...request, spec } }, /^ARO: .* did you mean "visible"/],
  ] as const) {
    const asked = { ...whole, ...changes } as TrainRunOptions;
    await assert.rejects(trainRun(asked), { name: "TypeError", message });
  }
  assert.equal(existsSync(folder), false);
});

test("a run of other settings is never overwritten, and the error names what differs", async () => {
  const folder = newFolder();
  await trainIn(folder);
  const before = FILES.map((name) => read(folder, name));
  const attempt = async (config: typeof CONFIG, data = DATA) => {
    const fake = fakeEngine();
    const error = await trainIn(folder, { config, data }, fake).then(
      () => assert.fail("it was accepted"),
      (refusal: Error) => refusal,
    );
    assert.equal(fake.built.length, 0);
    assert.match(error.message, /another name, or delete that folder/);
    return error.message;
  };
  assert.match(
    await attempt({ ...CONFIG, training: { ...CONFIG.training, epochs: 7, plateau: null } }),
    /got others \(training\.epochs: 6 there, 7 asked for; training\.plateau\.factor: 0\.1 there, nothing/,
  );
  assert.match(
    await attempt({ ...CONFIG, spec: { ...SPEC, visible: { start: 0, end: 2 } } }),
    /spec\.visible: null there, nothing asked for; spec\.visible\.start: nothing there, 0 asked/,
  );
  assert.match(
    await attempt({ ...CONFIG, about: { split: "sample" } }),
    /about\.split: "patient" there/,
  );
  const values = Float32Array.from(DATA.train.matrix.values);
  values[0] += 1e-6;
  const matrix = { ...DATA.train.matrix, values };
  const message = await attempt(CONFIG, { ...DATA, train: { ...DATA.train, matrix } });
  assert.match(message, /got others \(data: other samples, values or preprocessing\)/);
  const observed = Uint8Array.from(DATA.train.matrix.observed);
  observed[0] = 0;
  const masked = { ...DATA.train, matrix: { ...DATA.train.matrix, observed } };
  assert.match(await attempt(CONFIG, { ...DATA, train: masked }), /\(data: other samples/);
  assert.deepEqual(
    FILES.map((name) => read(folder, name)),
    before,
  );
});

test("a folder of other things is refused", async () => {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "thesis.tex"), "");
  await assert.rejects(
    trainIn(folder),
    /expected an empty folder or a run's, got .* with "thesis\.tex"/,
  );
  assert.deepEqual(readdirSync(folder), ["thesis.tex"]);
});

test("a stopped run leaves usable weights and says so; asked for again, it goes on to its end", async () => {
  const folder = newFolder();
  const controller = new AbortController();
  const fake = fakeEngine();
  const progress = recorder();
  const stopped = await trainIn(
    folder,
    {
      progress,
      signal: controller.signal,
      onEpoch: ({ epoch }) => epoch === 2 && controller.abort(),
    },
    fake,
  );
  assert.equal(stopped.result.status, "stopped");
  assert.equal(stopped.result.epochs, 2);
  assert.deepEqual(progress.told, ["1/6", "2/6", "stopped 2/6"]);
  const run = await readRun(folder, ARO);
  assert.equal(run.epochs.length, 2);
  assert.deepEqual(await run.loadWeights(), fake.built[0].weights());
  const second = { ...recorder(), fake: fakeEngine() };
  const onEpoch = () => {
    for (const name of ["result.json", "weights.safetensors"]) {
      assert.ok(!existsSync(join(folder, name)), `no ${name} until the run ends`);
    }
  };
  const whole = await trainIn(folder, { progress: second, onEpoch }, second.fake);
  assert.deepEqual(
    [whole.reused, whole.result.status, whole.epochs.length],
    [false, "finished", 6],
  );
  assert.deepEqual(whole.epochs.slice(0, 2), run.epochs);
  assert.equal(second.fake.built[0].steps.length, 4);
  assert.deepEqual(second.told.slice(0, 2), ["resumed after epoch 2", "3/6"]);
  assert.deepEqual(readdirSync(folder).toSorted(), FILES);
});

test("a run stopped before its first step keeps the initial weights", async () => {
  const folder = newFolder();
  const signal = AbortSignal.abort();
  const run = await trainIn(folder, { signal });
  assert.deepEqual([run.result.epochs, run.result.best, run.result.final], [0, null, null]);
  assert.equal((await run.loadWeights()).size, 6);
});

test("with early stopping, the weights of the best epoch are kept", async () => {
  const folder = newFolder();
  const fake = fakeEngine();
  const training = { epochs: 50, learningRate: 0.3, earlyStopping: { patience: 3 }, seed: 5 };
  const config = { ...CONFIG, training };
  const run = await trainIn(folder, { config }, fake);
  assert.equal(run.result.weights, "best");
  assert.ok(run.result.epochs < 50);
  assert.equal(run.result.best!.epoch, run.result.epochs - 3);
  const bias = (await run.loadWeights()).get("out_lin.bias");
  assert.notDeepEqual(bias, fake.built[0].weights().get("out_lin.bias"));
});

test("a training that fails leaves metrics but no result, frees the model, and can be done anew", async () => {
  const folder = newFolder();
  const bad = fakeEngine((losses, step) => (step === 3 ? { huber: Number.NaN, mse: 1 } : losses));
  const progress = recorder();
  await assert.rejects(trainIn(folder, { progress }, bad), /Huber NaN in epoch 3/);
  assert.ok(bad.built[0].disposed);
  assert.equal(progress.told.at(-1), "failed 2/6");
  const run = await readRun(folder, ARO);
  assert.deepEqual([run.epochs.length, run.result], [2, null]);
  await assert.rejects(run.loadWeights(), /under way or killed .* train it to its end/);
  const good = await trainIn(folder);
  assert.equal(good.epochs.length, 6);
});

test("by the criterion inferred, the validation loss leaves the first modality out, and training does not", async () => {
  const modalities = [
    { name: "RNA", start: 0, end: 2 },
    { name: "protein", start: 2, end: SPEC.features },
  ];
  const data = { ...DATA, modalities };
  const config = { ...CONFIG, training: { ...CONFIG.training, criterion: "inferred" } } as const;
  const [all, inferred] = [
    await trainIn(newFolder(), { data }),
    await trainIn(newFolder(), { data, config }),
  ];
  assert.deepEqual(inferred.epochs[5].train, all.epochs[5].train);
  assert.notEqual(inferred.epochs[5].validation.huber, all.epochs[5].validation.huber);
  await assert.rejects(
    trainIn(newFolder(), { data: { ...data, modalities: modalities.slice(1) }, config }),
    /at least 2 modalities for criterion "inferred", got 1/,
  );
});

test("a finished run whose weights were deleted is trained anew", async () => {
  const folder = newFolder();
  await trainIn(folder);
  rmSync(join(folder, "weights.safetensors"));
  const run = await trainIn(folder);
  assert.equal(run.reused, false);
  await run.loadWeights();
});

test("of two trainings into one folder the second is refused, and the first goes on", async () => {
  const folder = newFolder();
  let second: Promise<unknown> | undefined;
  const onEpoch = ({ epoch }: Epoch) => {
    if (epoch === 2) second = trainIn(folder).catch((error) => error.message);
  };
  assert.equal((await trainIn(folder, { onEpoch })).epochs.length, 6);
  assert.match(String(await second), /lock: expected no other process to train in this folder/);
  assert.deepEqual(readdirSync(folder).toSorted(), FILES);
});

test("readRun says what is missing or broken", async () => {
  const folder = newFolder();
  await assert.rejects(
    readRun(folder, ARO),
    /expected a run in .* got no config\.json; train it first/,
  );
  await trainIn(folder);
  appendFileSync(join(folder, "metrics.jsonl"), "not json\n");
  await assert.rejects(
    readRun(folder, ARO),
    /metrics\.jsonl:7: expected an object in JSON, got "not json"/,
  );
  writeFileSync(join(folder, "config.json"), "");
  await assert.rejects(trainIn(folder), /config\.json: expected an object in JSON/);
});

test("a run of any model is refused where it would fill the disk, and nothing is left", async () => {
  const folder = newFolder();
  const { engine, model } = fakeEngine();
  const network = model.network(SPEC);
  const [tensor] = network.tensors;
  const tensors = [{ ...tensor, shape: [1e9, 1e6] }];
  const large = { ...model, network: () => ({ ...network, tensors }) };
  await assert.rejects(trainIn(folder, {}, { engine, model: large }), {
    name: "RangeError",
    message: /^train: expected [\d.]+ GiB on the disk for the run's weights and checkpoints, got /,
  });
  assert.deepEqual(readdirSync(folder), []);
});

test("a run that resumes with another precision says so", async () => {
  const folder = newFolder();
  const { engine, model } = fakeEngine();
  const halt = new AbortController();
  const stopped = { signal: halt.signal, onEpoch: () => halt.abort() };
  await trainIn(folder, stopped, { engine, model });
  const rounding = { ...engine, precision: "bfloat16" } as const;
  const { notes } = await trainIn(folder, {}, { engine: rounding, model });
  assert.match(
    notes.join("\n"),
    /resumed on tfjs \(fake 0\.0\.0, products in bfloat16\) after tfjs/,
  );
});

test("SIGINT stops a run gracefully", async () => {
  const folder = newFolder();
  const onEpoch = ({ epoch }: Epoch) => epoch === 3 && process.kill(process.pid, "SIGINT");
  const config = { ...CONFIG, training: { ...CONFIG.training, epochs: 100_000 } };
  const run = await trainIn(folder, { config, onEpoch });
  assert.equal(run.result.status, "stopped");
  assert.ok(run.result.epochs >= 3 && run.result.epochs < 1000);
  assert.equal(run.epochs.length, run.result.epochs);
});
