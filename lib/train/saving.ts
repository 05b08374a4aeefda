// When a checkpoint is written: seldom enough that it costs little, and always when training is stopped.
import { type Model, sizeOf } from "../model/model.js";
import { type Checkpoint, type SavedCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { Lock } from "./lock.js";

export interface SavingOptions {
  /** The checkpoint that the run resumes from. */
  readonly from: SavedCheckpoint | null;
  readonly lock: Pick<Lock, "check">;
  /** At least so many from one checkpoint to the next; 0 writes one after each epoch, whatever it takes. */
  readonly seconds: number;
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
}

/** Training takes at least so many times as long as the checkpoints that are written in it. */
const SHARE = 20;
/** What a disk is taken to write, in bytes a second, until one checkpoint has been written. */
const ASSUMED_RATE = 200e6;

/** Makes what is asked at each state of a training, and writes a checkpoint where one is due, while the lock is held. */
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
