// Result sentences: the numbers of a run in words, for each way in which it may have come out.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PairedDifference } from "../../lib/evaluate/paired.js";
import type { FlatScore } from "../../lib/evaluate/summary.js";
import {
  type DownstreamRow,
  describeAccuracies,
  describeClusters,
  describeComparisons,
  describeDifferences,
  describeEffects,
  describeScores,
  describeSearches,
  describeTraining,
  findLowest,
  type TrainedRun,
} from "../../lib/study/sentences.js";
import type { TuningSummary } from "../../lib/study/tuning.js";

const score = (predictor: string, modality: string, mse: number | null, sees = "RNA") =>
  ({ predictor, modality, mse, sees, part: "test" }) as FlatScore;

const scores = [
  ...["RNA", "protein", "inferred", "all"].map((name) => score("ARO masked", name, 0.117)),
  score("ridge", "protein", 0.086),
  score("ridge", "inferred", 0.12),
  score("mean", "inferred", null, "nothing"),
  score("PCA, sees all", "protein", 0.01, "all"),
];

const difference: PairedDifference = {
  first: "ARO masked",
  second: "ridge",
  modality: "protein",
  samples: 18,
  difference: 0.031,
  low: 0.027,
  high: 0.036,
  better: "ridge",
};

test("scores name the lowest predictor that does not see the modality, and the distance to it", () => {
  assert.equal(
    describeScores(scores, "ARO masked", [difference]),
    "On protein, ridge has the lowest MSE (0.086); ARO masked is behind by 0.031 (0.027 to 0.036), number 2 of 2.\n" +
      "On the inferred modalities together, ARO masked has the lowest MSE (0.117); ridge follows with 0.120.",
  );
  assert.match(describeScores(scores, "ARO masked"), /behind by 0\.031, number 2/);
  assert.equal(findLowest(scores, "protein").predictor, "ridge");
  assert.throws(() => findLowest(scores, "lipid"), /RangeError.*lipid.*got none/);
  const sighted = ["RNA", "protein"].map((name) => score("PCA, sees all", name, 0.01, "all"));
  assert.throws(
    () => describeScores([...sighted, ...scores], "PCA, sees all"),
    /RangeError.*infers protein/,
  );
});

test("a difference is higher, lower, or not to be told", () => {
  const better = { ...difference, difference: -0.031, low: -0.036, high: -0.027, better: "ARO" };
  const neither = { ...difference, difference: -0.001, low: -0.004, high: 0.002 };
  assert.deepEqual(
    describeDifferences([difference, better, { ...neither, better: "neither" }]).split("\n"),
    [
      "On protein, ARO masked has a higher MSE than ridge, by 0.031 (0.027 to 0.036).",
      "On protein, ARO masked has a lower MSE than ridge, by 0.031 (0.027 to 0.036).",
      "On protein, this split cannot tell ARO masked from ridge: the MSE differs by −0.001 (−0.004 to 0.002).",
    ],
  );
});

test("a training says its steps, and whether its validation loss still fell", () => {
  const run = (...losses: number[]) =>
    ({
      config: { training: { batchSize: 80 } },
      epochs: losses.map((huber, i) => ({ epoch: i + 1, steps: 1, validation: { huber } })),
    }) as unknown as TrainedRun;
  const options = { trainSamples: 79 };
  const falling = describeTraining("ARO", run(0.1, 0.08, 0.072), options);
  assert.match(falling, /^ARO took 3 steps: with 79 rows and batches of 80, an epoch is 1 step\./);
  assert.match(falling, /still fell at the last epoch, 3 \(0\.0720\), by 10\.0 % since epoch 2/);
  assert.match(
    describeTraining("ARO", run(0.1, 0.05, 0.06), options),
    /lowest at epoch 2 \(0\.0500\) and is 20\.0 % higher at the last, 3 \(0\.0600\)\.$/,
  );
  assert.throws(() => describeTraining("ARO", run(), options), /RangeError.*epochs/);
});

test("searches of a setup stand beside its references", () => {
  const search = (name: string, loss: number | null): TuningSummary => ({
    setup: "with input dropout",
    search: name as TuningSummary["search"],
    trials: 16,
    finished: 9,
    stopped: 7,
    failed: 0,
    epochs: 100,
    loss,
    foundAt: 4,
  });
  const references = [{ setup: "with input dropout", name: "constant" as const, loss: 0.08 }];
  assert.equal(
    describeSearches([search("bayes", 0.05), search("random", 0.06)], references),
    "With input dropout, the Bayesian search reached 0.0500 (trial 4 of 16) and random search reached 0.0600 (trial 4 of 16); the constant has 0.0800.",
  );
  assert.match(
    describeSearches([search("bayes", 0.05), search("random", 0.05)]),
    /, the same trial\.$/,
  );
  assert.match(describeSearches([search("random", null)]), /finished none of its 16 trials/);
});

test("accuracies stand beside the majority class and each covariate", () => {
  const row = (classifier: string, representation: string, balancedAccuracy: number) =>
    ({
      task: "tissue",
      classifier,
      representation,
      balancedAccuracy,
      balancedLow: balancedAccuracy - 0.1,
      balancedHigh: balancedAccuracy + 0.1,
    }) as DownstreamRow;
  const rows = ["ARO", "PCA"].flatMap((from) => [
    row("majority class", from, 0.5),
    row("batch alone", from, 0.6),
    row("mlp", from, from === "ARO" ? 0.89 : 0.69),
  ]);
  assert.equal(
    describeAccuracies(rows),
    "Tissue: the MLP's balanced accuracy is 89 % (79 % to 99 %) from ARO and 69 % (59 % to 79 %) from PCA; " +
      "60 % for batch alone and 50 % for the majority class.",
  );
});

test("clusters say where each measure is highest", () => {
  const row = (representation: string, silhouette: number, adjustedRand: number) => ({
    representation,
    label: "tissue",
    silhouette,
    adjustedRand,
  });
  const [aro, pca] = [row("ARO", 0.61, 0.64), row("PCA", 0.2, 0.74)];
  assert.match(
    describeClusters([aro, pca]),
    /^Tissue, .*: ARO 0\.61 and 0\.64; PCA 0\.20 and 0\.74\. .* highest in ARO, the Rand index in PCA\.$/,
  );
  assert.match(describeClusters([aro, row("PCA", 0.2, 0.1)]), /Both are highest in ARO\.$/);
});

test("effects beyond the seeds are told, and those on other rows apart from them", () => {
  const row = (
    variant: string,
    difference: number | null,
    limits: readonly (number | null)[],
    caveat = "",
  ) => ({
    variant,
    seeds: 5,
    mean: 0.1,
    deviation: 0.01,
    pairs: 5,
    difference,
    caveat,
    low: limits[0],
    high: limits[1],
  });
  const rows = [
    row("paper", null, [null, null]),
    row("ReLU output", 0.01, [0.008, 0.012]),
    row("dropout", 0.001, [-0.001, 0.003]),
    row("other split", -0.02, [-0.03, -0.01], "other rows"),
  ];
  assert.equal(
    describeEffects(rows, "test MSE"),
    "1 of the 2 variants that compare like with like moves the test MSE by more than the seeds do: " +
      "ReLU output +0.010 (0.008 to 0.012). On other inputs or rows, and so not directly comparable: " +
      "other split −0.020 (−0.030 to −0.010).",
  );
  assert.match(describeEffects(rows.slice(3), "accuracy"), /^No variant compares .* other split/);
});

test("comparisons over splits are counted by interval and after Holm's adjustment, open ones by name", () => {
  const row = (second: string, better: string, adjusted: number) => ({
    first: "a",
    second,
    modality: "protein",
    measure: "mse" as const,
    better,
    adjusted,
  });
  assert.equal(
    describeComparisons([row("b", "a", 0.01), row("c", "a", 0.2), row("d", "undecided", 0.9)]),
    "2 of 3 intervals favor the a, 0 the other, 1 undecided (mse of protein against d); " +
      "1 of the differences holds after Holm's adjustment.",
  );
  assert.match(
    describeComparisons([row("b", "b", 0.01)]),
    /^0 of 1 intervals favor the a, 1 the other/,
  );
  assert.throws(() => describeComparisons([]), /expected comparisons, got none/);
});
