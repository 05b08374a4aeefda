// Downstream classification: how well a classifier reads a label from embeddings of samples it did not see.
import type { Label } from "../cohort/cohort.js";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions, type Kinds, required } from "../options.js";
import { type Fold, stratifiedGroupFolds, stratifiedHoldout } from "./folds.js";
import { fitLogistic, predictLogistic } from "./logistic.js";
import {
  type Confusion,
  type ConfusionMetrics,
  confusionMatrix,
  confusionMetrics,
  rocAucOfClasses,
} from "./metrics.js";
import { fitMlp, type MlpOptions, predictMlp } from "./mlp.js";
import { checkPoints, selectPoints } from "./points.js";
import { checkCount } from "./statistics.js";

/** "majority" learns nothing but how frequent each class is: the row that others must beat. */
export type Classifier =
  | { readonly kind: "majority" | "logistic" }
  | ({ readonly kind: "mlp" } & MlpOptions);

export interface TaskOptions {
  /** One sample per row. Whatever made them must not have seen the test samples, or every score is too high. */
  readonly embeddings: Rows;
  /** One per row. A sample whose label is null is left out. */
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
  embeddings: required("object"),
  labels: required("array"),
  groups: required("array"),
  protocol: ["grouped", "paper"],
  folds: "number",
  repeats: "number",
  seed: "number",
};

/** Samples with a known label, as indexes of sorted classes; of two classes, the second is the positive one. */
export interface LabeledTask {
  readonly points: Rows;
  readonly labels: readonly number[];
  readonly groups: readonly string[];
  readonly classes: readonly (string | number)[];
  /** Of the embeddings that were given. */
  readonly rows: readonly number[];
}

/** Shares in [0, 1]; the area is null where no class has samples on both sides. */
export type Scores = ConfusionMetrics & { readonly rocAuc: number | null };

/** One drawing of the folds; arrays run over `rows`. */
export interface ClassificationRun {
  readonly seed: number;
  /** Which rows of the task were predicted, by a classifier that had not seen them. */
  readonly rows: readonly number[];
  /** The fold that each was tested in. */
  readonly folds: readonly number[];
  /** Class indexes. */
  readonly truth: Int32Array;
  readonly predictions: Int32Array;
  readonly confusion: Confusion;
  readonly scores: Scores;
}

/**
 * Predicts each labeled sample by a classifier that saw neither it nor another sample of its patient, and scores the
 * predictions. The area under the ROC curve compares only samples of the same fold.
 * @throws RangeError if the lists do not fit the rows, fewer than two classes are left, or a class is in fewer
 * patients than there are folds.
 */
export async function crossValidate(
  options: TaskOptions,
  classifier: Classifier,
): Promise<{ readonly task: LabeledTask; readonly runs: readonly ClassificationRun[] }> {
  const { protocol, folds, repeats = 1, seed = 42 } = options;
  const task = prepareTask(options);
  checkCount("crossValidate", "repeats", repeats);
  const random = createRandom(seed, "repeats");
  const seeds = [seed, ...Array.from({ length: repeats - 1 }, () => random.uint32())];
  const names = task.labels.map((label) => task.classes[label]); // for the messages of the folds
  const runs: ClassificationRun[] = [];
  for (const seed of seeds) {
    const drawn =
      protocol === "paper"
        ? [stratifiedHoldout(names, seed)]
        : stratifiedGroupFolds(names, task.groups, { folds, seed });
    runs.push(await runFolds(task, drawn, classifier, seed));
  }
  return { task, runs };
}

/**
 * Fits a classifier on the labeled rows of one part and scores it on those of the other.
 * @throws RangeError as `crossValidate` does, or if one of the parts has no labeled row.
 */
export async function scoreHoldout(
  options: TaskOptions,
  { train, test }: Fold,
  classifier: Classifier,
): Promise<ClassificationRun> {
  const task = prepareTask(options);
  const placeOf = new Map(task.rows.map((row, place) => [row, place]));
  const labeled = (rows: readonly number[]) => rows.flatMap((row) => placeOf.get(row) ?? []);
  const fold = { train: labeled(train), test: labeled(test) };
  return await runFolds(task, [fold], classifier, options.seed ?? 42);
}

function prepareTask(options: TaskOptions): LabeledTask {
  const { embeddings, labels, groups } = checkOptions("crossValidate", options, TASK_KINDS);
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

/** Predicts the test rows of each fold from its training rows, and scores all of them together. */
async function runFolds(
  { points, labels, classes }: LabeledTask,
  folds: readonly Fold[],
  classifier: Classifier,
  seed: number,
): Promise<ClassificationRun> {
  const count = classes.length;
  const tested = folds
    .flatMap(({ test }, fold) => test.map((row) => ({ row, fold })))
    .sort((a, b) => a.row - b.row);
  const placeOf = new Map(tested.map(({ row }, place) => [row, place]));
  const probabilities = new Float64Array(tested.length * count);
  for (const fold of folds) {
    const found = await predictFold(points, labels, count, fold, classifier);
    fold.test.forEach((row, i) => {
      probabilities.set(found.subarray(i * count, (i + 1) * count), placeOf.get(row)! * count);
    });
  }
  const predictions = Int32Array.from(tested, (_, i) => {
    const own = probabilities.subarray(i * count, (i + 1) * count);
    return own.indexOf(Math.max(...own)); // the first of equals
  });
  const truth = Int32Array.from(tested, ({ row }) => labels[row]);
  const confusion = confusionMatrix(truth, predictions, count);
  const strata = tested.map(({ fold }) => fold);
  const rocAuc = rocAucOfClasses(truth, probabilities, count, strata);
  return {
    seed,
    rows: tested.map(({ row }) => row),
    folds: strata,
    truth,
    predictions,
    confusion,
    scores: { ...confusionMetrics(confusion), rocAuc },
  };
}

/**
 * Fits a classifier on the training rows, scaling included, and predicts the test rows.
 * @param labels indexes in [0, classes), one a row of `points`.
 * @returns probabilities, `[test, classes]`; 0 for a class that the training rows do not have.
 */
export async function predictFold(
  points: Rows,
  labels: ArrayLike<number>,
  classes: number,
  { train, test }: Fold,
  classifier: Classifier,
): Promise<Float64Array> {
  const counts = new Int32Array(classes);
  for (const row of train) counts[labels[row]]++;
  const present = [...counts.keys()].filter((c) => counts[c] > 0);
  const out = new Float64Array(test.length * classes);
  if (classifier.kind === "majority" || present.length === 1) {
    return out.map((_, at) => counts[at % classes] / train.length);
  }
  // Absent classes are unknown to the classifier, so the others close ranks.
  const known = train.map((row) => present.indexOf(labels[row]));
  const [own, others] = [selectPoints(points, train), selectPoints(points, test)];
  const found = await fitAndPredict(own, known, present.length, others, classifier);
  found.forEach((share, at) => {
    const [i, k] = [Math.floor(at / present.length), at % present.length];
    out[i * classes + present[k]] = share;
  });
  return out;
}

async function fitAndPredict(
  train: Rows,
  labels: readonly number[],
  classes: number,
  test: Rows,
  classifier: Classifier,
): Promise<Float64Array> {
  if (classifier.kind === "logistic") {
    return predictLogistic(fitLogistic(train, labels, classes), test);
  }
  if (classifier.kind === "mlp") {
    const { kind: _, ...options } = classifier;
    const model = await fitMlp(train, labels, classes, options);
    return await predictMlp(model, test, { engine: options.engine });
  }
  throw new RangeError(
    `crossValidate: expected a classifier of kind "majority", "logistic" or "mlp", got "${classifier.kind}"`,
  );
}
