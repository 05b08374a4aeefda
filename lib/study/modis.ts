// MODIS beside ARO: a study's comparator, at ratios that give it as many parameters as ARO has.
import { join } from "node:path";
import { labelValues } from "../cohort/labels.js";
import type { Engine } from "../engine/engine.js";
import { ARO } from "../model/aro.js";
import type { RunData } from "../model/batches.js";
import { countParameters } from "../model/model.js";
import { buildModis, MODIS, type ModisModel } from "../model/modis.js";
import { fitRatios, type ModisSpec } from "../model/modis-networks.js";
import { checkOptions } from "../options.js";
import { completeConfig, type RunRequest } from "../train/config.js";
import { readRun } from "../train/folder.js";
import { createProgress } from "../train/progress.js";
import { type RunResult, trainRun } from "../train/run.js";
import type { TrainOptions } from "../train/settings.js";
import { foldersOf } from "./profile.js";
import type { Study } from "./study.js";
import { chooseTasks } from "./tasks.js";

export interface ModisOptions {
  /** By default as many as ARO's. */
  readonly epochs?: number;
}

/** Latent units where the authors' example has 256 for an eighth of the features or fewer. */
const LATENT = 64;
/** Source: example/config/tcga.yaml@1bdbb58. */
export const MODIS_TRAINING = {
  batchSize: 32,
  learningRate: 1e-4,
  weightDecay: 0,
  plateau: null,
} as const;
const KL_WEIGHT = 5e-4;

/**
 * Returns the shape of a study's MODIS: all features, two hidden layers on each side, at most as many parameters as ARO
 * has (without the discriminator), and the classes of the first task that the cohort can answer.
 * @throws RangeError if even the narrowest has more parameters.
 */
export function modisSpec(study: Study): ModisSpec {
  const { profile, prepared, cohort } = study;
  const features = prepared.features.length;
  const most = countParameters(ARO, { ...profile.model, features, visible: null });
  const sizes = prepared.modalities.map(({ start, end }) => end - start);
  const ratios = fitRatios(sizes, LATENT, most);
  return {
    modalities: prepared.modalities.map(({ name }, i) => ({ name, features: sizes[i], ratios })),
    latent: LATENT,
    classes: classNames(cohort.samples, labelOf(study)).length,
    klWeight: KL_WEIGHT,
  };
}

/**
 * Trains MODIS and shows its progress, or reads the finished run of the same settings and data. Unlike ARO, it uses the
 * training rows' classes. An interrupted run can be read, and resumes when this is called again.
 */
export async function trainModis(
  study: Study,
  engine: Engine,
  options: ModisOptions = {},
): Promise<RunResult<ModisSpec>> {
  checkOptions("trainModis", options, { epochs: "number" });
  return await trainRun({ ...describeModis(study, options), engine, progress: createProgress() });
}

/**
 * Builds the trained MODIS. The caller must dispose it.
 * @throws Error if `trainModis` has left no run of these settings and data.
 */
export async function openModis(
  study: Study,
  engine: Engine,
  options: ModisOptions = {},
): Promise<ModisModel> {
  checkOptions("openModis", options, { epochs: "number" });
  const run = await readRun(describeModis(study, options).folder, MODIS);
  return buildModis(engine, run.config.spec, await run.loadWeights());
}

/** Describes a training of MODIS, with settings that differ from the authors': its folder, configuration and data. */
export function describeModis(study: Study, settings: Partial<TrainOptions> = {}) {
  const { profile } = study;
  const { epochs = profile.training.epochs } = settings;
  const config: RunRequest<ModisSpec> = {
    model: MODIS,
    spec: modisSpec(study),
    training: { ...MODIS_TRAINING, ...settings, epochs, seed: profile.training.seed },
    about: { profile: profile.name, label: labelOf(study) },
  };
  const data = modisData(study);
  const { hash } = completeConfig(config, data);
  return { folder: join(foldersOf(profile).runs, `modis-${hash.slice(0, 8)}`), config, data };
}

/** The prepared cohort with a class of each training row. */
function modisData(study: Study): RunData {
  const { cohort, prepared } = study;
  const label = labelOf(study);
  const names = classNames(cohort.samples, label);
  const values = labelValues(cohort.samples, label);
  const classes = prepared.train.rows.map((row) => names.indexOf(String(values[row] ?? "")));
  return { ...prepared, classes };
}

function labelOf(study: Study): string {
  return chooseTasks(study).asked[0];
}

/** The values of a label, sorted; unrecorded ones are no class. */
function classNames(samples: Study["cohort"]["samples"], label: string): string[] {
  const values = labelValues(samples, label).filter((value) => value !== null);
  return [...new Set(values.map(String))].sort();
}
