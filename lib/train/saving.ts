// The schedule of checkpoints: rare enough to cost little, and always when training stops.
import { type Model, sizeOf } from "../model/model.js";
import { type Checkpoint, type SavedCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { Lock } from "./lock.js";

export interface SavingOptions {
  /** The checkpoint that the run resumes from. */
  readonly from: SavedCheckpoint | null;
  readonly lock: Pick<Lock, "check">;
  /** Minimum time between checkpoints; with 0, every epoch writes one. */
  readonly seconds: number;
  /** A monotonic clock, in ms. */
  readonly now?: () => number;
}

/** Minimum ratio of training time to the time spent writing checkpoints. */
const SHARE = 20;
/** Assumed disk speed before the first checkpoint, in bytes per second. */
const ASSUMED_RATE = 200e6;

/** Returns a function to call after each epoch, which writes a checkpoint if one is due and the lock is still held. */
export function createSaving<Batch>(
  folder: string,
  model: Model<Batch>,
  { from, lock, seconds, now = () => performance.now() }: SavingOptions,
): (checkpoint: Checkpoint, last: boolean) => Promise<void> {
  let previous = from?.file ?? null;
  let savedStep = from?.step ?? 0;
  let since = now();
  const numbers = model.tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let cost = (3 * 4 * numbers * 1000) / ASSUMED_RATE; // ms
  return async (checkpoint, last) => {
    if (model.stepCount === savedStep) return;
    const pause = seconds === 0 ? 0 : Math.max(1000 * seconds, SHARE * cost);
    const begun = now();
    if (!last && begun - since < pause) return;
    await lock.check();
    previous = await writeCheckpoint(folder, model, checkpoint, previous);
    savedStep = model.stepCount;
    since = now();
    cost = since - begun;
  };
}
