// The lock of a folder: taken by one at a time, and by nobody who is dead.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs, {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { takeLock, tryLock } from "../../lib/train/lock.js";
import { scratchFolder } from "../scratch.js";
import { compile } from "./compile.js";
import { type Fate, MOMENTS } from "./racer.js";

const root = scratchFolder();

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
  utimesSync(file, 0, 0); // however old it is
  await assert.rejects(
    takeLock(file),
    new RegExp(
      `expected no other process .* got process ${process.pid} on ${hostname()}; wait .* delete this file`,
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
  await leaveLock(file, { started: "1" }); // this process's number, in an earlier life
  await (await takeLock(file)).release();
  assert.ok(!existsSync(file));
});

test("a holder on another machine is waited for, and is dead if it does not touch its lock", async () => {
  const file = newFile();
  const said: string[] = [];
  const options = { patience: 300, onWait: (text: string) => said.push(text) };
  for (const text of ['{"pid":7,"host":"elsewhere"}', "not written to its en", "null"]) {
    writeFileSync(file, text);
    await (await takeLock(file, options)).release();
  }
  assert.equal(said.length, 3, "one line for each wait");
  assert.match(said[0], /lock-\d+ belongs to process 7 on elsewhere; waiting up to 0 s/);
  assert.match(said[2], /belongs to an unknown process/);
});

test("a living holder on another machine is recognized by its first touch, long before patience ends", async () => {
  const file = newFile();
  await leaveLock(file, { host: "elsewhere", pid: 7 });
  setTimeout(() => utimesSync(file, 1, 1), 50);
  await assert.rejects(takeLock(file, { patience: 5000 }), /got process 7 on elsewhere/);
  rmSync(file);
});

test("tryLock never waits: a living holder keeps its lock, one on another machine until it was seen untouched for long", async () => {
  const file = newFile();
  const lock = await takeLock(file);
  assert.equal(await tryLock(file), null);
  await lock.release();
  await leaveLock(file, { host: "elsewhere", pid: 7 });
  for (let i = 0; i < 3; i++) {
    assert.equal(await tryLock(file, { patience: 200 }), null);
    await wait(250);
    utimesSync(file, new Date(), new Date(Date.now() + i)); // it is alive
  }
  assert.equal(await tryLock(file, { patience: 200 }), null);
  assert.equal(await tryLock(file, { patience: 200 }), null);
  await wait(250);
  const taken = await tryLock(file, { patience: 200 });
  await taken!.check();
  await taken!.release();
});

test("a process that died while it took over a dead lock is in nobody's way either", async () => {
  const file = newFile();
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  await leaveLock(file, { pid });
  const dead = readFileSync(file, "utf8");
  // Where the next process would put its own: three more that died at it, one after another.
  let name = file;
  for (let i = 0; i < 3; i++) {
    const digest = createHash("sha256").update(readFileSync(name)).digest("hex").slice(0, 8);
    name = join(root, `.${basename(name)}.successor.${digest}.tmp`);
    writeFileSync(name, dead.replace("another", `another ${i}`));
  }
  const lock = await takeLock(file);
  await lock.check();
  await lock.release();
  assert.deepEqual(readdirSync(root), []);
});

test("a file system without hard links, and a folder that is not there, are named", async () => {
  await assert.rejects(takeLock(join(root, "nowhere", "lock")), /ENOENT.*nowhere/);
  const original = fs.promises.link;
  fs.promises.link = () => {
    throw Object.assign(new Error("EPERM"), { code: "EPERM", syscall: "link" });
  };
  syncBuiltinESMExports();
  try {
    await assert.rejects(
      takeLock(newFile()),
      /expected a file system with hard links, got EPERM; keep runs on another/,
    );
  } finally {
    fs.promises.link = original;
    syncBuiltinESMExports();
  }
  assert.deepEqual(readdirSync(root), []);
});

const racer = compile("test/train/racer.ts");

interface Race {
  readonly file: string;
  /** Lets them run, and gives how each ended: an exit status or a signal. */
  readonly go: () => Promise<(number | NodeJS.Signals | null)[]>;
}

/**
 * Starts processes that each take the same lock so many times, those with a fate until they die. With `hosts`, every
 * second one believes that it is on another machine, and counts a holder there as dead after `patience`, in ms.
 */
function startRace(
  file: string,
  rounds: number,
  fates: readonly (Fate | null)[],
  { hosts = 1, patience = 120_000 } = {},
): Race {
  const ends = fates.map((fate, i) => {
    const args = [racer, file, `${rounds}`, JSON.stringify(fate), `${patience}`];
    const elsewhere = ["--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"];
    const [command, ...first] =
      i % hosts === 0 ? [process.execPath] : ["unshare", ...elsewhere, process.execPath];
    const child = spawn(command, [...first, ...args], { stdio: ["ignore", "inherit", "inherit"] });
    return new Promise<number | NodeJS.Signals | null>((resolve) =>
      child.on("close", (code, signal) => resolve(signal ?? code)),
    );
  });
  return {
    file,
    go: async () => {
      await wait(300); // all of them are at the start
      writeFileSync(`${file}.go`, "");
      return await Promise.all(ends);
    },
  };
}

function violationsOf({ file }: Race): string {
  if (!existsSync(`${file}.violations`)) return "";
  return readFileSync(`${file}.violations`, "utf8").split("\n").slice(0, 5).join("\n");
}

function tidy({ file }: Race): void {
  const own = readdirSync(root).filter((name) => name.includes(basename(file)));
  for (const name of own) rmSync(join(root, name));
}

test("processes killed while they take, hold and release a lock leave it to exactly one other", async () => {
  const fates: Fate[] = MOMENTS.flatMap((moment) =>
    [1, 3].flatMap((count) =>
      (["before", "after"] as const).map((side) => ({ moment, count, side })),
    ),
  );
  // "rename" is what takes over a dead lock, so those only die after others have.
  const race = startRace(newFile(), 40, [null, null, null, ...fates]);
  const ends = await race.go();
  assert.deepEqual(ends.slice(0, 3), [0, 0, 0]);
  assert.ok(Number(readFileSync(`${race.file}.taken`, "utf8")) >= 3 * 40);
  const killed = ends.filter((end) => end === "SIGKILL").length;
  assert.ok(killed > 12, `${killed} of ${fates.length} were killed`);
  assert.equal(violationsOf(race), "");
  await (await takeLock(race.file)).release();
  tidy(race);
});

const oneHost = spawnSync("unshare", ["--uts", "true"]).status !== 0;

test("processes on two machines that share a folder have one holder at any time, also when some are killed", {
  skip: oneHost && "unshare --uts takes Linux and root",
}, async () => {
  const moments = ["held", "link", "rename"] as const;
  const fates: Fate[] = moments.map((moment) => ({ moment, count: 2, side: "before" }));
  const race = startRace(newFile(), 20, [null, null, null, null, ...fates], {
    hosts: 2,
    patience: 3000,
  });
  const ends = await race.go();
  assert.deepEqual(ends.slice(0, 4), [0, 0, 0, 0]);
  assert.ok(ends.includes("SIGKILL"));
  assert.equal(violationsOf(race), "");
  tidy(race);
});

test("a holder that was taken for dead finds out, and does not remove the other's lock", async () => {
  const file = newFile();
  const lock = await takeLock(file);
  writeFileSync(file, JSON.stringify({ host: "elsewhere", pid: 7, token: "another" }));
  await assert.rejects(lock.check(), /some other process trains in this folder now/);
  await lock.release();
  assert.ok(existsSync(file));
});
