// Experiments: variants of a training over seeds, as data, and the runs that follow from them.
import { keepFeatures } from "../cohort/cohort.js";
import { didYouMean } from "../cohort/nearest.js";
import type { Engine } from "../engine/engine.js";
import { checkOptions } from "../options.js";
import { type Part, prepareCohort } from "../preprocess/prepare.js";
import { type SplitOptions, splitSamples } from "../preprocess/split.js";
import { type RunState, readState } from "../train/folder.js";
import { withInterrupt } from "../train/interrupt.js";
import type { Progress } from "../train/progress.js";
import { completeSettings } from "../train/settings.js";
import type { Profile } from "./profile.js";
import {
  type Departure,
  type DescribedRun,
  describeAro,
  type Setting,
  type Study,
  trainDescribed,
} from "./study.js";
import { evenlySpaced } from "./tuning.js";

/** ARO in one setting, and what differs from the profile. */
export interface Variant extends Pick<Departure, "model" | "training"> {
  readonly name: string;
  /** What the model sees; "one column" hides only the first column of the second modality, as the authors' code does. */
  readonly setting: Setting | "one column";
  readonly split?: Pick<SplitOptions, "by">;
  readonly embedding?: Embedding;
  readonly tested?: Tested;
  /** By default its reconstruction losses. */
  readonly judgedBy?: readonly ("losses" | "accuracy")[];
  /** Why it is not directly comparable with the paper's setting, if it is not. */
  readonly caveat?: string;
}

/** How embeddings are computed: with or without the ReLUs, on rows scaled by the statistics of training rows or of all. */
export interface Embedding {
  readonly relu: boolean;
  readonly statistics: "training rows" | "all rows";
}

/** Which samples test a classifier of the embeddings: those of the split, or a new random quarter of all. */
export type Tested = "test rows" | "new quarter";

/** The default of a variant. Source: paper section 5 and appendix A. */
export const PAPER_EMBEDDING: Embedding = { relu: true, statistics: "training rows" };

/**
 * The differences between the authors' code and their paper that affect a result. The code's mixed bfloat16 is left
 * out: the engines compute in float32.
 * Source: src/models.py, src/omic_dataclass.py, configs/raw_linear.yaml, notebooks/test_model.py@e3bb22a.
 */
export const AUTHORS = {
  setting: "one column",
  model: { output: "relu", hiddenDropout: 0.2 },
  /** Lightning steps the schedule, and the code steps it again. */
  training: { plateau: { factor: 0.1, patience: 10, stepsPerEpoch: 2 } },
  split: { by: "sample" },
  embedding: { relu: false, statistics: "all rows" },
  tested: "new quarter",
} as const satisfies Omit<Variant, "name">;

/** The paper's two settings. */
export const SETTINGS: readonly Variant[] = [
  { name: "ARO unmasked", setting: "unmasked" },
  { name: "ARO masked", setting: "masked" },
];

/** What reconstructions and embeddings are compared with; the paper classifies embeddings of ARO unmasked. */
export const MASKED = "paper, masked";
export const UNMASKED = "paper, unmasked";

const ALL_TOGETHER = "authors, all together";

/** The paper's two settings, each difference of the authors' code alone, and all of them together. */
export const DIFFERENCES: readonly Variant[] = [
  { name: "paper, masked", setting: "masked" },
  {
    name: "paper, unmasked",
    setting: "unmasked",
    judgedBy: ["losses", "accuracy"],
    caveat: "sees all",
  },
  { name: "ReLU output", setting: "masked", model: { output: AUTHORS.model.output } },
  {
    name: "dropout after hidden layers",
    setting: "masked",
    model: { hiddenDropout: AUTHORS.model.hiddenDropout },
  },
  { name: "plateau stepped twice", setting: "masked", training: AUTHORS.training },
  { name: "one masked column", setting: AUTHORS.setting, caveat: "sees all but one column" },
  { name: "split by sample", setting: "masked", split: AUTHORS.split, caveat: "other test rows" },
  {
    name: "embedding without ReLU",
    setting: "unmasked",
    embedding: AUTHORS.embedding,
    judgedBy: ["accuracy"],
    caveat: "test rows are in the statistics",
  },
  {
    name: "tested on a new quarter",
    setting: "unmasked",
    tested: AUTHORS.tested,
    judgedBy: ["accuracy"],
    caveat: "other test rows, most seen by the model",
  },
  {
    name: ALL_TOGETHER,
    ...AUTHORS,
    judgedBy: ["losses", "accuracy"],
    caveat: "other test rows, other input",
  },
];

/** Variants of a training, each repeated with the same seeds. */
export interface Experiment {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  readonly variants: readonly Variant[];
  readonly seeds: readonly number[];
  /** Seeds that a notebook trains where their scores are not recorded; `aro train` trains all. */
  readonly seedsInNotebook: readonly number[];
  /** Variants that a notebook trains with the first seed where the scores are recorded, to check the record. */
  readonly checked: readonly string[];
  /** The parts that its runs are scored on. */
  readonly parts: readonly Part[];
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

const ALL_PARTS: readonly Part[] = ["train", "validation", "test"];

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
      ...{ variants: SETTINGS, seeds, parts: ALL_PARTS, reduced: false },
      seedsInNotebook: seeds.slice(0, experiments.seedsInNotebook),
      checked: SETTINGS.map(({ name }) => name), // which notebook 3 has trained
    },
    {
      name: "authors",
      about: "each difference of the authors' code from the paper, alone and together, reduced",
      ...{ variants: DIFFERENCES, seeds, parts: ["test"], reduced: true },
      seedsInNotebook: seeds,
      checked: [MASKED, ALL_TOGETHER],
    },
    {
      name: "authors-full",
      about: "one training with the authors' settings at full size",
      variants: [{ name: "authors", ...AUTHORS }],
      ...{ seeds: seeds.slice(0, 1), parts: ALL_PARTS, reduced: false },
      ...{ seedsInNotebook: [], checked: [] },
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
  const names = all.map((experiment) => experiment.name);
  throw new RangeError(
    `findExperiment: expected one of ${names.join(", ")}, got "${name}"${didYouMean(name, names)}`,
  );
}

/**
 * Plans the runs of an experiment, given or by name: all variants with the first seed, then all with the next. Two
 * variants that need the same training share one run, under the name of the first.
 * @throws RangeError naming the experiments that exist, if the name is unknown.
 */
export function planExperiment(study: Study, wanted: string | Experiment): Plan {
  const experiment = typeof wanted === "string" ? findExperiment(study.profile, wanted) : wanted;
  const base = experiment.reduced ? reduceStudy(study) : study;
  const studies = new Map([[base.profile.split.by, base]]);
  const studyOf = ({ split }: Variant): Study => {
    const by = split?.by ?? base.profile.split.by;
    const own = studies.get(by) ?? splitAnew(base, by);
    studies.set(by, own);
    return own;
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

/** A run in a list. */
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
