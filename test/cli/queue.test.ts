// The queue of one machine: each task to its end, a killed one again, and all of them told when the queue is.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type QueueOptions, runQueue } from "../../lib/cli/queue.js";
import type { Task } from "../../lib/study/jobs.js";

const root = mkdtempSync(join(tmpdir(), "aro-queue-"));
after(() => rmSync(root, { recursive: true }));

/** A task that runs a line of JavaScript. */
const task = (number: number, script: string): Task => ({
  ...{ number, name: `run ${number}`, args: [script] },
});
let folders = 0;
function optionsOf(changes: Partial<QueueOptions> = {}): QueueOptions {
  const folder = mkdtempSync(join(root, `${folders++}-`));
  const program = [process.execPath, "-e"];
  const { signal } = new AbortController();
  return { ...{ program, processes: 2, folder, signal, env: { FOLDER: folder } }, ...changes };
}

/** Counts its starts in a file, and dies of SIGKILL until there are as many. */
const dying = (starts: number) => `
  const { appendFileSync, readFileSync } = require("node:fs");
  const file = process.env.FOLDER + "/starts";
  appendFileSync(file, ".");
  if (readFileSync(file).length < ${starts}) process.kill(process.pid, "SIGKILL");
  console.log("whole");`;

test("tasks end in order, at most so many at the same time, each with its log and surroundings", async () => {
  const lines: string[] = [];
  let [running, most] = [0, 0];
  const options = optionsOf({
    onEvent: (line) => {
      lines.push(line);
      running += /process/.test(line) ? 1 : -1;
      most = Math.max(most, running);
    },
  });
  const tasks = [3, 4, 8].map((number) =>
    task(number, `setTimeout(() => console.log(${number}, process.env.FOLDER), 100)`),
  );
  const ends = await runQueue(tasks, options);
  assert.deepEqual(
    ends.map(({ task: { number }, status, starts }) => [number, status, starts]),
    [3, 4, 8].map((number) => [number, "done", 1]),
  );
  assert.equal(most, 2);
  assert.equal(lines.length, 6);
  const log = readFileSync(join(options.folder, "task-8.log"), "utf8");
  assert.equal(log, `8 ${options.folder}\n`);
});

test("a task that is killed is started again; one that is killed each time is given up, and the others go on", async () => {
  const again = await runQueue([task(0, dying(3))], optionsOf());
  assert.deepEqual(
    again.map(({ status, starts }) => [status, starts]),
    [["done", 3]],
  );
  const [given, other] = await runQueue([task(0, dying(9)), task(1, "")], optionsOf());
  assert.deepEqual([given.status, given.starts], ["failed", 3]);
  assert.equal(given.reason, "killed by SIGKILL 3 times");
  assert.equal(other.status, "done");
});

test("a task that fails is not started again, and the last line of its log says why", async () => {
  const script = 'console.error("first"); console.error("a full disk"); process.exit(1)';
  const [end] = await runQueue([task(0, script)], optionsOf());
  assert.deepEqual([end.status, end.starts], ["failed", 1]);
  assert.equal(end.reason, "exit status 1: a full disk");
});

test("when the queue is told to end, its tasks are told by SIGTERM and waited for, and no other begins", async () => {
  const controller = new AbortController();
  const saving = `
    process.on("SIGTERM", () => setTimeout(() => { console.log("saved"); process.exit(1); }, 100));
    setInterval(() => {}, 1000);
    console.log("at work");`;
  const options = optionsOf({ processes: 1, signal: controller.signal });
  const ended = runQueue([task(0, saving), task(1, "")], options);
  const log = join(options.folder, "task-0.log");
  const poll = setInterval(() => {
    if (readFileSync(log, "utf8").includes("at work")) controller.abort();
  }, 20);
  const ends = await ended;
  clearInterval(poll);
  assert.deepEqual(
    ends.map(({ status, starts }) => [status, starts]),
    [
      ["interrupted", 1],
      ["not started", 0],
    ],
  );
  assert.equal(readFileSync(log, "utf8"), "at work\nsaved\n");
});
