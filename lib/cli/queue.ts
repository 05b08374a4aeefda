// The queue of one machine: tasks as processes, a few at a time, and one that was killed is started again.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Task } from "../study/jobs.js";

export interface QueueOptions {
  /** What is started for a task, before its own arguments. */
  readonly program: readonly string[];
  /** How many tasks run at the same time. */
  readonly processes: number;
  /** Where each task's log is added to, `task-N.log`. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells the tasks under way to end in good order, and starts no other. */
  readonly signal: AbortSignal;
  readonly onEvent?: (line: string) => void;
}

/** How a task ended. */
export interface TaskEnd {
  readonly task: Task;
  readonly status: "done" | "failed" | "interrupted" | "not started";
  /** How often it was started. */
  readonly starts: number;
  /** What is known of the reason, e.g. "killed by SIGKILL 3 times". */
  readonly reason: string;
}

/** A task that is killed so often is given up: it will be killed again, as one that needs more memory than there is. */
const STARTS = 3;

/** Runs tasks in order, as many at a time as asked for; gives how each ended, in order. */
export async function runQueue(
  tasks: readonly Task[],
  options: QueueOptions,
): Promise<readonly TaskEnd[]> {
  const waiting = [...tasks];
  const ends: TaskEnd[] = [];
  const work = async () => {
    for (let task = waiting.shift(); task; task = waiting.shift()) {
      ends.push(await runTask(task, options));
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.processes, tasks.length) }, work));
  return ends.toSorted((a, b) => tasks.indexOf(a.task) - tasks.indexOf(b.task));
}

async function runTask(task: Task, options: QueueOptions): Promise<TaskEnd> {
  const { signal, folder, onEvent = () => {} } = options;
  const log = join(folder, `task-${task.number}.log`);
  const say = (text: string) => onEvent(`task ${task.number} (${task.name}): ${text}`);
  const since = performance.now();
  for (let starts = 0; ; ) {
    if (signal.aborted) {
      const status = starts === 0 ? "not started" : "interrupted";
      return { task, status, starts, reason: "" };
    }
    starts++;
    const { pid, ended } = start(task, log, options);
    say(`process ${pid}${starts > 1 ? `, start ${starts}` : ""}`);
    const { code, killedBy } = await ended;
    if (code === 0) {
      say(`done in ${((performance.now() - since) / 1000).toFixed(0)} s`);
      return { task, status: "done", starts, reason: "" };
    }
    if (signal.aborted) return { task, status: "interrupted", starts, reason: "" };
    const reason =
      killedBy === null
        ? `exit status ${code}: ${lastLine(log)}`
        : `killed by ${killedBy}${starts > 1 ? ` ${starts} times` : ""}`;
    if (killedBy === null || starts >= STARTS) {
      say(`failed, ${reason}`);
      return { task, status: "failed", starts, reason };
    }
    say(`${reason}, goes on`);
  }
}

interface Ended {
  readonly code: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

function start(task: Task, log: string, { program, env, signal }: QueueOptions) {
  const [command, ...first] = program;
  const output = openSync(log, "a");
  const child = spawn(command, [...first, ...task.args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  // SIGTERM, because a terminal has sent its SIGINT to the task as well, and a second would cut it short.
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, killedBy) => resolve({ code, killedBy }));
  }).finally(() => signal.removeEventListener("abort", stop));
  return { pid: child.pid, ended };
}

function lastLine(log: string): string {
  return readFileSync(log, "utf8").trim().split("\n").at(-1) ?? "";
}
