// Single cells: hiding them, and predictors that see every measured cell of a row, whatever its modality.

import type { Matrix } from "../cohort/matrix.js";
import { createRandom } from "../cohort/random.js";
import {
  type ColumnRange,
  factorCholesky,
  gram,
  multiply,
  type Rows,
} from "../engine/linear-algebra.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { NEIGHBORS } from "./neighbors.js";
import {
  chooseSetting,
  inferredColumns,
  meanSquaredErrorOf,
  noteEdge,
  observedMean,
  type Predictor,
} from "./predictor.js";
import { pickColumns, repeatRow } from "./rows.js";

/** Why a cell is missing: by chance, or because its value lies below what the instrument detects. */
export type Mechanism = "at random" | "below a limit";

export const MECHANISMS = ["at random", "below a limit"] as const satisfies readonly Mechanism[];

export interface HideOptions {
  readonly mechanism: Mechanism;
  /** Of the measured cells, in (0, 1). */
  readonly share: number;
  /** Columns `[start, end)` whose cells are hidden; by default all. */
  readonly columns?: ColumnRange;
  readonly seed?: number;
}

/**
 * Marks a share of the measured cells of each column as missing: drawn at random, or the lowest. Of equal values below a
 * limit, the first rows are hidden.
 * @returns a matrix that shares the values.
 */
export function hideCells(
  matrix: Matrix,
  { mechanism, share, columns = {}, seed = 42 }: HideOptions,
): Matrix {
  const { rows, columns: width, values } = matrix;
  const { start = 0, end = width } = columns;
  const observed = matrix.observed.slice();
  const random = createRandom(seed, "hidden cells");
  for (let j = start; j < end; j++) {
    const measured: number[] = [];
    for (let i = 0; i < rows; i++) if (observed[i * width + j]) measured.push(i * width + j);
    const order =
      mechanism === "at random"
        ? measured.map((at) => [random.uniform(), at] as const)
        : measured.map((at) => [values[at], at] as const);
    const hidden = order
      .sort((a, b) => a[0] - b[0] || a[1] - b[1])
      .slice(0, Math.round(share * measured.length));
    for (const [, at] of hidden) observed[at] = 0;
  }
  return { ...matrix, observed };
}

/** Shares of a column's measured cells to choose a setting by: a tenth or, where that is no cell of any column, half. */
const HELD_OUT = [0.1, 0.5];

/** Validation rows without some measured cells of the inferred columns, and the same rows with nothing but these. */
export function holdOutCells(prepared: PreparedCohort): {
  readonly seen: Prepared;
  readonly heldOut: Prepared;
} {
  const { validation } = prepared;
  const { matrix } = validation;
  const columns = inferredColumns(prepared);
  const hide = (share: number) => hideCells(matrix, { mechanism: "at random", share, columns });
  const hidden = (one: Matrix) => one.observed.some((is, at) => is !== matrix.observed[at]);
  const seen = HELD_OUT.map(hide).find(hidden) ?? matrix;
  const heldOut = matrix.observed.map((is, at) => is - seen.observed[at]);
  return {
    seen: { ...validation, matrix: seen },
    heldOut: { ...validation, matrix: { ...matrix, observed: heldOut } },
  };
}

/** What a predictor of whole rows chooses a setting by. */
export interface Validation {
  /** The validation rows as the predictor may see them. */
  readonly seen: Prepared;
  /** The error of predictions of these rows, `[rows, features]`, over the inferred columns. */
  errorOf(predicted: Float32Array | Float64Array): number;
}

/**
 * Validates predictions from the first modality on every measured entry of the inferred columns, and predictions from
 * measured cells on some that are held out.
 */
export function validateBy(given: "RNA" | "cells", prepared: PreparedCohort): Validation {
  const { validation } = prepared;
  const { seen, heldOut } =
    given === "cells" ? holdOutCells(prepared) : { seen: validation, heldOut: validation };
  const columns = inferredColumns(prepared);
  return {
    seen,
    errorOf: (values) =>
      meanSquaredErrorOf(heldOut, pickColumns({ ...seen.matrix, values }, columns), columns),
  };
}

/**
 * Gives each row its scores on factors from its own observed cells, `t = (B_o B_o^T + penalty I)^-1 B_o (x_o - mean_o)`, and
 * predicts `mean + B^T t`.
 * @param factors B, `[factors, features]`.
 * @returns row-major `[rows, features]`.
 */
export function foldInCells(
  { rows, columns, values, observed }: Matrix,
  factors: Rows,
  mean: Float64Array,
  penalty: number,
): Float64Array {
  const out = repeatRow(mean, rows);
  const rank = factors.rows;
  if (rank === 0) return out;
  for (let i = 0; i < rows; i++) {
    const own: number[] = [];
    for (let j = 0; j < columns; j++) if (observed[i * columns + j]) own.push(j);
    const seen = { rows: rank, columns: own.length, values: new Float64Array(rank * own.length) };
    for (let k = 0; k < rank; k++) {
      own.forEach((j, at) => {
        seen.values[k * own.length + at] = factors.values[k * columns + j];
      });
    }
    const system = own.length > 0 ? gram(seen) : new Float64Array(rank * rank);
    for (let k = 0; k < rank; k++) system[k * (rank + 1)] += penalty;
    const right = new Float64Array(rank);
    for (let k = 0; k < rank; k++) {
      own.forEach((j, at) => {
        right[k] += seen.values[k * own.length + at] * (values[i * columns + j] - mean[j]);
      });
    }
    const scores = factorCholesky(system).solve(right);
    const mixed = multiply({ rows: 1, columns: rank, values: scores }, factors);
    for (let j = 0; j < columns; j++) out[i * columns + j] += mixed[j];
  }
  return out;
}

/**
 * Predicts the mean of the nearest training rows that measured the feature. The squared distance of two rows is the mean
 * squared difference over the cells that both measured; rows that share none are no neighbors. Where nobody measured the
 * feature, the mean of its observed training entries.
 * Source: Troyanskaya et al. 2001; the distance is that of scikit-learn's KNNImputer.
 * @param wanted numbers of neighbors, of which those up to the number of training rows are tried. Held-out cells of the
 * validation rows choose; a single one is used as given.
 */
export function fitCellNeighbors(
  prepared: PreparedCohort,
  wanted: readonly number[] = NEIGHBORS,
): Predictor {
  const { train } = prepared;
  const counts = wanted.filter((count) => count <= train.matrix.rows);
  const mean = observedMean(prepared);
  const count = chooseSetting("neighbors", counts, () => {
    const { seen, errorOf } = validateBy("cells", prepared);
    const ranked = rankNeighbors(seen.matrix, train.matrix);
    return (tried) => errorOf(averageNeighbors(ranked, train.matrix, tried, mean));
  });
  return {
    name: "kNN",
    sees: "all",
    notes: noteEdge("neighbors", count, counts),
    predict: ({ matrix }) =>
      averageNeighbors(rankNeighbors(matrix, train.matrix), train.matrix, count, mean),
  };
}

/** The rows of `among` that share cells with each row, nearest first. */
function rankNeighbors(
  { rows, columns, values, observed }: Matrix,
  among: Matrix,
): (readonly number[])[] {
  return Array.from({ length: rows }, (_, i) => {
    const distances = Array.from({ length: among.rows }, (_, n) => {
      let [sum, shared] = [0, 0];
      for (let j = 0; j < columns; j++) {
        if (!observed[i * columns + j] || !among.observed[n * columns + j]) continue;
        sum += (values[i * columns + j] - among.values[n * columns + j]) ** 2;
        shared++;
      }
      return { n, distance: sum / shared }; // NaN where they share none
    });
    return distances
      .filter(({ distance }) => !Number.isNaN(distance))
      .sort((a, b) => a.distance - b.distance)
      .map(({ n }) => n);
  });
}

/** Averages the nearest measured cells of each feature, `[rows, features]`. */
function averageNeighbors(
  ranked: readonly (readonly number[])[],
  among: Matrix,
  count: number,
  mean: Float64Array,
): Float32Array {
  const { columns } = among;
  const out = new Float32Array(ranked.length * columns);
  ranked.forEach((near, i) => {
    for (let j = 0; j < columns; j++) {
      let [sum, found] = [0, 0];
      for (const n of near) {
        if (found === count) break;
        if (!among.observed[n * columns + j]) continue;
        sum += among.values[n * columns + j];
        found++;
      }
      out[i * columns + j] = found > 0 ? sum / found : mean[j];
    }
  });
  return out;
}
