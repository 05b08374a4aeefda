// The table that stands beside a downstream accuracy: each classifier, the majority class, and covariates alone.
import type { Label } from "../cohort/cohort.js";
import type { Rows } from "../engine/linear-algebra.js";
import type { Classifier } from "./classifiers.js";
import { type ClassificationResult, crossValidate, type TaskOptions } from "./classify.js";
import { wilsonInterval } from "./statistics.js";

/** One row of the table; shares in [0, 1], intervals of 95 %. */
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
  /** Of the balanced accuracy, by permutation; null unless asked for, and for the majority class, which learns nothing. */
  readonly p: number | null;
  /** Of the first drawing of the folds. */
  readonly confusion: ClassConfusion;
}

/** A confusion matrix with what a figure says of it. */
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
  readonly classifiers?: readonly Classifier[];
  /** What might explain the label without any measurement, as the cohort a sample comes from; one value a row. */
  readonly covariates?: Readonly<Record<string, readonly Label[]>>;
}

/**
 * Scores each classifier on the same folds: the majority class, logistic regression on each covariate alone,
 * then by default logistic regression and an MLP on the embeddings.
 * @throws RangeError as `crossValidate` does, or if a covariate has not one value a row.
 */
export async function compareClassifiers({
  classifiers = [{ kind: "logistic" }, { kind: "mlp" }],
  covariates = {},
  ...task
}: CompareOptions): Promise<ClassifierRow[]> {
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
    const permutations = classifier.kind === "majority" ? 0 : task.permutations;
    const result = await crossValidate({ ...task, embeddings, classifier, permutations });
    rows.push(rowOf(name, result));
  }
  return rows;
}

/** Gives a column of 0 and 1 to each value that occurs, null being one of them; `[values, distinct values]`. */
export function encodeCategories(values: readonly Label[]): Rows {
  const distinct = [...new Set(values)];
  const columns = distinct.length;
  const out = new Float32Array(values.length * columns);
  values.forEach((value, row) => {
    out[row * columns + distinct.indexOf(value)] = 1;
  });
  return { rows: values.length, columns, values: out };
}

function rowOf(name: string, result: ClassificationResult): ClassifierRow {
  const { scores, accuracyInterval, balancedAccuracyInterval } = result;
  return {
    classifier: name,
    samples: result.runs[0].rows.length,
    accuracy: scores.accuracy,
    accuracyLow: accuracyInterval.low,
    accuracyHigh: accuracyInterval.high,
    balancedAccuracy: scores.balancedAccuracy,
    balancedLow: balancedAccuracyInterval.low,
    balancedHigh: balancedAccuracyInterval.high,
    macroF1: scores.macroF1,
    rocAuc: scores.rocAuc,
    majorityRate: scores.majorityRate,
    p: result.permutation?.p ?? null,
    confusion: confusionOf(result),
  };
}

/** Takes the confusion matrix of the first drawing, in which each sample counts once. */
function confusionOf({ classes, runs: [run] }: ClassificationResult): ClassConfusion {
  const { confusion, scores, rows } = run;
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
