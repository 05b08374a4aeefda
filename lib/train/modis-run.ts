// A run of MODIS: one training and the folder it leaves, with the same files as a run of ARO.
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, replaceJson } from "../cohort/durable-file.js";
import type { Engine, Losses } from "../engine/engine.js";
import { buildModis } from "../engine/modis.js";
import type { Weights } from "../model/autoencoder.js";
import {
  countModisParameters,
  initializeModis,
  type ModisSpec,
  modisParameters,
  modisStatistics,
} from "../model/modis.js";
import { readTensors, writeTensors } from "../model/tensor-file.js";
import { fingerprintData } from "./config.js";
import { describeEnvironment, type RunEnvironment } from "./environment.js";
import { withInterrupt } from "./interrupt.js";
import { type ModisData, type ModisEpoch, type ModisSettings, trainModisEpochs } from "./modis.js";
import type { Progress } from "./progress.js";
import type { Best } from "./train.js";

/** As config.json holds it. */
export interface ModisConfig {
  readonly model: "MODIS";
  /** Of the training's own meaning; runs of another version are other runs. */
  readonly version: number;
  readonly cohort: string;
  readonly data: {
    readonly trainRows: number;
    readonly validationRows: number;
    /** SHA-256 of ids, values, masks and classes. */
    readonly sha256: string;
  };
  readonly spec: ModisSpec;
  readonly parameters: number;
  readonly training: ModisSettings;
  readonly about: Readonly<Record<string, string | number | boolean | null>>;
  /** SHA-256 of all of the above. */
  readonly hash: string;
}

/** As result.json holds it. */
export interface ModisSummary {
  /** "stopped": interrupted; its weights are those of the last step. */
  readonly status: "finished" | "stopped";
  readonly epochs: number;
  readonly best: Best | null;
  /** The last epoch's, whose weights are kept; null where no step was taken. */
  readonly final: { readonly train: Losses; readonly validation: Losses } | null;
  readonly seconds: number;
}

export interface ModisRun {
  readonly folder: string;
  readonly config: ModisConfig;
  readonly environment: RunEnvironment;
  readonly epochs: readonly ModisEpoch[];
  readonly result: ModisSummary;
  /** Reads the weights that the run ended with. */
  loadWeights(): Promise<Weights>;
}

export interface ModisRequest {
  readonly spec: ModisSpec;
  readonly training: ModisSettings;
  readonly about?: ModisConfig["about"];
}

export interface TrainModisOptions {
  /** Of this run alone; made if it is not there. */
  readonly folder: string;
  readonly config: ModisConfig;
  readonly data: ModisData;
  readonly engine: Engine;
  readonly progress?: Progress;
  /** Ends training in good order, as the first SIGINT or SIGTERM does. */
  readonly signal?: AbortSignal;
}

const FILES = {
  config: "config.json",
  environment: "environment.json",
  metrics: "metrics.jsonl",
  weights: "weights.safetensors",
  result: "result.json",
} as const;

const VERSION = 1;

/** Completes a request with the data's fingerprint and a hash of the whole. */
export function completeModisConfig(
  { spec, training, about = {} }: ModisRequest,
  data: ModisData & { readonly name: string },
): ModisConfig {
  const sha256 = createHash("sha256")
    .update(fingerprintData(data))
    .update(JSON.stringify([data.classes, data.modalities]))
    .digest("hex");
  const config = {
    model: "MODIS" as const,
    version: VERSION,
    cohort: data.name,
    data: {
      trainRows: data.train.matrix.rows,
      validationRows: data.validation.matrix.rows,
      sha256,
    },
    spec,
    parameters: countModisParameters(spec),
    training,
    about,
  };
  return { ...config, hash: createHash("sha256").update(JSON.stringify(config)).digest("hex") };
}

/**
 * Trains one model and keeps what came of it in the folder. A finished run of the same config is read again, not
 * trained again; a stopped or killed one is trained anew from the start. SIGINT and SIGTERM stop it in good order.
 * @throws Error if the folder holds a run of another config, or the training fails.
 */
export async function trainModisRun(
  options: TrainModisOptions,
): Promise<ModisRun & { readonly reused: boolean }> {
  const { folder, config, progress } = options;
  await mkdir(folder, { recursive: true });
  const there = await readJson<ModisConfig>(join(folder, FILES.config));
  if (there && there.hash !== config.hash) {
    throw new Error(
      `trainModisRun: expected the settings of the run in ${folder}, got others; ` +
        "give this run another folder, or delete that one",
    );
  }
  const before = await readJson<ModisSummary>(join(folder, FILES.result));
  if (there && before?.status === "finished") {
    const run = await readModisRun(folder);
    progress?.finish("finished", run.epochs.at(-1) ?? null, config.training.epochs);
    return { ...run, reused: true };
  }
  await withInterrupt((signal) => trainInto(options, signal), options.signal);
  return { ...(await readModisRun(folder)), reused: false };
}

/**
 * Reads a run's folder; the weights only when they are asked for.
 * @throws Error if there is no run of MODIS that ended.
 */
export async function readModisRun(folder: string): Promise<ModisRun> {
  const config = await readJson<ModisConfig>(join(folder, FILES.config));
  const environment = await readJson<RunEnvironment>(join(folder, FILES.environment));
  const result = await readJson<ModisSummary>(join(folder, FILES.result));
  if (config?.model !== "MODIS" || environment === null || result === null) {
    throw new Error(
      `readModisRun: expected a run of MODIS that ended in ${folder}, got none; train it`,
    );
  }
  const lines = (await readFile(join(folder, FILES.metrics), "utf8")).split("\n").slice(0, -1);
  const loadWeights = async () => {
    const { tensors } = await readTensors(join(folder, FILES.weights));
    return new Map([...tensors].map(([name, { values }]) => [name, values]));
  };
  const epochs = lines.map((line) => JSON.parse(line) as ModisEpoch);
  return { folder, config, environment, epochs, result, loadWeights };
}

async function trainInto(
  { folder, config, data, engine, progress }: TrainModisOptions,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const inFolder = (name: string) => join(folder, name);
  // The result goes first and comes last, so that a folder with a result is complete at every moment.
  await rm(inFolder(FILES.result), { force: true });
  await rm(inFolder(FILES.weights), { force: true });
  await replaceJson(inFolder(FILES.environment), await describeEnvironment(engine));
  await replaceFile(inFolder(FILES.metrics), async () => {});
  await replaceJson(inFolder(FILES.config), config);
  const { spec, training } = config;
  let last: ModisEpoch | null = null;
  let ended: ModisSummary["status"] | "failed" = "failed";
  const model = await buildModis(engine, spec, initializeModis(spec, training.seed));
  const metrics = await open(inFolder(FILES.metrics), "a");
  try {
    const epochs = trainModisEpochs(model, data, { ...training, signal });
    let next = await epochs.next();
    for (; !next.done; next = await epochs.next()) {
      last = next.value;
      await metrics.appendFile(`${JSON.stringify(last)}\n`);
      progress?.update(last, training.epochs);
    }
    await metrics.sync();
    await writeModisWeights(inFolder(FILES.weights), config, await model.readWeights());
    await replaceJson(inFolder(FILES.result), {
      status: next.value,
      epochs: last?.epoch ?? 0,
      best: last?.best ?? null,
      final: last && { train: last.train, validation: last.validation },
      seconds: (performance.now() - started) / 1000,
    } satisfies ModisSummary);
    ended = next.value;
  } finally {
    await metrics.close();
    model.dispose();
    progress?.finish(ended, last, training.epochs);
  }
}

/** With the authors' names and layout, running statistics among them. */
async function writeModisWeights(
  file: string,
  { spec, hash }: ModisConfig,
  weights: Weights,
): Promise<void> {
  const tensors = [...modisParameters(spec), ...modisStatistics(spec)].map(
    ({ name, shape }) => [name, { shape, values: weights.get(name)! }] as const,
  );
  await writeTensors(file, new Map(tensors), { format: "pt", config: hash });
}

async function readJson<T>(file: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(
      `${file}: ${(error as Error).message}; delete this run's folder and train anew`,
    );
  }
}
