// A run: one training and the folder it leaves, with settings, surroundings, metrics, weights and result.
import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, replaceJson, syncFolder, UNFINISHED } from "../cohort/durable-file.js";
import type { Engine, Losses } from "../engine/engine.js";
import { initializeWeights, type Weights } from "../model/autoencoder.js";
import { readWeights, writeWeights } from "../model/weights.js";
import {
  completeConfig,
  differences,
  type RunConfig,
  type RunData,
  type RunRequest,
} from "./config.js";
import { describeEnvironment, type RunEnvironment } from "./environment.js";
import { withInterrupt } from "./interrupt.js";
import type { Progress } from "./progress.js";
import { type Best, type Epoch, train } from "./train.js";

/** As result.json holds it. */
export interface RunSummary {
  /** "stopped": interrupted; its weights are those of the last step. */
  readonly status: "finished" | "stopped";
  /** Epochs begun; the last one of a stopped run may be partial. */
  readonly epochs: number;
  readonly best: Best | null;
  /** Whose weights were kept: of the best epoch with early stopping, of the last without. */
  readonly weights: "best" | "last";
  /** The last epoch's losses; null where no step was taken. */
  readonly final: { readonly train: Losses; readonly validation: Losses } | null;
  readonly seconds: number;
}

/** What a run's folder says. */
export interface Run {
  readonly folder: string;
  readonly config: RunConfig;
  readonly environment: RunEnvironment;
  /** In order; of a run under way or killed, those so far. */
  readonly epochs: readonly Epoch[];
  /** Null while the run is under way, and for ever if it was killed. */
  readonly result: RunSummary | null;
  /** Reads the weights that the run ended with. */
  loadWeights(): Promise<Weights>;
}

export interface RunResult extends Run {
  readonly result: RunSummary;
  /** Whether the folder had the finished run already, so that nothing was trained. */
  readonly reused: boolean;
}

export interface TrainRunOptions {
  /** Of this run alone, e.g. `data/runs/<profile>/<name>`; made if it is not there. */
  readonly folder: string;
  readonly config: RunRequest;
  readonly data: RunData;
  readonly engine: Engine;
  readonly onEpoch?: (epoch: Epoch) => void;
  readonly progress?: Progress;
  /** Ends training in good order, as the first SIGINT does. */
  readonly signal?: AbortSignal;
}

const FILES = {
  config: "config.json",
  environment: "environment.json",
  metrics: "metrics.jsonl",
  weights: "weights.safetensors",
  result: "result.json",
} as const;

/**
 * Trains one model and keeps what came of it in the folder. A finished run of the same settings and data is read again,
 * not trained again; a stopped or killed one is trained anew from the start. SIGINT stops it in good order.
 * @throws Error if the folder holds a run of other settings (never overwritten), or the training fails.
 */
export async function trainRun(options: TrainRunOptions): Promise<RunResult> {
  const { folder, data, progress } = options;
  const config = completeConfig(options.config, data);
  const before = await findRun(folder, config);
  if (before) {
    const last = before.epochs.at(-1) ?? null;
    progress?.finish(before.result.status, last, config.training.epochs);
    return { ...before, reused: true };
  }
  await withInterrupt((signal) => trainInto(options, config, signal), options.signal);
  const run = await readRun(folder);
  return { ...run, result: run.result!, reused: false };
}

/**
 * Reads a run's folder; the weights only when they are asked for.
 * @throws Error if it is not a run's folder, or one of its files does not hold what it should.
 */
export async function readRun(folder: string): Promise<Run> {
  const config = await readJson<RunConfig>(join(folder, FILES.config));
  if (config === null) {
    throw new Error(`readRun: expected a run in ${folder}, got no ${FILES.config}; train it first`);
  }
  const environment = await readJson<RunEnvironment>(join(folder, FILES.environment));
  if (environment === null) throw new Error(`readRun: expected ${FILES.environment} in ${folder}`);
  const result = await readJson<RunSummary>(join(folder, FILES.result));
  const loadWeights = async () => {
    if (result === null) {
      throw new Error(
        `readRun: expected the weights of an ended run, got one under way or killed in ${folder}; train it anew`,
      );
    }
    return await readWeights(join(folder, FILES.weights), config.spec);
  };
  return { folder, config, environment, epochs: await readEpochs(folder), result, loadWeights };
}

async function trainInto(
  { folder, data, engine, onEpoch, progress }: TrainRunOptions,
  config: RunConfig,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const inFolder = (name: string) => join(folder, name);
  // The result goes first and comes last, so that a folder with a result is complete at every moment.
  for (const name of await readdir(folder)) {
    if (name === FILES.result || UNFINISHED.test(name)) await rm(inFolder(name));
  }
  await syncFolder(folder);
  await rm(inFolder(FILES.weights), { force: true });
  await replaceJson(inFolder(FILES.environment), await describeEnvironment(engine));
  await replaceFile(inFolder(FILES.metrics), async () => {});
  await replaceJson(inFolder(FILES.config), config);
  const { spec, training } = config;
  let last: Epoch | null = null;
  let ended: RunSummary["status"] | "failed" = "failed";
  const model = await engine.build(spec, initializeWeights(spec, training.seed));
  const metrics = await open(inFolder(FILES.metrics), "a");
  try {
    const epochs = train(model, data, { ...training, signal });
    let next = await epochs.next();
    for (; !next.done; next = await epochs.next()) {
      last = next.value;
      await metrics.appendFile(`${JSON.stringify(last)}\n`);
      onEpoch?.(last);
      progress?.update(last, training.epochs);
    }
    await metrics.sync();
    const { status, bestWeights } = next.value;
    const weights = bestWeights ?? (await model.readWeights());
    await writeWeights(inFolder(FILES.weights), spec, weights, { config: config.hash });
    await replaceJson(inFolder(FILES.result), {
      status,
      epochs: last?.epoch ?? 0,
      best: last?.best ?? null,
      weights: bestWeights ? "best" : "last",
      final: last && { train: last.train, validation: last.validation },
      seconds: (performance.now() - started) / 1000,
    } satisfies RunSummary);
    ended = status;
  } finally {
    await metrics.close();
    model.dispose();
    progress?.finish(ended, last, training.epochs);
  }
}

/** The folder's finished run if it has one of this config; makes the folder if it is not there. */
async function findRun(folder: string, asked: RunConfig): Promise<RunResult | null> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => !UNFINISHED.test(name));
  if (!names.includes(FILES.config)) {
    const known: readonly string[] = Object.values(FILES);
    const strange = names.filter((name) => !known.includes(name));
    if (strange.length === 0) return null;
    throw new Error(
      `trainRun: expected an empty folder or a run's, got ${folder} with ${strange.slice(0, 3).join(", ")}; ` +
        "give the run a folder of its own",
    );
  }
  const there = await readJson<RunConfig>(join(folder, FILES.config));
  const changed = differences(there!, asked);
  if (changed.length > 0) {
    throw new Error(
      `trainRun: expected the settings of the run in ${folder}, got others (${changed.join("; ")}); ` +
        "give this run another name, or delete that folder",
    );
  }
  const run = await readRun(folder);
  if (run.result?.status !== "finished" || !names.includes(FILES.weights)) return null;
  return { ...run, result: run.result, reused: true };
}

async function readEpochs(folder: string): Promise<Epoch[]> {
  const text = (await readText(join(folder, FILES.metrics))) ?? "";
  // What follows the last line break was cut off in the middle of being written.
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line, i) => parseJson<Epoch>(line, `${folder}/${FILES.metrics}:${i + 1}`));
}

async function readJson<T>(file: string): Promise<T | null> {
  const text = await readText(file);
  return text === null ? null : parseJson<T>(text, file);
}

function parseJson<T>(text: string, where: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as T;
  } catch {
    // said below
  }
  throw new Error(
    `${where}: expected an object in JSON, got "${text.slice(0, 40)}"; delete this run's folder and train anew`,
  );
}

/** The file's text; null if it is not there. */
async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
