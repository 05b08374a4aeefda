// Runs over splits: each fits one model, or all controls of a group, on a split of its own, and keeps the scores alone.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Label } from "../cohort/cohort.js";
import { replaceJson } from "../cohort/durable-file.js";
import { labelValues } from "../cohort/labels.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { fitControls } from "../evaluate/controls.js";
import { modelPredictor, modisPredictor, type Predictor } from "../evaluate/predictor.js";
import { type RepeatedScore, scoreRepeat } from "../evaluate/repeated-splits.js";
import { type CrossFit, crossFit, FIT_DEFAULTS, fitSharedDecoder } from "../impute/fit.js";
import { sharedDecoderPredictor } from "../impute/infer.js";
import { fitLinearStack } from "../impute/linear-stack.js";
import { ARO } from "../model/aro.js";
import { buildAutoencoder } from "../model/autoencoder.js";
import type { Weights } from "../model/model.js";
import { buildModis } from "../model/modis.js";
import { VAE, type VaeSpec } from "../model/vae.js";
import { asZScores, type Part } from "../preprocess/prepare.js";
import { hashCohort, type RunRequest } from "../train/config.js";
import { describeEnvironment, type RunEnvironment } from "../train/environment.js";
import { type RunResult, trainRun } from "../train/run.js";
import { completeSettings } from "../train/settings.js";
import { describeModis, MODIS_TRAINING } from "./modis.js";
import type { RunMeans, ScoredRun } from "./planned-runs.js";
import { foldersOf } from "./profile.js";
import { type DescribedRun, describeAro, onSplit, type Study, trainDescribed } from "./study.js";
import { chooseTasks } from "./tasks.js";
import { CLASS_MEAN, type Variant } from "./variants.js";

/** A split with what several runs of it share. */
interface OpenedSplit {
  readonly study: Study;
  /** The shared decoder's paths, by the number of folds; fitted when first asked for. */
  crossFit(folds: number): Promise<CrossFit>;
}

/** What a finished run leaves. */
interface ScoredSplit {
  readonly hash: string;
  readonly environment: RunEnvironment;
  readonly scores: readonly RepeatedScore[];
}

/** Of what a run computes; scores of another version are other scores. */
const VERSION = 1;
/** The same of what is scored on z-scores too. */
const STANDARDIZED_VERSION = 2;
const FILE = "scores.json";

/**
 * Returns what describes the run of a variant on the split of a seed; all controls of a split are one run.
 * @param experiment the parts that it scores.
 */
export function describeSplit(study: Study, { parts }: { readonly parts: readonly Part[] }) {
  const { profile, cohort } = study;
  const about = [hashCohort(cohort), cohort.features, cohort.samples.map(({ patient }) => patient)];
  const fingerprint = createHash("sha256").update(JSON.stringify(about)).digest("hex");
  let opened: { readonly key: string; readonly split: OpenedSplit } | null = null;
  const open = (seed: number, rows?: number): OpenedSplit => {
    const key = `${seed} ${rows}`;
    if (opened?.key !== key) opened = { key, split: openSplit(study, seed, rows) };
    return opened.split;
  };
  return (variant: Variant, seed: number, all: readonly Variant[]): Omit<ScoredRun, "number"> => {
    const { kind = "ARO", name, group, model, training, decoder, rows } = variant;
    const variants = kind === "control" ? all.filter((one) => one.group === group) : [variant];
    const settings = { ...(kind === "MODIS" ? MODIS_TRAINING : profile.training), ...training };
    const isNetwork = kind === "ARO" || kind === "VAE" || kind === "MODIS";
    const epochs = isNetwork
      ? completeSettings({ ...settings, seed: profile.training.seed }).epochs
      : null;
    const version = isStandardized(variant) ? STANDARDIZED_VERSION : VERSION;
    const what = {
      version,
      kind,
      seed,
      by: profile.split.by,
      cohort: fingerprint,
      ...(parts.join() === "test" ? {} : { parts }),
      ...(decoder ? { decoder } : {}),
      ...(rows ? { rows } : {}),
      ...(kind === "control" ? { names: variants.map((one) => one.name) } : {}),
      ...(kind === "ARO" || kind === "VAE" ? { model: { ...profile.model, ...model } } : {}),
      ...(isNetwork ? { training: settings } : {}),
      ...(kind === "VAE" ? VAE_SETTINGS : {}),
    };
    const hash = createHash("sha256").update(JSON.stringify(what)).digest("hex");
    const title = group ?? name;
    const cut = rows ? `, ${rows} samples` : "";
    const words = `${title}${cut}`.toLowerCase().match(/[a-z0-9]+/g) ?? [];
    const own = `${words.join("-")}-${seed}-${hash.slice(0, 8)}`;
    const folder = join(foldersOf(profile).runs, "splits", own);
    const read = async () => await readSplit(folder, hash);
    return {
      name: `${title}, seed ${seed}`,
      seed,
      hash,
      epochs,
      folder,
      state: async () => ({ state: (await read()) ? "done" : "missing", epoch: 0 }),
      carryOut: async (means) => {
        const opened = open(seed, rows);
        const fitted = await fitVariants(variants, opened, means);
        if (fitted === null) return false;
        try {
          const scores = await scoreFitted(fitted, opened.study, parts);
          const environment = await describeEnvironment(means.engine);
          await mkdir(folder, { recursive: true });
          const scored: ScoredSplit = { hash, environment, scores };
          await replaceJson(join(folder, FILE), scored);
        } finally {
          fitted.dispose?.();
        }
        if (fitted.leftover !== undefined) await rm(fitted.leftover, { recursive: true });
        return true;
      },
      environment: async () => (await read())!.environment,
      score: async (wanted) => {
        const names = wanted.map((one) => one.name);
        const { scores } = (await read())!;
        return { scores: scores.filter((one) => names.includes(one.variant)), accuracies: [] };
      },
    };
  };
}

/** Whether a variant is scored on z-scores and in measured units too. */
function isStandardized({ kind, group }: Variant): boolean {
  return kind === "shared decoder" || kind === "linear stack" || group === "linear controls";
}

/** Splits a study's cohort anew, with all training samples or the first so many. */
function openSplit(whole: Study, splitSeed: number, rows?: number): OpenedSplit {
  const study = onSplit(whole, splitSeed, rows);
  const { networks, seed } = FIT_DEFAULTS;
  const fitted = new Map<number, Promise<CrossFit>>();
  return {
    study,
    crossFit(folds) {
      const options = { rows: study.split.train, folds, networks, seed };
      const found = fitted.get(folds) ?? crossFit(study.cohort, options);
      fitted.set(folds, found);
      return found;
    },
  };
}

/** What is scored on a split. */
interface Fitted {
  /** In the paper's space. */
  readonly predictors: readonly Predictor[];
  /** The same ones in z-scores, where they predict them. */
  readonly inZ?: readonly Predictor[];
  /** Training steps behind the weights; null in closed form. */
  readonly steps: number | null;
  /** Frees the network. */
  readonly dispose?: () => void;
  /** The folder of a network that was trained for this run alone: hundreds of megabytes, removed after scoring. */
  readonly leftover?: string;
}

/** Scores what was fitted: in the paper's space, and what predicts z-scores in these and in measured units besides. */
async function scoreFitted(
  { predictors, inZ = [], steps }: Fitted,
  { prepared, cohort, profile }: Study,
  parts: readonly Part[],
): Promise<RepeatedScore[]> {
  const options = { seed: profile.split.seed, parts, steps };
  const scores = await scoreRepeat(predictors, prepared, options);
  if (inZ.length === 0) return scores;
  const measured = cohort.matrix;
  return [...scores, ...(await scoreRepeat(inZ, asZScores(prepared), { ...options, measured }))];
}

/** Fits the variants of one run on the training rows of a split; null if it was interrupted. */
async function fitVariants(
  variants: readonly Variant[],
  opened: OpenedSplit,
  means: RunMeans,
): Promise<Fitted | null> {
  const [{ kind = "ARO", decoder: choices }] = variants;
  const { cohort, split, prepared } = opened.study;
  if (kind === "control") {
    const only = variants.map(({ name }) => name);
    const classOf = only.includes(CLASS_MEAN) ? classesOf(opened.study) : undefined;
    const options = { only, ...(classOf ? { classOf } : {}) };
    const inZ = isStandardized(variants[0]) ? fitControls(asZScores(prepared), options) : [];
    return { predictors: fitControls(prepared, options), inZ, steps: null };
  }
  if (kind !== "linear stack" && kind !== "shared decoder") {
    return await trainNetwork(variants[0], opened.study, means);
  }
  const { engine } = means;
  const crossFitted = await opened.crossFit(choices?.folds ?? FIT_DEFAULTS.folds);
  const decoder =
    kind === "linear stack"
      ? await fitLinearStack(cohort, split.train, crossFitted)
      : await fitSharedDecoder(cohort, { ...choices, rows: split.train, crossFitted, engine });
  const [inPaper, inZ] = [prepared, asZScores(prepared)].map((space) =>
    sharedDecoderPredictor(decoder, space, cohort, { engine, name: variants[0].name }),
  );
  return { predictors: [inPaper], inZ: [inZ], steps: null };
}

/** Sample id to class, by the first task that the cohort can answer. */
function classesOf(study: Study): ReadonlyMap<string, Label> {
  const { samples } = study.cohort;
  const values = labelValues(samples, chooseTasks(study).asked[0]);
  return new Map(samples.map(({ id }, i) => [id, values[i]]));
}

/** Trains an ARO, a VAE or a MODIS, each in a folder of its own; null if it was interrupted. */
async function trainNetwork(
  { kind, name, setting, model, training }: Variant,
  study: Study,
  means: RunMeans,
): Promise<Fitted | null> {
  const { engine } = means;
  const data = study.prepared;
  if (kind === "MODIS") {
    const described = describeModis(study, training);
    const run = await trainRun({ ...described, ...means });
    return await openNetwork(run, described.folder, (weights) => {
      const built = buildModis(engine, run.config.spec, weights);
      return { predictor: modisPredictor(name, built, data), dispose: built.dispose };
    });
  }
  const described = describeAro(study, setting, { model, training });
  if (kind === "VAE") {
    const vae = describeVae(described);
    const run = await trainRun({ ...vae, data, ...means });
    return await openNetwork(run, vae.folder, (weights) => {
      const built = buildAutoencoder(engine, VAE, run.config.spec, weights);
      return { predictor: modelPredictor(name, built), dispose: built.dispose };
    });
  }
  const run = await trainDescribed(study, described, means);
  return await openNetwork(run, described.folder, (weights) => {
    const built = buildAutoencoder(engine, ARO, run.config.spec, weights);
    return { predictor: modelPredictor(name, built), dispose: built.dispose };
  });
}

/** Builds a trained network. A folder that was there before is no leftover. */
async function openNetwork<Spec>(
  { result, epochs, reused, loadWeights }: RunResult<Spec>,
  folder: string,
  build: (weights: Weights) => { readonly predictor: Predictor; dispose(): void },
): Promise<Fitted | null> {
  if (result.status === "stopped") return null;
  const last = result.weights === "best" ? (result.best?.epoch ?? 0) : result.epochs;
  const steps = epochs.slice(0, last).reduce((sum, epoch) => sum + epoch.steps, 0);
  const { predictor, dispose } = build(await loadWeights());
  return { predictors: [predictor], steps, dispose, ...(reused ? {} : { leftover: folder }) };
}

/** Its latent space is as narrow beside its width, and its divergence warms up as long, as in the authors' code. */
const VAE_SETTINGS = { latentShare: 0.5, klWeight: 1, warmUpShare: 0.75 } as const;

/** Describes the training of a VAE of ARO's width and depth, with the settings of ARO's. */
function describeVae({ config, folder }: DescribedRun) {
  const { features, visible, width, hiddenLayers, output, hiddenDropout } = config.spec;
  const { latentShare, klWeight, warmUpShare } = VAE_SETTINGS;
  const { epochs } = completeSettings(config.training);
  const spec: VaeSpec = {
    features,
    visible,
    width,
    encoderLayers: hiddenLayers,
    decoderLayers: hiddenLayers,
    latent: Math.ceil(latentShare * width),
    output,
    hiddenDropout,
    klWeight,
    warmUpEpochs: Math.round(warmUpShare * epochs),
  };
  return {
    folder: `${folder}-vae`,
    config: { ...config, model: VAE, spec } satisfies RunRequest<VaeSpec>,
  };
}

/**
 * Reads what a finished run left, or null if it is not finished.
 * @throws Error if the file is damaged.
 */
async function readSplit(folder: string, hash: string): Promise<ScoredSplit | null> {
  const file = join(folder, FILE);
  const found = await readOptionalJson<ScoredSplit>(
    file,
    (content) => content !== null,
    (start) =>
      `readSplit: expected JSON in ${relative(projectRoot(), file)}, got "${start}"; delete it`,
  );
  return found?.hash === hash ? found : null;
}
