// The lock of a run's folder: one process trains in it at a time, and one that has died is in nobody's way.
import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { asideOf, explainFull } from "../cohort/durable-file.js";

export interface Lock {
  /** @throws Error if another process has taken the lock since, which it does when this one seems dead. */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Told before it is waited for a holder on another machine, who cannot be asked. */
  readonly onWait?: (text: string) => void;
  /** Milliseconds after which a holder on another machine is dead if its lock has not been touched. */
  readonly patience?: number;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in its system's own terms; null where that is not told. */
  readonly started: string | null;
  readonly token: string;
}

/** A lock that is held is touched so often, in ms. */
const HEARTBEAT = 15_000;

/** Of the locks of this process. */
const held = new Set<string>();

/** When the locks of holders on other machines were first seen as they are, by file; for `claimLock` to remember. */
export type Sightings = Map<string, { readonly touched: number | null; readonly at: number }>;

/** How long a holder on another machine may leave its lock untouched, in ms. */
const PATIENCE = 8 * HEARTBEAT;

/**
 * Takes the lock of that name. A holder on this machine is looked for by its process; one on another machine, of a
 * shared folder, counts as dead if it does not touch its lock for `patience`.
 * @throws Error naming the holder if it is alive.
 */
export async function takeLock(
  file: string,
  { onWait = () => {}, patience = PATIENCE }: LockOptions = {},
): Promise<Lock> {
  const got = await acquire(file, async (who) => {
    const before = await touchedAt(file);
    const seconds = Math.round(patience / 1000);
    onWait(
      `${file} was left by ${who ? `process ${who.pid} on ${who.host}` : "an unknown process"}; ` +
        `waiting ${seconds} s to see whether it is alive`,
    );
    await wait(patience);
    const after = await touchedAt(file);
    // Compared with itself, because the clocks of two machines differ.
    return after !== null && after !== before;
  });
  if (!("holder" in got)) return got;
  const { holder } = got;
  throw new Error(
    `${file}: expected nobody else to train in this folder, got ` +
      `${holder ? `process ${holder.pid} on ${holder.host}` : "a holder that cannot be read"}; ` +
      "wait for it to end, or delete this file if there is no such training",
  );
}

/**
 * Takes the lock of that name, or gives null at once if somebody has it. A holder on another machine counts as alive
 * until its lock has been seen here untouched for `patience`: who asks again later learns it then.
 */
export async function claimLock(
  file: string,
  sightings: Sightings,
  patience: number = PATIENCE,
): Promise<Lock | null> {
  const got = await acquire(file, async () => {
    const touched = await touchedAt(file);
    const first = sightings.get(file);
    const now = performance.now();
    if (first && first.touched === touched) return now - first.at < patience;
    sightings.set(file, { touched, at: now });
    return true;
  });
  return "holder" in got ? null : got;
}

/** Takes a lock that nobody living has; `isAlive` judges what cannot be asked, a holder on another machine. */
async function acquire(
  file: string,
  isAlive: (holder: Holder | null) => Promise<boolean>,
): Promise<Lock | { readonly holder: Holder | null }> {
  const mine: Holder = {
    ...{ pid: process.pid, host: hostname() },
    ...{ started: await startOf(process.pid), token: randomUUID() },
  };
  const text = JSON.stringify(mine);
  // A few times, because others may be after the same lock.
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      held.add(mine.token); // before anybody can read it
      await writeFile(file, text, { flag: "wx" });
      return hold(file, mine.token);
    } catch (error) {
      held.delete(mine.token);
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        const explained = explainFull(file, error);
        if (explained !== error) await rm(file, { force: true }); // it was made, and is empty
        throw explained;
      }
    }
    const there = await read(file);
    if (there === null) continue;
    const holder = parse(there);
    const alive = holder?.host === hostname() ? await isAliveHere(holder) : await isAlive(holder);
    if (alive) return { holder };
    await removeDead(file, there);
  }
  throw new Error(`${file}: expected to get hold of this lock, got others in the way; try again`);
}

function hold(file: string, token: string): Lock {
  const touch = () => {
    const now = new Date();
    // A lock that is gone is found out by `check`.
    utimes(file, now, now).catch(() => {});
  };
  const timer = setInterval(touch, HEARTBEAT);
  timer.unref();
  const isMine = async () => parse(await read(file))?.token === token;
  return {
    async check() {
      if (await isMine()) return;
      throw new Error(
        `${file}: expected this process's own lock, got another; somebody else trains in this folder by now`,
      );
    },
    async release() {
      clearInterval(timer);
      if (await isMine()) await rm(file, { force: true });
      held.delete(token); // only now: until then the file must not look like a dead one's
    },
  };
}

async function isAliveHere({ pid, started, token }: Holder): Promise<boolean> {
  if (pid === process.pid) return held.has(token);
  return isRunning(pid) && (await startOf(pid)) === started;
}

/** By renaming, which one of several gets to do; what turns out to be another's lock is given back. */
async function removeDead(file: string, text: string): Promise<void> {
  const aside = asideOf(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await read(aside)) === text) await rm(aside, { force: true });
  else await rename(aside, file);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The 22nd field of /proc/PID/stat on Linux, counted behind the name, which may hold anything. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return text === null ? null : (text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null);
}

async function touchedAt(file: string): Promise<number | null> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string | null): Holder | null {
  try {
    return JSON.parse(text ?? "") as Holder;
  } catch {
    return null;
  }
}

/** The file's text; null if it is not there. */
async function read(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
