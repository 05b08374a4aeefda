// The classifiers that a downstream task compares: the majority class, logistic regression, an MLP.

import type { Rows } from "../engine/linear-algebra.js";
import { fitLogistic, type LogisticOptions, predictLogistic } from "./logistic.js";
import { fitMlp, type MlpOptions, predictMlp } from "./mlp.js";
import { selectPoints } from "./points.js";

/** "majority" learns nothing but how frequent each class is: the row that others must beat. */
export type Classifier =
  | { readonly kind: "majority" }
  | ({ readonly kind: "logistic" } & LogisticOptions)
  | ({ readonly kind: "mlp" } & MlpOptions);

export interface FoldPrediction {
  /** `[test, classes]`; 0 for a class that the training rows do not have. */
  readonly probabilities: Float64Array;
  /** The most probable class of each test row; the first of equals. */
  readonly predictions: Int32Array;
  /** Classes that the training rows do not have. */
  readonly absentClasses: number;
  readonly converged: boolean;
}

/**
 * Fits a classifier on the training rows, scaling included, and predicts the test rows.
 * Labels are indexes in [0, classes), one a row of `points`.
 * @throws RangeError if there is no training row, or the classifier's options make no sense.
 */
export async function predictFold(
  points: Rows,
  labels: ArrayLike<number>,
  classes: number,
  { train, test }: { readonly train: readonly number[]; readonly test: readonly number[] },
  classifier: Classifier,
): Promise<FoldPrediction> {
  if (train.length === 0) throw new RangeError("predictFold: expected training rows, got none");
  const counts = new Int32Array(classes);
  for (const row of train) counts[labels[row]]++;
  const present = [...counts.keys()].filter((c) => counts[c] > 0);
  const probabilities = new Float64Array(test.length * classes);
  let converged = true;
  if (classifier.kind === "majority" || present.length === 1) {
    test.forEach((_, i) => {
      counts.forEach((count, c) => {
        probabilities[i * classes + c] = count / train.length;
      });
    });
  } else {
    // Absent classes are unknown to the classifier, so the others close ranks.
    const known = train.map((row) => present.indexOf(labels[row]));
    const fitted = await fitAndPredict(
      selectPoints(points, train),
      known,
      present.length,
      selectPoints(points, test),
      classifier,
    );
    converged = fitted.converged;
    test.forEach((_, i) => {
      present.forEach((c, k) => {
        probabilities[i * classes + c] = fitted.probabilities[i * present.length + k];
      });
    });
  }
  const predictions = Int32Array.from(test, (_, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[i * classes + c] > probabilities[i * classes + best]) best = c;
    }
    return best;
  });
  return { probabilities, predictions, absentClasses: classes - present.length, converged };
}

async function fitAndPredict(
  train: Rows,
  labels: readonly number[],
  classes: number,
  test: Rows,
  classifier: Exclude<Classifier, { kind: "majority" }>,
): Promise<{ probabilities: Float64Array; converged: boolean }> {
  const { kind, ...options } = classifier;
  if (kind === "logistic") {
    const model = fitLogistic(train, labels, classes, options);
    return { probabilities: predictLogistic(model, test), converged: model.converged };
  }
  if (kind === "mlp") {
    const { engine } = options as MlpOptions;
    const model = await fitMlp(train, labels, classes, options);
    return { probabilities: await predictMlp(model, test, { engine }), converged: model.converged };
  }
  throw new RangeError(
    `predictFold: expected a classifier of kind "majority", "logistic" or "mlp", got "${kind}"`,
  );
}
