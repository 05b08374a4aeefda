// The rows that belong beside a downstream accuracy: each classifier, the majority class, and covariates alone.
import type { Label } from "../cohort/cohort.js";
import { groupBy } from "../cohort/group.js";
import type { Rows } from "../engine/linear-algebra.js";
import { unknownName } from "../nearest.js";
import { checkOptions } from "../options.js";
import { drawWeights, estimate } from "./bootstrap.js";
import {
  type ClassificationRun,
  type Classifier,
  crossValidate,
  type LabeledTask,
  type Scores,
  TASK_KINDS,
  type TaskOptions,
} from "./classify.js";
import { type ConfusionMetrics, confusionMatrix, confusionMetrics } from "./metrics.js";
import { adjustHolm, correctedInterval } from "./repeated-splits.js";
import { type Interval, meanOf, wilsonInterval } from "./statistics.js";

/** How one classifier did: shares in [0, 1], with 95 % intervals. */
export interface ClassifierRow {
  readonly classifier: string;
  readonly samples: number;
  readonly accuracy: number;
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  readonly balancedAccuracy: number;
  readonly balancedLow: number;
  readonly balancedHigh: number;
  readonly macroF1: number;
  readonly rocAuc: number | null;
  readonly majorityRate: number;
  /** Of the first draw of the folds. */
  readonly confusion: ClassConfusion;
  /** Each fold of each draw. */
  readonly byFold: readonly FoldScore[];
}

/** How well the test samples of one fold were predicted. */
export interface FoldScore {
  /** The draw and the fold: the same for every classifier that had the same labels, patients and seed. */
  readonly fold: string;
  readonly samples: number;
  readonly trainSamples: number;
  readonly balancedAccuracy: number;
}

/** A confusion matrix, as a figure shows it. */
export interface ClassConfusion {
  readonly classes: readonly string[];
  /** `counts[actual][predicted]` samples. */
  readonly counts: readonly (readonly number[])[];
  /** Wilson's 95 % interval of the accuracy. */
  readonly low: number;
  readonly high: number;
  readonly majority: number;
}

export interface CompareOptions extends TaskOptions {
  /** By default logistic regression and an MLP. */
  readonly classifiers?: readonly Classifier[];
  /** What might explain the label without any measurement, such as a sample's cohort: one value per row. */
  readonly covariates?: Readonly<Record<string, readonly Label[]>>;
}

/**
 * Scores classifiers on the same folds: the majority class, logistic regression on each covariate alone, then
 * `classifiers` on the embeddings.
 * @returns one row per classifier, in this order.
 * @throws RangeError as `crossValidate` does, or if a covariate does not have one value per row.
 */
export async function compareClassifiers(options: CompareOptions): Promise<ClassifierRow[]> {
  const {
    classifiers = [{ kind: "logistic" }, { kind: "mlp" }],
    covariates = {},
    ...task
  } = checkOptions("compareClassifiers", options, {
    ...TASK_KINDS,
    classifiers: "array",
    covariates: "object",
  });
  const contests: { name: string; classifier: Classifier; embeddings?: Rows }[] = [
    { name: "majority class", classifier: { kind: "majority" } },
    ...Object.entries(covariates).map(([name, values]) => {
      if (values.length !== task.embeddings.rows) {
        throw new RangeError(
          `compareClassifiers: expected ${task.embeddings.rows} values of covariate "${name}", got ${values.length}`,
        );
      }
      const embeddings = encodeCategories(values);
      return { name: `${name} alone`, classifier: { kind: "logistic" } as const, embeddings };
    }),
    ...classifiers.map((classifier) => ({ name: classifier.kind, classifier })),
  ];
  const rows: ClassifierRow[] = [];
  for (const { name, classifier, embeddings = task.embeddings } of contests) {
    const { task: labeled, runs } = await crossValidate({ ...task, embeddings }, classifier);
    rows.push(rowOf(name, labeled, runs, task.seed));
  }
  return rows;
}

/** Encodes each distinct value, null included, as a column of 0 and 1: `[values, distinct values]`. */
export function encodeCategories(values: readonly Label[]): Rows {
  const distinct = [...new Set(values)];
  const columns = distinct.length;
  const out = new Float32Array(values.length * columns);
  values.forEach((value, row) => {
    out[row * columns + distinct.indexOf(value)] = 1;
  });
  return { rows: values.length, columns, values: out };
}

function rowOf(
  name: string,
  task: LabeledTask,
  runs: readonly ClassificationRun[],
  seed = 42,
): ClassifierRow {
  const scores = meanScores(runs.map((run) => run.scores));
  const samples = runs[0].rows.length;
  // Repeats add no samples; and a mean of shares k / n may land a rounding error above 1.
  const interval = wilsonInterval(Math.min(samples, scores.accuracy * samples), samples);
  const balanced = patientInterval(runs, task, seed);
  return {
    classifier: name,
    samples,
    accuracy: scores.accuracy,
    accuracyLow: interval.low,
    accuracyHigh: interval.high,
    balancedAccuracy: scores.balancedAccuracy,
    balancedLow: balanced.low,
    balancedHigh: balanced.high,
    macroF1: scores.macroF1,
    rocAuc: scores.rocAuc,
    majorityRate: scores.majorityRate,
    confusion: confusionOf(runs[0], task.classes),
    byFold: runs.flatMap((run) => scoreFolds(run, task.classes.length)),
  };
}

/** Averages each score over runs; the area over those that have one. */
function meanScores(all: readonly Scores[]): Scores {
  const areas = all.map(({ rocAuc }) => rocAuc).filter((area) => area !== null);
  const mean = (key: keyof ConfusionMetrics) => meanOf(all.map((scores) => scores[key]));
  return {
    accuracy: mean("accuracy"),
    balancedAccuracy: mean("balancedAccuracy"),
    macroF1: mean("macroF1"),
    majorityRate: mean("majorityRate"),
    rocAuc: areas.length === 0 ? null : meanOf(areas),
  };
}

const DRAWS = 2000;

/** The balanced accuracy's 95 % interval over patients drawn with replacement, each with all its predictions. */
function patientInterval(
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
  return estimate(Number.NaN, draws);
}

function scoreFolds(
  { seed, folds, truth, predictions }: ClassificationRun,
  classes: number,
): FoldScore[] {
  const places = groupBy(folds.keys(), (place) => folds[place]);
  return [...places].map(([fold, own]) => {
    const of = (values: Int32Array) => own.map((place) => values[place]);
    const { balancedAccuracy } = confusionMetrics(
      confusionMatrix(of(truth), of(predictions), classes),
    );
    const samples = own.length;
    return {
      fold: `${seed}, ${fold}`,
      samples,
      trainSamples: folds.length - samples,
      balancedAccuracy,
    };
  });
}

/** The balanced accuracy from one representation less that from another, averaged over the same folds. */
export interface AccuracyDifference {
  readonly first: string;
  readonly second: string;
  /** Of all draws together. */
  readonly folds: number;
  readonly difference: number;
  /** Low and high bound the 95 % interval with Nadeau and Bengio's correction for shared training samples. */
  readonly low: number;
  readonly high: number;
  /** p adjusted by Holm's method over the pairs. */
  readonly adjusted: number;
  /** What the interval favors; "undecided" if it contains 0. */
  readonly better: string;
}

/**
 * Compares pairs of representations by a classifier's balanced accuracy, fold by fold of a cross-validation that was drawn
 * several times. Folds share training samples, so the interval is that of repeated splits.
 * Source: Bouckaert and Frank 2004, Evaluating the replicability of significance tests.
 * @param rows a row of `compareClassifiers` for each representation, by name; with the same labels, patients and seed.
 * @throws RangeError if a name of a pair has no row, or two rows have other folds.
 */
export function compareRepresentations(
  rows: Readonly<Record<string, Pick<ClassifierRow, "byFold">>>,
  pairs: readonly (readonly [first: string, second: string])[],
): AccuracyDifference[] {
  const compared = pairs.map(([first, second]) => {
    const [own, others] = [first, second].map((name) => {
      if (!Object.hasOwn(rows, name)) {
        throw unknownName("compareRepresentations", name, Object.keys(rows));
      }
      return rows[name].byFold;
    });
    const of = new Map(others.map((score) => [score.fold, score.balancedAccuracy]));
    const gaps = own.flatMap(({ fold, balancedAccuracy }) => {
      const other = of.get(fold);
      return other === undefined ? [] : [balancedAccuracy - other];
    });
    if (gaps.length < 2 || gaps.length !== own.length || own.length !== others.length) {
      throw new RangeError(
        `compareRepresentations: expected the same folds of "${first}" and "${second}", at least 2, ` +
          `got ${own.length} and ${others.length}, of which ${gaps.length} are the same`,
      );
    }
    const share = meanOf(own.map(({ samples, trainSamples }) => samples / trainSamples));
    const { difference, low, high, p } = correctedInterval(gaps, share);
    const better = low > 0 ? first : high < 0 ? second : "undecided";
    return { first, second, folds: gaps.length, difference, low, high, p, better };
  });
  const adjusted = adjustHolm(compared.map(({ p }) => p));
  return compared.map(({ p: _, better, ...row }, i) => ({ ...row, adjusted: adjusted[i], better }));
}

/** Shows the confusion matrix of one draw, in which each sample counts once. */
function confusionOf(
  { confusion, scores, rows }: ClassificationRun,
  classes: LabeledTask["classes"],
): ClassConfusion {
  const size = classes.length;
  const { low, high } = wilsonInterval(Math.round(scores.accuracy * rows.length), rows.length);
  return {
    classes: classes.map(String),
    counts: classes.map((_, row) =>
      Array.from(confusion.counts.slice(row * size, (row + 1) * size)),
    ),
    low,
    high,
    majority: scores.majorityRate,
  };
}
