// Experiments: variants repeated over seeds of the training or of the split, as data, and the runs that follow.
import { keepFeatures } from "../cohort/cohort.js";
import type { Engine } from "../engine/engine.js";
import { findNamed } from "../nearest.js";
import { checkOptions } from "../options.js";
import type { Part } from "../preprocess/prepare.js";
import { type RunState, readState } from "../train/folder.js";
import { withInterrupt } from "../train/interrupt.js";
import type { Progress } from "../train/progress.js";
import { completeSettings } from "../train/settings.js";
import type { Profile } from "./profile.js";
import { describeSplit, fitSplit, readSplit, type SplitRun } from "./splits.js";
import {
  type DescribedRun,
  describeAro,
  prepareStudy,
  type Study,
  trainDescribed,
} from "./study.js";
import { evenlySpaced } from "./tuning.js";
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

/** A training of ARO that an experiment needs; scores come from its weights. */
export interface TrainedRun extends DescribedRun {
  readonly kind: "trained";
  /** From 0. */
  readonly number: number;
  /** The first variant that needs the run, with the seed. */
  readonly name: string;
  readonly seed: number;
  readonly epochs: number;
  /** The study whose data it is trained and scored on. */
  readonly study: Study;
}

/** A run of an experiment. */
export type PlannedRun = TrainedRun | SplitRun;

/** An experiment with its runs. */
export interface Plan<Run extends PlannedRun = PlannedRun> {
  readonly profile: Profile;
  readonly experiment: Experiment;
  readonly runs: readonly Run[];
  /** The run of each variant and seed; variants that differ only in how a model is used share a run. */
  readonly cells: readonly Cell<Run>[];
}

export interface Cell<Run extends PlannedRun = PlannedRun> {
  readonly variant: Variant;
  readonly seed: number;
  readonly run: Run;
}

const ALL_PARTS: readonly Part[] = ["train", "validation", "test"];

/**
 * Lists the experiments of a profile.
 * @throws RangeError if its number of seeds is not a positive whole number.
 */
export function experimentsOf(profile: Profile): Experiment[] {
  const { cohort, split, training, experiments, evaluation } = profile;
  if (!Number.isInteger(experiments.seeds) || experiments.seeds < 1) {
    throw new RangeError(
      `experimentsOf: expected experiments.seeds to be a positive whole number, got ${experiments.seeds}`,
    );
  }
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);
  const seeds = from(training.seed, experiments.seeds);
  const splits = from(split.seed, evaluation.splits);
  const simulated = cohort === "simulate";
  const chosenBy = simulated ? [0, 1] : [0, 3, 6, 8]; // splits whose validation rows may decide
  const quick: readonly string[] = [...SPLIT_CONTROLS, SHARED];
  return [
    {
      name: "seeds",
      about: "ARO unmasked and masked at full size, over seeds: the paper's Tables 1, 2, 4 and 5",
      ...{ variants: SETTINGS, seeds, seedOf: "training", parts: ALL_PARTS, reduced: false },
      inNotebook: (_, i) => i < experiments.seedsInNotebook,
      checked: (_, i) => i === 0, // which notebook 3 has trained
    },
    {
      name: "splits",
      about: "the shared decoder, ARO, VAE, MODIS and controls over repeated splits by patient",
      variants: splitVariants(profile),
      seeds: splits,
      ...{ seedOf: "split", parts: ["test"], reduced: false },
      inNotebook: (variant, i) => simulated || (quick.includes(variant) && i < 3),
      // Notebook 3 has trained ARO on the first split.
      checked: (variant, i) => (quick.includes(variant) ? i < 2 : variant === ARO_PAPER && i === 0),
    },
    {
      name: "splits-quick",
      about: "the rows of splits that take seconds, as for a cohort of your own",
      ...{ variants: quickVariants(profile), seeds: splits },
      ...{ seedOf: "split", parts: ["test"], reduced: false },
      ...{ inNotebook: () => false, checked: () => false },
    },
    {
      name: "splits-30",
      about: "the shared decoder and linear controls with 30 training samples, over splits",
      ...{ variants: linearVariants(30), seeds: splits },
      ...{ seedOf: "split", parts: ["test"], reduced: false },
      inNotebook: (_, i) => simulated || i < 3,
      checked: (_, i) => i === 0,
    },
    {
      name: "rates",
      about:
        "ARO until validation stops falling, at each rate of a grid, on one split's validation",
      ...{ variants: rateVariants(profile), seeds: [split.seed], seedOf: "split" },
      ...{ parts: ["validation"], reduced: false },
      ...{ inNotebook: () => simulated, checked: () => false },
    },
    {
      name: "decoder",
      about: "choices of the shared decoder, on the validation rows of a few splits",
      ...{ variants: DECODER_CHOICES, seeds: chosenBy.map((i) => split.seed + i) },
      ...{ seedOf: "split", parts: ["validation"], reduced: false },
      // The choices that share the paths: two are enough to see how a choice is made.
      inNotebook: (variant) =>
        simulated && [SHARED, "trained on z-scores alone", "two networks"].includes(variant),
      checked: () => false,
    },
    {
      name: "authors",
      about: "each difference of the authors' code from the paper, alone and together, reduced",
      ...{ variants: DIFFERENCES, seeds, seedOf: "training", parts: ["test"], reduced: true },
      inNotebook: () => true,
      checked: (variant, i) => [MASKED, ALL_TOGETHER].includes(variant) && i === 0,
    },
    {
      name: "authors-full",
      about: "one training with the authors' settings at full size",
      variants: [{ name: "authors", ...AUTHORS }],
      seeds: seeds.slice(0, 1),
      ...{ seedOf: "training", parts: ALL_PARTS, reduced: false },
      ...{ inNotebook: () => false, checked: () => false },
    },
  ];
}

/**
 * Finds an experiment of a profile by name.
 * @throws RangeError naming those that exist.
 */
export function findExperiment(profile: Profile, name: string): Experiment {
  return findNamed("findExperiment", experimentsOf(profile), name);
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
  const experiment = typeof wanted === "string" ? findExperiment(study.profile, wanted) : wanted;
  const describe =
    experiment.seedOf === "split"
      ? describeSplit(study, experiment.parts)
      : describeTraining(study, experiment);
  const runs: PlannedRun[] = [];
  const cells = experiment.seeds.flatMap((seed, i) =>
    experiment.variants.flatMap((variant): Cell[] => {
      if (i >= (variant.repeats ?? experiment.seeds.length)) return [];
      const described = describe(variant, seed, experiment.variants);
      const known = runs.find(({ hash }) => hash === described.hash);
      if (known) return [{ variant, seed, run: known }];
      const run = { ...described, number: runs.length };
      runs.push(run);
      return [{ variant, seed, run }];
    }),
  );
  return { profile: study.profile, experiment, runs, cells };
}

/** Returns what describes the training of a variant with a seed. */
function describeTraining(study: Study, experiment: Experiment) {
  const base = experiment.reduced ? reduceStudy(study) : study;
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
      ...(experiment.reduced ? { purpose: experiment.name } : {}),
      ...(experiment.name === "seeds" ? {} : { name: folderName(experiment, variant) }),
    });
    const { epochs } = completeSettings(described.config.training);
    const name = `${variant.name}, seed ${seed}`;
    return { kind: "trained", ...described, name, seed, epochs, study: own };
  };
}

/** A run in a list. */
export interface ListedRun extends RunState {
  readonly number: number;
  readonly name: string;
  readonly folder: string;
  /** The number of epochs that it will have at most; null if it has none. */
  readonly epochs: number | null;
}

/** Lists the runs of an experiment, given or by name, in order, with the state of each run folder. */
export async function listRuns(study: Study, wanted: string | Experiment): Promise<ListedRun[]> {
  const { runs } = planExperiment(study, wanted);
  return await Promise.all(
    runs.map(async (run) => ({
      ...{ number: run.number, name: run.name, folder: run.folder, epochs: run.epochs },
      ...(await stateOf(run)),
    })),
  );
}

/** Says how far a run is. */
export async function stateOf(run: PlannedRun): Promise<RunState> {
  if (run.kind === "trained") return await readState(run.folder, run.hash);
  return { state: (await readSplit(run)) ? "done" : "missing", epoch: 0 };
}

export interface TrainExperimentOptions {
  /** By default all runs of the plan, in order. */
  readonly runs?: readonly PlannedRun[];
  /** Shows the progress of a run. */
  readonly progressOf?: (run: PlannedRun) => Progress;
}

/**
 * Carries out the unfinished runs of a plan, one after another. A first interrupt stops the current run gracefully.
 * @returns false if it was interrupted; call it again to resume.
 */
export async function trainExperiment(
  plan: Plan,
  engine: Engine,
  options: TrainExperimentOptions = {},
): Promise<boolean> {
  const { runs = plan.runs, progressOf } = checkOptions("trainExperiment", options, {
    runs: "array",
    progressOf: "function",
  });
  return await withInterrupt(async (signal) => {
    for (const run of runs) {
      if ((await stateOf(run)).state === "done") continue;
      if (signal.aborted) return false; // interrupted when the previous run had nothing left to stop
      const progress = progressOf?.(run);
      if (run.kind === "split") {
        if (!(await fitSplit(run, engine, progress, signal))) return false;
        continue;
      }
      const { result } = await trainDescribed(run.study, run, engine, progress, signal);
      if (result.status === "stopped") return false;
    }
    return true;
  });
}

/**
 * Returns the study with fewer features, a narrower model and another learning rate, as the profile says.
 * @param isKept which features stay; by default evenly spaced ones.
 */
export function reduceStudy(
  { profile, cohort, split }: Study,
  isKept = evenlySpaced(cohort.features.length, profile.experiments.features),
): Study {
  const { width, epochs, learningRate } = profile.experiments;
  const reduced = {
    ...profile,
    model: { ...profile.model, width },
    training: { ...profile.training, epochs, learningRate },
  };
  return prepareStudy(reduced, keepFeatures(cohort, isKept, "not among the evenly spaced"), split);
}

function folderName({ name }: Experiment, variant: Variant): string {
  const words = `${name} ${variant.name}`.toLowerCase().match(/[a-z0-9]+/g);
  return [...new Set(words)].join("-");
}
