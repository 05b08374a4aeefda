// Queues: the tasks of a job, run by Slurm as an array over a shared folder or by a few processes of this machine.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { STOPPED } from "../train/interrupt.js";

/** A restarted task resumes where it stopped. */
export interface Task {
  /** In the array; of a run, its own number. */
  readonly number: number;
  readonly name: string;
}

export interface Job {
  /** E.g. "seeds". */
  readonly name: string;
  readonly tasks: readonly Task[];
  /** What a task gives to `aro`, e.g. `train seeds --run 3`, from its number or the variable that holds it. */
  readonly argsOf: (number: string) => readonly string[];
  /** Where scripts and logs lie; the same on every node. */
  readonly folder: string;
  /** The repository's root, the program behind `aro`, and the variables that the tasks find in their environment. */
  readonly root: string;
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What is asked of Slurm for each task. */
export interface Wishes {
  /** Processors, and so threads. */
  readonly cpus: number;
  /** E.g. "8G"; by default the partition's. */
  readonly memory?: string;
  /** E.g. "2:00:00"; by default the partition's. */
  readonly time?: string;
  readonly partition?: string;
  /** How many tasks may run at the same time; by default as many as find room. */
  readonly arrayLimit?: number;
}

/** How a task ended. */
export interface TaskEnd {
  readonly task: Task;
  /** "stopped" can go on, as can "not started". */
  readonly status: "done" | "failed" | "stopped" | "not started";
  readonly starts: number;
  /** What is known of a failure, e.g. "killed by SIGKILL 3 times". */
  readonly reason: string;
}

/** A task is told this many seconds before its time limit, so that it can write a checkpoint and go back into the queue. */
const NOTICE = 120;

/** A task that is killed so often is given up: it probably needs more memory than there is. */
const STARTS = 3;

/**
 * Makes a folder for a job below the runs: `jobs/NAME-1`, or with the next free number.
 * @throws Error with the remedy if it cannot be written to.
 */
export async function createJobFolder(runs: string, name: string): Promise<string> {
  const jobs = join(runs, "jobs");
  try {
    await mkdir(jobs, { recursive: true });
    for (let number = 1; ; number++) {
      const folder = join(jobs, `${name}-${number}`);
      try {
        await mkdir(folder); // not recursive, so that it fails if another process made it
        return folder;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${jobs}: expected a folder that can be written to, got ${code}; ` +
        "the repository has to lie in a folder that all nodes share and that you may write to",
    );
  }
}

/**
 * Checks a time limit: "minutes", "minutes:seconds", "hours:minutes:seconds" or "days-hours[:minutes[:seconds]]".
 * @throws RangeError if Slurm would not read it, or it leaves no time to train.
 */
export function checkTime(time: string): void {
  const found = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time);
  const refusal = (expected: string) =>
    new RangeError(`aro submit: expected --time to be ${expected}, got "${time}"`);
  if (!found) throw refusal("minutes, hours:minutes:seconds or days-hours");
  const [days, first, second, third] = found.slice(1).map((part) => Number(part ?? 0));
  const isHours = found[1] !== undefined || found[4] !== undefined;
  const seconds = isHours ? 86400 * days + 3600 * first + 60 * second + third : 60 * first + second;
  const least = 2 * NOTICE;
  if (seconds >= least) return;
  throw refusal(`${least / 60} minutes or more, because a task is told ${NOTICE} s before its end`);
}

/**
 * Checks that an array may hold the tasks.
 * @throws RangeError if a number is not below `largest`, the cluster's MaxArraySize.
 */
export function checkArray(tasks: readonly Task[], largest: number): void {
  const last = Math.max(...tasks.map(({ number }) => number));
  if (last < largest) return;
  throw new RangeError(
    `aro submit: expected task numbers below this cluster's MaxArraySize of ${largest}, got ${last}; ` +
      "split the experiment by its seeds (--set experiments.seeds), or ask for a larger MaxArraySize",
  );
}

/** Writes ascending task numbers as Slurm takes them: "0-3,7". */
function formatArray(numbers: readonly number[]): string {
  const spans: [first: number, last: number][] = [];
  for (const number of numbers) {
    const span = spans.at(-1);
    if (span && number <= span[1] + 1) span[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Writes the batch script of a job: the array, what is asked for each task, and how a task ends and comes back. */
export function batchScript(job: Job, wishes: Wishes): string {
  const { name, tasks, argsOf, folder, root, program, env } = job;
  const { cpus, memory, time, partition, arrayLimit } = wishes;
  const numbers = formatArray(tasks.map(({ number }) => number));
  const directives = [
    `--job-name=aro-${name}`,
    `--array=${numbers}${arrayLimit ? `%${arrayLimit}  # at most ${arrayLimit} at the same time` : ""}`,
    "--nodes=1",
    "--ntasks=1",
    `--cpus-per-task=${cpus}  # as many threads`,
    memory && `--mem=${memory}`,
    time && `--time=${time}`,
    partition && `--partition=${partition}`,
    `--output="${join(folder, "task-%a.log")}"`,
    "--open-mode=append  # a task that goes on adds to its log",
    "--requeue  # after preemption or the loss of a node it goes on elsewhere",
    `--signal=B:USR1@${NOTICE}  # this script is told before the time limit`,
  ];
  const comments = directives.filter(Boolean).map((directive) => `#SBATCH ${directive}`);
  const exports = Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}`);
  const variable = "$SLURM_ARRAY_TASK_ID";
  const args = argsOf(variable).map((arg) => (arg === variable ? `"${variable}"` : quote(arg)));
  return `#!/bin/bash
# ${name}: ${tasks.length} ${tasks.length === 1 ? "task" : "tasks"} of an array, over a folder that all nodes share.
# A task that was killed, preempted or out of time goes on from its last checkpoint when it is started again.
# To submit it again: sbatch ${join(folder, "job.sh")} (finished tasks end at once)
${comments.join("\n")}

cd ${quote(root)} || exit 1
${exports.join("\n")}
export ARO_THREADS="\${SLURM_CPUS_PER_TASK:-${cpus}}"

# Bash does not pass signals on, so this script does. After TERM (scancel, preemption) the training writes a checkpoint
# and ends. USR1, before the time limit, does the same and puts the task back into the queue.
out_of_time=
trap 'told=yes; kill -TERM "$training" 2>/dev/null' TERM
trap 'told=yes; out_of_time=yes; kill -TERM "$training" 2>/dev/null' USR1

echo "task ${variable} on $(hostname), start $((\${SLURM_RESTART_COUNT:-0} + 1))"
${[...program.map(quote), ...args].join(" ")} &
training=$!
told=yes
while [ -n "$told" ]; do # a signal ends the wait, not the training
  told=
  wait "$training"
  status=$?
done
# ${STOPPED} says that the training stopped and can go on. After any other status it would fail again, or is done.
if [ -n "$out_of_time" ] && [ "$status" -eq ${STOPPED} ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_${variable}"
fi
exit "$status"
`;
}

/** As bash reads it: bare where that is safe. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export interface ProcessOptions {
  /** How many tasks run at the same time. */
  readonly processes: number;
  /** Stops the tasks under way gracefully, and starts no other. */
  readonly signal: AbortSignal;
  readonly onEvent?: (line: string) => void;
}

/**
 * Runs a job's tasks in processes of this machine, in order, each adding to its log `task-N.log`. A task that is killed
 * is started again, three times at most. Returns how each ended, in order.
 */
export async function runProcesses(job: Job, options: ProcessOptions): Promise<readonly TaskEnd[]> {
  const { tasks } = job;
  const waiting = [...tasks];
  const ends: TaskEnd[] = [];
  const work = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      ends.push(await runTask(job, task, options));
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.processes, tasks.length) }, work));
  return ends.toSorted((a, b) => tasks.indexOf(a.task) - tasks.indexOf(b.task));
}

async function runTask(
  job: Job,
  task: Task,
  { signal, onEvent = () => {} }: ProcessOptions,
): Promise<TaskEnd> {
  const log = join(job.folder, `task-${task.number}.log`);
  const say = (text: string) => onEvent(`task ${task.number} (${task.name}): ${text}`);
  const since = performance.now();
  for (let starts = 0; ; ) {
    if (signal.aborted) {
      return { task, status: starts === 0 ? "not started" : "stopped", starts, reason: "" };
    }
    starts++;
    const { pid, ended } = start(job, task, log, signal);
    say(`process ${pid}${starts > 1 ? `, start ${starts}` : ""}`);
    const [code, killedBy] = await ended;
    if (code === 0) {
      say(`done in ${((performance.now() - since) / 1000).toFixed(0)} s`);
      return { task, status: "done", starts, reason: "" };
    }
    // Killed by the signal that it was told by: it had not begun to listen.
    if (code === STOPPED || (killedBy !== null && signal.aborted)) {
      say("stopped");
      return { task, status: "stopped", starts, reason: "" };
    }
    const lastLine = readFileSync(log, "utf8").trim().split("\n").at(-1) ?? "";
    const reason =
      killedBy === null
        ? `exit status ${code}: ${lastLine}`
        : `killed by ${killedBy}${starts > 1 ? ` ${starts} times` : ""}`;
    if (killedBy === null || starts >= STARTS) {
      say(`failed, ${reason}`);
      return { task, status: "failed", starts, reason };
    }
    say(`${reason}, goes on`);
  }
}

function start({ program, argsOf, env }: Job, task: Task, log: string, signal: AbortSignal) {
  const [command, ...first] = program;
  const output = openSync(log, "a");
  const child = spawn(command, [...first, ...argsOf(`${task.number}`)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  // SIGTERM, because a terminal sends its SIGINT to the task as well, and a late second one would cut it short.
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const ended = once(child, "close").finally(() => signal.removeEventListener("abort", stop));
  return { pid: child.pid, ended: ended as Promise<[number | null, NodeJS.Signals | null]> };
}
