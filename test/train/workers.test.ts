// Several workers on one tuning study: no trial is lost or done twice, and what a dead one left another takes up.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { takeLock } from "../../lib/train/lock.js";
import { trialFolder, writeTrial } from "../../lib/train/trial.js";
import { readTuning, type TuneOptions, tune } from "../../lib/train/tune.js";
import { scratchFolder } from "../scratch.js";
import { fakeEngine } from "./fake-model.js";
import { EPOCHS, tinyStudy } from "./tiny-study.js";

const root = scratchFolder();

let folders = 0;
const newFolder = () => join(root, `study-${folders++}`);
const shared: Partial<TuneOptions> = { shared: true, method: "random" };

/** A worker in a process of its own, which dies before the n-th file that it moves; gives how it ended. */
async function work(folder: string, moment = 0): Promise<NodeJS.Signals | number | null> {
  const child = join(import.meta.dirname, "tune-child.ts");
  const args = ["--import", "tsx", child, folder, `${moment}`, "before", "shared"];
  const worker = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  return await new Promise((resolve) =>
    worker.on("close", (code, signal) => resolve(signal ?? code)),
  );
}

test("of three processes one is killed in its second trial: all trials are there, each ended once, at random's points", async () => {
  const folder = newFolder();
  // After study.json, which one of them writes, a trial moves seven files: the 13th is weights or result of its second.
  const workers = [work(folder, 13), work(folder), work(folder)];
  while (!existsSync(`${folder}.ready`) || statSync(`${folder}.ready`).size < 3) await wait(20);
  writeFileSync(`${folder}.go`, "");
  assert.deepEqual(await Promise.all(workers), ["SIGKILL", 0, 0]);
  const { trials, best } = await readTuning(folder);
  const alone = await tune(tinyStudy(newFolder(), { method: "random" }));
  assert.deepEqual(
    trials.map(({ number, point }) => [number, point]),
    alone.trials.map(({ number, point }) => [number, point]),
  );
  // What ran to its end reached the same; only the verdicts on hopeless trials depend on who was faster.
  for (const [i, { status, epochs, loss }] of trials.entries()) {
    if (status === "finished" && alone.trials[i].status === "finished") {
      assert.deepEqual([epochs, loss], [EPOCHS, alone.trials[i].loss]);
    }
  }
  assert.equal(best?.loss, alone.best?.loss);
  const lines = readFileSync(`${folder}.ended`, "utf8").trim().split("\n");
  const ended = lines.map((line) => Number(line.split(" ")[0]));
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    trials.map(({ number }) => number),
  );
  assert.equal(new Set(lines.map((line) => line.split(" ")[1])).size, 3, "all three took part");
  const built = readFileSync(`${folder}.built`, "utf8").trim().split("\n").length;
  assert.equal(built, trials.length + 1, "one trial was begun twice, the one of the killed worker");
  assert.ok(readdirSync(folder).every((name) => !name.endsWith(".lock")));
});

test("a Bayesian search is complete and without a repetition too, whoever works on it", async () => {
  const folder = newFolder();
  const ended: number[] = [];
  const options = () =>
    tinyStudy(folder, { shared: true, onTrial: ({ number }) => ended.push(number) });
  const tunings = await Promise.all([tune(options()), tune(options()), tune(options())]);
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    Array.from({ length: 10 }, (_, i) => i),
  );
  const { trials } = tunings[0];
  assert.deepEqual(tunings[1].trials, trials);
  assert.equal(new Set(trials.map(({ point }) => JSON.stringify(point))).size, 10);
});

test("without shared, a trial that another has at work ends the search with the holder's name", async () => {
  const folder = newFolder();
  const { trials } = await tune(tinyStudy(folder, { trials: 3 }));
  await writeTrial(folder, { ...trials[2], status: "running", loss: null, epochs: 0 });
  const lock = await takeLock(`${trialFolder(folder, 2)}.lock`);
  await assert.rejects(
    tune(tinyStudy(folder)),
    new RegExp(
      `trial-002\\.lock: expected no other process to train .* got process ${process.pid}`,
    ),
  );
  await lock.release();
});

test("a worker waits for trials that others have at work, and ends when it is told to", async () => {
  const folder = newFolder();
  const { trials } = await tune(tinyStudy(folder, { ...shared, trials: 3 }));
  await writeTrial(folder, { ...trials[2], status: "running", loss: null, epochs: 0 });
  const lock = await takeLock(`${trialFolder(folder, 2)}.lock`);
  const controller = new AbortController();
  const fake = fakeEngine();
  const options = { ...shared, trials: 3, signal: controller.signal };
  const waiting = tune(tinyStudy(folder, options, fake));
  setTimeout(() => controller.abort(), 300);
  const { trials: left } = await waiting;
  assert.deepEqual(
    left.map(({ status }) => status === "running"),
    [false, false, true],
  );
  assert.equal(fake.built.length, 0);
  await lock.release();
  assert.deepEqual((await tune(tinyStudy(folder, { ...shared, trials: 3 }))).trials, trials);
});
