// Checkpoints: everything that a run needs to resume, in one safetensors file with a checksum, and when one is written.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { syncFolder } from "../cohort/durable-file.js";
import type { RandomState } from "../cohort/random.js";
import type { Kept } from "../engine/engine.js";
import { sizeOf } from "../engine/shapes.js";
import type { TensorShape } from "../layers/layers.js";
import type { Model, Weights } from "../model/model.js";
import { type TensorSource, withTensors, writeTensors } from "../model/safetensors.js";
import type { Lock } from "./lock.js";
import type { Epoch, TrainState } from "./train.js";

export interface Checkpoint {
  /** Hash of the run's config. */
  readonly config: string;
  /** The run's training time so far. */
  readonly seconds: number;
  /** The complete epochs, in order. */
  readonly epochs: readonly Epoch[];
  readonly state: TrainState;
}

/** A checkpoint whose checksum was verified; its tensors stay in the file until `restoreCheckpoint`. */
export interface SavedCheckpoint extends Omit<Checkpoint, "state"> {
  readonly file: string;
  /** Steps taken by the optimizer. */
  readonly step: number;
  readonly state: Omit<TrainState, "bestWeights">;
}

/** The name of a checkpoint's file, which holds its step. */
export const CHECKPOINT = /^checkpoint-(\d+)\.safetensors$/;

const VERSION = 1;
/** Prefixes of tensor names, after the state of PyTorch's optimizers; weights keep the model's names. */
const PREFIX: Readonly<Record<Kept, string>> = {
  value: "",
  first: "exp_avg.",
  second: "exp_avg_sq.",
};
const BEST = "best.";
/** The last tensor: the 32 bytes of the SHA-256 of everything before it, each as a float32. */
const CHECKSUM = { name: "sha256", shape: [32] } as const;
const CHECKSUM_BYTES = 32 * Float32Array.BYTES_PER_ELEMENT;

/**
 * Writes a checkpoint, which appears whole or not at all and is on the disk when the promise resolves. Then removes the
 * folder's other checkpoints, except `previous`, the last one known to be good.
 * @returns the file's path.
 * @throws Error with the remedy if the disk is full; existing files are unchanged.
 */
async function writeCheckpoint<Batch>(
  folder: string,
  model: Model<Batch>,
  { state: { bestWeights, ...state }, ...about }: Checkpoint,
  previous: string | null,
): Promise<string> {
  const step = model.stepCount;
  const file = join(folder, `checkpoint-${step}.safetensors`);
  const hash = createHash("sha256");
  const tensors = sourcesOf(model, bestWeights);
  const digest = () => Float32Array.from(hash.copy().digest());
  tensors.set(CHECKSUM.name, { shape: CHECKSUM.shape, values: digest });
  const checkpoint = JSON.stringify({ version: VERSION, step, ...about, state });
  await writeTensors(file, tensors, { format: "pt", checkpoint }, (bytes) => hash.update(bytes));
  await removeCheckpoints(folder, [file, previous]);
  return file;
}

interface SavingOptions {
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

/**
 * Finds the newest intact checkpoint of this config, verifying checksums; null if there is none.
 * @param say receives where the run resumes, and the faults of newer checkpoints.
 */
export async function findCheckpoint(
  folder: string,
  config: string,
  say: (text: string) => void,
): Promise<SavedCheckpoint | null> {
  for (const name of (await checkpointsIn(folder)).reverse()) {
    try {
      const found = await readCheckpoint(join(folder, name), config);
      const { epoch, within } = found.state;
      const after = `, after ${within.steps} steps of it`;
      say(
        `resumed ${within.steps > 0 ? `within epoch ${epoch + 1}${after}` : `after epoch ${epoch}`}`,
      );
      return found;
    } catch (error) {
      say(`${(error as Error).message}; an older one is used instead, or else the run starts over`);
    }
  }
  return null;
}

/** Restores a model of the same spec from a checkpoint, and returns the state to resume from. */
export async function restoreCheckpoint<Batch>(
  { file, step, state }: SavedCheckpoint,
  model: Model<Batch>,
): Promise<TrainState> {
  return await withTensors(file, async ({ tensors, read }) => {
    const bestWeights = new Map<string, Float32Array>();
    const kept = keptOf(model);
    // One array for all tensors: large arrays would pile up faster than garbage collection frees them.
    const into = new Float32Array(Math.max(...kept.map(({ shape }) => sizeOf(shape))));
    for (const { name, kinds } of kept) {
      for (const kind of kinds) {
        model.writeTensor(name, kind, await read(PREFIX[kind] + name, into));
      }
      if (tensors.has(BEST + name)) bestWeights.set(name, await read(BEST + name));
    }
    model.stepCount = step;
    return { ...state, bestWeights: bestWeights.size > 0 ? bestWeights : null };
  });
}

/** Removes the folder's checkpoints, except those to keep. */
export async function removeCheckpoints(
  folder: string,
  keep: readonly (string | null)[] = [],
): Promise<void> {
  const names = await checkpointsIn(folder);
  const old = names.filter((name) => !keep.some((file) => file && basename(file) === name));
  if (old.length === 0) return;
  for (const name of old) await rm(join(folder, name), { force: true });
  await syncFolder(folder);
}

/** Lists checkpoints by step, oldest first. */
async function checkpointsIn(folder: string): Promise<string[]> {
  const stepOf = (name: string) => Number(CHECKPOINT.exec(name)![1]);
  const names = (await readdir(folder)).filter((name) => CHECKPOINT.test(name));
  return names.sort((a, b) => stepOf(a) - stepOf(b));
}

/** The model's tensors, with what is kept of each. */
function keptOf<Batch>({
  tensors,
}: Model<Batch>): (TensorShape & { readonly kinds: readonly Kept[] })[] {
  const all = Object.keys(PREFIX) as Kept[];
  return tensors.map((one) => ({ ...one, kinds: one.isTrained ? all : ["value"] }));
}

function sourcesOf<Batch>(
  model: Model<Batch>,
  bestWeights: Weights | null,
): Map<string, TensorSource> {
  const sources = new Map<string, TensorSource>();
  for (const { name, shape, kinds } of keptOf(model)) {
    for (const kind of kinds) {
      sources.set(PREFIX[kind] + name, { shape, values: () => model.readTensor(name, kind) });
    }
    const best = bestWeights?.get(name);
    if (best) sources.set(BEST + name, { shape, values: best });
  }
  return sources;
}

/** The state of the random draws; checkpoints of the first release use other names. */
function drawsOf(
  state: Partial<TrainState> & { readonly order?: RandomState; readonly dropout?: RandomState },
): Pick<TrainState, "orders" | "random"> {
  const { orders = [state.order!], random = state.dropout! } = state;
  return { orders, random };
}

async function readCheckpoint(file: string, config: string): Promise<SavedCheckpoint> {
  return await withTensors(file, async ({ tensors, metadata, read }) => {
    const [name, last] = [...tensors].at(-1) ?? [];
    if (name !== CHECKSUM.name || last?.shape.join() !== CHECKSUM.shape.join()) {
      throw new Error("expected a checkpoint that ends in its checksum, got none");
    }
    const written = await read(CHECKSUM.name);
    const { size } = await stat(file);
    const hash = createHash("sha256");
    const part = { end: size - CHECKSUM_BYTES - 1, highWaterMark: 2 ** 22 };
    for await (const bytes of createReadStream(file, part)) hash.update(bytes);
    if (hash.digest().some((byte, i) => byte !== written[i])) {
      throw new Error("expected contents that match the checksum, got others: the file is damaged");
    }
    const { version, ...saved } = JSON.parse(metadata.checkpoint) as Omit<SavedCheckpoint, "file"> &
      Record<"version", number>;
    if (version !== VERSION) {
      throw new Error(`expected a checkpoint of version ${VERSION}, got ${version}`);
    }
    if (saved.config !== config) {
      throw new Error("expected a checkpoint of this run's settings, got one of others");
    }
    return { ...saved, state: { ...saved.state, ...drawsOf(saved.state) }, file };
  });
}
