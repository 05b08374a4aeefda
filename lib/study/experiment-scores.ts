// What came of an experiment: each finished run scored from its folder, and the runs that are still missing.
import { labelValues } from "../cohort/labels.js";
import type { Engine } from "../engine/engine.js";
import type { Classifier } from "../evaluate/classifiers.js";
import { crossValidate, scoreHoldout } from "../evaluate/classify.js";
import { modelPredictor } from "../evaluate/predictor.js";
import { reconstructionTable } from "../evaluate/reconstruction.js";
import { flattenScores } from "../evaluate/summary.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import type { Part } from "../preprocess/prepare.js";
import { applyScaler, fitScaler } from "../preprocess/scaler.js";
import { readState } from "../train/folder.js";
import type { Cell, Plan, PlannedRun } from "./experiments.js";
import { openTrained, type Study } from "./study.js";
import { type Embedding, PAPER_EMBEDDING, type Variant } from "./variants.js";

/** Losses of one variant and seed on one part, over all modalities together. */
export interface SeedScore {
  readonly variant: string;
  readonly seed: number;
  readonly part: Part;
  readonly samples: number;
  readonly mse: number;
  readonly huber: number;
  /** Against a constant on the same rows, so that it compares where the rows do not. */
  readonly skill: number | null;
}

/** What a classifier of one variant's embeddings scored with one seed; shares in [0, 1]. */
export interface SeedAccuracy {
  readonly variant: string;
  readonly seed: number;
  /** Samples that it was tested on. */
  readonly samples: number;
  readonly accuracy: number;
  /** What always naming the most frequent class of these samples would score. */
  readonly majorityRate: number;
}

export interface ExperimentScores {
  readonly scores: readonly SeedScore[];
  /** Of the variants that are about embeddings. */
  readonly accuracies: readonly SeedAccuracy[];
  /** Names of the runs that are not finished, and so are in no number. */
  readonly unfinished: readonly string[];
}

export interface CollectOptions {
  readonly parts?: readonly Part[];
  /** The label that embeddings are asked for; without one, nothing is classified. */
  readonly task?: string;
  /** By default the MLP of the authors' code, on columns standardized by its training rows. */
  readonly classifier?: Classifier;
}

/** Scores every finished run of a plan from its folder. A run that several variants share is opened once. */
export async function collectScores(
  { runs, cells }: Plan,
  engine: Engine,
  {
    parts = ["train", "validation", "test"],
    task,
    classifier = { kind: "mlp" },
  }: CollectOptions = {},
): Promise<ExperimentScores> {
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
  return { scores, accuracies, unfinished };
}

/** Says how far a run is: "done", "partial at epoch 12", "missing". */
export function describeState(state: string, epoch: number): string {
  return state === "partial" ? `partial at epoch ${epoch}` : state;
}

function isJudgedBy({ variant }: Cell, what: "losses" | "accuracy"): boolean {
  return (variant.judgedBy ?? ["losses"]).includes(what);
}

type AroModel = AutoencoderModel<AroSpec>;

async function scoreRun(model: AroModel, { study: { prepared } }: PlannedRun, parts: readonly Part[]) {
  const rows = await reconstructionTable([modelPredictor("ARO", model)], prepared, {
    ...{ parts, draws: 1 },
  });
  return flattenScores(rows)
    .filter(({ modality }) => modality === "all")
    .map(({ part, samples, mse, huber, skill }) => ({
      // Every part has observed entries: training has checked it, and a test part without has no score.
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
  model: AroModel,
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
      ? (await crossValidate({ ...options, protocol: "paper", seed })).runs[0]
      : await scoreHoldout({ ...options, seed }, study.split);
  const { accuracy, majorityRate } = run.scores;
  return { samples: run.rows.length, accuracy, majorityRate };
}

/** Embeds all samples of a study, `[samples, width]`. */
async function embed(model: AroModel, { cohort, prepared }: Study, { relu, statistics }: Embedding) {
  const rows = cohort.samples.map((_, row) => row);
  const ids = cohort.samples.map(({ id }) => id);
  const scaler = statistics === "all rows" ? fitScaler(cohort.matrix, rows, ids) : prepared.scaler;
  const values = await model.encode(applyScaler(scaler, cohort.matrix, rows), { relu });
  return { rows: rows.length, columns: model.spec.width, values };
}
