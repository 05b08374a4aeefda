// Small figures of every kind, from made-up numbers, for the tests of this room.
import { accuracyFigure } from "../../lib/figures/accuracy.js";
import { bestSoFarFigure } from "../../lib/figures/best-so-far.js";
import { cohortFigure } from "../../lib/figures/cohort.js";
import { confusionFigure } from "../../lib/figures/confusion.js";
import { correlationFigure } from "../../lib/figures/correlation.js";
import { curvesFigure } from "../../lib/figures/curves.js";
import { densityFigure } from "../../lib/figures/density.js";
import {
  type Differences,
  differencesFigure,
  splitsFigure,
} from "../../lib/figures/differences.js";
import { type Figure, paperFigure } from "../../lib/figures/figure.js";
import { type HiddenCellsRow, hiddenCellsFigure } from "../../lib/figures/hidden-cells.js";
import { labelsFigure } from "../../lib/figures/labels.js";
import { latentFigure } from "../../lib/figures/latent.js";
import { overviewFigure } from "../../lib/figures/overview.js";
import { parallelFigure } from "../../lib/figures/parallel.js";
import { preprocessingFigure } from "../../lib/figures/preprocessing.js";
import { type ReliabilityRow, reliabilityFigure } from "../../lib/figures/reliability.js";
import { type SetRow, setsFigure } from "../../lib/figures/sets.js";
import { skillFigure } from "../../lib/figures/skill.js";
import { splitFigure } from "../../lib/figures/split.js";
import { trainingFigure } from "../../lib/figures/training.js";

const cohort = "Example";

export const skillRows = [
  { predictor: "zero", sees: "nothing", skill: -0.5, skillLow: -0.6, skillHigh: -0.4 },
  { predictor: "dual ridge", sees: "RNA", skill: 0.3, skillLow: 0.25, skillHigh: 0.35 },
  { predictor: "ARO masked", sees: "RNA", skill: 0.2, skillLow: null, skillHigh: null },
  { predictor: "ARO unmasked", sees: "all", skill: 0.25, skillLow: 0.2, skillHigh: 0.3 },
].map((row) => ({ ...row, part: "test", modality: "proteomics" }));

export const reliabilityRows: readonly ReliabilityRow[] = ["shared decoder", "dual ridge"].flatMap(
  (predictor, p) =>
    ["proteomics", "metabolomics"].flatMap((modality, m) =>
      [0.5, 0.8, 0.9, 0.95].map((level) => ({
        predictor,
        modality,
        level,
        coverage: level + 0.02 * p - 0.01 * m,
        percentile5: m === 1 && level === 0.5 ? null : level - 0.1,
        percentile95: Math.min(1, level + 0.08),
      })),
    ),
);

/** One cell clearly best, one best, one worse than the mean. */
export const setRows: readonly SetRow[] = [
  ["RNA", "proteomics", "training mean", 0, ""],
  ["proteomics", "RNA", "training mean", 0, ""],
  ["RNA", "proteomics", "dual ridge", 0.2, ""],
  ["proteomics", "RNA", "dual ridge", -0.1, ""],
  ["RNA", "proteomics", "shared decoder", 0.4, "clearly best"],
  ["proteomics", "RNA", "shared decoder", 0.1, "best"],
].map(([observed, target, predictor, skill, rank]) => {
  const margin = skill === 0 ? 0 : 0.05;
  return {
    observed,
    target,
    predictor,
    skill,
    low: +skill - margin,
    high: +skill + margin,
    rank,
  } as SetRow;
});

export const hiddenCellsRows: readonly HiddenCellsRow[] = ["at random", "below a limit"].flatMap(
  (mechanism, m) =>
    (["z", "paper"] as const).flatMap((space) =>
      ["training mean", "kNN", "softImpute"].flatMap((predictor, p) =>
        [0.1, 0.5].map((share) => {
          const skill = 0.2 * p * (1 - share) - 0.05 * m;
          const interval = { low: skill - 0.04, high: skill + 0.04 };
          return { cohort, mechanism, share, space, predictor, skill, ...interval };
        }),
      ),
    ),
);

export const hiddenCellsOptions = {
  targets: { [cohort]: "proteomics" },
  splits: 3,
  constant: "training mean",
};

export const setsOptions = { cohort, modalities: ["RNA", "proteomics"], splits: 5, features: 90 };

export const confusionMatrix = {
  name: "tissue from ARO unmasked",
  classes: ["tumor", "normal"],
  counts: [
    [14, 0],
    [1, 3],
  ],
  low: 0.742,
  high: 0.99,
  majority: 14 / 18,
};

export const accuracyRow = {
  task: "tissue",
  representation: "ARO unmasked",
  classifier: "nearest centroid",
  n: 18,
  classes: 2,
  accuracy: 0.94,
  accuracyLow: 0.74,
  accuracyHigh: 0.99,
  balancedAccuracy: 0.88,
  majority: 0.78,
};

export const histogram = {
  modality: "proteomics",
  stage: "z",
  edges: Float64Array.of(-2, -1, 0, 1, 2),
  counts: Float64Array.of(5, 20, 24, 1),
  zeros: 4,
};

export const pairs = {
  predictor: "dual ridge",
  edges: Float64Array.of(0, 0.5, 1),
  counts: Float64Array.of(6, 2, 1, 3),
  r: 0.5,
};

const epochs = [1, 2, 3, 4].map((epoch) => ({
  epoch,
  train: { huber: 0.2 / epoch, mse: 0.4 / epoch },
  validation: { huber: 0.22 / epoch, mse: 0.44 / epoch },
  learningRate: epoch < 3 ? 1e-5 : 1e-6,
}));

export const runs = [
  { name: "ARO unmasked", seed: 1, epochs },
  { name: "ARO masked", seed: 1, epochs },
  { name: "ARO masked", seed: 2, epochs },
];

export const trainingOptions = {
  cohort,
  trainSamples: 80,
  validationSamples: 17,
  references: [
    { name: "training mean", huber: 0.07, mse: 0.14 },
    { name: "dual ridge", huber: 0.05, mse: 0.1 },
  ],
};

export const mapOf = (method: string, x: number[], y: number[], trustworthiness = 0.9) => ({
  method,
  x: Float64Array.from(x),
  y: Float64Array.from(y),
  trustworthiness,
});

export const coloringOf = (
  name: string,
  values: readonly (string | number | null)[],
  silhouettes = [0.5],
) => ({ name, values, silhouettes, leftOut: [] });

export const latentOptions = {
  cohort,
  representation: "ARO unmasked",
  maps: [
    mapOf("PCA", [0, 1, 2, 3], [1, 0, 2, 1], 0.9),
    mapOf("UMAP", [4, 1, 0, 2], [0, 0.5, 1, 2], 0.8),
  ],
  colorings: [
    coloringOf("tissue", ["tumor", "normal", "tumor", null], [0.3, -0.1]),
    coloringOf("cluster", [1, 2, 10, 2], [0.2, 0.1]),
  ],
};

export const overviewOptions = {
  cohort,
  samples: 115,
  patients: 95,
  modalities: [
    { name: "transcriptomics", features: 26_804, seen: true },
    { name: "metabolomics", features: 67, seen: false },
  ],
  steps: ["fill missing values with the training median", "clamp at 0, then log1p"],
  model: {
    width: 64,
    hiddenLayers: 3,
    output: "softplus",
    inputDropout: 0.1,
    parameters: 3_472_023,
  },
  loss: "Huber loss over observed entries",
  tasks: ["tissue", "laterality"],
};

const tuningAxes = [
  { name: "inputDropout", kind: "number", low: 0, high: 0.2, scale: "linear" },
  { name: "width", kind: "integer", low: 32, high: 256, scale: "linear" },
  { name: "learningRate", kind: "number", low: 1e-4, high: 1e-2, scale: "log" },
  { name: "masked", kind: "boolean" },
] as const;

export const tuningTrials = [0.09, 0.07, 0.12, 0.065, 0.08].map((loss, i) => ({
  point: {
    inputDropout: 0.04 * i,
    width: 32 + 50 * i,
    learningRate: 1e-4 * 2 ** i,
    masked: i % 2 === 0,
  },
  loss: i === 4 ? null : loss,
  status: i === 4 ? ("failed" as const) : i === 2 ? ("stopped" as const) : ("finished" as const),
}));

export const tuningStudies = [
  { name: "with input dropout", axes: tuningAxes, trials: tuningTrials },
  { name: "without input dropout", axes: tuningAxes.slice(1), trials: tuningTrials.slice(0, 3) },
];

export const searchStudies = [
  { setup: "with input dropout", method: "bayes", trials: tuningTrials },
  { setup: "with input dropout", method: "random", trials: tuningTrials.toReversed() },
  { setup: "without input dropout", method: "bayes", trials: tuningTrials.slice(0, 3) },
] as const;

/** Two predictors beside a third over four splits. */
const overSplits = (["mse", "r"] as const).flatMap((measure) =>
  ["dual ridge", "ARO masked"].map((first, i) => ({
    first,
    second: "shared decoder",
    modality: "proteomics",
    measure,
    splits: 4,
    difference: 0.02 - i / 100,
    low: 0.01 - i / 80,
    high: 0.03,
  })),
);

export const differences: readonly Differences[] = [
  {
    measure: "test MSE",
    against: "paper, masked",
    rows: [
      { variant: "ReLU output", difference: 0.01, low: 0.008, high: 0.012, caveat: "" },
      {
        variant: "split by sample",
        difference: -4e-3,
        low: -9e-3,
        high: 1e-3,
        caveat: "other rows",
      },
    ],
  },
  {
    measure: "accuracy of tissue",
    against: "paper, unmasked",
    rows: [{ variant: "without ReLU", difference: 0, low: null, high: null, caveat: "" }],
  },
];

/** Makes every figure once, by the name of its snapshot. */
export const examples: Readonly<Record<string, () => Figure>> = {
  cohort: () =>
    cohortFigure({
      cohort,
      samples: 115,
      patients: 95,
      modalities: [
        { name: "transcriptomics", samples: 115, features: 26_804, observed: 1 },
        { name: "metabolomics", samples: 120, features: 67, observed: 0.873 },
      ],
      drops: [
        { what: "samples", from: "metabolomics", count: 5, reason: "not in every modality" },
        { what: "columns", from: "sample sheet", count: 168, reason: "not used as a label" },
        { what: "features", from: "metabolomics", count: 134, reason: "zero in every sample" },
        { what: "features", from: "transcriptomics", count: 0, reason: "zero in every sample" },
      ],
    }),
  labels: () =>
    labelsFigure(
      [
        { label: "tissue", value: "tumor", samples: 95 },
        { label: "tissue", value: "normal", samples: 20 },
        { label: "grade", value: 1, samples: 60 },
        { label: "grade", value: null, samples: 55 },
      ],
      { cohort, samples: 115 },
    ),
  split: () =>
    splitFigure(
      [
        { part: "train", kind: "tumor", samples: 66, patients: 60 },
        { part: "train", kind: "normal", samples: 14, patients: 14 },
        { part: "test", kind: "tumor", samples: 18, patients: 16 },
      ],
      { cohort, patients: { train: 62, test: 16 } },
    ),
  preprocessing: () =>
    preprocessingFigure(
      [
        { ...histogram, stage: "measured", zeros: 0 },
        { ...histogram, stage: "z-score", below: 25, winsorized: 1 },
        {
          ...histogram,
          stage: "log1p of z above 0",
          edges: Float64Array.of(0, 0.5, 1, 1.5, 2),
          counts: Float64Array.of(30, 15, 4, 1),
          zeros: 25,
        },
      ],
      {
        cohort,
        part: "training",
        samples: 80,
      },
    ),
  curves: () =>
    curvesFigure(
      [-2, -1, 0, 1, 2].flatMap((x) => [
        { panel: "loss", curve: "square", x, y: x * x },
        { panel: "loss", curve: "absolute", x, y: Math.abs(x) },
        { panel: "slope", curve: "square", x, y: 2 * x },
      ]),
      { name: "curves", title: "Two losses and a slope", x: "difference" },
    ),
  "training-huber": () => trainingFigure(runs, trainingOptions),
  "skill-test": () => skillFigure(skillRows, { cohort, samples: 18, splits: 8 }),
  "correlation-test": () =>
    correlationFigure(
      [
        {
          predictor: "dual ridge",
          modality: "proteomics",
          features: 8412,
          percentile5: -0.1,
          percentile25: 0.3,
          median: 0.55,
          percentile75: 0.7,
          percentile95: 0.9,
        },
      ],
      {
        cohort,
        samples: 18,
      },
    ),
  "density-test": () =>
    densityFigure([pairs, { ...pairs, predictor: "ARO masked", r: null }], {
      cohort,
      modality: "proteomics",
      samples: 18,
    }),
  "hidden-cells": () => hiddenCellsFigure(hiddenCellsRows, hiddenCellsOptions),
  sets: () => setsFigure(setRows, setsOptions),
  reliability: () => reliabilityFigure(reliabilityRows, { cohort, samples: 35 }),
  splits: () => splitsFigure(overSplits, { cohort, against: "shared decoder" }),
  differences: () => differencesFigure(differences, { cohort, seeds: 5 }),
  latent: () => latentFigure(latentOptions),
  overview: () => overviewFigure(overviewOptions),
  "figure-2a": () =>
    paperFigure(
      "2a",
      latentFigure({
        ...latentOptions,
        maps: [{ ...latentOptions.maps[0], explained: [0.34, 0.129], settings: "seed 42" }],
        parts: ["train", "test", "validation", "train"],
      }),
      "The paper has another cohort.",
    ),
  confusion: () => confusionFigure([confusionMatrix], { cohort }),
  accuracy: () =>
    accuracyFigure([accuracyRow, { ...accuracyRow, classifier: "logistic regression" }], {
      cohort,
      protocol: "18 test samples of one split",
    }),
  "tuning-parallel": () => parallelFigure(tuningStudies, { cohort, validationSamples: 17 }),
  "tuning-best-so-far": () =>
    bestSoFarFigure(searchStudies, {
      cohort,
      validationSamples: 17,
      references: [
        { setup: "with input dropout", name: "training mean", loss: 0.11 },
        { setup: "without input dropout", name: "training mean", loss: 0.11 },
      ],
    }),
};
