// Interrupts: the first one ends a training in good order, and nobody else loses theirs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { STOPPED, withInterrupt } from "../../lib/train/interrupt.js";
import { scratchFolder } from "../scratch.js";

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

/** Does work while a listener from before is there; `heard` tells how often that one has heard the signal. */
async function beside(
  signal: NodeJS.Signals,
  work: (heard: () => number) => Promise<void>,
): Promise<void> {
  let count = 0;
  const listener = () => count++;
  process.on(signal, listener);
  try {
    await work(() => count);
    assert.deepEqual(process.listeners(signal), [listener]);
  } finally {
    process.off(signal, listener);
  }
}

/** Longer than signals count as one. */
const ECHO = 600;

test("the first SIGINT aborts the work, whose result comes back; listeners from before do not hear it", () =>
  beside("SIGINT", async (heard) => {
    assert.equal(await withInterrupt(interrupted), "saved");
    process.kill(process.pid, "SIGINT"); // npm passes the first one on, when the work has ended already
    await setTimeout(ECHO);
    assert.equal(heard(), 0);
  }));

test("a second SIGINT is the same one within half a second, and is heard by the listeners from before afterwards", () =>
  beside("SIGINT", async (heard) => {
    await withInterrupt(async (signal) => {
      await interrupted(signal);
      for (let i = 0; i < 3; i++) {
        process.kill(process.pid, "SIGINT");
        await setTimeout(30);
      }
      assert.equal(heard(), 0);
      await setTimeout(ECHO);
      process.kill(process.pid, "SIGINT");
      for (let i = 0; i < 100 && heard() === 0; i++) await setTimeout(10);
    });
    assert.equal(heard(), 1);
  }));

test("a signal that arrives while a step holds the thread longer than that is still the same one", () =>
  beside("SIGINT", async (heard) => {
    await withInterrupt(async (signal) => {
      await interrupted(signal);
      process.kill(process.pid, "SIGINT");
      const until = performance.now() + ECHO;
      while (performance.now() < until); // a step
      await setTimeout(100);
    });
    assert.equal(heard(), 0);
  }));

test("work that begins while signals still count as the last one is stopped by the next", async () => {
  assert.equal(await withInterrupt(interrupted), "saved");
  const next = withInterrupt(async (signal) => {
    process.kill(process.pid, "SIGINT");
    await setTimeout(ECHO);
    assert.equal(signal.aborted, false);
    return await interrupted(signal);
  });
  assert.equal(await next, "saved");
  await setTimeout(ECHO);
  assert.deepEqual(process.listeners("SIGINT"), []);
});

test("work that runs side by side is aborted together, and leaves no listener", async () => {
  const first = withInterrupt(aborted);
  await withInterrupt(async () => {});
  const second = withInterrupt(interrupted);
  assert.deepEqual(await Promise.all([first, second]), ["saved", "saved"]);
  await setTimeout(ECHO);
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

test("SIGTERM aborts the work as SIGINT does, and however often it comes the work is not cut short", () =>
  beside("SIGTERM", async (heard) => {
    await setTimeout(ECHO); // of the test before
    const work = withInterrupt(async (signal) => {
      for (let i = 0; i < 3; i++) {
        process.kill(process.pid, "SIGTERM");
        await aborted(signal);
        await setTimeout(20);
      }
      return "saved";
    });
    assert.equal(await work, "saved");
    await setTimeout(ECHO);
    assert.equal(heard(), 0);
  }));

const root = scratchFolder();

/** A program whose work, in short steps, ends a while after it was told to. */
const program = join(root, "work.mts");
writeFileSync(
  program,
  `import { setTimeout } from "node:timers/promises";
  import { STOPPED, withInterrupt } from ${JSON.stringify(new URL("../../lib/train/interrupt.ts", import.meta.url).href)};
  await withInterrupt(async (signal) => {
    console.log("at work");
    for (let step = 0; step < 4000 && !signal.aborted; step++) await setTimeout(5);
    console.log("told");
    await setTimeout(300);
    console.log("saved");
  });
  process.exitCode = STOPPED;`,
);
const WHOLE = "at work\ntold\nsaved\n";

/** What it prints and how it ends if it is sent a signal after each of its lines, pausing before each but the first. */
async function runChild(signals: readonly NodeJS.Signals[], pause = 0): Promise<unknown[]> {
  const child = spawn(process.execPath, ["--import", "tsx", program]);
  let said = "";
  let sent = 0;
  child.stdout.on("data", async (data) => {
    said += data;
    const lines = said.trim().split("\n").length;
    if (sent === Math.min(lines, signals.length)) return;
    const signal = signals[sent++];
    if (sent > 1) await setTimeout(pause);
    child.kill(signal);
  });
  return await new Promise((resolve) =>
    child.on("close", (code, signal) => resolve([code ?? signal, said])),
  );
}

test("a process told by SIGTERM or Ctrl-C saves and exits by itself, however often it is told within half a second", async () => {
  const cases: NodeJS.Signals[][] = [
    ["SIGTERM"],
    ["SIGTERM", "SIGTERM"],
    ["SIGINT", "SIGTERM"],
    ["SIGINT", "SIGINT"],
  ];
  assert.equal(STOPPED, 75, "EX_TEMPFAIL");
  assert.deepEqual(
    await Promise.all(cases.map((signals) => runChild(signals))),
    cases.map(() => [STOPPED, WHOLE]),
  );
});

/** Starts a command as a terminal does, and presses Ctrl-C once: all its processes get the signal. */
async function pressCtrlC(command: string, args: readonly string[]): Promise<unknown[]> {
  const cwd = join(import.meta.dirname, "..", "..");
  const stdio = ["ignore", "pipe", "ignore"] as const;
  const child = spawn(command, args, { cwd, detached: true, stdio: [...stdio] });
  let said = "";
  child.stdout!.on("data", (data) => {
    if (said === "") process.kill(-child.pid!, "SIGINT");
    said += data;
  });
  return await new Promise((resolve) =>
    child.on("close", (code, signal) => resolve([code ?? signal, said])),
  );
}

test("Ctrl-C under tsx, npm and npx, which send it to the program once more, still lets it save", async () => {
  const tsx = join(import.meta.dirname, "..", "..", "node_modules", "tsx", "dist", "cli.mjs");
  const manifest = { scripts: { work: `node --import tsx ${program}` } };
  writeFileSync(join(root, "package.json"), JSON.stringify(manifest));
  symlinkSync(join(tsx, "..", "..", ".."), join(root, "node_modules"));
  assert.deepEqual(await pressCtrlC(process.execPath, [tsx, program]), [STOPPED, WHOLE]);
  for (const [command, ...args] of [
    ["npx", "tsx", program],
    ["npm", "run", "--silent", "--prefix", root, "work"],
  ]) {
    const [, said] = await pressCtrlC(command, args);
    assert.equal(said, WHOLE, command);
  }
});
