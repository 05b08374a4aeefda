// Profiles: cohort, model, training and evaluation settings of a run of the notebooks, each from a cohort file.
import { readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  chooseLabels,
  describeCohortFile,
  type Outcomes,
  type SourceName,
} from "../cohort/cohort-file.js";
import { projectRoot } from "../cohort/root.js";
import { type Engine, isPortable } from "../engine/engine.js";
import { type AroSpec, PAPER_MODEL } from "../model/aro.js";
import { didYouMean, unknownName } from "../nearest.js";
import type { SplitOptions } from "../preprocess/split.js";

/** What a run of the notebooks uses: the cohort, the split, the model, and the settings of every notebook. */
export interface Profile {
  /** The name in its cohort file. */
  readonly name: string;
  /** One sentence, printed at the top of a notebook. */
  readonly about: string;
  /** Where the cohort comes from: a source with a reader of its own, or the tables of a cohort file. */
  readonly cohort: SourceName | { readonly file: string };
  readonly split: Required<SplitOptions>;
  readonly model: Omit<AroSpec, "features" | "visible">;
  readonly training: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly weightDecay: number;
    /** Of weights, dropout and batches. */
    readonly seed: number;
  };
  /** How tuning is reduced against the paper's; see `tuningSpace`. */
  readonly tuning: {
    /** Trials of each search. */
    readonly trials: number;
    readonly epochs: number;
    /** Approximate number of features to tune on, evenly spaced in every modality. */
    readonly features: number;
    readonly minWidth: number;
    readonly maxWidth: number;
    readonly minLearningRate: number;
    readonly maxLearningRate: number;
    /** Of the search. */
    readonly seed: number;
  };
  /** Seeds of the experiments, and the reduced size of those with the authors' differences; see `experimentsOf`. */
  readonly experiments: {
    /** Runs of each variant; the first has the seed of `training`. */
    readonly seeds: number;
    /** Full-size runs that notebook 8 trains if they are missing; `aro train seeds` trains all. */
    readonly seedsInNotebook: number;
    /** Approximate number of features of the reduced experiments, evenly spaced in every modality. */
    readonly features: number;
    readonly width: number;
    readonly epochs: number;
    readonly learningRate: number;
  };
  readonly labels: {
    /** Shown in the description of the cohort. */
    readonly described: readonly string[];
    /** Labels to classify, where the cohort records them; the first is the easy one. */
    readonly tasks: readonly string[];
    /** Labels that might predict a task without any measurement. */
    readonly covariates: readonly string[];
  };
  readonly outcomes: Outcomes;
  readonly evaluation: {
    /** Bootstrap draws behind each interval. */
    readonly draws: number;
    /** Stratified, patient-grouped folds of the classifiers. */
    readonly folds: number;
    /** Repeats of the cross-validation, with new folds each. */
    readonly repeats: number;
    /** Patient-grouped splits of the experiment over splits. */
    readonly splits: number;
    /** Splits on which any set of modalities infers any other. */
    readonly setSplits: number;
    /** Splits on which hidden cells are inferred. */
    readonly cellSplits: number;
    /** Approximate number of features of these two measurements, as many of each modality. */
    readonly setFeatures: number;
  };
}

/** The settings of a cohort whose file states none. */
const DEFAULTS: Omit<Profile, "name" | "about" | "cohort" | "labels"> = {
  split: { seed: 42, by: "patient" },
  model: PAPER_MODEL,
  training: { epochs: 200, batchSize: 80, learningRate: 1e-5, weightDecay: 0, seed: 0 },
  tuning: {
    trials: 16,
    epochs: 30,
    features: 2000,
    minWidth: 32,
    maxWidth: 256,
    minLearningRate: 1e-4,
    maxLearningRate: 1e-2,
    seed: 0,
  },
  experiments: {
    seeds: 5,
    seedsInNotebook: 1,
    features: 2000,
    width: 128,
    epochs: 200,
    learningRate: 1e-3,
  },
  outcomes: { survival: { time: "survivalMonths", died: "died" }, numbers: ["BMI"] },
  evaluation: {
    draws: 1000,
    folds: 5,
    repeats: 5,
    splits: 20,
    setSplits: 5,
    cellSplits: 3,
    setFeatures: 2000,
  },
};

/** The cohort file of each profile, `data/cohorts/NAME.json`; its name is the profile's. */
function listProfiles(): readonly string[] {
  const files = readdirSync(join(projectRoot(), "data", "cohorts"));
  const names = files.filter((file) => file.endsWith(".json"));
  return names.map((file) => basename(file, ".json")).sort();
}

function fileOf(profile: string): string {
  return join(projectRoot(), "data", "cohorts", `${profile}.json`);
}

/** What engines without native code train instead, to finish in minutes; the learning rate was chosen on UCEC by validation loss. */
const NARROW = { width: 256, learningRate: 5e-4 };

/** Whether a profile's cohort is the paper's own two, so that a number may replicate one of the paper's. */
export function replicatesPaper({ cohort }: Profile): boolean {
  return cohort === "paper";
}

/** Whether a profile's models are wider on the native engine: all but those of the small simulated cohort. */
export function profitsFromNative({ cohort }: Profile): boolean {
  return cohort !== "simulate";
}

/**
 * Gives the profile of the cohort file ARO_COHORT, or the one that ARO_PROFILE names (default "ucec"), as the engine trains it, changed by the settings in ARO_SET,
 * e.g. `training.epochs=20,model.width=128`. Without an engine, the model and its training are those of the native one.
 * @throws RangeError naming an unknown profile or setting and what there is, or the faults of a cohort file; TypeError
 * for a value of the wrong kind.
 */
export function readProfile(
  env: Readonly<Record<string, string | undefined>> = process.env,
  engine?: Pick<Engine, "name" | "backend">,
): Profile {
  const name = env.ARO_PROFILE || "ucec";
  const known = listProfiles();
  if (!env.ARO_COHORT && !known.includes(name)) {
    throw unknownName("readProfile", name, known, "a profile of");
  }
  const profile = profileOfFile(
    env.ARO_COHORT ? resolve(projectRoot(), env.ARO_COHORT) : fileOf(name),
  );
  const changes = (env.ARO_SET ?? "").split(",").filter((text) => text.trim() !== "");
  return changes.reduce(
    (before, change) => changeSetting(before, change),
    engine && isPortable(engine) ? narrow(profile) : profile,
  );
}

/** The profile of a cohort file: the default settings, and what the file says. */
function profileOfFile(file: string): Profile {
  const description = describeCohortFile(file);
  const { name, about = `The cohort of ${file}.`, source, settings = {} } = description;
  if (listProfiles().includes(name) && file !== fileOf(name)) {
    throw new RangeError(
      `${file}: expected a name other than the profiles' ${listProfiles().join(", ")}, got "${name}"`,
    );
  }
  const changed = Object.entries(settings).reduce(
    (profile, [path, value]) => changeSetting(profile, `${path}=${value}`, file),
    {
      ...DEFAULTS,
      name,
      about,
      cohort: source ?? { file },
      outcomes: { ...DEFAULTS.outcomes, ...description.outcomes },
      labels: { described: [], tasks: [], covariates: [] },
    } as Profile,
  );
  const { describe, predict, covariates } = chooseLabels(
    file,
    description,
    changed.evaluation.folds,
  );
  return { ...changed, labels: { described: describe, tasks: predict, covariates } };
}

function narrow(profile: Profile): Profile {
  if (!profitsFromNative(profile)) return profile;
  const { width, learningRate } = NARROW;
  return {
    ...profile,
    model: { ...profile.model, width },
    training: { ...profile.training, learningRate },
  };
}

let ownProfile: Profile | undefined; // the default one, read once: every run asks for its folders

/**
 * Finds where a profile's runs, records and publications are. Only the default profile with its own settings publishes
 * into the tracked folders; records, the scores of experiments that take long to train, are always tracked.
 */
export function foldersOf(profile: Profile) {
  const root = projectRoot();
  const runs = join(root, "data", "runs", profile.name);
  ownProfile ??= readProfile({});
  const published = isDeepStrictEqual(profile, ownProfile) ? root : runs;
  return {
    runs,
    records: join(root, "data", "records", profile.name),
    figures: join(published, "figures"),
    notebooks: join(published, "notebooks"),
  };
}

/** Changes one setting, `KEY=VALUE`. */
function changeSetting(profile: Profile, change: string, where = "readProfile"): Profile {
  const [path, text] = change.split("=").map((part) => part.trim());
  const known = settingsOf(profile);
  if (text === undefined || !Object.hasOwn(known, path)) {
    throw new RangeError(
      `${where}: expected KEY=VALUE with a key of ${Object.keys(known).join(", ")}, got "${change}"` +
        didYouMean(path, Object.keys(known)),
    );
  }
  const [group, key] = path.split(".");
  const before = known[path];
  const value = typeof before === "boolean" ? text === "true" : text;
  const choices = CHOICES[path];
  if (choices && !choices.includes(text)) {
    throw new RangeError(`${where}: expected ${path} to be ${choices.join(" or ")}, got "${text}"`);
  }
  type Group = "split" | "model" | "training" | "tuning" | "experiments" | "evaluation";
  const own = typeof before === "number" ? readNumber(where, path, text) : value;
  return { ...profile, [group]: { ...profile[group as Group], [key]: own } };
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  "split.by": ["patient", "sample"],
  "model.output": ["softplus", "relu"],
  "model.batchNorm": ["true", "false"],
};

/** Rates, decay and dropout are shares or factors; everything else counts something. */
function readNumber(where: string, path: string, text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) {
    throw new TypeError(`${where}: expected a number for ${path}, got "${text}"`);
  }
  const isShare = path.endsWith("Dropout");
  const least = /seed$|hiddenLayers$/.test(path) ? 0 : 1;
  const [fits, expected] = isShare
    ? [value >= 0 && value < 1, "a share from 0 to below 1"]
    : /Rate$|Decay$/.test(path)
      ? [value >= 0, "a number of at least 0"]
      : [Number.isInteger(value) && value >= least, `a whole number of at least ${least}`];
  if (fits) return value;
  throw new RangeError(`${where}: expected ${path} to be ${expected}, got ${value}`);
}

/** Every setting that may be changed, by its path; zeroed columns depend on the cohort and may not. */
function settingsOf(profile: Profile): Record<string, number | string | boolean> {
  const { split, training, tuning, experiments, evaluation } = profile;
  const { zeroed: _, ...model } = profile.model;
  const groups = { split, model, training, tuning, experiments, evaluation };
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, settings]) =>
      Object.entries(settings).map(([key, value]) => [`${group}.${key}`, value]),
    ),
  );
}
