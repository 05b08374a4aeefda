// Downstream classification: how well a classifier reads a label from embeddings of samples it did not see.
import type { Label } from "../cohort/cohort.js";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions, type Kinds, required } from "../options.js";
import {
  type ClassificationRun,
  type LabeledTask,
  meanScores,
  patientInterval,
  runFolds,
  type Scores,
} from "./classification-run.js";
import type { Classifier } from "./classifiers.js";
import { type Fold, stratifiedGroupFolds, stratifiedHoldout } from "./folds.js";
import { checkPoints, selectPoints } from "./points.js";
import { type Interval, wilsonInterval } from "./statistics.js";

export interface TaskOptions {
  /** One sample per row. Whatever made them must not have seen the test samples, or every score is too high. */
  readonly embeddings: Rows;
  /** One per row. A sample whose label is null is left out and counted. */
  readonly labels: readonly Label[];
  /** The patient of each row. */
  readonly groups: readonly string[];
  /**
   * "grouped", the default, is stratified cross-validation that keeps patients whole. "paper" is the paper's single
   * stratified 75 / 25 split of samples, which may split patients and scores only a quarter of the samples.
   */
  readonly protocol?: "grouped" | "paper";
  /** Of the grouped protocol. By default 5. */
  readonly folds?: number;
  /** How often to draw the folds (or the split). By default 1. */
  readonly repeats?: number;
  /** By default 42. */
  readonly seed?: number;
}

/** The kinds of `TaskOptions`. */
export const TASK_KINDS: Kinds<TaskOptions> = {
  ...{ embeddings: required("object"), labels: required("array"), groups: required("array") },
  protocol: ["grouped", "paper"],
  ...{ folds: "number", repeats: "number", seed: "number" },
};

/** What `crossValidate` found. */
export interface ClassificationResult {
  readonly classifier: Classifier["kind"];
  /** Sorted; of two classes, the second is the positive one. */
  readonly classes: readonly (string | number)[];
  /** Samples with a label. */
  readonly samples: number;
  /** Samples left out because their label is missing. */
  readonly unlabeled: number;
  readonly runs: readonly ClassificationRun[];
  /** Means over the runs. */
  readonly scores: Scores;
  /** Wilson's 95 % interval of the mean accuracy for the samples of one run, since repeats add no samples. */
  readonly accuracyInterval: Interval;
  /** 95 % bootstrap interval over patients; it has no width if all predictions are right, or none. */
  readonly balancedAccuracyInterval: Interval;
}

/**
 * Predicts each labeled sample by a classifier that saw neither it nor another sample of its patient, and scores the
 * predictions. The area under the ROC curve compares only samples of the same fold.
 * @throws RangeError if the lists do not fit the rows, fewer than two classes are left, or a class is in fewer
 * patients than there are folds.
 */
export async function crossValidate(
  options: TaskOptions & { readonly classifier: Classifier },
): Promise<ClassificationResult> {
  const { classifier } = checkOptions("crossValidate", options, {
    ...TASK_KINDS,
    classifier: required("object"),
  });
  const task = prepareTask(options);
  const { protocol = "grouped", folds = 5, repeats = 1, seed = 42 } = options;
  if (!Number.isInteger(repeats) || repeats < 1) {
    throw new RangeError(`crossValidate: expected at least one repeat, got ${repeats}`);
  }
  const random = createRandom(seed, "repeats");
  const seeds = [seed, ...Array.from({ length: repeats - 1 }, () => random.uint32())];
  const names = task.labels.map((label) => task.classes[label]); // for the messages of the folds
  const runs: ClassificationRun[] = [];
  for (const seedOfRun of seeds) {
    const drawn =
      protocol === "paper"
        ? [stratifiedHoldout(names, { seed: seedOfRun })]
        : stratifiedGroupFolds(names, task.groups, { folds, seed: seedOfRun });
    runs.push(await runFolds(task, drawn, classifier, seedOfRun));
  }
  const scores = meanScores(runs.map((run) => run.scores));
  const trials = runs[0].rows.length;
  return {
    classifier: classifier.kind,
    classes: task.classes,
    samples: task.rows.length,
    unlabeled: options.labels.length - task.rows.length,
    // Back to rows of the embeddings that were given.
    runs: runs.map((run) => ({ ...run, rows: run.rows.map((row) => task.rows[row]) })),
    scores,
    // A mean of shares k / n may land a rounding error above 1.
    accuracyInterval: wilsonInterval(Math.min(trials, scores.accuracy * trials), trials),
    balancedAccuracyInterval: patientInterval(runs, task, seed),
  };
}

/**
 * Fits a classifier on the labeled rows of one part and scores it on those of the other.
 * @throws RangeError as `crossValidate` does, or if one of the parts has no labeled row.
 */
export async function scoreHoldout(
  options: TaskOptions & { readonly classifier: Classifier },
  { train, test }: Fold,
): Promise<ClassificationRun> {
  const { classifier } = checkOptions("scoreHoldout", options, {
    ...TASK_KINDS,
    classifier: required("object"),
  });
  const task = prepareTask(options);
  const placeOf = new Map(task.rows.map((row, place) => [row, place]));
  const labeled = (rows: readonly number[]) => rows.flatMap((row) => placeOf.get(row) ?? []);
  const fold = { train: labeled(train), test: labeled(test) };
  if (fold.test.length === 0) throw new RangeError("scoreHoldout: expected test rows, got none");
  const run = await runFolds(task, [fold], classifier, options.seed ?? 42);
  return { ...run, rows: run.rows.map((row) => task.rows[row]) };
}

function prepareTask({ embeddings, labels, groups }: TaskOptions): LabeledTask {
  checkPoints("crossValidate", embeddings);
  if (labels.length !== embeddings.rows || groups.length !== embeddings.rows) {
    throw new RangeError(
      `crossValidate: expected one label and one group for each of ${embeddings.rows} rows, ` +
        `got ${labels.length} labels and ${groups.length} groups`,
    );
  }
  const rows = [...labels.keys()].filter((row) => labels[row] !== null);
  const known = rows.map((row) => labels[row] as string | number);
  if (known.some((label) => Number.isNaN(label))) {
    throw new RangeError(
      "crossValidate: expected labels without NaN; write null where it is missing",
    );
  }
  const classes = [...new Set(known)].sort((a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : `${a}` < `${b}` ? -1 : 1,
  );
  if (classes.length < 2) {
    throw new RangeError(
      `crossValidate: expected at least two classes among ${rows.length} labeled samples, got ${classes.length}`,
    );
  }
  const indexOf = new Map(classes.map((name, index) => [name, index]));
  return {
    points: selectPoints(embeddings, rows),
    labels: known.map((label) => indexOf.get(label)!),
    groups: rows.map((row) => groups[row]),
    classes,
    rows,
  };
}
