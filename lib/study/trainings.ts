// Runs over seeds of the training: each is one ARO, which every variant that needs the same training shares.
import { labelValues } from "../cohort/labels.js";
import type { Engine } from "../engine/engine.js";
import { crossValidate, scoreHoldout } from "../evaluate/classify.js";
import { modelPredictor } from "../evaluate/predictor.js";
import { type RepeatedScore, scoreRepeat } from "../evaluate/repeated-splits.js";
import { ARO, type AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import type { Part } from "../preprocess/prepare.js";
import { fitScaler } from "../preprocess/scaler.js";
import { readRun, readState } from "../train/folder.js";
import { completeSettings } from "../train/settings.js";
import { encodeSamples } from "./embeddings.js";
import type { RunScores, ScoredRun, SeedAccuracy } from "./planned-runs.js";
import { reduceStudy } from "./reduced.js";
import {
  type DescribedRun,
  describeAro,
  openTrained,
  prepareStudy,
  type Study,
  trainDescribed,
} from "./study.js";
import { chooseTasks } from "./tasks.js";
import { type Embedding, PAPER_EMBEDDING, type Variant } from "./variants.js";

/** A training of ARO; scores come from its weights. */
export interface TrainedRun extends ScoredRun, DescribedRun {
  readonly epochs: number;
  /** The study whose data it is trained and scored on. */
  readonly study: Study;
}

/** What an experiment says of its trainings. */
export interface TrainingChoices {
  /** Of the experiment. */
  readonly name: string;
  /** That are scored. */
  readonly parts: readonly Part[];
  /** Whether features, width, epochs and learning rate are those of the profile's `experiments`. */
  readonly reduced: boolean;
}

/** Returns what describes the training of a variant with a seed. */
export function describeTraining(study: Study, { name, parts, reduced }: TrainingChoices) {
  const base = reduced ? reduceStudy(study) : study;
  const studies = new Map([[base.profile.split.by, base]]);
  return (variant: Variant, seed: number): Omit<TrainedRun, "number"> => {
    const by = variant.split?.by ?? base.profile.split.by;
    const { profile, cohort } = base;
    const own =
      studies.get(by) ?? prepareStudy({ ...profile, split: { ...profile.split, by } }, cohort);
    studies.set(by, own);
    const described = describeAro(own, variant.setting, {
      model: variant.model,
      training: { ...variant.training, seed },
      ...(reduced ? { purpose: name } : {}),
      ...(name === "seeds" ? {} : { name: folderName(name, variant) }),
    });
    const { folder, hash } = described;
    return {
      ...{ ...described, name: `${variant.name}, seed ${seed}`, seed, study: own },
      epochs: completeSettings(described.config.training).epochs,
      state: async () => await readState(folder, hash),
      carryOut: async (means) => {
        const { result } = await trainDescribed(own, described, means);
        return result.status === "finished";
      },
      environment: async () => (await readRun(folder, ARO)).environment,
      score: async (variants, engine) =>
        await scoreTraining({ folder, seed, study: own }, { variants, parts, engine }),
    };
  };
}

function folderName(experiment: string, variant: Variant): string {
  const words = `${experiment} ${variant.name}`.toLowerCase().match(/[a-z0-9]+/g);
  return [...new Set(words)].join("-");
}

interface Scoring {
  readonly variants: readonly Variant[];
  readonly parts: readonly Part[];
  readonly engine: Engine;
}

/** Scores the variants of a finished training. */
async function scoreTraining(
  run: Pick<TrainedRun, "folder" | "seed" | "study">,
  { variants, parts, engine }: Scoring,
): Promise<RunScores> {
  const model = await openTrained(run, engine);
  try {
    const { epochs } = await readRun(run.folder, ARO);
    const steps = epochs.reduce((sum, one) => sum + one.steps, 0);
    const scores: RepeatedScore[] = [];
    for (const { name } of variants.filter((one) => isJudgedBy(one, "losses"))) {
      const predictors = [modelPredictor(name, model)];
      const options = { seed: run.seed, parts, steps };
      scores.push(...(await scoreRepeat(predictors, run.study.prepared, options)));
    }
    const accuracies: SeedAccuracy[] = [];
    for (const variant of variants.filter((one) => isJudgedBy(one, "accuracy"))) {
      accuracies.push(await classifyRun(model, run, variant, engine));
    }
    return { scores, accuracies };
  } finally {
    model.dispose();
  }
}

function isJudgedBy({ judgedBy = ["losses"] }: Variant, what: "losses" | "accuracy"): boolean {
  return judgedBy.includes(what);
}

type AroModel = AutoencoderModel<AroSpec>;

/**
 * Classifies embeddings by the first task that the cohort can answer, with the MLP of the authors' code on columns
 * standardized by its training rows.
 */
async function classifyRun(
  model: AroModel,
  { study, seed }: Pick<TrainedRun, "study" | "seed">,
  { name, embedding = PAPER_EMBEDDING, tested = "test rows" }: Variant,
  engine: Engine,
): Promise<SeedAccuracy> {
  const { samples } = study.cohort;
  const options = {
    embeddings: await embed(model, study, embedding),
    labels: labelValues(samples, chooseTasks(study).asked[0], {
      atLeast: study.profile.evaluation.folds,
    }),
    groups: samples.map(({ patient }) => patient),
    seed,
  };
  const mlp = { kind: "mlp", engine } as const;
  const run =
    tested === "new quarter"
      ? (await crossValidate({ ...options, protocol: "paper" }, mlp)).runs[0]
      : await scoreHoldout(options, study.split, mlp);
  const { accuracy, majorityRate } = run.scores;
  return { variant: name, seed, samples: run.rows.length, accuracy, majorityRate };
}

async function embed(model: AroModel, study: Study, { relu, statistics }: Embedding) {
  const { cohort, prepared } = study;
  const rows = cohort.samples.map((_, row) => row);
  const ids = cohort.samples.map(({ id }) => id);
  const scaler = statistics === "all rows" ? fitScaler(cohort.matrix, rows, ids) : prepared.scaler;
  return await encodeSamples(study, model, { relu, scaler });
}
