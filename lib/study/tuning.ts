// Tuning ARO on a profile's cohort: the paper's space at a smaller size, judged on validation rows alone.
import { join } from "node:path";
import { selectColumns } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { constantPredictor, observedMean } from "../evaluate/predictor.js";
import type { AutoencoderSpec } from "../model/autoencoder.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import type { RunData, RunRequest } from "../train/config.js";
import type { SearchMethod } from "../train/search.js";
import {
  chooseDimensions,
  PAPER_SPACE,
  type Point,
  type Space,
  TRAINABLE,
} from "../train/space.js";
import type { MedianRule } from "../train/stopping.js";
import type { Trial } from "../train/trial.js";
import {
  completeStudy,
  readTuning,
  type StudyRequest,
  type TuneOptions,
  type Tuning,
  tune,
} from "../train/tune.js";
import { foldersOf, type Profile } from "./profile.js";
import type { Study } from "./study.js";

/** The paper tunes twice: with a share of the input dropped, which is tuned as well, and with none. Source: Figure 4. */
export interface Setup {
  readonly method: SearchMethod;
  readonly inputDropout: boolean;
}

/** The names of the setups, as figures and tables write them. */
export function setupName({ inputDropout }: Pick<Setup, "inputDropout">): string {
  return `${inputDropout ? "with" : "without"} input dropout`;
}

/**
 * The dimensions in use: the paper's, without those that the engines cannot train, and without the dropout where there
 * is none. Widths and learning rates are the profile's, and the rate is searched by powers of ten, because narrow models
 * at few epochs want rates from a wider range than the paper's.
 */
export function tuningSpace(profile: Profile, inputDropout: boolean): Space {
  const { minWidth, maxWidth, minLearningRate, maxLearningRate } = profile.tuning;
  const names = TRAINABLE.filter((name) => inputDropout || name !== "inputDropout");
  return chooseDimensions(PAPER_SPACE, names, {
    width: { low: minWidth, high: maxWidth },
    learningRate: { low: minLearningRate, high: maxLearningRate, scale: "log" },
  });
}

/** What trials are trained and judged on: every n-th feature of the cohort, and which of them are the first modality's. */
export interface TuningData {
  readonly data: RunData;
  readonly visible: NonNullable<AutoencoderSpec["visible"]>;
}

/** Takes evenly spaced features, about as many as asked for and one at least of the first modality. */
export function thinFeatures(
  { name, features, modalities, train, validation }: PreparedCohort,
  count: number,
): TuningData {
  const stride = Math.max(1, Math.round(features.length / count));
  const columns = features.flatMap((_, i) => (i % stride === 0 ? [i] : []));
  return {
    data: {
      name,
      train: { ...train, matrix: selectColumns(train.matrix, columns) },
      validation: { ...validation, matrix: selectColumns(validation.matrix, columns) },
    },
    visible: { start: 0, end: columns.filter((column) => column < modalities[0].end).length },
  };
}

export interface TuneAroOptions {
  /** By default the profile's. */
  readonly trials?: number;
  readonly onTrial?: (trial: Trial) => void;
}

/**
 * Tunes ARO in one setup; a study of the same settings and data goes on where it stood.
 * The test rows are not handed on: the type of a run's data has no place for them.
 */
export async function tuneAro(
  study: Study,
  setup: Setup,
  engine: Engine,
  { trials = study.profile.tuning.trials, onTrial }: TuneAroOptions = {},
): Promise<Tuning> {
  const { request, data, folder } = describeStudy(study, setup);
  const options: TuneOptions = { ...request, folder, trials, data, engine };
  return await tune(onTrial ? { ...options, onTrial } : options);
}

/**
 * Reads what `tuneAro` left.
 * @throws Error if there is no study of these settings and data.
 */
export async function readTuned(study: Study, setup: Setup): Promise<Tuning> {
  return await readTuning(describeStudy(study, setup).folder);
}

/** The validation Huber loss of a constant, the mean of observed training values, on the features that are tuned on. */
export async function constantLoss(study: Study): Promise<number> {
  const { data } = thinFeatures(study.prepared, study.profile.tuning.features);
  const { matrix } = data.validation;
  const predicted = await constantPredictor("mean", observedMean(data)).predict(data.validation);
  let sum = 0;
  let count = 0;
  matrix.values.forEach((value, i) => {
    if (!matrix.observed[i]) return;
    const size = Math.abs(predicted[i] - value);
    sum += size <= 1 ? size ** 2 / 2 : size - 0.5;
    count++;
  });
  return sum / count;
}

/** The settings of a point as `--set` takes them, for a training at full size. */
export function settingsOf(point: Point): string {
  const paths: Readonly<Record<string, string>> = {
    inputDropout: "model.inputDropout",
    width: "model.width",
    hiddenLayers: "model.hiddenLayers",
    learningRate: "training.learningRate",
    weightDecay: "training.weightDecay",
  };
  return Object.entries({ inputDropout: 0, ...point })
    .flatMap(([name, value]) => {
      if (!paths[name]) return [];
      return [`${paths[name]}=${Number(Number(value).toPrecision(3))}`];
    })
    .join(",");
}

function describeStudy({ profile, prepared }: Study, setup: Setup) {
  const { data, visible } = thinFeatures(prepared, profile.tuning.features);
  const request: StudyRequest = {
    method: setup.method,
    space: tuningSpace(profile, setup.inputDropout),
    seed: profile.tuning.seed,
    stopping: ruleOf(profile),
    request: (point) => requestOf(profile, data, visible, point),
  };
  const { hash } = completeStudy(request, data);
  const setting = setup.inputDropout ? "dropout" : "no-dropout";
  const name = `tune-${setup.method}-${setting}-${hash.slice(0, 8)}`;
  return { request, data, folder: join(foldersOf(profile).runs, name) };
}

/** A trial is judged after a quarter of its epochs, and beside four others. */
function ruleOf({ tuning }: Profile): MedianRule {
  return { afterEpochs: Math.max(1, Math.floor(tuning.epochs / 4)), afterTrials: 4 };
}

function requestOf(
  { name, model, training, tuning }: Profile,
  data: RunData,
  visible: NonNullable<AutoencoderSpec["visible"]>,
  point: Point,
): RunRequest {
  return {
    spec: {
      ...model,
      features: data.train.matrix.columns,
      width: Number(point.width),
      hiddenLayers: Number(point.hiddenLayers),
      inputDropout: Number(point.inputDropout ?? 0),
      visible: point.masked === true ? visible : null,
    },
    training: {
      ...training,
      epochs: tuning.epochs,
      learningRate: Number(point.learningRate),
      weightDecay: Number(point.weightDecay),
    },
    about: { profile: name, purpose: "tuning" },
  };
}
