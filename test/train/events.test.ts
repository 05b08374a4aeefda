// TensorBoard's event file: the bytes that its own package writes, and what that package reads from ours.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { venvPython } from "../../lib/cohort/python.js";
import { EVENTS_FILE, openEvents } from "../../lib/train/events.js";
import type { Epoch } from "../../lib/train/train.js";
import { scratchFolder } from "../scratch.js";

const root = scratchFolder();

let folders = 0;
function newFolder(): string {
  const folder = join(root, "runs", `run-${folders++}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

const now = () => 1_700_000_000_500;
const best = { epoch: 1, huber: 0.25 };
const first: Epoch = {
  epoch: 1,
  steps: 1,
  train: { huber: 0.5, mse: 1 },
  validation: { huber: 0.25, mse: 0.75 },
  learningRate: 1e-5,
  best,
};
const later: Epoch = {
  epoch: 300,
  steps: 1,
  train: { huber: 0.1, mse: 0.3 },
  validation: { huber: 0.2, mse: 0.4 },
  learningRate: 1e-6,
  best,
};

/** The same three events by tensorboard 2.21's RecordWriter and protobuf's SerializeToString. */
const GOLDEN = [
  "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b3531107900000000",
  "0000008a13537b0900002040fc54d94110012a6c0a120a0b68756265722f747261696e150000003f0a170a1068",
  "756265722f76616c69646174696f6e150000803e0a100a096d73652f747261696e150000803f0a150a0e6d7365",
  "2f76616c69646174696f6e150000403f0a140a0d6c6561726e696e675f7261746515acc52737b785b6857a0000",
  "0000000000138986780900002040fc54d94110ac022a6c0a120a0b68756265722f747261696e15cdcccc3d0a17",
  "0a1068756265722f76616c69646174696f6e15cdcc4c3e0a100a096d73652f747261696e159a99993e0a150a0e",
  "6d73652f76616c69646174696f6e15cdcccc3e0a140a0d6c6561726e696e675f7261746515bd378635d2c46283",
].join("");

/** Where each record of an event file ends. */
function endsOf(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let end = 0; end < bytes.length; ) {
    end += 8 + 4 + Number(bytes.readBigUInt64LE(end)) + 4;
    ends.push(end);
  }
  return ends;
}

test("an event file has the bytes that TensorBoard's own writer gives", async () => {
  const folder = newFolder();
  const events = await openEvents(folder, { now });
  await events.append(first);
  await events.append(later);
  await events.close();
  assert.deepEqual(readdirSync(folder), [EVENTS_FILE]);
  assert.equal(readFileSync(join(folder, EVENTS_FILE)).toString("hex"), GOLDEN);
});

test("each epoch is on the disk's side as soon as it is appended, as whole records", async () => {
  const folder = newFolder();
  const events = await openEvents(folder, { now });
  const file = join(folder, EVENTS_FILE);
  assert.equal(endsOf(readFileSync(file)).length, 1);
  await events.append(first);
  const bytes = readFileSync(file);
  assert.equal(endsOf(bytes).length, 2);
  assert.equal(endsOf(bytes).at(-1), bytes.length);
  await events.close();
});

test("a run that goes on writes the epochs behind it first, and nothing of an older file stays", async () => {
  const folder = newFolder();
  const killed = await openEvents(folder, { now });
  for (let i = 0; i < 5; i++) await killed.append(first);
  await killed.close();
  truncateSync(join(folder, EVENTS_FILE), 300); // in the middle of a record
  const events = await openEvents(folder, { now, before: [first] });
  await events.append(later);
  await events.close();
  assert.equal(readFileSync(join(folder, EVENTS_FILE)).toString("hex"), GOLDEN);
});

test("a folder that is not there is refused", async () => {
  await assert.rejects(openEvents(join(root, "nowhere")), /ENOENT/);
});

const candidates = [process.env.ARO_PYTHON, venvPython(), "python3"].filter((name) => name);
const python = candidates.find(
  (name) => spawnSync(name!, ["-c", "import tensorboard"], { stdio: "ignore" }).status === 0,
);
const needed = python
  ? {}
  : { skip: `no Python that has tensorboard (ARO_PYTHON names one): ${candidates.join(", ")}` };

/** What TensorBoard finds below a folder: by run and tag, the steps and values. */
function readWithTensorBoard(folder: string): Record<string, Record<string, [number, number][]>> {
  const script = [
    "import json, sys",
    "from tensorboard.backend.event_processing import event_multiplexer",
    "found = event_multiplexer.EventMultiplexer().AddRunsFromDirectory(sys.argv[1]).Reload()",
    "of = lambda run, tag: [[e.step, e.value] for e in found.Scalars(run, tag)]",
    "print(json.dumps({run: {tag: of(run, tag) for tag in tags['scalars']} for run, tags in found.Runs().items()}))",
  ].join("\n");
  const { stdout, stderr, status } = spawnSync(python!, ["-c", script, folder], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test("TensorBoard finds every run below a folder, with its scalars by epoch", needed, async () => {
  const runs = join(root, "read");
  for (const name of ["masked", "unmasked"]) {
    mkdirSync(join(runs, name), { recursive: true });
    const events = await openEvents(join(runs, name), { before: [first] });
    await events.append(later);
    await events.close();
  }
  const found = readWithTensorBoard(runs);
  assert.deepEqual(Object.keys(found).sort(), ["masked", "unmasked"]);
  const f32 = Math.fround;
  assert.deepEqual(found.masked, {
    "huber/train": [
      [1, 0.5],
      [300, f32(0.1)],
    ],
    "huber/validation": [
      [1, 0.25],
      [300, f32(0.2)],
    ],
    "mse/train": [
      [1, 1],
      [300, f32(0.3)],
    ],
    "mse/validation": [
      [1, 0.75],
      [300, f32(0.4)],
    ],
    learning_rate: [
      [1, f32(1e-5)],
      [300, f32(1e-6)],
    ],
  });
});

test(
  "TensorBoard leaves out a last record that a kill tore, wherever it was torn",
  needed,
  async () => {
    const runs = join(root, "torn");
    const bytes = Buffer.from(GOLDEN, "hex");
    const [, whole] = endsOf(bytes);
    for (const left of [1, 8, 11, 12, 13, bytes.length - whole - 1]) {
      const folder = join(runs, `left-${left}`);
      mkdirSync(folder, { recursive: true });
      const events = await openEvents(folder, { now, before: [first] });
      await events.append(later);
      await events.close();
      truncateSync(join(folder, EVENTS_FILE), whole + left);
    }
    const found = Object.entries(readWithTensorBoard(runs));
    assert.equal(found.length, 6);
    for (const [run, tags] of found) assert.deepEqual(tags["mse/train"], [[1, 1]], run);
  },
);
