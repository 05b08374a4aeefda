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

/**
 * Takes the lock of that name. A holder on this machine is looked for by its process; one on another machine, of a
 * shared folder, counts as dead if it does not touch its lock for `patience`.
 * @throws Error naming the holder if it is alive.
 */
export async function takeLock(
  file: string,
  { onWait = () => {}, patience = 8 * HEARTBEAT }: LockOptions = {},
): Promise<Lock> {
  const mine: Holder = {
    ...{ pid: process.pid, host: hostname() },
    ...{ started: await startOf(process.pid), token: randomUUID() },
  };
  const text = JSON.stringify(mine);
  // A few times, because others may be after the same lock.
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(file, text, { flag: "wx" });
      return hold(file, mine.token);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        const explained = explainFull(file, error);
        if (explained !== error) await rm(file, { force: true }); // it was made, and is empty
        throw explained;
      }
    }
    const there = await read(file);
    if (there === null) continue;
    if (await isAlive(there, file, patience, onWait)) {
      const who = parse(there);
      throw new Error(
        `${file}: expected nobody else to train in this folder, got ` +
          `${who ? `process ${who.pid} on ${who.host}` : "a holder that cannot be read"}; ` +
          "wait for it to end, or delete this file if there is no such training",
      );
    }
    await removeDead(file, there);
  }
  throw new Error(`${file}: expected to get hold of this lock, got others in the way; try again`);
}

function hold(file: string, token: string): Lock {
  held.add(token);
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
      held.delete(token);
      if (await isMine()) await rm(file, { force: true });
    },
  };
}

async function isAlive(
  text: string,
  file: string,
  patience: number,
  onWait: (text: string) => void,
): Promise<boolean> {
  const who = parse(text);
  if (who?.host === hostname()) {
    if (who.pid === process.pid) return held.has(who.token);
    return isRunning(who.pid) && (await startOf(who.pid)) === who.started;
  }
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
  } catch {
    return null;
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
