// Probabilistic PCA fitted to observed entries alone, which predicts from the first modality or from measured cells.
import {
  factorCholesky,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
  transposeMultiply,
} from "../engine/linear-algebra.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { foldInCells, validateBy } from "./cells.js";
import { groupByMask, type MaskGroup } from "./masks.js";
import { fitPca } from "./pca.js";
import { chooseSetting, clampTo, noteEdge, type Predictor } from "./predictor.js";
import { identity, pickColumns, repeatRow, rowsOf, transpose } from "./rows.js";

export interface ProbabilisticPcaOptions {
  /** Numbers of components, clipped to the rank. Validation error chooses; a single one is used as given. */
  readonly counts?: readonly number[];
  /** Rounds of expectation and maximization. */
  readonly rounds?: number;
  /** What new rows are predicted from: their first modality, or every measured cell. */
  readonly given?: "RNA" | "cells";
}

/**
 * Fits `x = μ + W t + ε`, `t ~ N(0, I)`, `ε ~ N(0, σ²)`, to the observed entries of the training rows by expectation
 * maximization, from the principal components of the filled rows. New rows are predicted from their first modality,
 * or from their measured cells, where the setting is chosen by validation cells that are held out.
 * Source: Tipping and Bishop 1999, appendix B; with missing entries as in Ilin and Raiko 2010, section 3.1.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitProbabilisticPca(
  prepared: PreparedCohort,
  { counts = [20], rounds = 8, given = "RNA" }: ProbabilisticPcaOptions = {},
): Predictor {
  const { train, modalities, space } = prepared;
  const { matrix } = train;
  const table = tabulate(matrix);
  const start = fitPca(matrix, Math.max(...counts));
  const clipped = [...new Set(counts.map((count) => Math.min(count, start.count)))];
  const [visible] = modalities;
  const fit = (count: number) => {
    const variances = start.explainedVariance;
    const kept = variances.slice(0, count).reduce((sum, value) => sum + value, 0);
    const noise = Math.max((start.totalVariance - kept) / matrix.columns, 1e-9);
    const loadings = new Float64Array(matrix.columns * count);
    for (let k = 0; k < count; k++) {
      const scale = Math.sqrt(Math.max(variances[k] - noise, 1e-9));
      for (let j = 0; j < matrix.columns; j++) {
        loadings[j * count + k] = scale * start.components.values[k * matrix.columns + j];
      }
    }
    let state: State = { count, mean: start.mean.slice(), loadings, noise };
    for (let round = 0; round < rounds; round++) state = improve(table, state);
    return state;
  };
  const predictFrom = (state: State, rows: Prepared) => {
    const w = rowsOf(matrix.columns, state.loadings);
    if (given === "cells") {
      const factors = rowsOf(state.count, transpose(w));
      return clampTo(space, foldInCells(rows.matrix, factors, state.mean, state.noise));
    }
    const scores = inferScores(state, rows.matrix, visible);
    const mixed = multiplyTransposed(rowsOf(rows.ids.length, scores), w);
    const means = repeatRow(state.mean, rows.ids.length);
    return clampTo(
      space,
      mixed.map((value, at) => value + means[at]),
    );
  };
  const fitted = clipped.map(fit);
  const state = chooseSetting("components", fitted, () => {
    const { seen, errorOf } = validateBy(given, prepared);
    return (tried) => errorOf(predictFrom(tried, seen));
  });
  return {
    ...(given === "RNA"
      ? { name: "probabilistic PCA, given RNA", sees: "RNA" }
      : { name: "probabilistic PCA", sees: "all" }),
    notes: noteEdge("components", state.count, clipped),
    predict: (rows) => new Float32Array(predictFrom(state, rows)),
  };
}

interface State {
  readonly count: number;
  readonly mean: Float64Array;
  /** W, `[features, count]`. */
  readonly loadings: Float64Array;
  readonly noise: number;
}

/** The training rows by feature, with the features grouped by the rows in which they were observed. */
interface Table {
  /** `[features, rows]`. */
  readonly entries: Rows;
  readonly groups: readonly MaskGroup[];
  /** 1 where the features of a group were observed, `[groups, rows]`. */
  readonly masks: Rows;
}

function tabulate(matrix: Prepared["matrix"]): Table {
  const groups = groupByMask(matrix, [...Array(matrix.columns).keys()]);
  const masks = new Float64Array(groups.length * matrix.rows);
  groups.forEach(({ rows }, g) => {
    for (const i of rows) masks[g * matrix.rows + i] = 1;
  });
  return {
    entries: rowsOf(matrix.columns, transpose(matrix)),
    groups,
    masks: rowsOf(groups.length, masks),
  };
}

/** One round of expectation and maximization. */
function improve({ entries, groups, masks }: Table, state: State): State {
  const { count: k, mean, loadings, noise } = state;
  const { rows: columns, columns: n, values } = entries;
  const all = rowsOf(columns, loadings);
  // Expectation: of each row, from its observed entries.
  const outer = new Float64Array(groups.length * k * k); // sum of w w^T over a group's features
  groups.forEach(({ members }, g) => {
    for (const j of members) addOuter(outer, g * k * k, loadings, j * k, k);
  });
  const systems = transposeMultiply(masks, { ...masks, columns: k * k, values: outer });
  const right = transposeMultiply({ ...entries, values: center(entries, groups, mean) }, all);
  const scores = new Float64Array(n * k);
  const covariances = new Float64Array(n * k * k);
  const seconds = new Float64Array(n * k * k); // E[t t^T]
  for (let i = 0; i < n; i++) {
    const system = systems.slice(i * k * k, (i + 1) * k * k);
    for (let a = 0; a < k; a++) system[a * (k + 1)] += noise;
    const factor = factorCholesky(system);
    scores.set(factor.solve(right.subarray(i * k, (i + 1) * k)), i * k);
    const covariance = factor.solve(identity(k)).map((value) => noise * value);
    covariances.set(covariance, i * k * k);
    seconds.set(covariance, i * k * k);
    addOuter(seconds, i * k * k, scores, i * k, k);
  }
  // Maximization: of each feature, over the rows in which it was observed.
  const hidden = rowsOf(n, scores);
  const moments = multiply(masks, rowsOf(n, seconds));
  const spreads = multiply(masks, rowsOf(n, covariances));
  const predicted = multiplyTransposed(all, hidden);
  const newMean = mean.slice();
  for (const { rows, members } of groups) {
    for (const j of members) {
      let sum = 0;
      for (const i of rows) sum += values[j * n + i] - predicted[j * n + i];
      if (rows.length > 0) newMean[j] = sum / rows.length;
    }
  }
  const centered = center(entries, groups, newMean);
  const products = multiply({ ...entries, values: centered }, hidden);
  const newLoadings = new Float64Array(columns * k);
  groups.forEach(({ rows, members }, g) => {
    if (rows.length === 0) return;
    const own = new Float64Array(members.length * k);
    members.forEach((j, at) => {
      own.set(products.subarray(j * k, (j + 1) * k), at * k);
    });
    const solved = factorCholesky(moments.slice(g * k * k, (g + 1) * k * k)).solve(own);
    members.forEach((j, at) => {
      newLoadings.set(solved.subarray(at * k, (at + 1) * k), j * k);
    });
  });
  const fitted = multiplyTransposed({ ...all, values: newLoadings }, hidden);
  let [errors, count] = [0, 0];
  groups.forEach(({ rows, members }, g) => {
    const spread = spreads.subarray(g * k * k, (g + 1) * k * k);
    for (const j of members) {
      for (const i of rows) errors += (centered[j * n + i] - fitted[j * n + i]) ** 2;
      errors += quadratic(spread, newLoadings, j, k);
    }
    count += rows.length * members.length;
  });
  return {
    count: k,
    mean: newMean,
    loadings: newLoadings,
    noise: Math.max(errors / count, 1e-12),
  };
}

/** The observed entries less their feature's mean, `[features, rows]`, 0 elsewhere. */
function center(
  { columns: n, values }: Rows,
  groups: readonly MaskGroup[],
  mean: Float64Array,
): Float64Array {
  const out = new Float64Array(values.length);
  for (const { rows, members } of groups) {
    for (const j of members) for (const i of rows) out[j * n + i] = values[j * n + i] - mean[j];
  }
  return out;
}

/** Adds `w w^T`, `[k, k]`. */
function addOuter(to: Float64Array, at: number, values: Float64Array, from: number, k: number) {
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < k; b++) to[at + a * k + b] += values[from + a] * values[from + b];
  }
}

/** Scores given the columns `[start, end)` of rows, which count whether measured or filled. */
function inferScores(
  { count: k, mean, loadings, noise }: State,
  rows: Rows,
  { start, end }: { readonly start: number; readonly end: number },
) {
  const visible = rowsOf(end - start, loadings.subarray(start * k, end * k));
  const system = gram(rowsOf(k, transpose(visible)));
  for (let a = 0; a < k; a++) system[a * (k + 1)] += noise;
  const values = pickColumns(rows, { start, end });
  const width = end - start;
  const centered = values.map((value, at) => value - mean[start + (at % width)]);
  const along = multiply(rowsOf(rows.rows, centered), visible);
  return factorCholesky(system).solve(along);
}

/** `w_j^T C w_j` of feature j's loadings. */
function quadratic(covariance: Float64Array, loadings: Float64Array, j: number, k: number): number {
  let sum = 0;
  for (let a = 0; a < k; a++) {
    for (let b = 0; b < k; b++) {
      sum += loadings[j * k + a] * covariance[a * k + b] * loadings[j * k + b];
    }
  }
  return sum;
}
