// A job array on a real cluster: what is put back, told that its time is up, or killed ends as if nothing had happened.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { projectRoot } from "../../lib/cohort/root.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { planExperiment } from "../../lib/study/experiments.js";
import type { ListedRun } from "../../lib/study/planned-runs.js";
import { readProfile } from "../../lib/study/profile.js";
import { openStudy } from "../../lib/study/study.js";
import { trainRun } from "../../lib/train/run.js";
import { scratchFolder } from "../scratch.js";
import { type Cluster, missingCluster, startCluster } from "./cluster.js";

const run = promisify(execFile);
const skip = missingCluster();

/** Enough to be met in the middle. */
const EPOCHS = 500;
/** This test's alone. */
const SEED = 900_000 + process.pid;
const SET = `training.epochs=${EPOCHS},training.seed=${SEED},experiments.seeds=2,tuning.epochs=2,tuning.seed=${SEED}`;
const SETTINGS = { ARO_PROFILE: "course", ARO_SET: SET };

const scratch = scratchFolder();
const leftovers: string[] = [];
let cluster: Cluster | null = null;
after(async () => {
  await cluster?.stop();
  for (const folder of leftovers) rmSync(folder, { recursive: true, force: true });
});

/** `aro` as a user of the cluster starts it. */
async function aro(...args: string[]): Promise<string> {
  const { SLURM_CONF: _, ...before } = process.env;
  const env = { ...before, ...cluster?.env, ...SETTINGS };
  return (await run(process.execPath, [join(projectRoot(), "lib", "aro.mjs"), ...args], { env }))
    .stdout;
}

async function listRuns(): Promise<ListedRun[]> {
  const { experiments } = JSON.parse(await aro("train", "--json"));
  return experiments.find(({ name }: { name: string }) => name === "seeds").runs;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1800; i++) {
    if (await holds()) return;
    await wait(50);
  }
  assert.fail(`${what}: not within minutes`);
}

const epochsIn = (folder: string) => {
  const file = join(folder, "metrics.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
};

async function stateOf(task: string): Promise<string> {
  const text = await cluster!.call("scontrol", "show", "job", task);
  return /JobState=(\w+)/.exec(text)![1];
}

/** Submits, and gives the job's number and its folder, which is removed in the end. */
async function submit(...args: string[]): Promise<{ id: string; folder: string }> {
  const said = await aro("submit", ...args);
  const [, id, place] = /^job (\d+): \d+ tasks, script and logs in (\S+)$/m.exec(said)!;
  const folder = join(projectRoot(), place);
  leftovers.push(folder);
  return { id, folder };
}

/** What Slurm does before a time limit. Only once: scancel tries again while the task is on its way into the queue. */
async function warn(task: string): Promise<void> {
  await run("scancel", ["--batch", "--signal=USR1", task], {
    env: { ...process.env, ...cluster!.env },
    timeout: 2000,
  }).catch(() => {});
}

const isOver = async (id: string) => (await cluster!.call("squeue", "-h", "-j", id)).trim() === "";

test("an array over a shared folder: tasks put back, out of time and killed go on to the same weights, and partial runs are named", {
  skip,
}, async () => {
  process.env.ARO_THREADS = "1"; // as the tasks have
  const { engine } = await chooseEngine();
  const profile = readProfile(SETTINGS, engine);
  const study = await openStudy(profile);
  const { runs } = planExperiment(study, "seeds");
  leftovers.push(...runs.map(({ folder }) => folder));
  cluster = await startCluster();

  const { id, folder } = await submit("seeds", "--cpus", "1");
  const logOf = (number: number) => readFileSync(join(folder, `task-${number}.log`), "utf8");
  const met = async (number: number, epochs: number) =>
    await until(`task ${number}`, () => epochsIn(runs[number].folder) >= epochs);
  await Promise.all([
    met(0, 40).then(() => cluster!.call("scontrol", "requeue", `${id}_0`)),
    met(1, 40).then(() => warn(`${id}_1`)),
  ]);
  await until("the second start of task 0", () => {
    assert.doesNotMatch(logOf(0), /\bdone\b/, "it was put back before its end");
    return /resumed .*epoch/.test(logOf(0));
  });
  const { pid } = JSON.parse(readFileSync(join(runs[0].folder, "lock"), "utf8"));
  process.kill(pid, "SIGKILL");
  await until("the end of task 0", async () => (await stateOf(`${id}_0`)) === "FAILED");
  const [partial] = await listRuns();
  assert.equal(partial.state, "partial");
  assert.ok(partial.epoch >= 40 && partial.epoch < EPOCHS, `epoch ${partial.epoch}`);
  await cluster.call("scontrol", "requeue", `${id}_0`);
  await until("the end of the array", async () => await isOver(id));

  const collected = await listRuns();
  assert.deepEqual(
    collected.map(({ state, epoch }) => [state, epoch]),
    runs.map(() => ["done", EPOCHS]),
  );
  assert.match(logOf(0), /start 1\n[\s\S]*start 2\n[\s\S]*resumed [\s\S]*start 3\n[\s\S]*resumed /);
  assert.match(logOf(1), /start 1\n[\s\S]*start 2\n[\s\S]*resumed /);
  for (const number of [0, 1]) {
    const { config, study: own } = runs[number];
    const whole = join(scratch, `run-${number}`);
    await trainRun({ folder: whole, config, data: own.prepared, engine });
    for (const file of ["weights.safetensors", "metrics.jsonl"]) {
      const [task, alone] = [runs[number].folder, whole].map((one) =>
        readFileSync(join(one, file)),
      );
      assert.ok(task.equals(alone), `${file} of run ${number} is that of a run never stopped`);
    }
  }
  assert.match(await aro("submit", "seeds"), /nothing is left to do/);
});

test("a task told by TERM alone ends with status 75, and Slurm does not put it back", {
  skip,
}, async () => {
  cluster ??= await startCluster();
  const set = `training.epochs=1000000,training.seed=${SEED + 50_000},experiments.seeds=1`;
  const { id } = await submit("seeds", "--cpus", "1", "--array-limit", "1", "--set", set);
  const { experiments } = JSON.parse(await aro("train", "--json", "--set", set));
  const [first, second]: ListedRun[] = experiments[0].runs;
  leftovers.push(first.folder, second.folder);
  await until("the first task", () => epochsIn(first.folder) >= 20);
  await cluster.call("scancel", "--batch", "--signal=TERM", `${id}_0`);
  await until("its end", async () => (await stateOf(`${id}_0`)) === "FAILED");
  assert.match(await cluster.call("scontrol", "show", "job", `${id}_0`), /ExitCode=75:0/);
  assert.ok(readdirSync(first.folder).some((name) => name.startsWith("checkpoint-")));
  await cluster.call("scancel", id);
  await until("the end of the array", async () => await isOver(id));
});

test("workers of a tuning study on the cluster share its trials", { skip }, async () => {
  cluster ??= await startCluster();
  const search = ["--method", "random", "--trials", "4"];
  const { id } = await submit("tune", "--workers", "2", ...search);
  await until("the end of the workers", async () => await isOver(id));
  const { folder, trials } = JSON.parse(await aro("tune", ...search, "--json"));
  leftovers.push(folder);
  assert.deepEqual(
    trials.map(({ number }: { number: number }) => number),
    [0, 1, 2, 3],
  );
  assert.ok(trials.every(({ status }: { status: string }) => status !== "running"));
});

test("an array that is larger than the cluster takes is refused before it is submitted", {
  skip,
}, async () => {
  cluster ??= await startCluster();
  await assert.rejects(
    aro("submit", "seeds", "--set", `${SET},experiments.seeds=60`),
    /task numbers below this cluster's MaxArraySize of 100, got 119; /,
  );
});
