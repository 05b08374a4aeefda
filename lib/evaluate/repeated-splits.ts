// Predictors over repeated splits: scores of each split, and paired differences that allow for shared samples.
import { median } from "simple-statistics";
import type { Modality } from "../cohort/cohort.js";
import { type Matrix, sliceColumns } from "../cohort/matrix.js";
import { countedMatrix, countUnmeasured, measuredFeatures } from "../preprocess/counted.js";
import { type PreparedCohort, requireHeldOut, type Space } from "../preprocess/prepare.js";
import { featureCorrelations } from "./correlation.js";
import { observedMean, type Predictor } from "./predictor.js";
import { pickColumns } from "./rows.js";
import { checkFinite, studentQuantile, studentTails } from "./statistics.js";

/** How one predictor did on the test rows of one split, for one inferred modality. */
export interface SplitScore {
  /** The split's seed. */
  readonly seed: number;
  readonly predictor: string;
  readonly modality: string;
  readonly space: Space;
  readonly trainRows: number;
  readonly testRows: number;
  /** Observed test entries of features that some training row measured; only these are scored. */
  readonly observed: number;
  /** Features left out because no training row measured them. */
  readonly unmeasured: number;
  readonly mse: number;
  /** Mean Huber loss, delta 1. */
  readonly huber: number;
  /** `1 - MSE / MSE of the observed training mean`; null if the latter is 0. */
  readonly skill: number | null;
  /** Median over features of Pearson's r across test samples; null where no feature has one, as of a constant. */
  readonly r: number | null;
  /** Variance of predictions over samples by that of measurements, pooled over features; a constant has 0. */
  readonly varianceRatio: number | null;
}

/**
 * Scores predictors on a split's test rows.
 * @returns one row for each predictor and inferred modality that has observed test entries.
 * @throws RangeError if the scaler was fitted on a test row, or a prediction is not finite.
 */
export async function scoreSplit(
  predictors: readonly Predictor[],
  prepared: PreparedCohort,
  seed: number,
): Promise<SplitScore[]> {
  const { test, train, scaler, space, modalities } = prepared;
  requireHeldOut(scaler, test);
  const counted = countedMatrix(prepared, test);
  const measured = measuredFeatures(prepared);
  const baseline = observedMean(prepared);
  const out: SplitScore[] = [];
  for (const { name, predict } of predictors) {
    const predicted = await predict(test);
    for (const modality of modalities.slice(1)) {
      const { observed, ...scores } = scoreColumns(counted, predicted, baseline, modality);
      if (observed === 0) continue;
      checkFinite(`scoreSplit: ${name}, ${modality.name}`, [scores.mse]);
      out.push({
        ...{ seed, predictor: name, modality: modality.name, space },
        ...{ trainRows: train.matrix.rows, testRows: test.matrix.rows, observed },
        ...{ unmeasured: countUnmeasured(measured, modality), ...scores },
      });
    }
  }
  return out;
}

function scoreColumns(
  truth: Matrix,
  predicted: Float32Array,
  baseline: Float64Array,
  { start, end }: Modality,
) {
  const { rows, columns, values, observed } = truth;
  let [count, squared, huber, constant, measuredVariance, predictedVariance] = [0, 0, 0, 0, 0, 0];
  for (let j = start; j < end; j++) {
    let [n, x, xx, y, yy, first] = [0, 0, 0, 0, 0, 0];
    for (let i = 0, at = j; i < rows; i++, at += columns) {
      if (!observed[at]) continue;
      const [value, guess] = [values[at], predicted[at]];
      const error = Math.abs(value - guess);
      squared += error ** 2;
      huber += error <= 1 ? error ** 2 / 2 : error - 0.5;
      constant += (value - baseline[j]) ** 2;
      if (n++ === 0) first = guess;
      x += value;
      xx += value ** 2;
      y += guess - first; // so that a constant varies by exactly 0
      yy += (guess - first) ** 2;
    }
    if (n === 0) continue;
    count += n;
    measuredVariance += Math.max(0, xx - x ** 2 / n);
    predictedVariance += Math.max(0, yy - y ** 2 / n);
  }
  const own = sliceColumns(truth, start, end);
  const guesses = pickColumns({ rows, columns, values: predicted }, { start, end });
  const found = featureCorrelations(own, new Float32Array(guesses));
  return {
    observed: count,
    mse: squared / count,
    huber: huber / count,
    skill: constant > 0 ? 1 - squared / constant : null,
    r: found.length > 0 ? median([...found]) : null,
    varianceRatio: measuredVariance > 0 ? predictedVariance / measuredVariance : null,
  };
}

/** The first predictor's score minus the second's, averaged over splits. */
export interface SplitDifference {
  readonly first: string;
  readonly second: string;
  readonly modality: string;
  readonly measure: "mse" | "r";
  /** Splits on which both have the score. */
  readonly splits: number;
  /** Splits on which the first is the better one. */
  readonly wins: number;
  readonly difference: number;
  /** Low and high bound the 95 % interval with Nadeau and Bengio's correction for shared training samples. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, of the corrected t statistic. */
  readonly p: number;
  /** p adjusted by Holm's method over all comparisons of the table. */
  readonly adjusted: number;
}

/**
 * Compares pairs of predictors over splits, by MSE and median r of each modality.
 *
 * Splits share samples, so their differences are not independent: the variance of their mean is
 * `(1 / n + test rows / training rows) s^2`, with n - 1 degrees of freedom.
 * Source: Nadeau and Bengio 2003, Inference for the generalization error; Holm 1979.
 * @throws RangeError if a pair shares fewer than two splits.
 */
export function compareSplits(
  scores: readonly SplitScore[],
  pairs: readonly (readonly [first: string, second: string])[],
): SplitDifference[] {
  const modalities = [...new Set(scores.map(({ modality }) => modality))];
  const rows = pairs.flatMap(([first, second]) =>
    modalities.flatMap((modality) =>
      (["mse", "r"] as const).map((measure) =>
        compareOne(scores, { first, second, modality, measure }),
      ),
    ),
  );
  const adjusted = adjustHolm(rows.map(({ p }) => p));
  return rows.map((row, i) => ({ ...row, adjusted: adjusted[i] }));
}

function compareOne(
  scores: readonly SplitScore[],
  asked: Pick<SplitDifference, "first" | "second" | "modality" | "measure">,
): Omit<SplitDifference, "adjusted"> {
  const { first, second, modality, measure } = asked;
  const of = (predictor: string) =>
    scores.filter((score) => score.predictor === predictor && score.modality === modality);
  const others = new Map(of(second).map((score) => [score.seed, score[measure]]));
  const shared = of(first).flatMap(({ seed, trainRows, testRows, [measure]: own }) => {
    const other = others.get(seed);
    if (own === null || other === null || other === undefined) return [];
    return [{ gap: own - other, share: testRows / trainRows }];
  });
  const n = shared.length;
  if (n < 2) {
    throw new RangeError(
      `compareSplits: expected at least 2 splits with ${measure} of "${first}" and "${second}" in ${modality}, got ${n}`,
    );
  }
  const gaps = shared.map(({ gap }) => gap);
  const { difference, low, high, p } = correctedInterval(
    gaps,
    shared.reduce((sum, { share }) => sum + share, 0) / n,
  );
  const wins = gaps.filter((gap) => (measure === "mse" ? gap < 0 : gap > 0)).length;
  return { ...asked, splits: n, wins, difference, low, high, p };
}

/**
 * Gives the mean of differences over splits with its corrected 95 % interval.
 * @param share test rows by training rows.
 */
export function correctedInterval(gaps: readonly number[], share: number) {
  const n = gaps.length;
  const difference = gaps.reduce((sum, gap) => sum + gap, 0) / n;
  const variance = gaps.reduce((sum, gap) => sum + (gap - difference) ** 2, 0) / (n - 1);
  const error = Math.sqrt((1 / n + share) * variance);
  const margin = studentQuantile(n - 1) * error;
  const p = error > 0 ? studentTails(difference / error, n - 1) : Number(difference === 0);
  return { difference, low: difference - margin, high: difference + margin, p };
}

/** Adjusts p values by Holm's method: the k-th smallest of m by `m - k + 1`, never falling, at most 1. */
export function adjustHolm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = new Array<number>(values.length);
  let least = 0;
  order.forEach((at, k) => {
    least = Math.max(least, Math.min(1, (values.length - k) * values[at]));
    out[at] = least;
  });
  return out;
}
