// Interrupts: the first one ends a training in good order, and nobody else loses theirs.
import assert from "node:assert/strict";
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
