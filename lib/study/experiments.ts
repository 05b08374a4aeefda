// Experiments: named lists of variants and seeds, from which the runs follow, numbered in a fixed order.
import { keepFeatures } from "../cohort/cohort.js";
import { didYouMean } from "../cohort/nearest.js";
import type { Engine } from "../engine/engine.js";
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

export interface Experiment {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Whether features, width, epochs and rate are those of the profile's `experiments`, not its own. */
  readonly reduced: boolean;
}

/** A run of an experiment. */
export interface PlannedRun extends DescribedRun {
  /** From 0. */
  readonly number: number;
  /** Of the first variant that asks for it, with the seed. */
  readonly name: string;
  readonly seed: number;
  readonly epochs: number;
  /** Whose data it is trained and judged on. */
  readonly study: Study;
}

export interface Plan {
  readonly experiment: Experiment;
  readonly runs: readonly PlannedRun[];
  /** The run of each variant and seed; variants that differ only in what is done with a model share it. */
  readonly cells: readonly Cell[];
}

export interface Cell {
  readonly variant: Variant;
  readonly seed: number;
  readonly run: PlannedRun;
}

/**
 * Lists the experiments of a profile.
 * @throws RangeError if its number of seeds is not a whole number of at least 1.
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
 * @throws RangeError naming those that there are.
 */
export function findExperiment(profile: Profile, name: string): Experiment {
  const all = experimentsOf(profile);
  const found = all.find((experiment) => experiment.name === name);
  if (found) return found;
  const names = all.map((experiment) => experiment.name);
  throw new RangeError(
    `findExperiment: expected one of ${names.join(", ")}, got "${name}"${didYouMean(name, names)}`,
  );
}

/**
 * Plans the runs of an experiment: all variants with the first seed, then all with the next. A training that two
 * variants ask for is one run, under the name of the first.
 */
export function planExperiment(study: Study, experiment: Experiment): Plan {
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
  /** That it is to have. */
  readonly epochs: number;
}

/** Lists an experiment's runs in order, each with the state that its folder is in. */
export async function listRuns(study: Study, name: string): Promise<ListedRun[]> {
  const { runs } = planExperiment(study, findExperiment(study.profile, name));
  return await Promise.all(
    runs.map(async ({ number, name: run, folder, hash, epochs }) => ({
      ...{ number, name: run, folder, epochs },
      ...(await readState(folder, hash)),
    })),
  );
}

export interface TrainExperimentOptions {
  /** By default all of the plan, in order. */
  readonly runs?: readonly PlannedRun[];
  /** Shows how a run gets on. */
  readonly progressOf?: (run: PlannedRun) => Progress;
}

/**
 * Trains the runs of a plan that are not finished, one after another; a first interrupt ends the one under way in good
 * order, and no other begins.
 * @returns false if it was interrupted; asked again, it goes on.
 */
export async function trainExperiment(
  plan: Plan,
  engine: Engine,
  { runs = plan.runs, progressOf }: TrainExperimentOptions = {},
): Promise<boolean> {
  return await withInterrupt(async (signal) => {
    for (const run of runs) {
      if ((await readState(run.folder, run.hash)).state === "done") continue;
      if (signal.aborted) return false; // heard when the run before had nothing left to stop
      const progress = progressOf?.(run);
      const { result } = await trainDescribed(run.study, run, engine, progress, signal);
      if (result.status === "stopped") return false;
    }
    return true;
  });
}

/** A study of fewer features for a narrower model, trained at a rate that suits it, as the profile says. */
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
