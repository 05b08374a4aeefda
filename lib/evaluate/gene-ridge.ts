// The strongest closed-form control that looks at one feature at a time: a ridge on its own gene's RNA and on all RNA.
import { factorCholesky, multiplyTransposed, type Rows } from "../engine/linear-algebra.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { findPartners, notePartners, SHRINKAGES } from "./cis.js";
import { groupByMask } from "./masks.js";
import { fitColumnScale } from "./points.js";
import {
  behindConstants,
  bestTrial,
  clampTo,
  inferredColumns,
  inputReader,
  LAMBDAS,
  noteEdge,
  type Predictor,
  trainingMean,
} from "./predictor.js";
import { fitSmoother } from "./ridge.js";
import { rowsOf } from "./rows.js";

export interface GeneRidgeOptions {
  /** Penalties on the principal components of the RNA. */
  readonly lambdas?: readonly number[];
  /** Shrinkages of the own gene's slope, in rows of prior data with slope 0. */
  readonly shrinkages?: readonly number[];
}

interface GeneRidgeSetting {
  readonly lambda: number;
  readonly shrinkage: number;
}

/** About as many features, evenly spaced, are what settings are chosen by. */
const CHOSEN_BY = 1000;

/**
 * Fits each inferred feature on its observed training entries alone:
 * `min ‖y - a - P w - b x‖² + λ ‖w‖² + s var(x) b²`, with P all principal components of the first modality and x the own
 * gene's column of it. Solved among the samples: with `A = K + λ I` of the observed, centered rows and `α = A^-1 y`,
 * `β = A^-1 x`, the slope is `b = x^T α / (x^T β + s var(x) / λ)` and the rest `k(x)^T (α - b β)`.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitGeneRidge(
  prepared: PreparedCohort,
  { lambdas = LAMBDAS, shrinkages = SHRINKAGES }: GeneRidgeOptions = {},
): Predictor {
  const read = inputReader(prepared);
  const { train, validation, modalities, space } = prepared;
  const inputs = read(train);
  const { products, compare } = fitSmoother(inputs);
  const { start, end } = inferredColumns(prepared);
  const partner = findPartners(prepared)
    .slice(start, end)
    .map((column) => (column < 0 ? -1 : column - modalities[0].start));
  const variance = fitColumnScale(inputs).scale.map((scale) => scale ** 2);
  const material: Material = { inputs, products, partner, variance, start, matrix: train.matrix };

  const stride = Math.max(1, Math.floor((end - start) / CHOSEN_BY));
  const sampled = Array.from({ length: end - start }, (_, j) => j).filter((j) => j % stride === 0);
  const trials: { setting: GeneRidgeSetting; mse: number }[] = [];
  if (lambdas.length * shrinkages.length > 1) {
    const given = read(validation);
    const similarity = compare(given);
    for (const lambda of lambdas) {
      const solved = solveFeatures(material, sampled, lambda);
      for (const shrinkage of shrinkages) {
        const line = finish(material, solved, { lambda, shrinkage });
        const predicted = clampTo(space, predict(material, line, given, similarity));
        trials.push({
          setting: { lambda, shrinkage },
          mse: errorOf(validation.matrix, sampled, start, predicted),
        });
      }
    }
  }
  const setting =
    trials.length > 0
      ? bestTrial("per-gene ridge", trials).setting
      : { lambda: lambdas[0], shrinkage: shrinkages[0] };
  const every = Array.from({ length: end - start }, (_, j) => j);
  const line = finish(material, solveFeatures(material, every, setting.lambda), setting);
  const mean = trainingMean(prepared);
  return {
    name: "per-gene ridge on own RNA and components",
    sees: "RNA",
    notes: [
      notePartners({ partner }),
      ...noteEdge("lambda", setting.lambda, lambdas),
      ...noteEdge("shrinkage", setting.shrinkage, shrinkages),
    ],
    predict: (rows) => {
      const given = read(rows);
      const values = clampTo(space, predict(material, line, given, compare(given)));
      return behindConstants(mean, rowsOf(given.rows, values));
    },
  };
}

interface Material {
  readonly inputs: Rows;
  /** Inner products of the inputs, `[training rows, training rows]`. */
  readonly products: Float64Array;
  /** Column of each inferred feature's own gene in the inputs, or -1. */
  readonly partner: Int32Array;
  /** Of each input over all training rows: what one prior row counts, as in `fitCis`. */
  readonly variance: Float64Array;
  /** First inferred column. */
  readonly start: number;
  readonly matrix: PreparedCohort["train"]["matrix"];
}

/** What every shrinkage shares, one row a feature; duals `[features, training rows]`, 0 where not observed. */
interface Solved {
  readonly features: readonly number[];
  readonly target: Rows & { readonly values: Float64Array };
  readonly own: Rows & { readonly values: Float64Array };
  readonly along: Float64Array; // x^T α
  readonly against: Float64Array; // x^T β
  readonly targetMean: Float64Array;
  readonly ownMean: Float64Array;
  /** Mean product of each training row with the observed rows, times either dual, summed. */
  readonly targetShift: Float64Array;
  readonly ownShift: Float64Array;
}

/** Solves features that were measured in the same samples together. */
function solveFeatures(
  { inputs, products, partner, start, matrix }: Material,
  features: readonly number[],
  lambda: number,
): Solved {
  const n = inputs.rows;
  const count = features.length;
  const vector = () => new Float64Array(count);
  const table = () => rowsOf(count, new Float64Array(count * n));
  const [target, own] = [table(), table()];
  const [along, against, targetMean, ownMean, targetShift, ownShift] = Array.from(
    { length: 6 },
    vector,
  );
  for (const { rows, members } of groupByMask(
    matrix,
    features.map((j) => start + j),
  )) {
    const m = rows.length;
    if (m === 0) continue;
    const toObserved = new Float64Array(n); // mean product with the observed rows
    for (let i = 0; i < n; i++) {
      for (const row of rows) toObserved[i] += products[i * n + row] / m;
    }
    const among = rows.reduce((sum, row) => sum + toObserved[row], 0) / m;
    const system = new Float64Array(m * m);
    rows.forEach((a, i) => {
      rows.forEach((b, j) => {
        system[i * m + j] = products[a * n + b] - toObserved[a] - toObserved[b] + among;
      });
      system[i * (m + 1)] += lambda;
    });
    const right = new Float64Array(2 * members.length * m);
    members.forEach((f, at) => {
      const j = features[f];
      const column = partner[j];
      rows.forEach((row, i) => {
        const y = matrix.values[row * matrix.columns + start + j];
        const x = column < 0 ? 0 : inputs.values[row * inputs.columns + column];
        right[2 * at * m + i] = y;
        right[(2 * at + 1) * m + i] = x;
        targetMean[f] += y / m;
        ownMean[f] += x / m;
      });
      for (let i = 0; i < m; i++) {
        right[2 * at * m + i] -= targetMean[f];
        right[(2 * at + 1) * m + i] -= ownMean[f];
      }
    });
    const solved = factorCholesky(system).solve(right);
    members.forEach((f, at) => {
      const x = right.subarray((2 * at + 1) * m, (2 * at + 2) * m);
      rows.forEach((row, i) => {
        const alpha = solved[2 * at * m + i];
        const beta = solved[(2 * at + 1) * m + i];
        target.values[f * n + row] = alpha;
        own.values[f * n + row] = beta;
        along[f] += x[i] * alpha;
        against[f] += x[i] * beta;
        targetShift[f] += toObserved[row] * alpha;
        ownShift[f] += toObserved[row] * beta;
      });
    });
  }
  const sums = { along, against, targetMean, ownMean, targetShift, ownShift };
  return { features, target, own, ...sums };
}

interface FittedLines {
  readonly features: readonly number[];
  /** `[features, training rows]`. */
  readonly duals: Rows;
  readonly slope: Float64Array;
  readonly intercept: Float64Array;
}

function finish(
  { partner, variance }: Material,
  solved: Solved,
  { lambda, shrinkage }: GeneRidgeSetting,
): FittedLines {
  const { features, target, own } = solved;
  const slope = solved.along.map((along, f) => {
    if (partner[features[f]] < 0) return 0;
    const against = solved.against[f] + (shrinkage * variance[partner[features[f]]]) / lambda;
    return against > 0 ? along / against : 0;
  });
  const n = target.columns;
  const values = target.values.map(
    (value, at) => value - slope[Math.floor(at / n)] * own.values[at],
  );
  const intercept = solved.targetMean.map(
    (mean, f) =>
      mean - slope[f] * solved.ownMean[f] - (solved.targetShift[f] - slope[f] * solved.ownShift[f]),
  );
  return { features, duals: rowsOf(features.length, values), slope, intercept };
}

/** Predicts the features of the lines, `[rows, features]`. */
function predict(
  { partner }: Material,
  { features, duals, slope, intercept }: FittedLines,
  inputs: Rows,
  similarity: Rows,
): Float64Array {
  const out = multiplyTransposed(similarity, duals);
  for (let i = 0; i < inputs.rows; i++) {
    features.forEach((j, f) => {
      const column = partner[j];
      const x = column < 0 ? 0 : inputs.values[i * inputs.columns + column];
      out[i * features.length + f] += intercept[f] + slope[f] * x;
    });
  }
  return out;
}

function errorOf(
  { rows, columns, values, observed }: Material["matrix"],
  features: readonly number[],
  start: number,
  predicted: Float64Array,
): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < rows; i++) {
    features.forEach((j, f) => {
      const at = i * columns + start + j;
      if (!observed[at]) return;
      sum += (values[at] - predicted[i * features.length + f]) ** 2;
      count++;
    });
  }
  return sum / count;
}
