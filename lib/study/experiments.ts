// Experiments: variants repeated over seeds of the training or of the split, as data, and the runs that follow.
import type { Engine } from "../engine/engine.js";
import type { RepeatedScore } from "../evaluate/repeated-splits.js";
import { findNamed } from "../nearest.js";
import { PARTS, type Part } from "../preprocess/prepare.js";
import { rounded } from "./experiment-scores.js";
import {
  describeState,
  type RunScores,
  type ScoredRun,
  type SeedAccuracy,
} from "./planned-runs.js";
import type { Profile } from "./profile.js";
import { describeSplit } from "./splits.js";
import type { Study } from "./study.js";
import { describeTraining, type TrainedRun } from "./trainings.js";
import {
  ALL_TOGETHER,
  ARO_PAPER,
  AUTHORS,
  DECODER_CHOICES,
  DIFFERENCES,
  linearVariants,
  MASKED,
  quickVariants,
  rateVariants,
  SETTINGS,
  SHARED,
  SPLIT_CONTROLS,
  splitVariants,
  type Variant,
} from "./variants.js";

/** Variants, each repeated with the same seeds. */
export interface Experiment {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** What a seed decides: weights, dropout and batches of a training, or which samples train, validate and test. */
  readonly seedOf: "training" | "split";
  /** Whether a notebook runs a variant with the i-th seed where scores are not recorded; `aro train` runs all. */
  readonly inNotebook: (variant: string, i: number) => boolean;
  /** Whether a notebook runs it where scores are recorded, to check the record. */
  readonly checked: (variant: string, i: number) => boolean;
  /** The parts that its runs are scored on. */
  readonly parts: readonly Part[];
  /** Whether features, width, epochs and learning rate are those of the profile's `experiments`. */
  readonly reduced: boolean;
}

/** An experiment with its runs. */
export interface Plan<Run extends ScoredRun = ScoredRun> {
  readonly profile: Profile;
  readonly experiment: Experiment;
  readonly runs: readonly Run[];
  /** The run of each variant and seed; variants that differ only in how a model is used share a run. */
  readonly cells: readonly Cell<Run>[];
}

export interface Cell<Run extends ScoredRun = ScoredRun> {
  readonly variant: Variant;
  readonly seed: number;
  readonly run: Run;
}

/** Lists the experiments of a profile. */
export function experimentsOf(profile: Profile): Experiment[] {
  const { cohort, split, training, experiments, evaluation } = profile;
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
  const seeds = from(training.seed, experiments.seeds);
  const splits = from(split.seed, evaluation.splits);
  const simulated = cohort === "simulate";
  const chosenBy = simulated ? [0, 1] : [0, 3, 6, 8]; // splits whose validation rows may decide
  const quick: readonly string[] = [...SPLIT_CONTROLS, SHARED];
  const alone = { reduced: false, inNotebook: () => false, checked: () => false };
  const overTrainings = { ...alone, seedOf: "training", seeds, parts: PARTS } as const;
  const overSplits = { ...alone, seedOf: "split", seeds: splits, parts: ["test"] } as const;
  return [
    {
      ...overTrainings,
      name: "seeds",
      about: "ARO unmasked and masked at full size, over seeds: the paper's Tables 1, 2, 4 and 5",
      variants: SETTINGS,
      inNotebook: (_, i) => i < experiments.seedsInNotebook,
      checked: (_, i) => i === 0, // which notebook 3 has trained
    },
    {
      ...overSplits,
      name: "splits",
      about: "the shared decoder, ARO, VAE, MODIS and controls over repeated splits by patient",
      variants: splitVariants(profile),
      inNotebook: (variant, i) => simulated || (quick.includes(variant) && i < 3),
      // Notebook 3 has trained ARO on the first split.
      checked: (variant, i) => (quick.includes(variant) ? i < 2 : variant === ARO_PAPER && i === 0),
    },
    {
      ...overSplits,
      name: "splits-quick",
      about: "the rows of splits that take seconds, as for a cohort of your own",
      variants: quickVariants(profile),
    },
    {
      ...overSplits,
      name: "splits-30",
      about: "the shared decoder and linear controls with 30 training samples, over splits",
      variants: linearVariants(30),
      inNotebook: (_, i) => simulated || i < 3,
      checked: (_, i) => i === 0,
    },
    {
      ...overSplits,
      name: "rates",
      about:
        "ARO until validation stops falling, at each rate of a grid, on one split's validation",
      variants: rateVariants(profile),
      seeds: [split.seed],
      parts: ["validation"],
      inNotebook: () => simulated,
    },
    {
      ...overSplits,
      name: "decoder",
      about: "choices of the shared decoder, on the validation rows of a few splits",
      variants: DECODER_CHOICES,
      seeds: chosenBy.map((i) => split.seed + i),
      parts: ["validation"],
      // The choices that share the paths: two are enough to see how a choice is made.
      inNotebook: (variant) =>
        simulated && [SHARED, "trained on z-scores alone", "two networks"].includes(variant),
    },
    {
      ...overTrainings,
      name: "authors",
      about: "each difference of the authors' code from the paper, alone and together, reduced",
      variants: DIFFERENCES,
      parts: ["test"],
      reduced: true,
      inNotebook: () => true,
      checked: (variant, i) => [MASKED, ALL_TOGETHER].includes(variant) && i === 0,
    },
    {
      ...overTrainings,
      name: "authors-full",
      about: "one training with the authors' settings at full size",
      variants: [{ name: "authors", ...AUTHORS }],
      seeds: seeds.slice(0, 1),
    },
  ];
}

/**
 * Plans the runs of an experiment, given or by name: all variants with the first seed, then all with the next. Variants
 * that need the same training share one run, under the name of the first; over splits, so do the controls.
 * @throws RangeError naming the experiments that exist, if the name is unknown.
 */
export function planExperiment(
  study: Study,
  wanted: "seeds" | "authors" | "authors-full",
): Plan<TrainedRun>;
export function planExperiment(study: Study, wanted: string | Experiment): Plan;
export function planExperiment(study: Study, wanted: string | Experiment): Plan {
  const { profile } = study;
  const experiment =
    typeof wanted === "string"
      ? findNamed("planExperiment", experimentsOf(profile), wanted)
      : wanted;
  const { variants, seeds, seedOf } = experiment;
  const describe = { training: describeTraining, split: describeSplit }[seedOf];
  const describeRun = describe(study, experiment);
  const runs = new Map<string, ScoredRun>(); // by hash
  const cells = seeds.flatMap((seed, i) =>
    variants
      .filter(({ repeats = seeds.length }) => i < repeats)
      .map((variant): Cell => {
        const described = describeRun(variant, seed, variants);
        const run = runs.get(described.hash) ?? { ...described, number: runs.size };
        runs.set(described.hash, run);
        return { variant, seed, run };
      }),
  );
  return { profile, experiment, runs: [...runs.values()], cells };
}

/** The scores of an experiment's finished runs. */
export interface ExperimentScores extends RunScores {
  /** The experiment's variants, in order. */
  readonly variants: readonly Variant[];
  /** The names of unfinished runs, which have no scores. */
  readonly unfinished: readonly string[];
}

/** Scores every finished run of a plan, with six digits. */
export async function collectScores(
  { experiment, runs, cells }: Plan,
  engine: Engine,
): Promise<ExperimentScores> {
  const scores: RepeatedScore[] = [];
  const accuracies: SeedAccuracy[] = [];
  const unfinished: string[] = [];
  for (const run of runs) {
    const state = await run.state();
    if (state.state !== "done") {
      unfinished.push(`${run.name} (${describeState(state)})`);
      continue;
    }
    const variants = cells.filter((cell) => cell.run === run).map(({ variant }) => variant);
    const found = await run.score(variants, engine);
    scores.push(...found.scores.map(roundScore));
    accuracies.push(...found.accuracies);
  }
  return { variants: experiment.variants, scores, accuracies, unfinished };
}

function roundScore(score: RepeatedScore): RepeatedScore {
  const { mse, huber, skill, r, varianceRatio } = score;
  return {
    ...score,
    mse: rounded(mse),
    huber: rounded(huber),
    skill: rounded(skill),
    r: rounded(r),
    varianceRatio: rounded(varianceRatio),
  };
}
