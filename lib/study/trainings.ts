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
import { PAPER_EMBEDDING, type Variant } from "./variants.js";

/** A training of ARO; scores come from its weights. */
export interface TrainedRun extends ScoredRun, DescribedRun {
  readonly epochs: number;
  /** The study whose data it is trained and scored on. */
  readonly study: Study;
}

/**
 * Returns what describes the training of a variant with a seed.
 * @param experiment its name, the parts that it scores, and whether its trainings are reduced.
 */
export function describeTraining(
  study: Study,
  experiment: { readonly name: string; readonly parts: readonly Part[]; readonly reduced: boolean },
) {
  const { name, parts, reduced } = experiment;
  const base = reduced ? reduceStudy(study) : study;
  const studies = new Map([[base.profile.split.by, base]]);
  return (variant: Variant, seed: number): Omit<TrainedRun, "number"> => {
    const by = variant.split?.by ?? base.profile.split.by;
    const { profile, cohort } = base;
    const own =
      studies.get(by) ?? prepareStudy({ ...profile, split: { ...profile.split, by } }, cohort);
    studies.set(by, own);
    const words = `${name} ${variant.name}`.toLowerCase().match(/[a-z0-9]+/g);
    const described = describeAro(own, variant.setting, {
      model: variant.model,
      training: { ...variant.training, seed },
      ...(reduced ? { purpose: name } : {}),
      ...(name === "seeds" ? {} : { name: [...new Set(words)].join("-") }),
    });
    const { folder, hash } = described;
    return {
      ...described,
      name: `${variant.name}, seed ${seed}`,
      seed,
      study: own,
      epochs: completeSettings(described.config.training).epochs,
      state: async () => await readState(folder, hash),
      carryOut: async (means) => {
        const { result } = await trainDescribed(own, described, means);
        return result.status === "finished";
      },
      environment: async () => (await readRun(folder, ARO)).environment,
      score: async (variants, engine) =>
        await scoreTraining({ folder, seed, study: own }, variants, parts, engine),
    };
  };
}

/** Scores the variants of a finished training. */
async function scoreTraining(
  run: Pick<TrainedRun, "folder" | "seed" | "study">,
  variants: readonly Variant[],
  parts: readonly Part[],
  engine: Engine,
): Promise<RunScores> {
  const model = await openTrained(run, engine);
  try {
    const { epochs } = await readRun(run.folder, ARO);
    const steps = epochs.reduce((sum, one) => sum + one.steps, 0);
    const options = { seed: run.seed, parts, steps };
    const scores: RepeatedScore[] = [];
    const accuracies: SeedAccuracy[] = [];
    for (const variant of variants) {
      const { name, judgedBy = ["losses"] } = variant;
      if (judgedBy.includes("losses")) {
        const predictors = [modelPredictor(name, model)];
        scores.push(...(await scoreRepeat(predictors, run.study.prepared, options)));
      }
      if (judgedBy.includes("accuracy")) {
        accuracies.push(await classifyRun(model, run, variant, engine));
      }
    }
    return { scores, accuracies };
  } finally {
    model.dispose();
  }
}

/**
 * Classifies embeddings by the first task that the cohort can answer, with the MLP of the authors' code on columns
 * standardized by its training rows.
 */
async function classifyRun(
  model: AutoencoderModel<AroSpec>,
  { study, seed }: Pick<TrainedRun, "study" | "seed">,
  { name, embedding = PAPER_EMBEDDING, tested = "test rows" }: Variant,
  engine: Engine,
): Promise<SeedAccuracy> {
  const { samples, matrix } = study.cohort;
  const ids = samples.map(({ id }) => id);
  const scaler =
    embedding.statistics === "all rows"
      ? fitScaler(matrix, [...ids.keys()], ids)
      : study.prepared.scaler;
  const options = {
    embeddings: await encodeSamples(study, model, { relu: embedding.relu, scaler }),
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
