// The scores of an experiment: each finished run scored from its folder, and the unfinished runs.
import { labelValues } from "../cohort/labels.js";
import type { Engine, Model } from "../engine/engine.js";
import type { Classifier } from "../evaluate/classifiers.js";
import { crossValidate, scoreHoldout } from "../evaluate/classify.js";
import { modelPredictor } from "../evaluate/predictor.js";
import { reconstructionTable } from "../evaluate/summary.js";
import { checkOptions } from "../options.js";
import type { Part } from "../preprocess/prepare.js";
import { fitScaler } from "../preprocess/scaler.js";
import { readState } from "../train/folder.js";
import { encodeSamples } from "./embeddings.js";
import type { Cell, Plan, PlannedRun } from "./experiments.js";
import { openTrained, type Study } from "./study.js";
import { type Embedding, PAPER_EMBEDDING, type Variant } from "./variants.js";

/** The losses of one variant and seed on one part, over all modalities. */
export interface SeedScore {
  readonly variant: string;
  readonly seed: number;
  readonly part: Part;
  readonly samples: number;
  readonly mse: number;
  readonly huber: number;
  /** Against a constant on the same rows, so that it is comparable between different rows. */
  readonly skill: number | null;
}

/** The accuracy of a classifier on one variant's embeddings with one seed; shares in [0, 1]. */
export interface SeedAccuracy {
  readonly variant: string;
  readonly seed: number;
  /** Number of test samples. */
  readonly samples: number;
  readonly accuracy: number;
  /** The accuracy of always predicting the most frequent class of these samples. */
  readonly majorityRate: number;
}

/** The scores of an experiment's finished runs. */
export interface ExperimentScores {
  /** The experiment's variants, in order. */
  readonly variants: readonly Variant[];
  readonly scores: readonly SeedScore[];
  /** Of the variants that concern embeddings. */
  readonly accuracies: readonly SeedAccuracy[];
  /** The names of unfinished runs, which have no scores. */
  readonly unfinished: readonly string[];
}

export interface CollectOptions {
  /** The parts to score. By default all three. */
  readonly parts?: readonly Part[];
  /** The label to predict from embeddings; without one, nothing is classified. */
  readonly task?: string;
  /** By default the MLP of the authors' code, on columns standardized by its training rows. */
  readonly classifier?: Classifier;
}

/**
 * Scores every finished run of a plan from its run folder.
 * @throws RangeError if no sample has the label `task`.
 */
export async function collectScores(
  { experiment: { variants }, runs, cells }: Plan,
  engine: Engine,
  options: CollectOptions = {},
): Promise<ExperimentScores> {
  const {
    parts = ["train", "validation", "test"],
    task,
    classifier = { kind: "mlp" },
  } = checkOptions("collectScores", options, {
    parts: "array",
    task: "string",
    classifier: "object",
  });
  const scores: SeedScore[] = [];
  const accuracies: SeedAccuracy[] = [];
  const unfinished: string[] = [];
  for (const run of runs) {
    const { state, epoch } = await readState(run.folder, run.hash);
    if (state !== "done") {
      unfinished.push(`${run.name} (${describeState(state, epoch)})`);
      continue;
    }
    const own = cells.filter((cell) => cell.run === run);
    const model = await openTrained(run, engine);
    try {
      const losses = await scoreRun(model, run, parts);
      for (const { variant, seed } of own.filter((cell) => isJudgedBy(cell, "losses"))) {
        scores.push(...losses.map((row) => ({ variant: variant.name, seed, ...row })));
      }
      if (task === undefined) continue;
      for (const { variant, seed } of own.filter((cell) => isJudgedBy(cell, "accuracy"))) {
        const found = await classifyRun(model, run.study, { variant, seed, task, classifier });
        accuracies.push({ variant: variant.name, seed, ...found });
      }
    } finally {
      model.dispose();
    }
  }
  return { variants, scores, accuracies, unfinished };
}

/** Says how far a run is: "done", "partial at epoch 12", "missing". */
export function describeState(state: string, epoch: number): string {
  return state === "partial" ? `partial at epoch ${epoch}` : state;
}

function isJudgedBy({ variant }: Cell, what: "losses" | "accuracy"): boolean {
  return (variant.judgedBy ?? ["losses"]).includes(what);
}

async function scoreRun(model: Model, { study: { prepared } }: PlannedRun, parts: readonly Part[]) {
  const rows = await reconstructionTable([modelPredictor("ARO", model)], prepared, {
    ...{ parts, draws: 1 },
  });
  return rows
    .filter(({ modality }) => modality === "all")
    .map(({ part, samples, mse, huber, skill }) => ({
      // Training has checked that every part has observed entries.
      ...{ part: part as Part, samples, mse: mse!, huber: huber!, skill },
    }));
}

interface Classification {
  readonly variant: Variant;
  readonly seed: number;
  readonly task: string;
  readonly classifier: Classifier;
}

async function classifyRun(
  model: Model,
  study: Study,
  { variant, seed, task, classifier }: Classification,
) {
  const { embedding = PAPER_EMBEDDING, tested = "test rows" } = variant;
  const { samples } = study.cohort;
  const options = {
    embeddings: await embed(model, study, embedding),
    labels: labelValues(samples, task),
    groups: samples.map(({ patient }) => patient),
    classifier,
  };
  const run =
    tested === "new quarter"
      ? crossValidate({ ...options, protocol: "paper", seed }).runs[0]
      : scoreHoldout({ ...options, seed }, study.split);
  const { accuracy, majorityRate } = run.scores;
  return { samples: run.rows.length, accuracy, majorityRate };
}

async function embed(model: Model, study: Study, { relu, statistics }: Embedding) {
  const { cohort, prepared } = study;
  const rows = cohort.samples.map((_, row) => row);
  const ids = cohort.samples.map(({ id }) => id);
  const scaler = statistics === "all rows" ? fitScaler(cohort.matrix, rows, ids) : prepared.scaler;
  return await encodeSamples(study, model, { relu, scaler });
}
