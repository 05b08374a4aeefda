// Jobs: what the batch script says, what is refused, and that bash hands signals on to what it started.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  batchScript,
  checkWishes,
  createJobFolder,
  formatArray,
  type Job,
  type Wishes,
} from "../../lib/study/jobs.js";

const root = mkdtempSync(join(tmpdir(), "aro-jobs-"));
after(() => rmSync(root, { recursive: true }));

const tasks = [0, 1, 2, 5].map((number) => ({ number, name: `run ${number}`, args: [] }));
const job: Job = {
  ...{ name: "seeds", tasks, command: 'train seeds --run "$SLURM_ARRAY_TASK_ID"' },
  ...{ folder: join(root, "my runs"), root, program: ["/opt/node", "/home/it's/aro.mjs"] },
  env: { ARO_PROFILE: "course", ARO_SET: "training.epochs=2,split.by=sample" },
};

test("task numbers are written as Slurm takes them", () => {
  assert.equal(formatArray([0]), "0");
  assert.equal(formatArray([7, 0, 1, 2, 3, 9]), "0-3,7,9");
  assert.equal(formatArray([4, 2]), "2,4");
});

test("the script asks for what was wished, and bash reads it", () => {
  const wishes = { cpus: 4, memory: "8G", time: "2:00:00", partition: "long", limit: 3 };
  const script = batchScript(job, wishes);
  const asked = [...script.matchAll(/^#SBATCH (\S+)(?: {2,}#.*)?$/gm)].map(([, option]) => option);
  for (const option of [
    ...["--array=0-2,5%3", "--cpus-per-task=4", "--mem=8G", "--time=2:00:00", "--partition=long"],
    ...["--requeue", "--open-mode=append", "--signal=B:USR1@120"],
  ]) {
    assert.ok(asked.includes(option), option);
  }
  assert.match(script, /^export ARO_THREADS="\$\{SLURM_CPUS_PER_TASK:-4\}"$/m);
  assert.match(script, /^\/opt\/node '\/home\/it'\\''s\/aro\.mjs' train seeds --run "\$SLURM/m);
  const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(batchScript(job, { cpus: 1 }), /--mem|--time|--partition|--array=.*%/);
});

/** Runs the script with a program that saves when it is told, as a training does; gives status, output and requeues. */
async function runScript(name: string, signal: NodeJS.Signals | null, status: number) {
  const folder = join(root, name);
  const requeued = join(folder, "requeued");
  mkdirSync(folder);
  const program = join(folder, "training");
  writeFileSync(
    program,
    `#!/bin/bash
trap 'sleep 0.2; echo "saved by $*"; exit ${status}' TERM
echo at work; ${signal ? "for i in {1..150}; do sleep 0.02; done; exit 9" : `exit ${status}`}`,
  );
  writeFileSync(join(folder, "scontrol"), `#!/bin/bash\necho "$*" > ${requeued}`);
  for (const file of [program, join(folder, "scontrol")]) chmodSync(file, 0o755);
  const script = batchScript({ ...job, program: [program] }, { cpus: 1 });
  const bash = spawn("bash", ["-c", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...{ PATH: `${folder}:${process.env.PATH}` },
      ...{ SLURM_ARRAY_TASK_ID: "5", SLURM_ARRAY_JOB_ID: "17" },
    },
  });
  let said = "";
  bash.stdout.on("data", (data) => {
    said += data;
  });
  const ended = new Promise((resolve) => bash.on("close", (code, by) => resolve(code ?? by)));
  while (!said.includes("at work")) await wait(10);
  // Twice, as a queue may do.
  if (signal) for (let i = 0; i < 2; i++) bash.kill(signal);
  return {
    status: await ended,
    said: said.trim().split("\n").slice(1),
    requeued: existsSync(requeued) ? readFileSync(requeued, "utf8").trim() : null,
  };
}

test("TERM reaches the training, whose own end and status the script waits for; nothing is put back", async () => {
  assert.deepEqual(await runScript("term", "SIGTERM", 1), {
    ...{ status: 1, requeued: null },
    said: ["at work", "saved by train seeds --run 5"],
  });
});

test("USR1, before the time limit, reaches it as TERM, and puts the task back unless it had finished", async () => {
  assert.deepEqual(await runScript("usr1", "SIGUSR1", 1), {
    ...{ status: 1, requeued: "requeue 17_5" },
    said: ["at work", "saved by train seeds --run 5"],
  });
  const finished = await runScript("usr1-finished", "SIGUSR1", 0);
  assert.deepEqual([finished.status, finished.requeued], [0, null]);
});

test("without a signal the script ends with the status of the training", async () => {
  for (const status of [0, 1, 3]) {
    const ended = await runScript(`status-${status}`, null, status);
    assert.deepEqual([ended.status, ended.requeued], [status, null]);
  }
});

test("what Slurm would not take is refused by option, and a time limit that leaves no time", () => {
  const refused = (changes: Partial<Wishes>, message: RegExp, largest?: number) =>
    assert.throws(() => checkWishes({ cpus: 1, ...changes }, tasks, largest), message);
  refused({ cpus: 0 }, /--cpus to be a positive whole number, got "0"/);
  refused({ cpus: Number.NaN }, /--cpus to be a positive whole number/);
  refused({ limit: 1.5 }, /--array-limit to be .* got "1\.5"/);
  refused({ memory: "8 GB" }, /--memory to be a number with K, M, G or T, .* got "8 GB"/);
  refused({ partition: "a; rm" }, /--partition to be the name of a partition/);
  refused({ time: "soon" }, /--time to be minutes, .* got "soon"/);
  for (const time of ["3", "0:03:59", "3:59"]) {
    refused({ time }, /--time to be 4 minutes or more, because a task is told 120 s before/);
  }
  for (const time of ["4", "0:04:00", "4:00", "1-0", "1-12:30"]) {
    checkWishes({ cpus: 1, time }, tasks);
  }
  refused({}, /below this cluster's MaxArraySize of 5, got 5; split/, 5);
  checkWishes({ cpus: 1 }, tasks, 6);
});

test("each job has a folder of its own, and a place that cannot be written to is refused with the remedy", async () => {
  const runs = join(root, "runs");
  const folders = await Promise.all([1, 2, 3].map(() => createJobFolder(runs, "seeds")));
  assert.deepEqual(
    folders.toSorted(),
    [1, 2, 3].map((number) => join(runs, "jobs", `seeds-${number}`)),
  );
  writeFileSync(join(root, "file"), "");
  await assert.rejects(
    createJobFolder(join(root, "file"), "seeds"),
    /expected a folder that can be written to, got ENOTDIR; .* all nodes share/,
  );
});
