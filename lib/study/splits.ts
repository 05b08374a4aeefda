// Runs of the experiment over splits: each fits one model, or all controls, on a split of its own and keeps the scores.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Label } from "../cohort/cohort.js";
import { replaceJson } from "../cohort/durable-file.js";
import { labelValues } from "../cohort/labels.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import type { Engine } from "../engine/engine.js";
import { fitControls } from "../evaluate/controls.js";
import { modelPredictor, modisPredictor, type Predictor } from "../evaluate/predictor.js";
import { type RepeatedScore, scoreRepeat } from "../evaluate/repeated-splits.js";
import { type CrossFit, crossFit, FIT_DEFAULTS, fitSharedDecoder } from "../impute/fit.js";
import { type FixedDecoder, sharedDecoderPredictor } from "../impute/infer.js";
import { fitLinearStack } from "../impute/linear-stack.js";
import { ARO } from "../model/aro.js";
import { buildAutoencoder } from "../model/autoencoder.js";
import type { Weights } from "../model/model.js";
import { buildModis } from "../model/modis.js";
import { VAE, type VaeSpec } from "../model/vae.js";
import { asZScores, type Part } from "../preprocess/prepare.js";
import { splitSamples } from "../preprocess/split.js";
import { hashCohort, type RunRequest } from "../train/config.js";
import { describeEnvironment, type RunEnvironment } from "../train/environment.js";
import type { Progress } from "../train/progress.js";
import { type RunResult, trainRun } from "../train/run.js";
import { completeSettings } from "../train/settings.js";
import type { Kind } from "../train/trainable.js";
import { describeModis, MODIS_TRAINING } from "./modis.js";
import { foldersOf } from "./profile.js";
import {
  type DescribedRun,
  describeAro,
  prepareStudy,
  type Study,
  trainDescribed,
} from "./study.js";
import { chooseTasks } from "./tasks.js";
import { CLASS_MEAN, type Variant } from "./variants.js";

/** A run of the experiment over splits: one model, or the controls together, on one split. */
export interface SplitRun {
  readonly kind: "split";
  /** From 0. */
  readonly number: number;
  readonly name: string;
  /** Of the split. */
  readonly seed: number;
  readonly folder: string;
  /** SHA-256 of version, cohort, split and variants. */
  readonly hash: string;
  /** At most; null if nothing is trained epoch by epoch. */
  readonly epochs: number | null;
  readonly variants: readonly Variant[];
  /** That are scored. */
  readonly parts: readonly Part[];
  /** Splits and preprocesses the cohort, or returns what the previous run of the same split did. */
  readonly open: () => OpenedSplit;
}

/** A split with what several runs of it share. */
interface OpenedSplit {
  readonly study: Study;
  /** The shared decoder's paths, by the number of folds; fitted when first asked for. */
  crossFit(folds: number): Promise<CrossFit>;
}

/** What a finished run leaves. */
export interface ScoredSplit {
  readonly hash: string;
  readonly environment: RunEnvironment;
  readonly scores: readonly RepeatedScore[];
}

/** Of what a run computes; scores of another version are other scores. */
const VERSION = 1;
/** The same of what is scored on z-scores too. */
const STANDARDIZED_VERSION = 2;
const FILE = "scores.json";

/** Returns what describes the run of a variant on the split of a seed; all controls of a split are one run. */
export function describeSplit(study: Study, parts: readonly Part[]) {
  const { profile, cohort } = study;
  const about = [hashCohort(cohort), cohort.features, cohort.samples.map(({ patient }) => patient)];
  const fingerprint = createHash("sha256").update(JSON.stringify(about)).digest("hex");
  let opened: { readonly key: string; readonly split: OpenedSplit } | null = null;
  const open = (seed: number, rows?: number): OpenedSplit => {
    const key = `${seed} ${rows}`;
    if (opened?.key !== key) opened = { key, split: openSplit(study, seed, rows) };
    return opened.split;
  };
  return (variant: Variant, seed: number, all: readonly Variant[]): Omit<SplitRun, "number"> => {
    const { kind = "ARO", name, group, model, training, decoder, rows } = variant;
    const variants = kind === "control" ? all.filter((one) => one.group === group) : [variant];
    const own = { ...(kind === "MODIS" ? MODIS_TRAINING : profile.training), ...training };
    const isNetwork = kind === "ARO" || kind === "VAE" || kind === "MODIS";
    const epochs = isNetwork
      ? completeSettings({ ...own, seed: profile.training.seed }).epochs
      : null;
    const what = {
      ...{
        version: isStandardized(variant) ? STANDARDIZED_VERSION : VERSION,
        kind,
        seed,
        by: profile.split.by,
        cohort: fingerprint,
      },
      ...(parts.join() === "test" ? {} : { parts }),
      ...(decoder ? { decoder } : {}),
      ...(rows ? { rows } : {}),
      ...(kind === "control" ? { names: variants.map((one) => one.name) } : {}),
      ...(kind === "ARO" || kind === "VAE" ? { model: { ...profile.model, ...model } } : {}),
      ...(isNetwork ? { training: own } : {}),
      ...(kind === "VAE" ? VAE_SETTINGS : {}),
    };
    const hash = createHash("sha256").update(JSON.stringify(what)).digest("hex");
    const title = group ?? name;
    const cut = rows ? `, ${rows} samples` : "";
    const folder = `${words(title + cut)}-${seed}-${hash.slice(0, 8)}`;
    return {
      ...{ kind: "split", name: `${title}, seed ${seed}`, seed, hash, epochs, variants, parts },
      folder: join(foldersOf(profile).runs, "splits", folder),
      open: () => open(seed, rows),
    };
  };
}

/** Whether a variant is scored on z-scores and in measured units too. */
function isStandardized({ kind, group }: Variant): boolean {
  return kind === "shared decoder" || kind === "linear stack" || group === "linear controls";
}

/** Splits a study's cohort anew, with all training samples or the first so many. */
function openSplit({ profile, cohort }: Study, splitSeed: number, rows?: number): OpenedSplit {
  const own = { ...profile, split: { ...profile.split, seed: splitSeed } };
  const { networks, seed } = FIT_DEFAULTS;
  const split = splitSamples(cohort.samples, own.split);
  const study = prepareStudy(own, cohort, { ...split, train: split.train.slice(0, rows) });
  const fitted = new Map<number, Promise<CrossFit>>();
  return {
    study,
    crossFit(folds) {
      const options = { rows: study.split.train, folds, networks, seed };
      const found = fitted.get(folds) ?? crossFit(cohort, options);
      fitted.set(folds, found);
      return found;
    },
  };
}

function words(name: string): string {
  return (name.toLowerCase().match(/[a-z0-9]+/g) ?? []).join("-");
}

/**
 * Fits the run's predictors on the training rows of its split, scores its parts, and keeps the scores. All are scored in
 * the paper's space; what predicts z-scores too, in these and in measured units besides. The folder of a network that is
 * trained here is removed afterwards; one that was trained before stays.
 * @returns false if it was interrupted.
 */
export async function fitSplit(
  run: SplitRun,
  engine: Engine,
  progress?: Progress,
  signal?: AbortSignal,
): Promise<boolean> {
  const { seed, hash, folder, variants, parts, open } = run;
  const opened = open();
  const { study } = opened;
  const zScores = asZScores(study.prepared);
  const keep = async (
    predictors: readonly Predictor[],
    steps: number | null,
    standardized: readonly Predictor[] = [],
  ) => {
    const scores = await scoreRepeat(predictors, study.prepared, { seed, parts, steps });
    if (standardized.length > 0) {
      const measured = study.cohort.matrix;
      const options = { seed, parts, steps, measured };
      scores.push(...(await scoreRepeat(standardized, zScores, options)));
    }
    const environment = await describeEnvironment(engine);
    await mkdir(folder, { recursive: true });
    const scored: ScoredSplit = { hash, environment, scores };
    await replaceJson(join(folder, FILE), scored);
    return true;
  };
  const [{ kind = "ARO", name, decoder: choices }] = variants;
  const { cohort, split, prepared } = study;
  const keepDecoder = (decoder: FixedDecoder) => {
    const [inPaper, inZ] = [prepared, zScores].map((space) =>
      sharedDecoderPredictor(decoder, space, cohort, { engine, name }),
    );
    return keep([inPaper], null, [inZ]);
  };
  if (kind === "control") {
    const only = variants.map((one) => one.name);
    const classOf = only.includes(CLASS_MEAN) ? classesOf(study) : undefined;
    const options = { only, ...(classOf ? { classOf } : {}) };
    const inZ = isStandardized(variants[0]) ? fitControls(zScores, options) : [];
    return await keep(fitControls(prepared, options), null, inZ);
  }
  if (kind === "linear stack") {
    const crossFitted = await opened.crossFit(FIT_DEFAULTS.folds);
    return await keepDecoder(await fitLinearStack(cohort, { rows: split.train, crossFitted }));
  }
  if (kind === "shared decoder") {
    const crossFitted = await opened.crossFit(choices?.folds ?? FIT_DEFAULTS.folds);
    const options = { ...choices, rows: split.train, crossFitted, engine };
    return await keepDecoder(await fitSharedDecoder(cohort, options));
  }
  return await trainAndScore(study, variants[0], { engine, progress, signal }, keep);
}

/** Sample id to class, by the first task that the cohort can answer. */
function classesOf(study: Study): ReadonlyMap<string, Label> {
  const { samples } = study.cohort;
  const values = labelValues(samples, chooseTasks(study).asked[0]);
  return new Map(samples.map(({ id }, i) => [id, values[i]]));
}

interface Means {
  readonly engine: Engine;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

type Keep = (predictors: readonly Predictor[], steps: number) => Promise<boolean>;

async function trainAndScore(
  study: Study,
  { kind, name, setting, model, training }: Variant,
  means: Means,
  keep: Keep,
): Promise<boolean> {
  const { engine, progress, signal } = means;
  const data = study.prepared;
  if (kind === "MODIS") {
    const described = describeModis(study, training);
    const run = await trainRun({ ...described, ...means });
    return await keepScores(run, described, keep, (weights) => {
      const built = buildModis(engine, run.config.spec, weights);
      return { predictor: modisPredictor(name, built, data), dispose: built.dispose };
    });
  }
  const described = describeAro(study, setting, { model, training });
  if (kind === "VAE") {
    const vae = describeVae(described);
    const run = await trainRun({ ...vae, data, ...means });
    return await keepScores(run, vae, keep, (weights) => {
      const built = buildAutoencoder(engine, VAE, run.config.spec, weights);
      return { predictor: modelPredictor(name, built), dispose: built.dispose };
    });
  }
  const run = await trainDescribed(study, described, engine, progress, signal);
  return await keepScores(run, described, keep, (weights) => {
    const built = buildAutoencoder(engine, ARO, run.config.spec, weights);
    return { predictor: modelPredictor(name, built), dispose: built.dispose };
  });
}

/** Keeps the scores of a trained network's predictor, and removes its folder unless it was there before. */
async function keepScores<K extends Kind>(
  { result, epochs, reused, loadWeights }: RunResult<K>,
  { folder }: { readonly folder: string },
  keep: Keep,
  build: (weights: Weights) => { readonly predictor: Predictor; dispose(): void },
): Promise<boolean> {
  if (result.status === "stopped") return false;
  const last = result.weights === "best" ? (result.best?.epoch ?? 0) : result.epochs;
  const steps = epochs.slice(0, last).reduce((sum, epoch) => sum + epoch.steps, 0);
  const { predictor, dispose } = build(await loadWeights());
  try {
    await keep([predictor], steps);
  } finally {
    dispose();
  }
  if (!reused) await rm(folder, { recursive: true }); // hundreds of megabytes a split
  return true;
}

/** Its latent space is as narrow beside its width, and its divergence warms up as long, as in the authors' code. */
const VAE_SETTINGS = { latentShare: 0.5, klWeight: 1, warmUpShare: 0.75 } as const;

/** Describes the training of a VAE of ARO's width and depth, with the settings of ARO's. */
function describeVae({ config, folder }: DescribedRun) {
  const { features, visible, width, hiddenLayers, output, hiddenDropout } = config.spec;
  const { latentShare, klWeight, warmUpShare } = VAE_SETTINGS;
  const { epochs } = completeSettings(config.training);
  const spec: VaeSpec = {
    ...{ features, visible, width, encoderLayers: hiddenLayers, decoderLayers: hiddenLayers },
    ...{ latent: Math.ceil(latentShare * width), output, hiddenDropout, klWeight },
    warmUpEpochs: Math.round(warmUpShare * epochs),
  };
  return {
    folder: `${folder}-vae`,
    config: { ...config, model: "VAE", spec } satisfies RunRequest<"VAE">,
  };
}

/**
 * Reads what a finished run left, or null if it is not finished.
 * @throws Error if the file is damaged.
 */
export async function readSplit({
  folder,
  hash,
}: Pick<SplitRun, "folder" | "hash">): Promise<ScoredSplit | null> {
  const file = join(folder, FILE);
  const found = await readOptionalJson<ScoredSplit>(
    file,
    (content) => content !== null,
    (start) =>
      `readSplit: expected JSON in ${relative(projectRoot(), file)}, got "${start}"; delete it`,
  );
  return found?.hash === hash ? found : null;
}
