// The rows that belong beside a downstream accuracy: each classifier, the majority class, and covariates alone.
import type { Label } from "../cohort/cohort.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions } from "../options.js";
import type { Classifier } from "./classifiers.js";
import {
  type ClassificationResult,
  crossValidate,
  TASK_KINDS,
  type TaskOptions,
} from "./classify.js";
import { wilsonInterval } from "./statistics.js";

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
  /** Of the balanced accuracy, by permutation; null if not asked for, and for the majority class. */
  readonly p: number | null;
  /** Of the first draw of the folds. */
  readonly confusion: ClassConfusion;
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
    ...{ classifiers: "array", covariates: "object" },
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
    const permutations = classifier.kind === "majority" ? 0 : task.permutations;
    const result = await crossValidate({ ...task, embeddings, classifier, permutations });
    rows.push(rowOf(name, result));
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

/** Takes the confusion matrix of the first draw, in which each sample counts once. */
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
