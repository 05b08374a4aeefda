// Tuning ARO on a profile's cohort: the paper's search space at a smaller size, judged on what validation rows infer.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Modality } from "../cohort/cohort.js";
import { UNFINISHED } from "../cohort/durable-file.js";
import { selectColumns } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { constantPredictor, observedMean } from "../evaluate/predictor.js";
import { scorePredictors } from "../evaluate/reconstruction.js";
import { ARO } from "../model/aro.js";
import type { RunData } from "../model/batches.js";
import { checkOptions, required } from "../options.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { completeConfig, type RunRequest } from "../train/config.js";
import { trainRun } from "../train/run.js";
import type { SearchMethod } from "../train/search.js";
import {
  type Dimension,
  type NumberDimension,
  PAPER_SPACE,
  type Point,
  type Space,
} from "../train/space.js";
import type { Trial } from "../train/trial.js";
import { completeStudy, readTuning, type StudyRequest, type Tuning, tune } from "../train/tune.js";
import { foldersOf, type Profile } from "./profile.js";
import { evenlySpaced } from "./reduced.js";
import type { Study } from "./study.js";

/** One of the paper's two searches, with input dropout (whose share is tuned too) or without. Source: Figure 4. */
export interface Setup {
  readonly method: SearchMethod;
  readonly inputDropout: boolean;
}

/** A search for settings of ARO. */
export interface AroTuning extends Tuning {
  /** "with input dropout" or "without input dropout". */
  readonly setup: string;
  readonly summary: TuningSummary;
  /** The best point's settings, as `--set` takes them for a training at full size; null if no trial has finished. */
  readonly settings: string | null;
}

function setupName({ inputDropout }: Pick<Setup, "inputDropout">): string {
  return `${inputDropout ? "with" : "without"} input dropout`;
}

/**
 * The dimensions of a search: the paper's, with the profile's ranges of widths and learning rates. The rate is searched
 * on a logarithmic scale, because narrow models at few epochs need rates from a wider range than the paper's.
 */
export function tuningSpace(profile: Profile, inputDropout: boolean): Space {
  const { minWidth, maxWidth, minLearningRate, maxLearningRate } = profile.tuning;
  const ranges: Readonly<Record<string, Partial<Omit<NumberDimension, "name" | "kind">>>> = {
    width: { low: minWidth, high: maxWidth },
    learningRate: { low: minLearningRate, high: maxLearningRate, scale: "log" },
  };
  return PAPER_SPACE.filter(({ name }) => inputDropout || name !== "inputDropout").map(
    (dimension) => ({ ...dimension, ...ranges[dimension.name] }),
  );
}

/** The data of trials: every n-th feature of a cohort, training and validation rows alone. */
export interface TuningData extends RunData {
  readonly modalities: readonly Modality[];
}

/** Takes about `count` evenly spaced features; each modality keeps its share. */
export function thinFeatures(
  { name, features, modalities, train, validation }: PreparedCohort,
  count: number,
): TuningData {
  const columns = [...features.keys()].filter(evenlySpaced(features.length, count));
  const columnsBefore = (end: number) => columns.filter((column) => column < end).length;
  return {
    name,
    modalities: modalities.map((modality) => ({
      ...modality,
      start: columnsBefore(modality.start),
      end: columnsBefore(modality.end),
    })),
    train: { ...train, matrix: selectColumns(train.matrix, columns) },
    validation: { ...validation, matrix: selectColumns(validation.matrix, columns) },
  };
}

export interface TuneAroOptions {
  /** By default the profile's. */
  readonly trials?: number;
  /** Whether other processes may work on the same search at the same time; see `tune`. By default false. */
  readonly shared?: boolean;
  /** Called after each trial. */
  readonly onTrial?: (trial: Trial) => void;
}

/**
 * Tunes ARO in one setup, and resumes a search of the same settings and data. A trial's loss counts the inferred
 * modalities alone. It never sees the test rows.
 * @throws RangeError if the number of trials is not a positive whole number.
 */
export async function tuneAro(
  study: Study,
  setup: Setup,
  engine: Engine,
  options: TuneAroOptions = {},
): Promise<AroTuning> {
  checkOptions("tuneAro", setup, {
    method: required(["bayes", "random"]),
    inputDropout: required("boolean"),
  });
  const kinds = { trials: "number", shared: "boolean", onTrial: "function" } as const;
  const { trials = study.profile.tuning.trials, ...given } = checkOptions(
    "tuneAro",
    options,
    kinds,
  );
  const tuning = await tune({ ...describeStudy(study, setup), ...given, trials, engine });
  const settings = tuning.best && tunedSettings(tuning.best.point);
  return { ...tuning, setup: setupName(setup), summary: summarizeTuning(tuning), settings };
}

/** An untuned validation Huber loss over the inferred modalities, which a search should beat. */
export interface TuningReference {
  readonly setup: string;
  readonly name: "constant" | "setting of notebook 3";
  readonly loss: number;
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
 * Computes the references of both setups, on the data of their trials: a constant, the mean of observed training
 * values, and the profile's own setting, unmasked, trained like a trial.
 * @throws Error if it was interrupted; the training resumes when this is called again.
 */
export async function tuningReferences(study: Study, engine: Engine): Promise<TuningReference[]> {
  const { profile, prepared } = study;
  const data = thinFeatures(prepared, profile.tuning.features);
  const mean = constantPredictor("observed mean", observedMean(data));
  const { name, features, scaler, space } = prepared;
  const thinned = {
    name,
    features,
    scaler,
    space,
    modalities: data.modalities,
    train: { ...prepared.train, ...data.train },
    validation: { ...prepared.validation, ...data.validation },
  };
  const scores = await scorePredictors([mean], thinned, { parts: ["validation"], draws: 1 });
  const constant = scores.find(({ modality }) => modality === "inferred")!.huber!;
  const references: TuningReference[] = [];
  for (const inputDropout of [true, false]) {
    const { width, hiddenLayers, batchNorm, ...model } = profile.model;
    const { learningRate, weightDecay } = profile.training;
    const config = requestOf(profile, data, {
      inputDropout: inputDropout ? model.inputDropout : 0,
      width,
      hiddenLayers,
      batchNorm,
      masked: false,
      learningRate,
      weightDecay,
    });
    const { hash } = completeConfig(config, data);
    const folder = join(foldersOf(profile).runs, `untuned-${hash.slice(0, 8)}`);
    const { result } = await trainRun({ folder, config, data, engine });
    if (result.status === "stopped") {
      throw new Error("tuningReferences: interrupted; call it again to resume");
    }
    const setup = setupName({ inputDropout });
    references.push(
      { setup, name: "constant", loss: constant },
      { setup, name: "setting of notebook 3", loss: result.best!.huber },
    );
  }
  return references;
}

/** Formats a point of the search space for `--set`, for a training at full size. */
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

/** A setting's range in the paper's search and in a profile's, as text. */
export interface ComparedDimension {
  readonly setting: string;
  readonly paper: string;
  readonly ours: string;
}

/** Lists the settings of the paper's search, each with the paper's range beside the profile's. */
export function compareSpaces(profile: Profile): ComparedDimension[] {
  const space = tuningSpace(profile, true);
  return PAPER_SPACE.map((dimension) => ({
    setting: dimension.name,
    paper: rangeOf(dimension),
    ours: rangeOf(space.find(({ name }) => name === dimension.name)),
  }));
}

function rangeOf(dimension?: Dimension): string {
  if (!dimension) return "not searched";
  if (dimension.kind === "boolean") return "no or yes";
  const write = (value: number) =>
    value > 0 && value < 1e-3 ? value.toExponential() : String(value);
  const scale = dimension.scale === "log" ? ", log scale" : "";
  return `${write(dimension.low)} to ${write(dimension.high)}${scale}`;
}

/** The trials of a search, counted, and the best of them. */
export interface TuningSummary {
  readonly setup: string;
  readonly search: SearchMethod;
  readonly trials: number;
  readonly finished: number;
  readonly stopped: number;
  readonly failed: number;
  /** Of all trials together. */
  readonly epochs: number;
  /** The lowest validation Huber loss of a finished trial. */
  readonly loss: number | null;
  /** The number of that trial, from 1. */
  readonly foundAt: number | null;
}

/** Counts the trials of a search by status, with the lowest loss of a finished one. */
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
  const data = thinFeatures(prepared, profile.tuning.features);
  const request: StudyRequest = {
    method: setup.method,
    space: tuningSpace(profile, setup.inputDropout),
    seed: profile.tuning.seed,
    // A trial is judged after a quarter of its epochs, and beside four others.
    stopping: { afterEpochs: Math.max(1, Math.floor(profile.tuning.epochs / 4)), afterTrials: 4 },
    request: (point) => requestOf(profile, data, point),
  };
  const { hash } = completeStudy(request, data);
  const setting = setup.inputDropout ? "dropout" : "no-dropout";
  const name = `tune-${setup.method}-${setting}-${hash.slice(0, 8)}`;
  return { ...request, data, folder: join(foldersOf(profile).runs, name) };
}

/** The run that a point stands for. */
export function requestOf(
  { name, model, training, tuning }: Profile,
  data: TuningData,
  point: Point,
): RunRequest {
  const [{ start, end }] = data.modalities;
  return {
    model: ARO,
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
      criterion: "inferred",
      learningRate: Number(point.learningRate),
      weightDecay: Number(point.weightDecay),
    },
    about: { profile: name, purpose: "tuning" },
  };
}
