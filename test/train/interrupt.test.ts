// Interrupts: the first one ends a training in good order, and nobody else loses theirs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { withInterrupt } from "../../lib/train/interrupt.js";

/** Resolves when the signal is aborted; fails the test after a second without. */
async function aborted(signal: AbortSignal): Promise<string> {
  for (let i = 0; i < 100 && !signal.aborted; i++) await setTimeout(10);
  assert.ok(signal.aborted);
  return "saved";
}

/** The same, interrupted at once. */
async function interrupted(signal: AbortSignal): Promise<string> {
  process.kill(process.pid, "SIGINT");
  return await aborted(signal);
}

test("the first SIGINT aborts the work, whose result comes back; listeners from before do not hear it", async () => {
  let heard = 0;
  const kernel = () => heard++;
  process.on("SIGINT", kernel);
  try {
    const work = withInterrupt(interrupted);
    assert.equal(await work, "saved");
    assert.equal(heard, 0);
    assert.deepEqual(process.listeners("SIGINT"), [kernel]);
  } finally {
    process.off("SIGINT", kernel);
  }
});

test("a second SIGINT is heard by the listeners from before", async () => {
  let heard = 0;
  const kernel = () => heard++;
  process.on("SIGINT", kernel);
  try {
    await withInterrupt(async (signal) => {
      await interrupted(signal);
      process.kill(process.pid, "SIGINT");
      for (let i = 0; i < 100 && heard === 0; i++) await setTimeout(10);
    });
    assert.equal(heard, 1);
    assert.deepEqual(process.listeners("SIGINT"), [kernel]);
  } finally {
    process.off("SIGINT", kernel);
  }
});

test("work that runs side by side is aborted together, and leaves no listener", async () => {
  const first = withInterrupt(aborted);
  await withInterrupt(async () => {});
  const second = withInterrupt(interrupted);
  assert.deepEqual(await Promise.all([first, second]), ["saved", "saved"]);
  assert.deepEqual(process.listeners("SIGINT"), []);
});

test("listeners are put back after an error, and those that were to hear one signal still are", async () => {
  let heard = 0;
  process.once("SIGINT", () => heard++);
  await assert.rejects(
    withInterrupt(async () => {
      throw new Error("diverged");
    }),
    /diverged/,
  );
  process.emit("SIGINT");
  process.emit("SIGINT");
  assert.equal(heard, 1);
});

test("an outer signal aborts the work as well, also one that is aborted already", async () => {
  const outer = new AbortController();
  const work = withInterrupt(aborted, outer.signal);
  outer.abort();
  assert.equal(await work, "saved");
  assert.equal(await withInterrupt(aborted, AbortSignal.abort()), "saved");
});

test("listeners that are put back once the calling code has had its turn are set aside as well", async () => {
  // Node does this around the synchronous part of a notebook's cell.
  let heard = 0;
  const kernel = () => heard++;
  const work = withInterrupt(interrupted);
  process.on("SIGINT", kernel);
  try {
    assert.equal(await work, "saved");
    assert.equal(heard, 0);
  } finally {
    process.off("SIGINT", kernel);
  }
});

test("SIGTERM aborts the work as SIGINT does, and however often it comes the work is not cut short", async () => {
  let heard = 0;
  const supervisor = () => heard++;
  process.on("SIGTERM", supervisor);
  try {
    const work = withInterrupt(async (signal) => {
      for (let i = 0; i < 3; i++) {
        process.kill(process.pid, "SIGTERM");
        await aborted(signal);
        await setTimeout(20);
      }
      return "saved";
    });
    assert.equal(await work, "saved");
    assert.equal(heard, 0);
    assert.deepEqual(process.listeners("SIGTERM"), [supervisor]);
  } finally {
    process.off("SIGTERM", supervisor);
  }
});

/** A process whose work ends a while after it was told to; gives its exit status or signal, and what it printed. */
async function runChild(signals: readonly NodeJS.Signals[]): Promise<[number | string, string]> {
  const script = `
    import { setTimeout } from "node:timers/promises";
    import { withInterrupt } from ${JSON.stringify(new URL("../../lib/train/interrupt.ts", import.meta.url).href)};
    await withInterrupt(async (signal) => {
      console.log("at work");
      while (!signal.aborted) await setTimeout(5);
      console.log("told");
      await setTimeout(300);
      console.log("saved");
    });
    process.exitCode = 1;
  `;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  let said = "";
  let sent = 0;
  child.stdout.on("data", (data) => {
    said += data;
    const lines = said.trim().split("\n").length;
    if (sent < Math.min(lines, signals.length)) child.kill(signals[sent++]);
  });
  return await new Promise((resolve) =>
    child.on("close", (code, signal) => resolve([code ?? signal!, said])),
  );
}

test("a process told by SIGTERM saves and exits by itself, also if it is told twice; a second SIGINT ends it", async () => {
  const whole = "at work\ntold\nsaved\n";
  const [once, twice, mixed, ctrlC] = await Promise.all([
    runChild(["SIGTERM"]),
    runChild(["SIGTERM", "SIGTERM"]),
    runChild(["SIGINT", "SIGTERM"]),
    runChild(["SIGINT", "SIGINT"]),
  ]);
  assert.deepEqual(
    [once, twice, mixed],
    [
      [1, whole],
      [1, whole],
      [1, whole],
    ],
  );
  assert.deepEqual(ctrlC, ["SIGINT", "at work\ntold\n"]);
});
