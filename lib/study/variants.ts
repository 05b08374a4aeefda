// Variants of an experiment: ARO in the paper's settings, with the differences of its authors' code, and its rivals.
import type { FitOptions } from "../impute/fit.js";
import type { SplitOptions } from "../preprocess/split.js";
import type { Profile } from "./profile.js";
import type { Departure, Setting } from "./study.js";

/** A model or a control, and what differs from the profile. */
export interface Variant extends Pick<Departure, "model" | "training"> {
  readonly name: string;
  /** By default ARO. A control is the one of the variant's name. */
  readonly kind?: "ARO" | "VAE" | "MODIS" | "shared decoder" | "linear stack" | "control";
  /** Controls of one group are one run over splits. */
  readonly group?: "linear controls" | "further controls";
  /** What the model sees; "one column" hides only the first column of the second modality, as the authors' code does. */
  readonly setting: Setting | "one column";
  /** How a shared decoder is fitted, where that differs from its defaults. */
  readonly decoder?: Pick<
    FitOptions,
    "objective" | "networks" | "folds" | "preprocessedWeight" | "mostSteps"
  >;
  /** Keeps only the first so many training samples. */
  readonly rows?: number;
  /** Repeats it on the first so many of the experiment's seeds; by default on all. */
  readonly repeats?: number;
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
 * out: the engines compute in float32, but for libtensorflow's products on a graphics processor that has bfloat16.
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

/** What reconstructions are compared with. */
export const MASKED = "paper, masked";

export const ALL_TOGETHER = "authors, all together";

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

/** The names of models over splits. */
export const SHARED = "shared decoder";
export const ARO_PAPER = "ARO masked";
export const ARO_CONVERGED = "ARO masked, until validation stops falling";
export const VAE_CONVERGED = "VAE masked, until validation stops falling";
export const MODIS_CONVERGED = "MODIS, until validation stops falling";
export const STACK = "pooled linear stack";

/** Linear controls over splits, which notebooks fit again. */
export const SPLIT_CONTROLS = [
  "training mean, observed",
  "dual ridge",
  "ridge + cis of its residual",
  "ridge + cis of its residual + offset",
] as const;

export const CLASS_MEAN = "class mean";

/** More controls over splits. "dual ridge, clamped RNA" sees exactly what ARO sees. */
export const FURTHER_CONTROLS = [
  CLASS_MEAN,
  "PCA, conditioned on RNA",
  "softImpute, given RNA",
  "PLS",
  "kernel ridge, RBF",
  "dual ridge, clamped RNA",
  "per-gene ridge on own RNA and components",
] as const;

/**
 * What is compared over splits: the shared decoder with every control; each other model with the linear ones, and with
 * the ridge regression that sees what it sees.
 */
export const SPLIT_PAIRS: readonly (readonly [first: string, second: string])[] = [
  ...[...SPLIT_CONTROLS.slice(1), ...FURTHER_CONTROLS, STACK].map(
    (control) => [SHARED, control] as const,
  ),
  ...[ARO_PAPER, ARO_CONVERGED, VAE_CONVERGED, MODIS_CONVERGED].flatMap((model) =>
    [...SPLIT_CONTROLS, "dual ridge, clamped RNA"].map((control) => [model, control] as const),
  ),
];

/** Multiples of the profile's learning rate that ARO is trained at until validation stops falling. */
export const RATE_MULTIPLES: readonly number[] = [1, 10, 30];

/** The multiple with the lowest validation loss on a real cohort, by the experiment "rates". */
const RATE_MULTIPLE = 10;

/**
 * Trained until the validation loss of the inferred modalities has not fallen for 30 epochs; the weights are those of
 * the best epoch.
 */
function untilConverged(multiple: number, { learningRate, epochs }: Profile["training"]) {
  return {
    learningRate: Number((multiple * learningRate).toPrecision(6)),
    epochs,
    plateau: null,
    earlyStopping: { patience: 30 },
    criterion: "inferred" as const,
  };
}

function controls(names: readonly string[], group: Variant["group"]): Variant[] {
  return names.map((name) => ({ name, kind: "control", setting: "masked", group }));
}

/** The linear controls, the pooled linear stack and the shared decoder, with so many training samples or with all. */
export function linearVariants(rows?: number): Variant[] {
  const variants: readonly Variant[] = [
    ...controls(SPLIT_CONTROLS, "linear controls"),
    { name: STACK, kind: "linear stack", setting: "masked" },
    { name: SHARED, kind: "shared decoder", setting: "masked" },
  ];
  return variants.map((variant) => (rows === undefined ? variant : { ...variant, rows }));
}

/** The rows over splits that take seconds a split; a profile without a classification task has no class mean. */
export function quickVariants({ labels }: Profile): Variant[] {
  const further = FURTHER_CONTROLS.filter((name) => name !== CLASS_MEAN || labels.tasks.length > 0);
  return [...linearVariants(), ...controls(further, "further controls")];
}

/**
 * The rows of the experiment over splits, all of which see the first modality alone. ARO is trained as the profile
 * says, which is as in the paper, and until its validation loss stops falling, at a rate that validation samples chose;
 * so is the variational autoencoder, at ARO's width, and MODIS at its own rate. On a real cohort a full-size training
 * takes minutes, so these are repeated on the first few splits only. A profile without a classification task has no
 * MODIS, which learns from classes.
 */
export function splitVariants(profile: Profile): Variant[] {
  const setting = "masked";
  const simulated = profile.cohort === "simulate";
  const repeats = (count: number) => (simulated ? {} : { repeats: count });
  const few = { repeats: simulated ? 2 : 3 };
  const hasClasses = profile.labels.tasks.length > 0;
  const { epochs } = profile.training;
  const longer = { ...profile.training, epochs: 3 * epochs };
  const modis = { epochs: simulated ? 20 : 60, earlyStopping: { patience: 10 } };
  const training = untilConverged(simulated ? 1 : RATE_MULTIPLE, longer);
  return [
    ...quickVariants(profile),
    { name: ARO_PAPER, setting, ...repeats(5) },
    { name: ARO_CONVERGED, setting, ...repeats(5), training },
    { name: VAE_CONVERGED, kind: "VAE", setting, ...few, training },
    ...(hasClasses
      ? [{ name: MODIS_CONVERGED, kind: "MODIS", setting, ...few, training: modis } as const]
      : []),
  ];
}

/**
 * ARO masked at each rate of the grid until validation stops falling, for the profile's epochs at most. At the profile's
 * own rate it is the profile's training.
 */
export function rateVariants({ training: own }: Profile): Variant[] {
  return RATE_MULTIPLES.map((multiple): Variant => {
    const training = untilConverged(multiple, own);
    const about = { name: `ARO masked at ${training.learningRate}`, setting: "masked" } as const;
    return multiple === 1 ? about : { ...about, training };
  });
}

/** Choices of the shared decoder: as it is, and with one choice changed. */
export const DECODER_CHOICES: readonly Variant[] = [
  { name: SHARED },
  { name: "trained on z-scores alone", decoder: { objective: "standardized" as const } },
  { name: "two networks", decoder: { networks: 2 } },
  { name: "four folds", decoder: { folds: 4 } },
  { name: "weight 4 of the paper's space", decoder: { preprocessedWeight: 4 } },
  { name: "600 steps", decoder: { mostSteps: 600 } },
].map((choice) => ({ ...choice, kind: "shared decoder", setting: "masked" }));
