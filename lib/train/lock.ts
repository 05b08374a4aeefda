// Lock files, held by one process at a time, on one machine or on several that share a folder.
//
// A lock's text is written to a file of its own and linked to the lock's name. link(2) fails if the name is taken, on
// NFS too, so exactly one process gets it, and nobody reads half a lock. A dead process's lock is replaced in one move,
// never removed. To replace it, a process first takes a second lock, named after the text of the dead one; it then checks
// that the dead one is still there and moves the second lock over it. Nobody else can change a lock in the meantime.
import { createHash, randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { asideOf, explainFull } from "../cohort/durable-file.js";

export interface Lock {
  /** @throws Error if another process took the lock because this one seemed dead. */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Milliseconds without a heartbeat after which a holder on another machine counts as dead. */
  readonly patience?: number;
  /** Receives one line when `takeLock` has to wait for a holder on another machine. */
  readonly onWait?: (text: string) => void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in clock ticks since boot; null if unknown. */
  readonly started: string | null;
}

/** Why a lock was not taken. On another machine, only the heartbeat shows whether the holder is alive. */
interface Busy {
  /** For messages. */
  readonly holder: string;
  readonly state: "alive" | "touched" | "silent";
}

/** Interval at which a holder touches its lock, in ms. */
const HEARTBEAT = 15_000;
const PATIENCE = 8 * HEARTBEAT;

/** When this process first saw each foreign lock in its present state, by file. */
const sightings = new Map<string, { text: string; touched: number; at: number }>();

/**
 * Takes a lock. A holder on this machine is looked up by its process. A holder on another machine is watched until it
 * touches its lock, or counts as dead after `patience` (120 s by default).
 * @throws Error naming the holder if it is alive; Error if the file cannot be written.
 */
export async function takeLock(
  file: string,
  { patience = PATIENCE, onWait = () => {} }: LockOptions = {},
): Promise<Lock> {
  const text = await describeSelf();
  for (let told = false; ; told = true) {
    const busy = await acquire(file, text, patience);
    if (busy === null) return hold(file, text);
    const { holder, state } = busy;
    if (state === "alive" || (state === "touched" && told)) {
      throw new Error(
        `${file}: expected no other process to train in this folder, got ${holder}; ` +
          "wait for it to end, or delete this file if there is no such training",
      );
    }
    const seconds = Math.round(patience / 1000);
    if (!told)
      onWait(`${file} belongs to ${holder}; waiting up to ${seconds} s for a sign of life`);
    await wait(Math.min(1000, patience / 10));
  }
}

/**
 * Takes a lock, or returns null immediately if another process has it. A holder on another machine counts as alive until this
 * process has seen its lock untouched for `patience`, so asking again later may succeed.
 * @throws Error if the file cannot be written.
 */
export async function tryLock(
  file: string,
  { patience = PATIENCE }: Pick<LockOptions, "patience"> = {},
): Promise<Lock | null> {
  const text = await describeSelf();
  return (await acquire(file, text, patience)) === null ? hold(file, text) : null;
}

/** Tries to put this process's text into a lock file; null on success, otherwise the reason. */
async function acquire(file: string, text: string, patience: number): Promise<Busy | null> {
  for (;;) {
    const there = await read(file);
    if (there === null) {
      if (await create(file, text)) return null;
      continue;
    }
    if (there.text === text) return null; // renamed below, or linked while NFS lost the reply
    const holder = parse(there.text);
    const state = await judge(file, holder, there, patience);
    if (state !== "dead") {
      const { pid, host } = holder ?? {};
      return { holder: holder ? `process ${pid} on ${host}` : "an unknown process", state };
    }
    const successor = successorOf(file, there.text);
    const busy = await acquire(successor, text, patience);
    if (busy !== null) return busy;
    if ((await read(file))?.text === there.text) await rename(successor, file).catch(ignoreMissing);
    else await rm(successor, { force: true });
    sightings.delete(file);
  }
}

/** Creates a lock file with its text in one step; false if the name is taken. */
async function create(file: string, text: string): Promise<boolean> {
  const aside = asideOf(file);
  try {
    await writeFile(aside, text, { flag: "wx", flush: true });
    await link(aside, file);
    return true;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall !== "link") throw explainFull(file, error);
    if (code === "EEXIST" || code === "ENOENT") return false; // or its holder tidied the folder
    throw new Error(
      `${file}: expected a file system with hard links, got ${code}; keep runs on another file system`,
      { cause: error },
    );
  } finally {
    await rm(aside, { force: true });
  }
}

function hold(file: string, text: string): Lock {
  const timer = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {}); // `check` reports a lock that is gone
  }, HEARTBEAT);
  timer.unref();
  const isMine = async () => (await read(file))?.text === text;
  return {
    async check() {
      if (await isMine()) return;
      throw new Error(
        `${file}: expected this process's own lock, got another; some other process trains in this folder now`,
      );
    },
    async release() {
      clearInterval(timer);
      if (await isMine()) await rm(file, { force: true });
    },
  };
}

/** Compares a foreign lock only with its own earlier state, because clocks differ between machines. */
async function judge(
  file: string,
  holder: Holder | null,
  { text, touched }: Content,
  patience: number,
): Promise<Busy["state"] | "dead"> {
  if (holder?.host === hostname()) return (await isRunning(holder)) ? "alive" : "dead";
  const before = sightings.get(file);
  const now = performance.now();
  if (before?.text === text && before.touched === touched) {
    return now - before.at < patience ? "silent" : "dead";
  }
  sightings.set(file, { text, touched, at: now });
  return before?.text === text ? "touched" : "silent";
}

/** Whether the process runs on this machine, and is not a later one with the same id. */
async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return (await startOf(pid)) === started;
}

/** The 22nd field of /proc/PID/stat on Linux, counted from after the name, which may contain anything. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return text === null ? null : (text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null);
}

/** The text of this process's lock, with a unique token. */
async function describeSelf(): Promise<string> {
  const { pid } = process;
  const holder: Holder = { pid, host: hostname(), started: await startOf(pid) };
  return JSON.stringify({ ...holder, token: randomUUID() });
}

function parse(text: string): Holder | null {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === "number" && host ? { pid, host, started: started ?? null } : null;
  } catch {
    return null;
  }
}

/** The lock that decides which process replaces a dead one with that text. `UNFINISHED` matches its name. */
function successorOf(file: string, text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return join(dirname(file), `.${basename(file)}.successor.${digest}.tmp`);
}

interface Content {
  readonly text: string;
  /** Modification time in ms, by the clock of the machine that wrote the file. */
  readonly touched: number;
}

/** Reads a lock; null if there is none. */
async function read(file: string): Promise<Content | null> {
  try {
    // Opening the file makes NFS ask its server, also for the time.
    return { text: await readFile(file, "utf8"), touched: (await stat(file)).mtimeMs };
  } catch (error) {
    ignoreMissing(error);
    return null;
  }
}

/** NFS reports ESTALE when a file is removed while open. */
function ignoreMissing(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ESTALE") throw error;
}
