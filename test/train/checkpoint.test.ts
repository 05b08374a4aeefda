// Checkpoints: two are kept, a damaged one is found out and said, and a full disk takes none away.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { readTensors } from "../../lib/model/safetensors.js";
import { findCheckpoint } from "../../lib/train/checkpoint.js";
import type { RunRequest } from "../../lib/train/config.js";
import { type RunResult, trainRun } from "../../lib/train/run.js";
import type { Epoch } from "../../lib/train/train.js";
import { scratchFolder } from "../scratch.js";
import { DATA, fakeEngine, SPEC } from "./fake-model.js";

const root = scratchFolder();
after(() => {
  if (!noDisk) spawnSync("umount", [disk]);
});

const CONFIG: Omit<RunRequest, "model"> = {
  spec: SPEC,
  training: {
    epochs: 9,
    batchSize: 3,
    learningRate: 0.3,
    seed: 0,
    plateau: { factor: 0.9, patience: 1 },
    earlyStopping: { patience: 9 },
  },
};
const NEW = "checkpoint-15.safetensors"; // after epoch 5, of 3 steps each
const OLD = "checkpoint-12.safetensors";

let stopped: string;
let whole: RunResult;
let folders = 0;

function newFolder(): string {
  return join(root, `run-${folders++}`);
}

/** Asks for the run of these tests in a folder, by a fake engine. */
function optionsOf(folder: string, { engine, model } = fakeEngine()) {
  return { folder, config: { ...CONFIG, model }, data: DATA, engine };
}

/** Trains with a checkpoint after each epoch, up to an epoch if one is given; adds the epochs trained now. */
async function trainIn(folder: string, until?: number) {
  const controller = new AbortController();
  const trained: number[] = [];
  const onEpoch = ({ epoch }: Epoch) => {
    trained.push(epoch);
    if (epoch === until) controller.abort();
  };
  const { signal } = controller;
  const run = await trainRun({ ...optionsOf(folder), onEpoch, checkpointSeconds: 0, signal });
  return { run, trained };
}

/** A copy of the run that was stopped after epoch 5. */
function copyOfStopped(): string {
  const folder = newFolder();
  cpSync(stopped, folder, { recursive: true });
  return folder;
}

async function assertAsWhole(run: RunResult): Promise<void> {
  assert.deepEqual(run.epochs, whole.epochs);
  const events = readFileSync(join(run.folder, "events.out.tfevents.aro"), "latin1");
  assert.ok(events.split("learning_rate").length - 1 >= 9, "those from before it was stopped, too");
  assert.deepEqual({ ...run.result, seconds: 0 }, { ...whole.result, seconds: 0 });
  assert.deepEqual(await run.loadWeights(), await whole.loadWeights());
  assert.ok(!readdirSync(run.folder).some((name) => name.startsWith("checkpoint-")));
}

function flipBit(file: string, at: number, bit = 3): void {
  const bytes = readFileSync(file);
  bytes[at] ^= 1 << bit;
  writeFileSync(file, bytes);
}

before(async () => {
  whole = (await trainIn(newFolder())).run;
  // So that the weights that count are ones that only a checkpoint still has.
  assert.ok(whole.result.best!.epoch < 4, `best ${whole.result.best!.epoch}`);
  assert.equal(whole.result.epochs, 9);
  stopped = newFolder();
  await trainIn(stopped, 5);
});

test("the two newest checkpoints are kept, beside a result that can be read", () => {
  assert.deepEqual(
    readdirSync(stopped)
      .filter((name) => name.startsWith("checkpoint-"))
      .toSorted(),
    [OLD, NEW],
  );
});

test("a checkpoint is a safetensors file with the names of PyTorch's model and optimizer", async () => {
  const { tensors, metadata } = await readTensors(join(stopped, NEW));
  const names = [...tensors.keys()];
  assert.deepEqual(names.slice(0, 4), [
    "inp_lin.weight",
    "exp_avg.inp_lin.weight",
    "exp_avg_sq.inp_lin.weight",
    "best.inp_lin.weight",
  ]);
  assert.equal(names.length, 4 * 6 + 1);
  assert.deepEqual(tensors.get("inp_lin.weight")?.shape, [2, 3]);
  assert.equal(metadata.format, "pt");
  assert.equal(JSON.parse(metadata.checkpoint).epochs.length, 5);
});

test("a stopped run goes on from its newest checkpoint, and ends as one that was never stopped", async () => {
  const { run, trained } = await trainIn(copyOfStopped());
  assert.deepEqual(run.notes, ["resumed after epoch 5"]);
  assert.deepEqual(trained, [6, 7, 8, 9]);
  await assertAsWhole(run);
});

test("a run may be stopped before and after each step, and ends the same", async () => {
  const folder = newFolder();
  let kept = 0;
  for (let stops = 0; ; stops++) {
    const controller = new AbortController();
    const fake = fakeEngine((losses, step) => {
      if (step > kept) controller.abort();
      kept = Math.max(kept, step);
      return losses;
    });
    const run = await trainRun({ ...optionsOf(folder, fake), signal: controller.signal });
    if (run.result.status === "stopped") {
      const [epoch, steps] = [Math.floor(stops / 3), (stops + 1) % 3];
      assert.equal(run.epochs.at(-1)?.steps, steps || 3);
      const note =
        stops % 3 === 0
          ? `resumed after epoch ${epoch}`
          : `resumed within epoch ${epoch + 1}, after ${stops % 3} steps of it`;
      assert.deepEqual(run.notes, stops === 0 ? [] : [note]);
      continue;
    }
    assert.equal(stops, 26);
    await assertAsWhole(run);
    break;
  }
});

test("a damaged checkpoint is said with what is wrong, and the one before it is used", async () => {
  const size = statSync(join(stopped, NEW)).size;
  const header = Number(readFileSync(join(stopped, NEW)).readBigUInt64LE());
  const random = createRandom(2, "damage");
  const flips = [
    0,
    7,
    8,
    30,
    8 + header - 200, // the length, and the JSON
    8 + header,
    8 + header + 5,
    size - 129, // tensors
    size - 128,
    size - 126,
    size - 1, // the checksum
    ...Array.from({ length: 40 }, () => random.integer(size)),
  ];
  const damages: [string, (file: string) => void][] = [
    ["no byte", (file) => truncateSync(file, 0)],
    ["half", (file) => truncateSync(file, size >> 1)],
    ["all but a byte", (file) => truncateSync(file, size - 1)],
    ["zeros", (file) => writeFileSync(file, Buffer.alloc(size))],
    ...flips.map((at, i): [string, (file: string) => void] => [
      `a bit at ${at}`,
      (file) => flipBit(file, at, i % 8),
    ]),
  ];
  const config = JSON.parse(readFileSync(join(stopped, "config.json"), "utf8")).hash;
  for (const [what, damage] of damages) {
    const folder = copyOfStopped();
    damage(join(folder, NEW));
    const said: string[] = [];
    const found = await findCheckpoint(folder, config, (text) => said.push(text));
    assert.equal(found && basename(found.file), OLD, what);
    assert.equal(said[1], "resumed after epoch 4", what);
    assert.match(said[0], /checkpoint-15\.safetensors: expected .* got/, what);
  }
});

test("a run goes on from the checkpoint before a damaged one, which it replaces", async () => {
  const folder = copyOfStopped();
  flipBit(join(folder, NEW), statSync(join(folder, NEW)).size - 200);
  const { run, trained } = await trainIn(folder);
  assert.match(
    run.notes[0],
    /checkpoint-15\.safetensors: expected contents .*damaged; an older one is used instead/,
  );
  assert.equal(run.notes[1], "resumed after epoch 4");
  assert.deepEqual(trained, [5, 6, 7, 8, 9]);
  await assertAsWhole(run);
});

test("a checkpoint that is missing is not missed; where all are damaged, training starts over, and says so", async () => {
  const folder = copyOfStopped();
  rmSync(join(folder, NEW));
  assert.deepEqual((await trainIn(folder)).run.notes, ["resumed after epoch 4"]);
  const broken = copyOfStopped();
  for (const name of [OLD, NEW]) truncateSync(join(broken, name), 100);
  // Stopped early, what is damaged is not kept as the one before.
  const first = await trainIn(broken, 1);
  assert.deepEqual(first.trained, [1]);
  assert.equal(first.run.notes.length, 2);
  for (const note of first.run.notes) {
    assert.match(note, /got .*; .* or else the run starts over/);
  }
  assert.ok(!readdirSync(broken).some((name) => [OLD, NEW].includes(name)));
  const { run, trained } = await trainIn(broken);
  assert.deepEqual([run.notes, trained[0]], [["resumed after epoch 1"], 2]);
  await assertAsWhole(run);
});

test("a checkpoint of other settings is not gone on from", async () => {
  const said: string[] = [];
  const found = await findCheckpoint(stopped, "0".repeat(64), (text) => said.push(text));
  assert.equal(found, null);
  assert.match(said[0], /expected a checkpoint of this run's settings, got one of others/);
});

test("what is left by a process killed after its result was written is cleared away", async () => {
  const folder = newFolder();
  cpSync(whole.folder, folder, { recursive: true });
  cpSync(join(stopped, NEW), join(folder, NEW));
  const { run } = await trainIn(folder);
  assert.equal(run.reused, true);
  await assertAsWhole({ ...run, folder });
});

test("a run that goes on elsewhere says so, and tells both places", async () => {
  const folder = copyOfStopped();
  const fake = fakeEngine();
  const engine = { ...fake.engine, backend: "other" };
  const run = await trainRun({ ...optionsOf(folder, fake), engine });
  assert.match(
    run.notes[1],
    /resumed on .*\(other .*\) after .*\(fake .*\): the two agree up to rounding/,
  );
  assert.equal(run.environment.engine.backend, "other");
  assert.deepEqual(
    run.environment.earlier?.map(({ engine: { backend } }) => backend),
    ["fake"],
  );
});

/** Mounts a disk of that many KiB, or says why it cannot. */
function mountSmall(folder: string, kibibytes: number): string | false {
  mkdirSync(folder);
  const args = ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder];
  const { status, error, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  return status === 0 ? false : `no small disk to be had: ${error?.message ?? stderr.trim()}`;
}

const disk = join(root, "disk");
const noDisk = process.platform === "linux" ? mountSmall(disk, 128) : "needs Linux's tmpfs";

test("a full disk ends training with the remedy and leaves the old checkpoints, from which it goes on", {
  skip: noDisk,
}, async () => {
  const folder = join(disk, "run");
  const ballast = join(disk, "ballast");
  const fill = () => spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=1k"]);
  const checkpoints = () =>
    readdirSync(folder)
      .filter((name) => name.includes("checkpoint-"))
      .toSorted();
  const full = (name: string) =>
    new RegExp(`${name}: expected room on the disk, got a full one \\(ENOSPC\\); .* make room`);
  const onEpoch = ({ epoch }: Epoch) => epoch === 6 && fill();
  const options = { ...optionsOf(folder), onEpoch };
  await assert.rejects(
    trainRun({ ...options, checkpointSeconds: 0 }),
    full("checkpoint-18\\.safetensors"),
  );
  assert.deepEqual(checkpoints(), [OLD, NEW]);
  fill();
  await assert.rejects(trainIn(folder), full("lock"));
  assert.deepEqual(checkpoints(), [OLD, NEW]);
  rmSync(ballast);
  const { run, trained } = await trainIn(folder);
  assert.deepEqual([run.notes, trained[0]], [["resumed after epoch 5"], 6]);
  await assertAsWhole(run);
});
