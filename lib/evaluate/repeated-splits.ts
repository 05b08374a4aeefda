// Scores of repeated runs, and paired differences over repeated splits that allow for shared samples.
import { sampleStandardDeviation } from "simple-statistics";
import type { Matrix } from "../cohort/matrix.js";
import { checkOptions } from "../options.js";
import { PARTS, type Part, type PreparedCohort, SPACES } from "../preprocess/prepare.js";
import type { Predictor } from "./predictor.js";
import { COMBINED, type ScoredIn, scorePredictors } from "./reconstruction.js";
import { checkFinite, type Interval, studentQuantile, studentTails } from "./statistics.js";

const SCORED_IN = [...SPACES, "measured"] as const satisfies readonly ScoredIn[];

/** How one variant did in one run, on the rows of one part, for one modality. */
export interface RepeatedScore {
  /** The predictor's name. */
  readonly variant: string;
  /** Of the training, or of the split, whichever the experiment repeats. */
  readonly seed: number;
  readonly part: Part;
  /** By default the paper's space. */
  readonly space?: Exclude<ScoredIn, "paper">;
  /** The modality's name; "inferred" for all behind the first together; "all", which counts the input too. */
  readonly modality: string;
  readonly trainSamples: number;
  /** Samples that are scored. */
  readonly samples: number;
  /** Their observed entries, of features that some training sample measured; only these are scored. */
  readonly observed: number;
  /** Features left out because no training sample measured them. */
  readonly unmeasured: number;
  readonly mse: number;
  /** Mean Huber loss, delta 1. */
  readonly huber: number;
  /** `1 - MSE / MSE of the observed training mean`; null if the latter is 0. */
  readonly skill: number | null;
  /** Median over features of Pearson's r across samples; null where no feature has one, as of a constant. */
  readonly r: number | null;
  /** Variance of predictions over samples by that of measurements, pooled over features; a constant has 0. */
  readonly varianceRatio: number | null;
  /** Training steps behind the weights; null for a predictor that is fitted in closed form. */
  readonly steps: number | null;
}

export interface RepeatOptions {
  readonly seed: number;
  readonly parts: readonly Part[];
  /** By default null. */
  readonly steps?: number | null;
  /** The cohort's measurements, `[samples, features]`: scores z-scores in measured units, too. */
  readonly measured?: Matrix;
}

/**
 * Scores the predictors of one run in the space of the prepared cohort.
 * @returns for each predictor and part one row per inferred modality, one over them together and one over all columns;
 *   none where nothing was observed.
 * @throws RangeError if held-out rows were in the scaler, or a prediction is not finite.
 */
export async function scoreRepeat(
  predictors: readonly Predictor[],
  prepared: PreparedCohort,
  { seed, parts, steps = null, measured }: RepeatOptions,
): Promise<RepeatedScore[]> {
  const trainSamples = prepared.train.matrix.rows;
  const input = prepared.modalities.length > 1 ? prepared.modalities[0].name : null;
  const rows = await scorePredictors(predictors, prepared, {
    parts,
    draws: 1,
    ...(measured ? { measured } : {}),
  });
  return rows.flatMap((row) => {
    const { modality, space, mse, huber } = row;
    if (modality === input || mse === null || huber === null) return [];
    return [
      {
        variant: row.predictor,
        seed,
        part: row.part,
        ...(space === "paper" ? {} : { space }),
        modality,
        trainSamples,
        samples: row.samples,
        observed: row.observed,
        unmeasured: row.leftOut,
        mse,
        huber,
        skill: row.skill?.value ?? null,
        r: row.medianR?.value ?? null,
        varianceRatio: row.varianceRatio,
        steps,
      },
    ];
  });
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
  /** The predictor that the interval favors; "undecided" if it contains 0. */
  readonly better: string;
}

/** What a comparison needs of a score. */
export type ComparedScore = Pick<
  RepeatedScore,
  "variant" | "seed" | "part" | "space" | "modality" | "trainSamples" | "samples" | "mse" | "r"
>;

export interface CompareSplitsOptions {
  /** By default "test". */
  readonly part?: Part;
  /** By default "paper". */
  readonly space?: ScoredIn;
}

/**
 * Compares pairs of predictors over splits, by MSE and median r on each inferred modality of one part's rows; r is left
 * out where they share fewer than two, as with a constant.
 *
 * Splits share samples, so their differences are not independent: the variance of their mean is
 * `(1 / n + scored samples / training samples) s^2`, with n - 1 degrees of freedom.
 * Source: Nadeau and Bengio 2003, Inference for the generalization error; Holm 1979.
 * @throws RangeError if a pair shares the MSE of fewer than two splits.
 */
export function compareOverSplits(
  scores: readonly ComparedScore[],
  pairs: readonly (readonly [first: string, second: string])[],
  options: CompareSplitsOptions = {},
): SplitDifference[] {
  const { part: wanted = "test", space: asked = "paper" } = checkOptions(
    "compareOverSplits",
    options,
    { part: PARTS, space: SCORED_IN },
  );
  const tested = scores.filter(
    ({ part, space = "paper", modality }) =>
      part === wanted && space === asked && !COMBINED.includes(modality),
  );
  const modalities = [...new Set(tested.map(({ modality }) => modality))];
  const rows = pairs.flatMap(([first, second]) =>
    modalities.flatMap((modality) =>
      (["mse", "r"] as const).flatMap((measure) =>
        compareOne(tested, { first, second, modality, measure }),
      ),
    ),
  );
  const adjusted = adjustHolm(rows.map(({ p }) => p));
  return rows.map((row, i) => ({ ...row, adjusted: adjusted[i] }));
}

function compareOne(
  scores: readonly ComparedScore[],
  asked: Pick<SplitDifference, "first" | "second" | "modality" | "measure">,
): Omit<SplitDifference, "adjusted">[] {
  const { first, second, modality, measure } = asked;
  const of = (variant: string) =>
    scores.filter((score) => score.variant === variant && score.modality === modality);
  const others = new Map(of(second).map((score) => [score.seed, score[measure]]));
  const shared = of(first).flatMap(({ seed, trainSamples, samples, [measure]: own }) => {
    const other = others.get(seed);
    if (own === null || other === null || other === undefined) return [];
    return [{ gap: own - other, share: samples / trainSamples }];
  });
  const n = shared.length;
  if (n < 2 && measure === "r") return [];
  if (n < 2) {
    throw new RangeError(
      `compareOverSplits: expected at least 2 splits with ${measure} of "${first}" and "${second}" in ${modality}, got ${n}`,
    );
  }
  const gaps = shared.map(({ gap }) => gap);
  checkFinite("compareOverSplits", gaps);
  const share = shared.reduce((sum, one) => sum + one.share, 0) / n;
  const { difference, low, high, p } = correctedInterval(gaps, share);
  const sign = measure === "mse" ? -1 : 1; // of a gap that favors the first
  const wins = gaps.filter((gap) => sign * gap > 0).length;
  const better = low > 0 || high < 0 ? (sign * difference > 0 ? first : second) : "undecided";
  return [{ ...asked, splits: n, wins, difference, low, high, p, better }];
}

/**
 * Gives the mean of differences over repeats with its 95 % interval.
 * @param share test samples by training samples where repeats are overlapping splits, Nadeau and Bengio's correction; 0
 *   where repeats are independent, which gives Student's t.
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

/** The same number several times over, by seed or by split. */
export interface Repeated {
  /** How often it was repeated. */
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation, `sqrt(Σ (x - mean)² / (n - 1))`; null for one number. */
  readonly deviation: number | null;
  /** 95 % interval of the mean by Student's t with n - 1 degrees of freedom; null for one number. */
  readonly interval: Interval | null;
}

/**
 * Summarizes repeats of a number, taken as independent draws: the interval ignores what was the same each time.
 * @throws RangeError if there is none, or one is not finite.
 */
export function summarizeRepeats(values: readonly number[]): Repeated {
  if (values.length === 0) throw new RangeError("summarizeRepeats: expected values, got none");
  checkFinite("summarizeRepeats", values);
  const n = values.length;
  if (n === 1) return { n, mean: values[0], deviation: null, interval: null };
  const { difference: mean, low, high } = correctedInterval(values, 0);
  return { n, mean, deviation: sampleStandardDeviation([...values]), interval: { low, high } };
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
