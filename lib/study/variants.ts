// Variants of an experiment: ARO in the paper's settings, with the differences of its authors' code, and its rivals.
import type { FitOptions } from "../impute/fit.js";
import type { SplitOptions } from "../preprocess/split.js";
import type { Profile } from "./profile.js";
import type { Departure, Setting } from "./study.js";

/** A model or a control, and what differs from the profile. */
export interface Variant extends Pick<Departure, "model" | "training"> {
  readonly name: string;
  /** By default ARO. A control is the one of the variant's name. */
  readonly kind?: "ARO" | "shared decoder" | "control";
  /** What the model sees; "one column" hides only the first column of the second modality, as the authors' code does. */
  readonly setting: Setting | "one column";
  /** How a shared decoder is fitted, where that differs from its defaults. */
  readonly decoder?: Pick<FitOptions, "objective" | "networks" | "folds">;
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

/** Controls beside the models over splits. */
export const SPLIT_CONTROLS = [
  "training mean, observed",
  "dual ridge",
  "ridge + cis of its residual",
  "ridge + cis of its residual + offset",
] as const;

/** What is compared over splits: each model with the linear controls, and ARO with a constant too. */
export const SPLIT_PAIRS: readonly (readonly [first: string, second: string])[] = [
  ...SPLIT_CONTROLS.slice(1).map((control) => [SHARED, control] as const),
  ...[ARO_PAPER, ARO_CONVERGED].flatMap((model) =>
    SPLIT_CONTROLS.map((control) => [model, control] as const),
  ),
];

/**
 * The rows of the experiment over splits, all of which see the first modality alone. ARO is trained as the profile
 * says, which is as in the paper; and at a rate of at least 1e-4, ten times the paper's, until the validation loss of the
 * inferred modalities has not fallen for 30 epochs, with the weights of the best one. On a real cohort a full-size
 * training takes minutes, so ARO is repeated on the first few splits only.
 */
export function splitVariants({ cohort, training }: Profile): Variant[] {
  const setting = "masked";
  const repeats = (count: number) => (cohort === "simulate" ? {} : { repeats: count });
  return [
    ...SPLIT_CONTROLS.map((name): Variant => ({ name, kind: "control", setting })),
    { name: SHARED, kind: "shared decoder", setting },
    { name: ARO_PAPER, setting, ...repeats(5) },
    {
      ...{ name: ARO_CONVERGED, setting, ...repeats(2) },
      training: {
        ...{ learningRate: Math.max(1e-4, training.learningRate), epochs: 3 * training.epochs },
        ...{ plateau: null, earlyStopping: { patience: 30 }, criterion: "inferred" },
      },
    },
  ];
}

/** Choices of the shared decoder: as it is, and with one choice changed. */
export const DECODER_CHOICES: readonly Variant[] = [
  { name: SHARED, kind: "shared decoder", setting: "masked" },
  {
    ...{ name: "trained on z-scores alone", kind: "shared decoder", setting: "masked" },
    decoder: { objective: "standardized" },
  },
  {
    ...{ name: "two networks", kind: "shared decoder", setting: "masked" },
    decoder: { networks: 2 },
  },
  { name: "four folds", kind: "shared decoder", setting: "masked", decoder: { folds: 4 } },
];
