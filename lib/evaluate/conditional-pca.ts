// Principal components as predictors: one that sees everything, and one that sees the first modality alone.
import {
  type ColumnRange,
  factorCholesky,
  gram,
  multiply,
  multiplyTransposed,
} from "../engine/linear-algebra.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { fitPca, type Pca, reconstructPca, transformPca } from "./pca.js";
import {
  chooseSetting,
  clampTo,
  inferredColumns,
  meanSquaredErrorOf,
  noteEdge,
  type Predictor,
} from "./predictor.js";
import { pickColumns, placeColumns, repeatRow, rowsOf } from "./rows.js";

export interface ConditionalPcaOptions {
  /** Numbers of components, clipped to the rank. Validation error chooses; a single one is used as given. */
  readonly counts?: readonly number[];
  /** Noise variances to choose from, as shares of the first component's variance, in (0, 1). */
  readonly noises?: readonly number[];
}

/** Returns the paper's PCA: as many components as training rows, fitted to and seeing all columns; not clamped. */
export function pcaPredictor(
  { train }: Pick<PreparedCohort, "train">,
  count = train.matrix.rows,
): Predictor {
  const pca = fitPca(train.matrix, count);
  return {
    name: "PCA, sees all",
    sees: "all",
    predict: ({ matrix }) => new Float32Array(reconstructPca(pca, transformPca(pca, matrix))),
  };
}

/**
 * Fits probabilistic PCA to all columns of the training rows and predicts from the first modality alone. The scores of a
 * row are the conditional mean `t = (W^T W + σ² Λ^-1)^-1 W^T (x - mean)`, W the visible part of the components and Λ the
 * variances without the noise σ²; components no stronger than the noise get 0.
 * Source: Tipping and Bishop 1999, section 3, with the noise given instead of fitted.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitConditionalPca(
  prepared: PreparedCohort,
  { counts = [10, 20, 40, 80], noises = [1e-3, 3e-3, 1e-2, 3e-2, 0.1] }: ConditionalPcaOptions = {},
): Predictor {
  const { train, validation, modalities, space } = prepared;
  const pca = fitPca(train.matrix, Math.max(...counts));
  const first = pca.explainedVariance[0];
  const columns = inferredColumns(prepared);
  const infer = scoreInference(pca, modalities[0]);
  const clipped = [...new Set(counts.map((count) => Math.min(count, pca.count)))];
  const settings = clipped.flatMap((count) => noises.map((noise) => ({ count, noise })));
  const { count, noise } = chooseSetting("conditional PCA", settings, () => {
    const scoresOf = infer(validation.matrix);
    return ({ count, noise }) => {
      const predicted = clampTo(space, rebuild(pca, scoresOf(count, noise * first), columns));
      return meanSquaredErrorOf(validation, predicted, columns);
    };
  });
  return {
    name: "PCA, conditioned on RNA",
    sees: "RNA",
    notes: noteEdge("noise", noise, noises),
    predict: ({ matrix }) =>
      new Float32Array(clampTo(space, rebuild(pca, infer(matrix)(count, noise * first), {}))),
  };
}

/** Multiplies the visible columns once, for any number of components and any noise. */
function scoreInference(
  { components, mean, explainedVariance, count: most }: Pca,
  visible: ColumnRange,
): (rows: Prepared["matrix"]) => (count: number, noise: number) => Float64Array {
  const products = gram(components, visible);
  return (rows) => {
    const along = multiplyTransposed(rows, components, { ...visible, leftCenter: mean });
    return (count, noise) => {
      const out = new Float64Array(rows.rows * most);
      let kept = 0;
      while (kept < count && explainedVariance[kept] > noise) kept++;
      if (kept === 0) return out;
      const range = { start: 0, end: kept };
      const system = pickColumns({ rows: kept, columns: most, values: products }, range);
      for (let a = 0; a < kept; a++) {
        system[a * (kept + 1)] += noise / (explainedVariance[a] - noise);
      }
      const right = pickColumns(rowsOf(rows.rows, along), range);
      const scores = factorCholesky(system).solve(right);
      placeColumns(rowsOf(rows.rows, out), rowsOf(rows.rows, scores), 0);
      return out;
    };
  };
}

/** Goes back to the columns `[start, end)`, not clamped. */
function rebuild(pca: Pca, scores: Float64Array, { start = 0, end }: ColumnRange): Float64Array {
  const rows = scores.length / pca.count;
  const mixed = multiply(rowsOf(rows, scores), pca.components, { start, end });
  const means = repeatRow(pca.mean.subarray(start, end), rows);
  return mixed.map((value, i) => value + means[i]);
}
