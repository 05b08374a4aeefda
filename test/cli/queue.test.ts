// The queues: what the batch script says and does, what is refused, and tasks in processes of this machine.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import {
  batchScript,
  checkArray,
  checkTime,
  createJobFolder,
  type Job,
  type ProcessOptions,
  runProcesses,
} from "../../lib/cli/queue.js";
import { STOPPED } from "../../lib/train/interrupt.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder();

const tasks = [0, 1, 2, 5].map((number) => ({ number, name: `run ${number}` }));
const job: Job = {
  name: "seeds",
  tasks,
  argsOf: (number) => ["train", "seeds", "--run", number],
  folder: join(root, "my runs"),
  root,
  program: ["/opt/node", "/home/it's/aro.mjs"],
  env: { ARO_PROFILE: "course", ARO_SET: "training.epochs=2,split.by=sample" },
};

test("the script asks for what was wished, and bash reads it", () => {
  const wishes = { cpus: 4, memory: "8G", time: "2:00:00", partition: "long", arrayLimit: 3 };
  const script = batchScript(job, wishes);
  const asked = [...script.matchAll(/^#SBATCH (\S+)(?: {2,}#.*)?$/gm)].map(([, option]) => option);
  for (const option of [
    "--array=0-2,5%3",
    "--cpus-per-task=4",
    "--mem=8G",
    "--time=2:00:00",
    "--partition=long",
    "--requeue",
    "--open-mode=append",
    "--signal=B:USR1@120",
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
      PATH: `${folder}:${process.env.PATH}`,
      SLURM_ARRAY_TASK_ID: "5",
      SLURM_ARRAY_JOB_ID: "17",
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
  assert.deepEqual(await runScript("term", "SIGTERM", STOPPED), {
    status: STOPPED,
    requeued: null,
    said: ["at work", "saved by train seeds --run 5"],
  });
});

test("USR1, before the time limit, reaches it as TERM, and puts the task back if it stopped", async () => {
  assert.deepEqual(await runScript("usr1", "SIGUSR1", STOPPED), {
    status: STOPPED,
    requeued: "requeue 17_5",
    said: ["at work", "saved by train seeds --run 5"],
  });
});

test("a task that had finished by then, or failed, is not put back", async () => {
  for (const status of [0, 1, 143]) {
    const ended = await runScript(`usr1-${status}`, "SIGUSR1", status);
    assert.deepEqual([ended.status, ended.requeued], [status, null]);
  }
});

test("without a signal the script ends with the status of the training, and puts nothing back", async () => {
  for (const status of [0, 1, STOPPED]) {
    const ended = await runScript(`status-${status}`, null, status);
    assert.deepEqual([ended.status, ended.requeued], [status, null]);
  }
});

test("a time limit that Slurm would not read, or that leaves no time, is refused", () => {
  for (const time of ["soon", "1:2:3:4", "1-", ""]) {
    assert.throws(() => checkTime(time), new RegExp(`--time to be minutes, .* got "${time}"`));
  }
  for (const time of ["3", "0:03:59", "3:59", "0-0:3"]) {
    assert.throws(() => checkTime(time), /--time to be 4 minutes or more, because a task is told/);
  }
  for (const time of ["4", "0:04:00", "4:00", "1-0", "1-12:30", "0-0:04", "0:04:30", "4:30"])
    checkTime(time);
});

test("an array that is larger than the cluster takes is refused", () => {
  assert.throws(() => checkArray(tasks, 5), /below this cluster's MaxArraySize of 5, got 5; split/);
  checkArray(tasks, 6);
  checkArray(tasks, Number.POSITIVE_INFINITY);
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

let folders = 0;

/** A job whose tasks each run a line of JavaScript, numbered from 0 or as given. */
function jobOf(scripts: readonly string[], numbers = [...scripts.keys()]): Job {
  const folder = mkdtempSync(join(root, `${folders++}-`));
  return {
    name: "scripts",
    folder,
    root,
    program: [process.execPath, "-e"],
    env: { FOLDER: folder },
    tasks: numbers.map((number) => ({ number, name: `run ${number}` })),
    argsOf: (number) => [scripts[numbers.indexOf(Number(number))]],
  };
}

function optionsOf(changes: Partial<ProcessOptions> = {}): ProcessOptions {
  return { processes: 2, signal: new AbortController().signal, ...changes };
}

/** Counts its starts in a file, and dies of SIGKILL until there are as many. */
const dying = (starts: number) => `
  const { appendFileSync, readFileSync } = require("node:fs");
  const file = process.env.FOLDER + "/starts";
  appendFileSync(file, ".");
  if (readFileSync(file).length < ${starts}) process.kill(process.pid, "SIGKILL");
  console.log("whole");`;

test("tasks end in order, at most so many at the same time, each with its log and environment", async () => {
  const lines: string[] = [];
  let [running, most] = [0, 0];
  const numbers = [3, 4, 8];
  const scripts = numbers.map(
    (number) => `setTimeout(() => console.log(${number}, process.env.FOLDER), 100)`,
  );
  const job = jobOf(scripts, numbers);
  const ends = await runProcesses(
    job,
    optionsOf({
      onEvent: (line) => {
        lines.push(line);
        running += /process/.test(line) ? 1 : -1;
        most = Math.max(most, running);
      },
    }),
  );
  assert.deepEqual(
    ends.map(({ task: { number }, status, starts }) => [number, status, starts]),
    numbers.map((number) => [number, "done", 1]),
  );
  assert.equal(most, 2);
  assert.equal(lines.length, 6);
  assert.equal(readFileSync(join(job.folder, "task-8.log"), "utf8"), `8 ${job.folder}\n`);
});

test("a task that is killed is started again; one that is killed each time is given up, and the others go on", async () => {
  const lines: string[] = [];
  const [again] = await runProcesses(
    jobOf([dying(3)]),
    optionsOf({ onEvent: (line) => lines.push(line) }),
  );
  assert.deepEqual([again.status, again.starts], ["done", 3]);
  const expected = [
    /^task 0 \(run 0\): process \d+$/,
    /: killed by SIGKILL, goes on$/,
    /process \d+, start 2$/,
    /: killed by SIGKILL 2 times, goes on$/,
    /process \d+, start 3$/,
    /: done in \d s$/,
  ];
  assert.equal(lines.length, expected.length);
  for (const [i, line] of lines.entries()) assert.match(line, expected[i]);
  const [given, other] = await runProcesses(jobOf([dying(9), ""]), optionsOf());
  assert.deepEqual([given.status, given.starts], ["failed", 3]);
  assert.equal(given.reason, "killed by SIGKILL 3 times");
  assert.equal(other.status, "done");
});

test("a task that fails is not started again, and the last line of its log says why", async () => {
  const script = 'console.error("first"); console.error("a full disk"); process.exit(1)';
  const [end] = await runProcesses(jobOf([script]), optionsOf());
  assert.deepEqual([end.status, end.starts], ["failed", 1]);
  assert.equal(end.reason, "exit status 1: a full disk");
});

test("a task that stopped by itself is told from one that failed, and the others go on", async () => {
  const scripts = [`process.exit(${STOPPED})`, "process.exit(1)", ""];
  const ends = await runProcesses(jobOf(scripts), optionsOf());
  assert.deepEqual(
    ends.map(({ status }) => status),
    ["stopped", "failed", "done"],
  );
});

/** Ends with that status when it is told to, a while later. */
const saving = (status: number) => `
  process.on("SIGTERM", () => setTimeout(() => { console.log("saved"); process.exit(${status}); }, 100));
  setInterval(() => {}, 1000);
  console.log("at work");`;

/** Stops the queue when its first task is at work; gives the ends and the first task's log. */
async function stopAtWork(scripts: readonly string[]): Promise<[unknown[], string]> {
  const controller = new AbortController();
  const job = jobOf(scripts);
  const log = join(job.folder, "task-0.log");
  const ended = runProcesses(job, optionsOf({ processes: 1, signal: controller.signal }));
  const poll = setInterval(() => {
    if (readFileSync(log, "utf8").includes("at work")) controller.abort();
  }, 20);
  const ends = await ended;
  clearInterval(poll);
  return [ends.map(({ status, starts }) => [status, starts]), readFileSync(log, "utf8")];
}

test("when the queue is told to stop, its tasks are told by SIGTERM and waited for, and no other begins", async () => {
  assert.deepEqual(await stopAtWork([saving(STOPPED), ""]), [
    [
      ["stopped", 1],
      ["not started", 0],
    ],
    "at work\nsaved\n",
  ]);
});

test("of tasks that are told to stop, one that fails has failed, and one killed before it listens can go on", async () => {
  const [failed] = await stopAtWork([saving(1)]);
  assert.deepEqual(failed, [["failed", 1]]);
  const deaf = 'console.log("at work"); setInterval(() => {}, 1000)';
  const [killed] = await stopAtWork([deaf]);
  assert.deepEqual(killed, [["stopped", 1]]);
});
