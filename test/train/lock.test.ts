// The lock of a folder: taken by one at a time, and by nobody who is dead.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { claimLock, type Sightings, takeLock } from "../../lib/train/lock.js";
import { trainRun } from "../../lib/train/run.js";
import { fakeEngine, preparedRows, SPEC } from "./fake-model.js";

const root = mkdtempSync(join(tmpdir(), "aro-lock-"));
after(() => rmSync(root, { recursive: true }));

let files = 0;
function newFile(): string {
  return join(root, `lock-${files++}`);
}

/** What a process left: this one's lock with some things changed. */
async function leaveLock(file: string, changes: object): Promise<void> {
  const lock = await takeLock(file);
  const text = JSON.parse(readFileSync(file, "utf8"));
  await lock.release();
  writeFileSync(file, JSON.stringify({ ...text, token: "another", ...changes }));
}

test("a lock is taken once at a time, and leaves nothing behind", async () => {
  const file = newFile();
  const lock = await takeLock(file);
  await assert.rejects(
    takeLock(file),
    new RegExp(
      `expected nobody else .* got process ${process.pid} on ${hostname()}; wait .* delete this file`,
    ),
  );
  await lock.check();
  await lock.release();
  assert.ok(!existsSync(file));
  await (await takeLock(file)).release();
  assert.deepEqual(readdirSync(root), []);
});

test("a process that has died does not hold its lock, also where its number was given to another", async () => {
  const file = newFile();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  await leaveLock(file, { pid });
  await (await takeLock(file)).release();
  await leaveLock(file, {}); // this process's number, in an earlier life
  await (await takeLock(file)).release();
  assert.ok(!existsSync(file));
});

test("a number that another process has now is told from the holder's by its start", {
  skip: process.platform === "linux" ? false : "only Linux tells when a process started",
}, async () => {
  const file = newFile();
  await leaveLock(file, { pid: process.ppid, started: "1" });
  await (await takeLock(file)).release();
});

test("a living process of this machine holds its lock, however old", async () => {
  const file = newFile();
  const script = `
    import { takeLock } from ${JSON.stringify(new URL("../../lib/train/lock.ts", import.meta.url).href)};
    await takeLock(process.argv[1]);
    console.log("taken");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, [
    "--import",
    "tsx",
    "--input-type=module",
    "-e",
    script,
    file,
  ]);
  const dead = new Promise((resolve) => child.on("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  utimesSync(file, 0, 0);
  await assert.rejects(takeLock(file), new RegExp(`got process ${child.pid} on`));
  child.kill("SIGKILL");
  await dead;
  await (await takeLock(file)).release();
});

test("a holder on another machine is waited for, and is dead if it does not touch its lock", async () => {
  const file = newFile();
  const said: string[] = [];
  const options = { patience: 300, onWait: (text: string) => said.push(text) };
  await leaveLock(file, { host: "elsewhere", pid: 7 });
  const touching = setInterval(() => utimesSync(file, new Date(), new Date()), 10);
  await assert.rejects(takeLock(file, options), /got process 7 on elsewhere;/);
  clearInterval(touching);
  const lock = await takeLock(file, options);
  assert.match(said[1], /lock-\d+ was left by process 7 on elsewhere; waiting 0 s/);
  await lock.release();
  writeFileSync(file, "not written to its en");
  await (await takeLock(file, options)).release();
  assert.match(said[2], /left by an unknown process/);
});

test("a claim never waits: a living holder has it, and one on another machine until it was seen untouched for long", async () => {
  const file = newFile();
  const sightings: Sightings = new Map();
  const lock = await takeLock(file);
  assert.equal(await claimLock(file, sightings), null);
  await lock.release();
  await leaveLock(file, { host: "elsewhere", pid: 7 });
  for (let i = 0; i < 3; i++) {
    assert.equal(await claimLock(file, sightings, 200), null);
    await setTimeout(250);
    utimesSync(file, new Date(), new Date(Date.now() + i)); // it is alive
  }
  assert.equal(await claimLock(file, sightings, 200), null);
  assert.equal(await claimLock(file, sightings, 200), null);
  await setTimeout(250);
  const claimed = await claimLock(file, sightings, 200);
  await claimed!.check();
  await claimed!.release();
});

test("a holder that was taken for dead finds out, and does not remove the other's lock", async () => {
  const file = newFile();
  const lock = await takeLock(file);
  writeFileSync(file, JSON.stringify({ host: "elsewhere", pid: 7, token: "another" }));
  await assert.rejects(lock.check(), /somebody else trains in this folder by now/);
  await lock.release();
  assert.ok(existsSync(file));
});

test("of two trainings into one folder the second is refused, and the first goes on", async () => {
  const folder = join(root, "run");
  const options = {
    folder,
    config: { spec: SPEC, training: { epochs: 50, seed: 5 } },
    data: {
      name: "tiny",
      train: preparedRows("train", 7),
      validation: preparedRows("validation", 4),
    },
  };
  let second: Promise<unknown> | undefined;
  const run = await trainRun({
    ...{ ...options, ...fakeEngine() },
    onEpoch: ({ epoch }) => {
      if (epoch !== 2) return;
      second = trainRun({ ...options, ...fakeEngine() }).catch((error) => error.message);
    },
  });
  assert.match(
    String(await second),
    /lock: expected nobody else to train in this folder, got process/,
  );
  assert.equal(run.epochs.length, 50);
  assert.ok(!existsSync(join(folder, "lock")));
});
