// A tuning study: the same trials whatever happens to its process, hopeless ones stopped, bad input refused.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { ARO } from "../../lib/model/aro.js";
import { DivergenceError } from "../../lib/model/model.js";
import { readRun } from "../../lib/train/folder.js";
import {
  bestTrial,
  isHopeless,
  observationsOf,
  type Trial,
  trialFolder,
} from "../../lib/train/trial.js";
import { readTuning, type TuneOptions, tune } from "../../lib/train/tune.js";
import { scratchFolder } from "../scratch.js";
import { fakeEngine } from "./fake-model.js";
import { EPOCHS, tinyStudy } from "./tiny-study.js";

const root = scratchFolder();

let folders = 0;
const newFolder = () => join(root, `study-${folders++}`);
const undisturbed = tune(tinyStudy(newFolder()));

test("a study leaves its settings, and a record and a run a trial", async () => {
  const { folder, trials, best } = await undisturbed;
  assert.equal(trials.length, 10);
  const names = readdirSync(folder).filter((name) => !name.startsWith("trial-"));
  assert.deepEqual(names, ["study.json"]);
  for (const { number, status, loss, epochs, point } of trials) {
    const run = await readRun(trialFolder(folder, number), ARO);
    assert.equal(run.config.training.learningRate, point.learningRate);
    assert.equal(loss, run.epochs[epochs - 1].best.huber);
    assert.equal(status === "finished", epochs === EPOCHS);
  }
  const finished = trials.filter(({ status }) => status === "finished");
  assert.equal(best?.loss, Math.min(...finished.map(({ loss }) => loss ?? Number.NaN)));
  assert.deepEqual(await readTuning(folder), await undisturbed);
});

test("only the best trial keeps its weights", async () => {
  const { folder, trials, best } = await undisturbed;
  const keeping = trials.filter(({ number }) =>
    readdirSync(trialFolder(folder, number)).includes("weights.safetensors"),
  );
  assert.deepEqual(
    keeping.map(({ number }) => number),
    [best?.number],
  );
});

test("a study that is killed at any moment has the trials of one that was not, none lost, none repeated", async () => {
  const { trials } = await undisturbed;
  const folder = newFolder();
  const random = createRandom(2026, "kills");
  const child = join(import.meta.dirname, "tune-child.ts");
  const run = (moment: number, side: string) =>
    spawnSync(process.execPath, ["--import", "tsx", child, folder, `${moment}`, side], {
      encoding: "utf8",
    });
  let known: readonly Trial[] = [];
  let kills = 0;
  for (; kills < 5; kills++) {
    const { signal, stderr } = run(1 + random.integer(17), kills % 2 ? "before" : "after");
    assert.equal(signal, "SIGKILL", stderr);
    if (!readdirSync(folder).includes("study.json")) continue; // killed before it was a study
    const { trials: now } = await readTuning(folder);
    const ended = known.filter(({ status }) => status !== "running");
    assert.deepEqual(now.slice(0, ended.length), ended);
    known = now;
  }
  const { status, stderr } = run(0, "never");
  assert.equal(status, 0, stderr);
  assert.deepEqual((await readTuning(folder)).trials, trials);
  const lines = (kind: string) => readFileSync(`${folder}.${kind}`, "utf8").trim().split("\n");
  const ended = lines("ended");
  assert.equal(new Set(ended).size, ended.length, "no trial ends twice");
  // A kill costs the training under way at most.
  assert.ok(lines("built").length <= trials.length + kills, `${lines("built").length} trainings`);
});

test("an interrupted study goes on to the same trials, and says by a running one that it was", async () => {
  const folder = newFolder();
  const controller = new AbortController();
  const fake = fakeEngine((losses, step) => {
    if (fake.built.length === 4 && step === 3) controller.abort();
    return losses;
  });
  const first = await tune(tinyStudy(folder, { signal: controller.signal }, fake));
  assert.deepEqual(
    first.trials.map(({ status }) => status === "running"),
    [false, false, false, true],
  );
  assert.deepEqual((await tune(tinyStudy(folder))).trials, (await undisturbed).trials);
});

test("a study that ends after every trial and is read from its folder is one that never ended", async () => {
  // Judged early and beside few, so that the curves of stopped trials decide about later ones.
  const stopping = { afterEpochs: 1, afterTrials: 2 };
  const changes: Partial<TuneOptions> = { method: "random", seed: 1, stopping };
  const whole = await tune(tinyStudy(newFolder(), { ...changes, trials: 16 }));
  const folder = newFolder();
  for (let trials = 1; trials <= 16; trials++) {
    await tune(tinyStudy(folder, { ...changes, trials }));
  }
  assert.deepEqual((await readTuning(folder)).trials, whole.trials);
});

test("a study that is complete is read again", async () => {
  const { folder, trials } = await undisturbed;
  const fake = fakeEngine();
  assert.deepEqual((await tune(tinyStudy(folder, {}, fake))).trials, trials);
  assert.equal(fake.built.length, 0);
});

test("hopeless trials are stopped; without the rule the same points are trained to their end", async () => {
  const changes: Partial<TuneOptions> = { method: "random", trials: 14 };
  const judged = await tune(tinyStudy(newFolder(), changes));
  const left = await tune(tinyStudy(newFolder(), { ...changes, stopping: null }));
  const stopped = judged.trials.filter(({ status }) => status === "stopped");
  assert.ok(stopped.length >= 2, `${stopped.length} stopped`);
  for (const { number, epochs } of stopped) {
    assert.ok(epochs > 2 && epochs < EPOCHS);
    const run = await readRun(trialFolder(judged.folder, number), ARO);
    assert.equal(run.epochs.length, epochs, "training ended with the verdict");
  }
  assert.ok(left.trials.every(({ status }) => status === "finished"));
  assert.deepEqual(
    left.trials.map(({ point }) => point),
    judged.trials.map(({ point }) => point),
  );
  assert.equal(judged.best?.number, left.best?.number);
});

test("isHopeless compares with the median of those that came as far, once there are enough", () => {
  const rule = { afterEpochs: 1, afterTrials: 3 };
  const at = (epoch: number, huber: number) => ({ epoch, best: { epoch, huber } });
  const curves = [[5, 3], [5, 2], [5, 1], [9]];
  assert.equal(isHopeless(at(2, 2.1), curves, rule), true);
  assert.equal(isHopeless(at(2, 2), curves, rule), false);
  assert.equal(isHopeless(at(1, 100), curves, rule), false, "too early");
  assert.equal(isHopeless(at(2, 100), curves.slice(1), rule), false, "too few");
  assert.equal(isHopeless(at(3, 100), curves, rule), false, "nobody came as far");
});

const trial = (number: number, status: Trial["status"], loss: number | null): Trial => ({
  number,
  point: { x: number },
  status,
  loss,
  epochs: 1,
});

test("a stopped trial is never the best, and counts as no better than the median, as one at work elsewhere does", () => {
  const trials = [
    trial(0, "finished", 3),
    trial(1, "stopped", 0.5),
    trial(2, "finished", 1),
    trial(3, "stopped", 9),
    trial(4, "failed", null),
    trial(5, "finished", 1),
    trial(6, "running", null),
  ];
  assert.equal(bestTrial(trials)?.number, 2);
  assert.deepEqual(
    observationsOf(trials).map(({ value }) => value),
    [3, 1, 1, 9, 9, 1, 1],
  );
  assert.equal(bestTrial([trials[1]]), null);
  assert.deepEqual(observationsOf([trials[1], trials[4]]), []);
});

test("a trial whose loss is not finite has failed, and the study goes on", async () => {
  const fake = fakeEngine((losses) => {
    // Engines of our own refuse such losses; another might hand them on.
    if (fake.built.length === 2) throw new DivergenceError("step: expected finite losses");
    return fake.built.length === 3 ? { huber: Number.NaN, mse: Number.NaN } : losses;
  });
  const { trials } = await tune(tinyStudy(newFolder(), { trials: 4 }, fake));
  assert.deepEqual(
    trials.map(({ status, loss }) => [status === "failed", loss === null]),
    [false, true, true, false].map((failed) => [failed, failed]),
  );
});

test("any other error ends the study, which goes on with the same trial later", async () => {
  const folder = newFolder();
  const fake = fakeEngine(() => {
    throw new RangeError("out of memory");
  });
  await assert.rejects(tune(tinyStudy(folder, {}, fake)), /out of memory/);
  assert.equal((await readTuning(folder)).trials[0].status, "running");
  assert.deepEqual((await tune(tinyStudy(folder))).trials, (await undisturbed).trials);
});

test("another study in the folder is refused, and the error names what differs", async () => {
  const { folder } = await undisturbed;
  const cases: [Partial<TuneOptions>, RegExp][] = [
    [{ seed: 8 }, /seed: 7 there, 8 asked for/],
    [{ method: "random" }, /method: "bayes" there, "random" asked for/],
    [{ stopping: null }, /stopping: .* null asked for/],
    [{ data: { ...tinyStudy(folder).data, name: "other" } }, /cohort: "tiny" there/],
  ];
  for (const [changes, message] of cases) {
    await assert.rejects(tune(tinyStudy(folder, changes)), message);
  }
});

test("a folder that is no study's, and settings that make no sense, are refused", async () => {
  const folder = newFolder();
  await assert.rejects(readTuning(folder), /expected a study in .* tune first/);
  const refused = async (changes: Partial<TuneOptions>, message: RegExp) =>
    await assert.rejects(tune(tinyStudy(folder, changes)), message);
  await refused({ trials: 0 }, /trials to be a whole number of at least 1, got 0/);
  const width = { name: "width", kind: "integer", low: 4, high: 1, scale: "linear" } as const;
  await refused({ space: [width] }, /expected width to have a range from low to high, got 4 to 1/);
  await refused({ stopping: { afterEpochs: 0, afterTrials: 1 } }, /stopping\.afterEpochs .* got 0/);
});

test("a missing record is said, with the remedy", async () => {
  const folder = newFolder();
  await tune(tinyStudy(folder, { trials: 3 }));
  rmSync(join(folder, "trial-001.json"));
  await assert.rejects(tune(tinyStudy(folder)), /expected trial 1 in .* delete the study's folder/);
});
