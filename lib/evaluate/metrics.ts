// What a classifier's predictions are worth: confusion matrix, accuracies, F1, area under the ROC curve.
import { groupBy } from "../cohort/group.js";
import { checkFinite } from "./statistics.js";

/** Counts in row-major order, `[classes, classes]`: row is the true class, column the predicted one. */
export interface Confusion {
  readonly classes: number;
  readonly counts: Float64Array;
}

/** Shares in [0, 1]. */
export interface ConfusionMetrics {
  readonly accuracy: number;
  /** Mean recall over the classes that occur. */
  readonly balancedAccuracy: number;
  /** Mean F1 over the classes that occur or are predicted; a class without a hit counts 0. */
  readonly macroF1: number;
  /** The share of the most frequent class: what always naming it would score. */
  readonly majorityRate: number;
}

/**
 * Counts how often each true class was predicted as each class; classes are indexes in [0, classes).
 * @throws RangeError if there is no sample.
 */
export function confusionMatrix(
  truth: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): Confusion {
  if (truth.length === 0) throw new RangeError("confusionMatrix: expected samples, got none");
  const counts = new Float64Array(classes * classes);
  for (let i = 0; i < truth.length; i++) counts[truth[i] * classes + predictions[i]]++;
  return { classes, counts };
}

/** Reads the scores off a confusion matrix of at least one sample, as scikit-learn defines them. */
export function confusionMetrics({ classes, counts }: Confusion): ConfusionMetrics {
  const actual = new Float64Array(classes);
  const predicted = new Float64Array(classes);
  let total = 0;
  let hits = 0;
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      const count = counts[i * classes + j];
      actual[i] += count;
      predicted[j] += count;
      total += count;
      if (i === j) hits += count;
    }
  }
  let recalls = 0;
  let present = 0;
  let f1 = 0;
  let named = 0;
  for (let i = 0; i < classes; i++) {
    const hit = counts[i * classes + i];
    if (actual[i] > 0) {
      recalls += hit / actual[i];
      present++;
    }
    if (actual[i] + predicted[i] > 0) {
      f1 += (2 * hit) / (actual[i] + predicted[i]);
      named++;
    }
  }
  return {
    accuracy: hits / total,
    balancedAccuracy: recalls / present,
    macroF1: f1 / named,
    majorityRate: Math.max(...actual) / total,
  };
}

/**
 * Gives the area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
 * With `strata`, only samples of one stratum are compared, since scores of different folds come from different
 * models. Null where no positive meets a negative.
 * Source: Mann and Whitney 1947, from average ranks.
 * @throws RangeError if a score is not finite.
 */
export function rocAuc(
  isPositive: ArrayLike<boolean>,
  scores: ArrayLike<number>,
  strata?: ArrayLike<number>,
): number | null {
  checkFinite("rocAuc", scores);
  const members = groupBy(Array(scores.length).keys(), (i) => strata?.[i] ?? 0);
  let twiceWon = 0; // doubled, so that halves stay whole
  let pairs = 0;
  for (const order of members.values()) {
    order.sort((a, b) => scores[a] - scores[b]);
    let positives = 0;
    let twiceRanks = 0;
    for (let start = 0; start < order.length; ) {
      let end = start;
      while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
      for (let i = start; i < end; i++) {
        if (!isPositive[order[i]]) continue;
        positives++;
        twiceRanks += start + end + 1;
      }
      start = end;
    }
    twiceWon += twiceRanks - positives * (positives + 1);
    pairs += positives * (order.length - positives);
  }
  return pairs === 0 ? null : twiceWon / (2 * pairs);
}

/**
 * Gives the area under the ROC curve from class probabilities `[samples, classes]`: of the second of two classes,
 * or one against the rest, averaged over the classes that some but not all samples have. Null where no class is such.
 */
export function rocAucOfClasses(
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classes: number,
  strata?: ArrayLike<number>,
): number | null {
  const count = truth.length;
  const areaOf = (which: number) =>
    rocAuc(
      Array.from({ length: count }, (_, i) => truth[i] === which),
      Array.from({ length: count }, (_, i) => probabilities[i * classes + which]),
      strata,
    );
  if (classes === 2) return areaOf(1);
  const areas = Array.from({ length: classes }, (_, which) => areaOf(which)).filter(
    (area) => area !== null,
  );
  return areas.length === 0 ? null : areas.reduce((sum, area) => sum + area, 0) / areas.length;
}
