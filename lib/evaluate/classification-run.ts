// One drawing of the folds: what was predicted of samples that the classifier had not seen, and how well.

import type { Rows } from "../engine/linear-algebra.js";
import { drawWeights, estimate } from "./bootstrap.js";
import { type Classifier, predictFold } from "./classifiers.js";
import type { Fold } from "./folds.js";
import {
  type Confusion,
  type ConfusionMetrics,
  confusionMatrix,
  confusionMetrics,
  rocAucOfClasses,
} from "./metrics.js";
import { type Interval, meanOf } from "./statistics.js";

/** Shares in [0, 1]; the area is null where no class has samples on both sides. */
export type Scores = ConfusionMetrics & { readonly rocAuc: number | null };

/** One drawing of the folds; arrays run over `rows`. */
export interface ClassificationRun {
  readonly seed: number;
  /** Which rows of the embeddings were predicted, by a classifier that had not seen them. */
  readonly rows: readonly number[];
  /** The fold that each was tested in. */
  readonly folds: readonly number[];
  /** Class indexes. */
  readonly truth: Int32Array;
  readonly predictions: Int32Array;
  /** `[rows, classes]`. */
  readonly probabilities: Float64Array;
  readonly confusion: Confusion;
  readonly scores: Scores;
  /** Pairs of a fold and a class that its training rows lack; such a class got probability 0. */
  readonly absentClasses: number;
  /** Fits that ran out of iterations. */
  readonly unconverged: number;
  /** Patients with samples on both sides of one fold; 0 unless the protocol is the paper's. */
  readonly partedPatients: number;
}

/** Samples with a known label, as indexes of sorted classes. */
export interface LabeledTask {
  readonly points: Rows;
  readonly labels: readonly number[];
  readonly groups: readonly string[];
  readonly classes: readonly (string | number)[];
  /** Of the embeddings that were given. */
  readonly rows: readonly number[];
}

/** Predicts the test rows of each fold from its training rows, and scores all of them together. */
export async function runFolds(
  { points, labels, groups, classes }: LabeledTask,
  folds: readonly Fold[],
  classifier: Classifier,
  seed: number,
): Promise<ClassificationRun> {
  const count = classes.length;
  const tested = folds
    .flatMap(({ test }, fold) => test.map((row) => ({ row, fold })))
    .sort((a, b) => a.row - b.row);
  const placeOf = new Map(tested.map(({ row }, place) => [row, place]));
  const predictions = new Int32Array(tested.length);
  const probabilities = new Float64Array(tested.length * count);
  let absentClasses = 0;
  let unconverged = 0;
  let partedPatients = 0;
  for (const fold of folds) {
    const found = await predictFold(points, labels, count, fold, classifier);
    fold.test.forEach((row, i) => {
      const place = placeOf.get(row)!;
      predictions[place] = found.predictions[i];
      probabilities.set(found.probabilities.subarray(i * count, (i + 1) * count), place * count);
    });
    absentClasses += found.absentClasses;
    if (!found.converged) unconverged++;
    const learned = new Set(fold.train.map((row) => groups[row]));
    const patients = new Set(fold.test.map((row) => groups[row]));
    partedPatients += [...patients].filter((patient) => learned.has(patient)).length;
  }
  const truth = Int32Array.from(tested, ({ row }) => labels[row]);
  const confusion = confusionMatrix(truth, predictions, count);
  const strata = tested.map(({ fold }) => fold);
  return {
    seed,
    rows: tested.map(({ row }) => row),
    folds: strata,
    truth,
    predictions,
    probabilities,
    confusion,
    scores: {
      ...confusionMetrics(confusion),
      rocAuc: rocAucOfClasses(truth, probabilities, count, strata),
    },
    absentClasses,
    unconverged,
    partedPatients,
  };
}

/** Averages each score over runs; the area over those that have one. */
export function meanScores(all: readonly Scores[]): Scores {
  const areas = all.map(({ rocAuc }) => rocAuc).filter((area) => area !== null);
  return {
    accuracy: meanOf(all.map(({ accuracy }) => accuracy)),
    balancedAccuracy: meanOf(all.map(({ balancedAccuracy }) => balancedAccuracy)),
    macroF1: meanOf(all.map(({ macroF1 }) => macroF1)),
    majorityRate: meanOf(all.map(({ majorityRate }) => majorityRate)),
    rocAuc: areas.length === 0 ? null : meanOf(areas),
  };
}

const DRAWS = 2000;

/** Gives the balanced accuracy's 95 % interval over patients drawn with replacement, each with all its predictions. */
export function patientInterval(
  runs: readonly ClassificationRun[],
  task: LabeledTask,
  seed: number,
): Interval {
  const classes = task.classes.length;
  const countsOf = new Map<string, Float64Array>();
  for (const { rows, truth, predictions } of runs) {
    rows.forEach((row, i) => {
      const patient = task.groups[row];
      const counts = countsOf.get(patient) ?? new Float64Array(classes * classes);
      counts[truth[i] * classes + predictions[i]]++;
      countsOf.set(patient, counts);
    });
  }
  const patients = [...countsOf.values()];
  const draws = drawWeights([...countsOf.keys()], { draws: DRAWS, seed }).map((times) => {
    const counts = new Float64Array(classes * classes);
    patients.forEach((own, patient) => {
      for (let i = 0; i < counts.length; i++) counts[i] += times[patient] * own[i];
    });
    return confusionMetrics({ classes, counts }).balancedAccuracy;
  });
  const { low, high } = estimate(Number.NaN, draws);
  return { low, high };
}
