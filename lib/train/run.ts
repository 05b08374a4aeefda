// A run: one training in its own folder, which resumes from its last checkpoint after a stop or kill.
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  explainFull,
  replaceFile,
  replaceJson,
  syncFolder,
  UNFINISHED,
} from "../cohort/durable-file.js";
import { type Columns, type Engine, nameEngine } from "../engine/engine.js";
import type { AroSpec } from "../model/aro.js";
import type { RunData } from "../model/batches.js";
import { requireDisk } from "../model/cost.js";
import { buildModel } from "../model/model.js";
import { writeWeights } from "../model/weights.js";
import { checkOptions, required } from "../options.js";
import {
  createSaving,
  findCheckpoint,
  removeCheckpoints,
  restoreCheckpoint,
  type SavedCheckpoint,
} from "./checkpoint.js";
import { completeConfig, type RunConfig, type RunRequest } from "./config.js";
import { addEnvironment, describeEnvironment, type RunEnvironment } from "./environment.js";
import { encodeEpoch, encodeVersion } from "./events.js";
import { type EndedRun, FILES, findRun, type RunSummary, readJson, readRun } from "./folder.js";
import { withInterrupt } from "./interrupt.js";
import { type Lock, takeLock } from "./lock.js";
import type { Progress } from "./progress.js";
import type { TrainSettings } from "./settings.js";
import { type Epoch, train } from "./train.js";

export interface RunResult<Spec = AroSpec> extends EndedRun<Spec> {
  /** Whether the folder already held the finished run, so nothing was trained. */
  readonly reused: boolean;
  /** Notes on where the run resumed and which checkpoints were damaged. */
  readonly notes: readonly string[];
}

export interface TrainRunOptions<Spec = AroSpec> {
  /** A folder for this run alone, e.g. `data/runs/<profile>/<name>`; created if necessary. */
  readonly folder: string;
  readonly config: RunRequest<Spec>;
  readonly data: RunData;
  readonly engine: Engine;
  /** Receives the epochs trained now, not those from before a resumed run. */
  readonly onEpoch?: (epoch: Epoch) => void;
  readonly progress?: Progress;
  /** Stops training gracefully, as the first SIGINT or SIGTERM does. */
  readonly signal?: AbortSignal;
  /**
   * Minimum time between checkpoints; it grows as needed so that writing takes at most a twentieth of the time. With 0,
   * every epoch writes one.
   */
  readonly checkpointSeconds?: number;
}

/**
 * Trains one model and keeps the result in the folder. A finished run with the same settings and data is read, not trained
 * again. A stopped or killed run resumes from its newest intact checkpoint or else from the start; on the same engine, it
 * gives the epochs and weights of an uninterrupted run. SIGINT and SIGTERM stop it gracefully, with a checkpoint.
 * @throws TypeError for an unknown option or setting, with the nearest known one, and for a value of a wrong kind.
 * @throws Error if the folder holds a run with other settings (which is never overwritten), another process trains in it,
 *   the disk is full (the last checkpoint stays), or the training fails.
 * @throws RangeError before it starts, if the run would fill the disk.
 */
export async function trainRun<Spec>(options: TrainRunOptions<Spec>): Promise<RunResult<Spec>> {
  const { folder, data, progress } = checkOptions("trainRun", options, {
    folder: required("string"),
    config: required("object"),
    data: required("object"),
    engine: required("object"),
    onEpoch: "function",
    progress: "object",
    signal: AbortSignal,
    checkpointSeconds: "number",
  });
  const config = completeConfig(options.config, data);
  const { model } = options.config;
  const notes: string[] = [];
  const say = (text: string) => {
    notes.push(text);
    progress?.note(text);
  };
  const reuse = async () => {
    const run = await findRun(folder, model, config);
    if (run === null) return null;
    await removeCheckpoints(folder); // left by a run that was killed after writing its result
    progress?.finish(run.result.status, run.epochs.at(-1) ?? null, config.training.epochs);
    return { ...run, reused: true, notes };
  };
  const before = await reuse();
  if (before) return before;
  const lock = await takeLock(join(folder, FILES.lock), { onWait: say });
  try {
    // Again, because another process may have finished it while this one waited for the lock.
    const meanwhile = await reuse();
    if (meanwhile) return meanwhile;
    await withInterrupt(
      (signal) => trainInto({ ...options, signal }, config, lock, say),
      options.signal,
    );
  } finally {
    await lock.release();
  }
  const run = await readRun(folder, model);
  return { ...run, result: run.result!, reused: false, notes };
}

async function trainInto<Spec>(
  options: TrainRunOptions<Spec>,
  config: RunConfig<Spec>,
  lock: Lock,
  say: (text: string) => void,
): Promise<void> {
  const { folder, data, engine, onEpoch, progress, signal, checkpointSeconds = 30 } = options;
  const started = performance.now();
  const inFolder = (name: string) => join(folder, name);
  const { spec, training } = config;
  const { model: architecture } = options.config;
  await requireDisk(architecture, spec, folder);
  const from = await findCheckpoint(folder, config.hash, say);
  const epochs = [...(from?.epochs ?? [])];
  const secondsNow = () => (from?.seconds ?? 0) + (performance.now() - started) / 1000;
  await prepareFolder(options, config, from, say);
  let last = epochs.at(-1) ?? null;
  let ended: RunSummary["status"] | "failed" = "failed";
  const deal = architecture.deal(data, spec, uncountedOf(data, training));
  const model = buildModel(engine, architecture, spec, { seed: training.seed });
  const metrics = await open(inFolder(FILES.metrics), "a");
  const events = process.env.ARO_EVENTS === "0" ? null : await open(inFolder(FILES.events), "w");
  try {
    const before = epochs.map((epoch) => encodeEpoch(epoch));
    await events?.appendFile(Buffer.concat([encodeVersion(), ...before]));
    const save = createSaving(folder, model, { from, lock, seconds: checkpointSeconds });
    const epochsToCome = train(model, deal, {
      ...training,
      stream: architecture.stream,
      signal,
      from: from ? await restoreCheckpoint(from, model) : undefined,
      onState: async (state, isLast) => {
        const complete = epochs.slice(0, state.epoch);
        const about = { config: config.hash, seconds: secondsNow(), epochs: complete };
        await save({ ...about, state }, isLast);
      },
    });
    let next = await epochsToCome.next();
    for (; !next.done; next = await epochsToCome.next()) {
      last = next.value;
      epochs.push(last);
      await metrics.appendFile(`${JSON.stringify(last)}\n`).catch((error) => {
        throw explainFull(inFolder(FILES.metrics), error);
      });
      await events?.appendFile(encodeEpoch(last));
      onEpoch?.(last);
      progress?.update(last, training.epochs);
    }
    await metrics.sync();
    await lock.check();
    const { status, bestWeights } = next.value;
    const weights = bestWeights ?? ((name: string) => model.readTensor(name, "value"));
    await writeWeights(inFolder(FILES.weights), model.tensors, weights, { config: config.hash });
    await replaceJson(inFolder(FILES.result), {
      status,
      epochs: last?.epoch ?? 0,
      best: last?.best ?? null,
      weights: bestWeights ? "best" : "last",
      final: last && { train: last.train, validation: last.validation },
      seconds: secondsNow(),
    } satisfies RunSummary);
    if (status === "finished") await removeCheckpoints(folder);
    ended = status;
  } finally {
    await metrics.close();
    await events?.close();
    model.dispose();
    progress?.finish(ended, last, training.epochs);
  }
}

/**
 * Returns the columns that the validation loss does not count: with criterion "inferred", the first modality's.
 * @throws RangeError if there is no other modality.
 */
function uncountedOf({ modalities = [] }: RunData, { criterion }: TrainSettings): Columns | null {
  if (criterion === undefined) return null;
  if (modalities.length > 1) return modalities[0];
  throw new RangeError(
    `train: expected at least 2 modalities for criterion "${criterion}", got ${modalities.length}`,
  );
}

/** Writes config, environment and the metrics of earlier epochs into the folder. */
async function prepareFolder<Spec>(
  { folder, engine }: TrainRunOptions<Spec>,
  config: RunConfig<Spec>,
  from: SavedCheckpoint | null,
  say: (text: string) => void,
): Promise<void> {
  const inFolder = (name: string) => join(folder, name);
  // The result is removed first and written last, so that a folder with a result is always complete.
  for (const name of await readdir(folder)) {
    if (name === FILES.result || UNFINISHED.test(name)) await rm(inFolder(name));
  }
  await syncFolder(folder);
  await rm(inFolder(FILES.weights), { force: true });
  let environment = await describeEnvironment(engine);
  const before = from && (await readJson<RunEnvironment>(inFolder(FILES.environment)));
  if (before) {
    const [there, here] = [before, environment].map(({ engine }) => nameEngine(engine));
    if (there !== here) say(`resumed on ${here} after ${there}: the two agree up to rounding`);
    environment = addEnvironment(before, environment);
  }
  await replaceJson(inFolder(FILES.environment), environment);
  const lines = (from?.epochs ?? []).map((epoch) => `${JSON.stringify(epoch)}\n`);
  await replaceFile(inFolder(FILES.metrics), (handle) => handle.writeFile(lines.join("")));
  await replaceJson(inFolder(FILES.config), config);
}
