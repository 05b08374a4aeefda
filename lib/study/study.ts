// A study: a profile's cohort, split and preprocessed, and the two models that are trained on it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Cohort, dropEmptyFeatures } from "../cohort/cohort.js";
import { readCohortFile } from "../cohort/cohort-file.js";
import { readGbm } from "../cohort/gbm.js";
import { readPaperCohort } from "../cohort/paper.js";
import type { CacheOptions } from "../cohort/paper-sheets.js";
import { simulateCohort } from "../cohort/simulate.js";
import { type FetchOptions, fetchSource, sourceFolder } from "../cohort/sources.js";
import type { FileCohort, TablesOptions } from "../cohort/tables.js";
import { readUcec } from "../cohort/ucec.js";
import type { Engine } from "../engine/engine.js";
import { ARO, type AroSpec } from "../model/aro.js";
import { type AutoencoderModel, buildAutoencoder } from "../model/autoencoder.js";
import { checkOptions, type Kinds } from "../options.js";
import { type PreparedCohort, prepareCohort } from "../preprocess/prepare.js";
import { type Split, splitSamples } from "../preprocess/split.js";
import { completeConfig, type RunRequest } from "../train/config.js";
import { type Run, readRun } from "../train/folder.js";
import { createProgress, type Progress } from "../train/progress.js";
import { type RunResult, trainRun } from "../train/run.js";
import type { TrainOptions } from "../train/settings.js";
import { foldersOf, type Profile } from "./profile.js";

/** A profile's cohort, split and preprocessed. */
export interface Study {
  readonly profile: Profile;
  /** The cohort without the features that are empty in every sample, in measured units. */
  readonly cohort: Cohort;
  readonly split: Split;
  readonly prepared: PreparedCohort;
}

/** What the model sees: "masked" the first modality alone, "unmasked" all of them. Source: paper section 4. */
export type Setting = "masked" | "unmasked";

export interface OpenOptions extends Pick<FetchOptions, "folder" | "manifest" | "onProgress"> {
  /** As in `readTables`, where the cohort file does not say. */
  readonly keep?: TablesOptions["keep"];
  /** Where the sheets of workbooks are kept after the first reading. */
  readonly cache?: CacheOptions;
}

const OPEN_KINDS: Kinds<OpenOptions> = {
  folder: "string",
  manifest: "string",
  onProgress: "function",
  cache: "object",
  keep: ["shared", "first"],
};

/**
 * Reads a profile's cohort in measured units, and fetches it first if necessary.
 * @throws RangeError if files that must be placed by hand are missing, with where to get each.
 * @throws Error as `fetchSource`.
 */
export async function openCohort(profile: Profile, options: OpenOptions = {}): Promise<FileCohort> {
  const { cache, keep, ...fetching } = checkOptions("openCohort", options, OPEN_KINDS);
  const { cohort: source, split } = profile;
  if (typeof source === "object") return await readCohortFile(source.file, keep);
  if (source === "simulate") return { ...simulateCohort({ seed: split.seed }).cohort, notes: [] };
  if (source === "paper") {
    const { folder, manifest } = fetching;
    return await readPaperCohort({ folder: sourceFolder(source, folder), manifest, cache });
  }
  const { folder } = await fetchSource(source, fetching);
  return source === "gbm" ? readGbm({ folder }) : { ...(await readUcec({ folder })), notes: [] };
}

/**
 * Reads a profile's cohort, drops its empty features, splits it by patient and preprocesses the parts.
 * @throws RangeError as `openCohort`, or if the cohort has fewer than four patients.
 */
export async function openStudy(profile: Profile, options: OpenOptions = {}): Promise<Study> {
  checkOptions("openStudy", options, OPEN_KINDS);
  return prepareStudy(profile, dropEmptyFeatures(await openCohort(profile, options)));
}

/** Splits a cohort as the profile says, unless it has a split, and preprocesses the parts. */
export function prepareStudy(
  profile: Profile,
  cohort: Cohort,
  split = splitSamples(cohort.samples, profile.split),
): Study {
  return { profile, cohort, split, prepared: prepareCohort(cohort, split) };
}

/**
 * Splits a study's cohort anew, and preprocesses the parts.
 * @param rows keeps the first so many training samples; by default all.
 */
export function onSplit({ profile, cohort }: Study, seed: number, rows?: number): Study {
  const own = { ...profile, split: { ...profile.split, seed } };
  const split = splitSamples(cohort.samples, own.split);
  return prepareStudy(own, cohort, { ...split, train: split.train.slice(0, rows) });
}

/**
 * Trains ARO in one setting and shows its progress, or reads the finished run of the same settings and data.
 * An interrupted run can be read, and resumes when this is called again.
 * @throws RangeError before it starts, if the model does not fit into memory or the run onto the disk; `aro plan`
 * tells this beforehand.
 */
export async function trainAro(study: Study, setting: Setting, engine: Engine): Promise<RunResult> {
  const means = { engine, progress: createProgress() };
  return await trainDescribed(study, describeAro(study, setting), means);
}

/** What a training is carried out with. */
export interface TrainingMeans {
  readonly engine: Engine;
  readonly progress?: Progress;
  /** Stops it gracefully. */
  readonly signal?: AbortSignal;
}

/** Trains a described run on the study that it was described for, as `trainAro` does. */
export async function trainDescribed(
  { prepared }: Study,
  { folder, config }: DescribedRun,
  { engine, progress, signal }: TrainingMeans,
): Promise<RunResult> {
  return await trainRun({ folder, config, data: prepared, engine, progress, signal });
}

/**
 * Trains a described run, lends its model to `use`, and then removes the run's folder: for a model that nothing else
 * needs. If `use` fails, the folder stays, and the training need not be repeated.
 * @throws the signal's reason if it stopped the training, which resumes when this is called again.
 */
export async function withTrained<T>(
  study: Study,
  described: DescribedRun,
  means: TrainingMeans & { readonly signal: AbortSignal },
  use: (model: AutoencoderModel<AroSpec>) => Promise<T>,
): Promise<T> {
  const { result: trained } = await trainDescribed(study, described, means);
  if (trained.status === "stopped") throw means.signal.reason;
  const model = await openTrained(described, means.engine);
  try {
    const result = await use(model);
    await rm(described.folder, { recursive: true });
    return result;
  } finally {
    model.dispose();
  }
}

/**
 * Reads the run folder that `trainAro` left.
 * @throws Error if there is no run of these settings and data.
 */
export async function readAro(study: Study, setting: Setting): Promise<Run> {
  return await readRun(describeAro(study, setting).folder, ARO);
}

/**
 * Builds the trained model of a setting. The caller must dispose it.
 * @throws Error if `trainAro` has left no run of these settings and data.
 */
export async function openAro(
  study: Study,
  setting: Setting,
  engine: Engine,
): Promise<AutoencoderModel<AroSpec>> {
  return await openTrained(describeAro(study, setting), engine);
}

/** Builds the trained model of a described run. The caller must dispose it. */
export async function openTrained(
  { folder }: Pick<DescribedRun, "folder">,
  engine: Engine,
): Promise<AutoencoderModel<AroSpec>> {
  const run = await readRun(folder, ARO);
  return buildAutoencoder(engine, ARO, run.config.spec, await run.loadWeights());
}

/** What a training of ARO changes of its study's profile. */
export interface Departure {
  readonly model?: Partial<Profile["model"]>;
  readonly training?: Partial<TrainOptions>;
  /** What the run is for, if it is not the study's own; part of its hash. */
  readonly purpose?: string;
  /** The start of its folder's name. By default the setting. */
  readonly name?: string;
}

/** A run before it is trained: its folder, its configuration, and the hash of configuration and data. */
export interface DescribedRun {
  readonly folder: string;
  readonly config: RunRequest;
  readonly hash: string;
}

/** Describes a run of ARO. Each combination of settings and data has a folder of its own. */
export function describeAro(
  { profile, prepared }: Study,
  setting: Setting | "one column",
  { model, training, purpose, name = setting }: Departure = {},
): DescribedRun {
  const [first, second] = prepared.modalities;
  const config: RunRequest = {
    model: ARO,
    spec: {
      ...profile.model,
      ...model,
      features: prepared.features.length,
      visible: setting === "masked" ? { start: first.start, end: first.end } : null,
      zeroed: setting === "one column" ? [second.start] : profile.model.zeroed,
    },
    training: { ...profile.training, ...training },
    about: { profile: profile.name, setting, ...(purpose === undefined ? {} : { purpose }) },
  };
  const { hash } = completeConfig(config, prepared);
  const folder = join(foldersOf(profile).runs, `${name}-${hash.slice(0, 8)}`);
  return { folder, config, hash };
}
