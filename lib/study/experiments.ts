// Experiments: named lists of variants and seeds, from which the runs follow, numbered in a fixed order.
import { keepFeatures } from "../cohort/cohort.js";
import type { Engine } from "../engine/engine.js";
import { checkOptions } from "../options.js";
import { prepareCohort } from "../preprocess/prepare.js";
import { splitSamples } from "../preprocess/split.js";
import { type RunState, readState } from "../train/folder.js";
import { withInterrupt } from "../train/interrupt.js";
import type { Progress } from "../train/progress.js";
import { completeSettings } from "../train/settings.js";
import type { Profile } from "./profile.js";
import { type DescribedRun, describeAro, type Study, trainDescribed } from "./study.js";
import { evenlySpaced } from "./tuning.js";
import { AUTHORS, DIFFERENCES, SETTINGS, type Variant } from "./variants.js";

/** Variants of a training, each repeated with the same seeds. */
export interface Experiment {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Whether features, width, epochs and learning rate are those of the profile's `experiments`. */
  readonly reduced: boolean;
}

/** A run of an experiment. */
export interface PlannedRun extends DescribedRun {
  /** From 0. */
  readonly number: number;
  /** The first variant that needs the run, with the seed. */
  readonly name: string;
  readonly seed: number;
  readonly epochs: number;
  /** The study whose data it is trained and scored on. */
  readonly study: Study;
}

/** An experiment with its runs. */
export interface Plan {
  readonly experiment: Experiment;
  readonly runs: readonly PlannedRun[];
  /** The run of each variant and seed; variants that differ only in how a model is used share a run. */
  readonly cells: readonly Cell[];
}

export interface Cell {
  readonly variant: Variant;
  readonly seed: number;
  readonly run: PlannedRun;
}

/**
 * Lists the experiments of a profile.
 * @throws RangeError if its number of seeds is not a positive whole number.
 */
export function experimentsOf({ training, experiments }: Profile): Experiment[] {
  if (!Number.isInteger(experiments.seeds) || experiments.seeds < 1) {
    throw new RangeError(
      `experimentsOf: expected experiments.seeds to be a positive whole number, got ${experiments.seeds}`,
    );
  }
  const seeds = Array.from({ length: experiments.seeds }, (_, i) => training.seed + i);
  return [
    {
      name: "seeds",
      about: "ARO unmasked and masked at full size, over seeds: the paper's Tables 1, 2, 4 and 5",
      ...{ variants: SETTINGS, seeds, reduced: false },
    },
    {
      name: "authors",
      about: "each difference of the authors' code from the paper, alone and together, reduced",
      ...{ variants: DIFFERENCES, seeds, reduced: true },
    },
    {
      name: "authors-full",
      about: "one training with the authors' settings at full size",
      variants: [{ name: "authors", ...AUTHORS }],
      ...{ seeds: seeds.slice(0, 1), reduced: false },
    },
  ];
}

/**
 * Finds an experiment of a profile by name.
 * @throws RangeError naming those that exist.
 */
export function findExperiment(profile: Profile, name: string): Experiment {
  const all = experimentsOf(profile);
  const found = all.find((experiment) => experiment.name === name);
  if (found) return found;
  const names = all.map((experiment) => experiment.name).join(", ");
  throw new RangeError(`findExperiment: expected one of ${names}, got "${name}"`);
}

/**
 * Plans the runs of an experiment, given or by name: all variants with the first seed, then all with the next. Two
 * variants that need the same training share one run, under the name of the first.
 * @throws RangeError naming the experiments that exist, if the name is unknown.
 */
export function planExperiment(study: Study, wanted: string | Experiment): Plan {
  const experiment = typeof wanted === "string" ? findExperiment(study.profile, wanted) : wanted;
  const base = experiment.reduced ? reduceStudy(study) : study;
  const bySample = new Map<string, Study>();
  const studyOf = ({ split }: Variant): Study => {
    const by = split?.by ?? base.profile.split.by;
    const known = bySample.get(by) ?? (by === base.profile.split.by ? base : splitAnew(base, by));
    bySample.set(by, known);
    return known;
  };
  const runs: PlannedRun[] = [];
  const cells = experiment.seeds.flatMap((seed) =>
    experiment.variants.map((variant): Cell => {
      const own = studyOf(variant);
      const described = describeAro(own, variant.setting, {
        model: variant.model,
        training: { ...variant.training, seed },
        ...(experiment.reduced ? { purpose: experiment.name } : {}),
        ...(experiment.name === "seeds" ? {} : { name: folderName(experiment, variant) }),
      });
      const known = runs.find(({ hash }) => hash === described.hash);
      if (known) return { variant, seed, run: known };
      const run = {
        ...described,
        ...{ number: runs.length, name: `${variant.name}, seed ${seed}`, seed, study: own },
        epochs: completeSettings(described.config.training).epochs,
      };
      runs.push(run);
      return { variant, seed, run };
    }),
  );
  return { experiment, runs, cells };
}

/** A run as a list shows it. */
export interface ListedRun extends RunState {
  readonly number: number;
  readonly name: string;
  readonly folder: string;
  /** The number of epochs that it will have. */
  readonly epochs: number;
}

/** Lists an experiment's runs in order, with the state of each run folder. */
export async function listRuns(study: Study, name: string): Promise<ListedRun[]> {
  const { runs } = planExperiment(study, name);
  return await Promise.all(
    runs.map(async ({ number, name: run, folder, hash, epochs }) => ({
      ...{ number, name: run, folder, epochs },
      ...(await readState(folder, hash)),
    })),
  );
}

export interface TrainExperimentOptions {
  /** By default all runs of the plan, in order. */
  readonly runs?: readonly PlannedRun[];
  /** Shows the progress of a run. */
  readonly progressOf?: (run: PlannedRun) => Progress;
}

/**
 * Trains the unfinished runs of a plan, one after another. A first interrupt stops the current run gracefully.
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
      if ((await readState(run.folder, run.hash)).state === "done") continue;
      if (signal.aborted) return false; // interrupted when the previous run had nothing left to stop
      const progress = progressOf?.(run);
      const { result } = await trainDescribed(run.study, run, engine, progress, signal);
      if (result.status === "stopped") return false;
    }
    return true;
  });
}

/** Returns the study with fewer features, a narrower model and another learning rate, as the profile says. */
export function reduceStudy({ profile, cohort, split }: Study): Study {
  const { features, width, epochs, learningRate } = profile.experiments;
  const isKept = evenlySpaced(cohort.features.length, features);
  const thinned = keepFeatures(cohort, isKept, "not among the evenly spaced");
  return {
    profile: {
      ...profile,
      model: { ...profile.model, width },
      training: { ...profile.training, epochs, learningRate },
    },
    ...{ cohort: thinned, split, prepared: prepareCohort(thinned, split) },
  };
}

function splitAnew({ profile, cohort }: Study, by: "patient" | "sample"): Study {
  const options = { ...profile.split, by };
  const split = splitSamples(cohort.samples, options);
  const prepared = prepareCohort(cohort, split);
  return { profile: { ...profile, split: options }, cohort, split, prepared };
}

function folderName({ name }: Experiment, variant: Variant): string {
  const words = `${name} ${variant.name}`.toLowerCase().match(/[a-z0-9]+/g);
  return [...new Set(words)].join("-");
}
