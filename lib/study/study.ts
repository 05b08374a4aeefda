// A study: a profile's cohort, split and preprocessed, and the two models that are trained on it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Cohort, dropEmptyFeatures } from "../cohort/cohort.js";
import { readGbm } from "../cohort/gbm.js";
import { readPaperCohort } from "../cohort/paper.js";
import type { CacheOptions } from "../cohort/sheet-cache.js";
import { simulateCohort } from "../cohort/simulate.js";
import { type FetchOptions, fetchSource, sourceFolder } from "../cohort/sources.js";
import type { FileCohort } from "../cohort/tables.js";
import { readUcec } from "../cohort/ucec.js";
import type { Engine } from "../engine/engine.js";
import { ARO, type AroSpec } from "../model/aro.js";
import { type AutoencoderModel, buildAutoencoder } from "../model/autoencoder.js";
import { requireDisk } from "../model/cost.js";
import { type PreparedCohort, prepareCohort } from "../preprocess/prepare.js";
import { type Split, splitSamples } from "../preprocess/split.js";
import { completeConfig, type RunRequest } from "../train/config.js";
import { type Run, readRun } from "../train/folder.js";
import { createProgress, type Progress } from "../train/progress.js";
import { type RunResult, trainRun } from "../train/run.js";
import type { TrainOptions } from "../train/settings.js";
import { foldersOf, type Profile } from "./profile.js";

export interface Study {
  readonly profile: Profile;
  /** Without the features that are empty in every sample. */
  readonly cohort: Cohort;
  readonly split: Split;
  readonly prepared: PreparedCohort;
}

/** What the model sees: "masked" is the first modality alone, "unmasked" all of them. Source: paper section 4. */
export type Setting = "masked" | "unmasked";

export interface OpenOptions extends Pick<FetchOptions, "folder" | "manifest" | "onProgress"> {
  /** Where sheets of workbooks are cached. */
  readonly cache?: CacheOptions;
}

/**
 * Reads the cohort of a profile in measured units, fetching it first if it is missing, with its readers' notes.
 * @throws RangeError if files that must be placed by hand are missing, with where to get each.
 */
export async function openCohort(profile: Profile, options: OpenOptions = {}): Promise<FileCohort> {
  const { cohort: source, split } = profile;
  if (source === "simulate") return { ...simulateCohort({ seed: split.seed }).cohort, notes: [] };
  if (source === "paper") {
    const { folder, manifest, cache } = options;
    return await readPaperCohort({ folder: sourceFolder(source, folder), manifest, cache });
  }
  const { folder } = await fetchSource(source, options);
  return source === "gbm" ? readGbm({ folder }) : { ...readUcec({ folder }), notes: [] };
}

/** Reads a profile's cohort, drops its empty features, splits it and preprocesses the parts. */
export async function openStudy(profile: Profile, options: OpenOptions = {}): Promise<Study> {
  const cohort = dropEmptyFeatures(await openCohort(profile, options));
  const split = splitSamples(cohort.samples, profile.split);
  return { profile, cohort, split, prepared: prepareCohort(cohort, split) };
}

/**
 * Trains ARO in one setting, showing its progress; a finished run of the same settings and data is read again.
 * An interrupted run can be read, and the next call continues it.
 * @throws RangeError before it starts, if the model does not fit in memory or its run on disk; `aro plan` checks both.
 */
export async function trainAro(study: Study, setting: Setting, engine: Engine): Promise<RunResult> {
  return await trainDescribed(study, describeAro(study, setting), engine, createProgress());
}

/** Trains a described run on its study's data, as `trainAro` does. */
export async function trainDescribed(
  { prepared }: Study,
  { folder, config }: DescribedRun,
  engine: Engine,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<RunResult> {
  if (!existsSync(join(folder, "result.json"))) await requireDisk(config.spec, folder);
  return await trainRun({ folder, config, data: prepared, engine, progress, signal });
}

/**
 * Reads the run that `trainAro` left.
 * @throws Error if there is none of these settings and data.
 */
export async function readAro(study: Study, setting: Setting): Promise<Run> {
  return await readRun(describeAro(study, setting).folder);
}

/** Builds the trained model of a setting in an engine; whoever calls it disposes of it. */
export async function openAro(
  study: Study,
  setting: Setting,
  engine: Engine,
): Promise<AutoencoderModel<AroSpec>> {
  return await openTrained(describeAro(study, setting), engine);
}

/** Builds the model of a described run that was trained; whoever calls it disposes of it. */
export async function openTrained(
  { folder }: Pick<DescribedRun, "folder">,
  engine: Engine,
): Promise<AutoencoderModel<AroSpec>> {
  const run = await readRun(folder);
  return buildAutoencoder(engine, ARO, run.config.spec, await run.loadWeights());
}

/** What a training of ARO may change of its study's profile; everything left out is the profile's. */
export interface Departure {
  readonly model?: Partial<Profile["model"]>;
  readonly training?: Partial<TrainOptions>;
  /** What the run is for, where it is not the study's own; part of its hash. */
  readonly purpose?: string;
  /** Prefix of its folder's name; by default the setting. */
  readonly name?: string;
}

/** A run before it is trained: its folder, its settings, and the hash of settings and data. */
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
