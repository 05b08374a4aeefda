// Tuning ARO on a profile's cohort: the paper's space at a smaller size, judged on validation rows alone.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Modality } from "../cohort/cohort.js";
import { UNFINISHED } from "../cohort/durable-file.js";
import { selectColumns } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { observedMean } from "../evaluate/predictor.js";
import { scoreReconstruction } from "../evaluate/reconstruction.js";
import { repeatRow } from "../evaluate/rows.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { completeConfig, type RunRequest } from "../train/config.js";
import { trainRun } from "../train/run.js";
import type { SearchMethod } from "../train/search.js";
import { chooseDimensions, PAPER_SPACE, type Point, type Space } from "../train/space.js";
import type { MedianRule } from "../train/stopping.js";
import type { RunData } from "../train/trainable.js";
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
 * The dimensions in use: the paper's, without the dropout where there is none. Widths and learning rates are the profile's, and the rate is searched by powers of ten, because narrow models
 * at few epochs want rates from a wider range than the paper's.
 */
export function tuningSpace(profile: Profile, inputDropout: boolean): Space {
  const { minWidth, maxWidth, minLearningRate, maxLearningRate } = profile.tuning;
  const names = PAPER_SPACE.map(({ name }) => name).filter(
    (name) => inputDropout || name !== "inputDropout",
  );
  return chooseDimensions(PAPER_SPACE, names, {
    width: { low: minWidth, high: maxWidth },
    learningRate: { low: minLearningRate, high: maxLearningRate, scale: "log" },
  });
}

/** What trials are trained and judged on: every n-th feature of a cohort, training and validation rows alone. */
export interface TuningData {
  readonly data: RunData;
  /** In their columns of the thinned matrices. */
  readonly modalities: readonly Modality[];
}

/** Says of each of `features` columns whether it is among about `count` evenly spaced ones. */
export function evenlySpaced(features: number, count: number): (column: number) => boolean {
  const stride = Math.max(1, Math.round(features / count));
  return (column) => column % stride === 0;
}

/** Takes evenly spaced features, about as many as asked for; each modality keeps its share. */
export function thinFeatures(
  { name, features, modalities, train, validation }: PreparedCohort,
  count: number,
): TuningData {
  const isKept = evenlySpaced(features.length, count);
  const columns = [...features.keys()].filter(isKept);
  const columnsBefore = (end: number) => columns.filter((column) => column < end).length;
  return {
    data: {
      name,
      train: { ...train, matrix: selectColumns(train.matrix, columns) },
      validation: { ...validation, matrix: selectColumns(validation.matrix, columns) },
    },
    modalities: modalities.map((modality) => ({
      ...modality,
      start: columnsBefore(modality.start),
      end: columnsBefore(modality.end),
    })),
  };
}

export interface TuneAroOptions {
  /** By default the profile's. */
  readonly trials?: number;
  /** Whether other processes may work on the same study at the same time; see `tune`. */
  readonly shared?: boolean;
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
  { trials = study.profile.tuning.trials, shared = false, onTrial }: TuneAroOptions = {},
): Promise<Tuning> {
  const { request, data, folder } = describeStudy(study, setup);
  const options: TuneOptions = { ...request, folder, trials, shared, data, engine };
  return await tune(onTrial ? { ...options, onTrial } : options);
}

/**
 * Reads what `tuneAro` left.
 * @throws Error if there is no study of these settings and data.
 */
export async function readTuned(study: Study, setup: Setup): Promise<Tuning> {
  return await readTuning(describeStudy(study, setup).folder);
}

/**
 * Reads what `tuneAro` left; null if it has not begun.
 * @throws Error naming the folder or the file if the study is damaged.
 */
export async function findTuned(study: Study, setup: Setup): Promise<Tuning | null> {
  const { folder } = describeStudy(study, setup);
  const names = existsSync(folder) ? await readdir(folder) : [];
  return names.every((name) => UNFINISHED.test(name)) ? null : await readTuning(folder);
}

/**
 * The validation Huber losses that tuning has to beat: of a constant, the mean of observed training values, and of the
 * profile's own setting, unmasked, trained as a trial is.
 */
export async function tuningReferences(
  study: Study,
  inputDropout: boolean,
  engine: Engine,
): Promise<{ readonly constant: number; readonly untuned: number }> {
  const { profile, prepared } = study;
  const { data, modalities } = thinFeatures(prepared, profile.tuning.features);
  const baseline = observedMean(data);
  const scores = scoreReconstruction({
    truth: data.validation,
    predicted: new Float32Array(repeatRow(baseline, data.validation.matrix.rows)),
    ...{ baseline, modalities, scaler: prepared.scaler, draws: 1 },
  });
  const { model, training } = profile;
  const { learningRate, weightDecay } = training;
  const dropout = inputDropout ? model.inputDropout : 0;
  const { width, hiddenLayers, batchNorm } = model;
  const config = requestOf(profile, data, modalities[0], {
    ...{ inputDropout: dropout, width, hiddenLayers, batchNorm },
    ...{ masked: false, learningRate, weightDecay },
  });
  const { hash } = completeConfig(config, data);
  const folder = join(foldersOf(profile).runs, `untuned-${hash.slice(0, 8)}`);
  const run = await trainRun({ folder, config, data, engine });
  return { constant: scores.at(-1)!.huber!.value, untuned: run.result.best!.huber };
}

/** The settings of a point as `--set` takes them, for a training at full size. */
export function tunedSettings(point: Point): string {
  const paths: Readonly<Record<string, string>> = {
    inputDropout: "model.inputDropout",
    width: "model.width",
    hiddenLayers: "model.hiddenLayers",
    batchNorm: "model.batchNorm",
    learningRate: "training.learningRate",
    weightDecay: "training.weightDecay",
  };
  return Object.entries({ inputDropout: 0, ...point })
    .flatMap(([name, value]) => {
      if (!paths[name]) return [];
      const text = typeof value === "number" ? Number(value.toPrecision(3)) : value;
      return [`${paths[name]}=${text}`];
    })
    .join(",");
}

export interface TuningSummary {
  readonly setup: string;
  readonly search: SearchMethod;
  readonly trials: number;
  readonly finished: number;
  readonly stopped: number;
  readonly failed: number;
  /** Of all trials together: what the search cost. */
  readonly epochs: number;
  /** The lowest validation Huber loss of a finished trial. */
  readonly loss: number | null;
  /** The place of that trial in the order, from 1. */
  readonly foundAt: number | null;
}

/** Counts a study's trials and says what the best of them reached. */
export function summarizeTuning({ config, trials, best }: Tuning): TuningSummary {
  const having = (wanted: Trial["status"]) =>
    trials.filter(({ status }) => status === wanted).length;
  return {
    setup: setupName({ inputDropout: config.space.some(({ name }) => name === "inputDropout") }),
    search: config.method,
    trials: trials.length,
    finished: having("finished"),
    stopped: having("stopped"),
    failed: having("failed"),
    epochs: trials.reduce((sum, { epochs }) => sum + epochs, 0),
    loss: best?.loss ?? null,
    foundAt: best && best.number + 1,
  };
}

function describeStudy({ profile, prepared }: Study, setup: Setup) {
  const { data, modalities } = thinFeatures(prepared, profile.tuning.features);
  const request: StudyRequest = {
    method: setup.method,
    space: tuningSpace(profile, setup.inputDropout),
    seed: profile.tuning.seed,
    stopping: ruleOf(profile),
    request: (point) => requestOf(profile, data, modalities[0], point),
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

/** The run that a point stands for. */
export function requestOf(
  { name, model, training, tuning }: Profile,
  data: RunData,
  { start, end }: Modality,
  point: Point,
): RunRequest {
  return {
    spec: {
      ...model,
      features: data.train.matrix.columns,
      width: Number(point.width),
      hiddenLayers: Number(point.hiddenLayers),
      inputDropout: Number(point.inputDropout ?? 0),
      batchNorm: point.batchNorm === true,
      visible: point.masked === true ? { start, end } : null,
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
