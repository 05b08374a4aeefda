// A run's folder: its files and their readers.
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { UNFINISHED } from "../cohort/durable-file.js";
import { readOptional } from "../cohort/optional-file.js";
import { quoteSome } from "../cohort/problems.js";
import type { AroSpec } from "../model/aro.js";
import type { Losses, Trainable, Weights } from "../model/model.js";
import { readWeights } from "../model/weights.js";
import { CHECKPOINT } from "./checkpoint.js";
import { differences, type RunConfig } from "./config.js";
import type { RunEnvironment } from "./environment.js";
import { EVENTS_FILE } from "./events.js";
import { completeSettings, type TrainOptions } from "./settings.js";
import type { Best, Epoch } from "./train.js";

/** The contents of result.json. */
export interface RunSummary {
  /** "stopped" means interrupted, with the weights of the last step. */
  readonly status: "finished" | "stopped";
  /** Epochs begun; the last one of a stopped run may be partial. */
  readonly epochs: number;
  readonly best: Best | null;
  /** Which weights were kept: those of the best epoch with early stopping, otherwise those of the last. */
  readonly weights: "best" | "last";
  /** The last epoch's losses; null if no step was taken. */
  readonly final: { readonly train: Losses; readonly validation: Losses } | null;
  readonly seconds: number;
}

/** A run, as read from its folder. */
export interface Run<Spec = AroSpec> {
  readonly folder: string;
  readonly config: RunConfig<Spec>;
  readonly environment: RunEnvironment;
  /** In order; so far, if the run is under way or was killed. */
  readonly epochs: readonly Epoch[];
  /** Null if the run is under way or was killed. */
  readonly result: RunSummary | null;
  /** Reads the run's final weights. */
  loadWeights(): Promise<Weights>;
}

/** A run that has ended. */
export interface EndedRun<Spec = AroSpec> extends Run<Spec> {
  readonly result: RunSummary;
}

/** The names of a run's files, except checkpoints. */
export const FILES = {
  config: "config.json",
  environment: "environment.json",
  metrics: "metrics.jsonl",
  weights: "weights.safetensors",
  result: "result.json",
  lock: "lock",
  events: EVENTS_FILE,
} as const;

/**
 * Reads a run's folder; the weights are read by `loadWeights`.
 * @param model the expected one, such as `ARO`.
 * @throws Error if the folder holds no run of this model, or one of its files is malformed.
 */
export async function readRun<Spec>(folder: string, model: Trainable<Spec>): Promise<Run<Spec>> {
  const config = await readConfig<Spec>(folder);
  if (config === null) {
    throw new Error(`readRun: expected a run in ${folder}, got no ${FILES.config}; train it first`);
  }
  const { model: name = "ARO" } = config;
  if (name !== model.name) {
    throw new Error(`readRun: expected a run of ${model.name} in ${folder}, got one of ${name}`);
  }
  const environment = await readJson<RunEnvironment>(join(folder, FILES.environment));
  if (environment === null) throw new Error(`readRun: expected ${FILES.environment} in ${folder}`);
  const result = await readJson<RunSummary>(join(folder, FILES.result));
  const loadWeights = async () => {
    if (result === null) {
      throw new Error(
        `readRun: expected the weights of an ended run, got one under way or killed in ${folder}; train it to its end`,
      );
    }
    return await readWeights(join(folder, FILES.weights), model.network(config.spec).tensors);
  };
  return { folder, config, environment, epochs: await readEpochs(folder), result, loadWeights };
}

/**
 * Returns the folder's finished run, or null if it must still be trained. Creates the folder if necessary.
 * @throws Error if the folder holds a run with other settings, or unknown files.
 */
export async function findRun<Spec>(
  folder: string,
  model: Trainable<Spec>,
  asked: RunConfig<Spec>,
): Promise<EndedRun<Spec> | null> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => !UNFINISHED.test(name));
  if (!names.includes(FILES.config)) {
    const known: readonly string[] = Object.values(FILES);
    const strange = names.filter((name) => !known.includes(name) && !CHECKPOINT.test(name));
    if (strange.length === 0) return null;
    throw new Error(
      `trainRun: expected an empty folder or a run's, got ${folder} with ${quoteSome(strange)}; ` +
        "give the run a folder of its own",
    );
  }
  const changed = differences((await readConfig<Spec>(folder))!, asked);
  if (changed.length > 0) {
    throw new Error(
      `trainRun: expected the settings of the run in ${folder}, got others (${changed.join("; ")}); ` +
        "give this run another name, or delete that folder",
    );
  }
  const run = await readRun(folder, model);
  if (run.result?.status !== "finished" || !names.includes(FILES.weights)) return null;
  return { ...run, result: run.result };
}

/** The progress of a run, as read from its folder. */
export interface RunState {
  /** "partial" can be resumed; "other" is a run with other settings, which is never changed. */
  readonly state: "done" | "partial" | "missing" | "other";
  /** The last recorded epoch, which a killed run may repeat. */
  readonly epoch: number;
}

/**
 * Reads the progress of the run with this hash from a folder, without changing anything.
 * @throws Error if one of its files is malformed.
 */
export async function readState(folder: string, hash: string): Promise<RunState> {
  const there = await readConfig<unknown>(folder);
  if (there === null) return { state: "missing", epoch: 0 };
  if (there.hash !== hash) return { state: "other", epoch: 0 };
  const epoch = (await readEpochs(folder)).at(-1)?.epoch ?? 0;
  const result = await readJson<RunSummary>(join(folder, FILES.result));
  const done = result?.status === "finished" && existsSync(join(folder, FILES.weights));
  return { state: done ? "done" : "partial", epoch };
}

/** Reads a run's config; in the first release, MODIS kept `klWeight` among the training settings. */
async function readConfig<Spec>(folder: string): Promise<RunConfig<Spec> | null> {
  const config = await readJson<RunConfig<Spec>>(join(folder, FILES.config));
  const { klWeight, ...training } = (config?.training ?? {}) as { readonly klWeight?: number };
  if (config === null || klWeight === undefined) return config;
  return {
    ...config,
    spec: { ...config.spec, klWeight },
    training: completeSettings({ plateau: null, ...(training as TrainOptions) }),
  };
}

/** Reads the epochs of the run in a folder, in order. */
export async function readEpochs(folder: string): Promise<Epoch[]> {
  const text = (await readOptional(join(folder, FILES.metrics))) ?? "";
  // What follows the last line break is an incomplete write.
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line, i) => parseJson<Epoch>(line, `${folder}/${FILES.metrics}:${i + 1}`));
}

/** Reads the object in a JSON file; null if there is no such file. */
export async function readJson<T>(file: string): Promise<T | null> {
  const text = await readOptional(file);
  return text === null ? null : parseJson<T>(text, file);
}

function parseJson<T>(text: string, where: string): T {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as T;
  } catch {
    // reported below
  }
  throw new Error(
    `${where}: expected an object in JSON, got "${text.slice(0, 40)}"; delete this run's folder and train anew`,
  );
}
