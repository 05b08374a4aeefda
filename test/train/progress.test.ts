// The progress line: in place, now and then, and the same at the end of every run.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CellDisplay,
  createProgress,
  describeEpoch,
  formatDuration,
} from "../../lib/train/progress.js";
import type { Epoch } from "../../lib/train/train.js";

function epochOf(epoch: number, huber = 0.0612): Epoch {
  return {
    epoch,
    steps: 1,
    train: { huber, mse: 0.2 },
    validation: { huber: 0.06884, mse: 0.2 },
    learningRate: 1e-5 * 0.1,
    best: { epoch, huber: 0.06884 },
  };
}

/** Runs 20 epochs of 1 s each through a progress line, and gives what it wrote. */
function write(isTTY: boolean, columns?: number): string[] {
  const written: string[] = [];
  let time = 0;
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  const progress = createProgress({ stream, newDisplay: null, now: () => time });
  for (let epoch = 1; epoch <= 20; epoch++) {
    time += 1000;
    progress.update(epochOf(epoch), 20);
  }
  progress.finish("finished", epochOf(20), 20);
  return written;
}

const LOSSES = "train 0.0612 · validation 0.0688 · lr 1e-6";

test("a terminal's line is written over in place, and ends with a line break", () => {
  const written = write(true, 200);
  assert.equal(written.length, 21);
  assert.equal(written[0], `\r\u001b[Kepoch 1/20 · ${LOSSES}`);
  assert.equal(written[1], `\r\u001b[Kepoch 2/20 · ${LOSSES} · 18 s left`);
  assert.equal(written.at(-1), `\r\u001b[K20 epochs · ${LOSSES}\n`);
});

test("a line is cut to the terminal's width, where it could not be written over otherwise", () => {
  assert.equal(write(true, 30)[1], `\r\u001b[K${`epoch 2/20 · ${LOSSES}`.slice(0, 29)}`);
});

test("a file or a pipe gets a line every tenth of the epochs, and no control characters", () => {
  const written = write(false);
  assert.equal(written.length, 10);
  assert.equal(written[0], `epoch 2/20 · ${LOSSES} · 18 s left\n`);
  assert.equal(written.at(-1), `20 epochs · ${LOSSES}\n`);
  assert.ok(!written.some((text) => text.includes("\r") || text.includes("\u001b")));
});

test("a notebook's line is shown in place in one display, not written", () => {
  const shown: string[] = [];
  let displays = 0;
  const newDisplay = (): CellDisplay => {
    displays++;
    return { text: (text) => shown.push(text) };
  };
  const stream = { isTTY: true, write: () => assert.fail("nothing is to be written") };
  let time = 0;
  const progress = createProgress({ stream, newDisplay, now: () => time });
  for (let epoch = 1; epoch <= 100; epoch++) {
    time += 10;
    progress.update(epochOf(epoch), 100);
  }
  progress.finish("finished", epochOf(100), 100);
  assert.equal(displays, 1);
  assert.equal(shown.length, 11); // ten a second at most, and the end
  assert.equal(shown.at(-1), `100 epochs · ${LOSSES}`);
});

test("the display of a running tslab kernel is found by the global through which it runs cells", () => {
  const shown: string[] = [];
  const kernel = {
    require: (name: string) => {
      assert.equal(name, "tslab");
      return { newDisplay: () => ({ text: (text: string) => shown.push(text) }) };
    },
  };
  Object.assign(globalThis, { __tslab__: kernel });
  try {
    createProgress().finish("finished", epochOf(3), 3);
  } finally {
    Reflect.deleteProperty(globalThis, "__tslab__");
  }
  assert.deepEqual(shown, [`3 epochs · ${LOSSES}`]);
});

test("the last line says how training ended, without times", () => {
  const last = (status: "finished" | "stopped" | "failed", epoch: Epoch | null) => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) };
    createProgress({ stream, newDisplay: null }).finish(status, epoch, 200);
    return written.join("");
  };
  assert.equal(last("finished", epochOf(63)), `early stop after 63 of 200 epochs · ${LOSSES}\n`);
  assert.equal(last("stopped", epochOf(37)), `stopped after 37 of 200 epochs · ${LOSSES}\n`);
  assert.equal(last("failed", epochOf(2)), `failed after 2 of 200 epochs · ${LOSSES}\n`);
  assert.equal(last("stopped", null), "stopped before the end of the first epoch\n");
});

test("a note is a line of its own, everywhere", () => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  createProgress({ stream: { write }, newDisplay: null }).note("resumed after epoch 3");
  createProgress({ stream: { isTTY: true, columns: 8, write }, newDisplay: null }).note("resumed");
  assert.deepEqual(written, ["resumed after epoch 3\n", "\r\u001b[Kresumed\n"]);
  const shown: string[] = [];
  let displays = 0;
  const newDisplay = () => {
    const number = ++displays;
    return { text: (text: string) => shown.push(`${number} ${text}`) };
  };
  const progress = createProgress({ newDisplay });
  progress.note("resumed after epoch 3");
  progress.finish("finished", null, 20);
  assert.deepEqual(shown, [
    "2 resumed after epoch 3",
    "1 finished before the end of the first epoch",
  ]);
});

test("losses keep three figures at any size", () => {
  assert.match(describeEpoch(epochOf(1, 0.000012345)), /^train 1\.23e-5 · /);
  assert.match(describeEpoch(epochOf(1, 12.3456)), /^train 12\.3456 · /);
});

test("durations are given in the two units that matter", () => {
  assert.deepEqual([0.2, 59.4, 72, 3599.6, 7500].map(formatDuration), [
    "0 s",
    "59 s",
    "1 min 12 s",
    "1 h 0 min",
    "2 h 5 min",
  ]);
});
