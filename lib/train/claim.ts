// Claims: which worker of a tuning study trains which trial, so that none is lost and none is trained twice.
import { setTimeout as wait } from "node:timers/promises";
import { claimLock, type Lock, type Sightings, takeLock } from "./lock.js";
import { readTrials, type Trial, trialFolder } from "./trial.js";

/** A trial that this process alone may train, until it lets go of the lock. */
export interface Claim {
  readonly trial: Trial;
  /** All records, as they were when the trial was claimed. */
  readonly trials: readonly Trial[];
  readonly lock: Lock;
}

export interface ClaimOptions {
  readonly folder: string;
  /** How many trials the study shall have. */
  readonly budget: number;
  /** Whether trials that others have at work are left to them. */
  readonly shared: boolean;
  /** Chooses a trial and writes its record. */
  readonly begin: (trials: readonly Trial[]) => Promise<Trial>;
  readonly signal: AbortSignal;
}

/** How often a worker without work looks whether another has died, in ms. */
const PAUSE = 1000;

/**
 * Gives a function that claims the next trial: the first one under way that nobody living has, else a new one. Null when
 * the study is complete or the signal aborted. With `shared`, it waits as long as others have the last trials at work.
 * @throws Error without `shared`, if another process has a trial.
 */
export function createClaims({ folder, budget, shared, begin, signal }: ClaimOptions) {
  const sightings: Sightings = new Map();
  const lockOf = async (number: number): Promise<Lock | null> => {
    const file = `${trialFolder(folder, number)}.lock`;
    return shared ? await claimLock(file, sightings) : await takeLock(file);
  };
  /** Null if another was faster, or has it still. */
  const claim = async (number: number): Promise<Claim | null> => {
    const lock = await lockOf(number);
    if (lock === null) return null;
    try {
      // Only what is read under the lock can be relied on.
      const before = await readTrials(folder);
      const there = before[number];
      if (there?.status === "running") return { trial: there, trials: before, lock };
      if (there === undefined && before.length === number) {
        const trial = await begin(before);
        return { trial, trials: [...before, trial], lock };
      }
    } catch (error) {
      await lock.release();
      throw error;
    }
    await lock.release();
    return null;
  };
  return async (): Promise<Claim | null> => {
    while (!signal.aborted) {
      const trials = await readTrials(folder);
      const open = trials.flatMap(({ number, status }) => (status === "running" ? [number] : []));
      const mayBegin = trials.length < budget;
      if (open.length === 0 && !mayBegin) return null;
      for (const number of mayBegin ? [...open, trials.length] : open) {
        const claimed = await claim(number);
        if (claimed) return claimed;
      }
      const pause = mayBegin ? PAUSE / 20 : PAUSE; // a new one is claimed for a moment until its record is there
      await wait(pause, undefined, { signal }).catch(() => {});
    }
    return null;
  };
}
