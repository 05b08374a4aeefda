// Low-rank completion of the training rows by shrunken singular values, and new rows folded in by their first modality.
import {
  decomposeSymmetric,
  factorCholesky,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
} from "../engine/linear-algebra.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { foldInCells, validateBy } from "./cells.js";
import {
  bestTrial,
  clampTo,
  LAMBDAS,
  noteEdge,
  observedMean,
  type Predictor,
} from "./predictor.js";
import { repeatRow, rowsOf, transpose } from "./rows.js";

export interface SoftImputeOptions {
  /** Squares of the thresholds on singular values, so that the ridges' grid serves. Validation error chooses. */
  readonly lambdas?: readonly number[];
  /** Most rounds at each threshold. */
  readonly rounds?: number;
  /** What new rows are folded in by: their first modality, or every measured cell. */
  readonly given?: "RNA" | "cells";
}

const TOLERANCE = 1e-16; // of the squared change of the gaps, as a share of their squares

/**
 * Completes the training rows, centered on their observed means: `Z <- S(observed entries of X, and Z elsewhere)`, where S
 * lowers every singular value by `τ = sqrt(λ)`, largest threshold first, each from the one before. With `Z = A B^T`,
 * `B = V sqrt(D)`, a new row has `a = (B_v^T B_v + τ I)^-1 B_v^T x_v` of its visible columns,
 * or of its measured cells, where the setting is chosen by validation cells that are held out.
 * Source: Mazumder, Hastie and Tibshirani 2010, algorithm 1; for the factors, Hastie et al. 2015, theorem 1.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitSoftImpute(
  prepared: PreparedCohort,
  { lambdas = LAMBDAS, rounds = 8, given = "RNA" }: SoftImputeOptions = {},
): Predictor {
  const { train, modalities, space } = prepared;
  const { rows: n, columns: width, observed } = train.matrix;
  const mean = observedMean(prepared);
  const values = Float64Array.from(train.matrix.values, (value, at) =>
    observed[at] ? value - mean[at % width] : 0,
  );
  const [visible] = modalities;
  const predictFrom = ({ factor, threshold, rank }: Completion, { matrix }: Prepared) => {
    if (given === "cells") return clampTo(space, foldInCells(matrix, factor, mean, threshold));
    const system = gram(factor, visible);
    for (let k = 0; k < rank; k++) system[k * (rank + 1)] += threshold;
    const along = multiplyTransposed(matrix, factor, { ...visible, leftCenter: mean });
    const means = repeatRow(mean, matrix.rows);
    if (rank === 0) return clampTo(space, means);
    const scores = factorCholesky(system).solve(along);
    const mixed = multiply(rowsOf(matrix.rows, scores), factor);
    return clampTo(
      space,
      mixed.map((value, at) => value + means[at]),
    );
  };
  const { seen, errorOf } = validateBy(given, prepared);
  const trials: { setting: number; mse: number }[] = [];
  let best: { readonly mse: number; readonly lambda: number; readonly found: Completion } | null =
    null;
  for (const lambda of [...lambdas].sort((a, b) => b - a)) {
    const found = complete(rowsOf(n, values), observed, Math.sqrt(lambda), rounds);
    if (lambdas.length === 1) {
      best = { mse: 0, lambda, found };
      break;
    }
    const mse = errorOf(predictFrom(found, seen));
    trials.push({ setting: lambda, mse });
    if (Number.isFinite(mse) && (best === null || mse < best.mse)) best = { mse, lambda, found };
    else if (best && best.lambda > lambda && mse > best.mse) break; // the path only overfits from here
  }
  if (best === null) {
    bestTrial("lambda", trials); // throws: no trial has a finite error
    throw new RangeError("fitSoftImpute: expected a finite validation error");
  }
  const { lambda, found } = best;
  return {
    ...(given === "RNA"
      ? { name: "softImpute, given RNA", sees: "RNA" }
      : { name: "softImpute", sees: "all" }),
    notes: noteEdge("lambda", lambda, lambdas),
    predict: (rows) => new Float32Array(predictFrom(found, rows)),
  };
}

interface Completion {
  readonly threshold: number;
  readonly rank: number;
  /** `B^T`, `[rank, features]`. */
  readonly factor: Rows;
}

/** Completes the table at one threshold; its gaps are filled in place, so that the next threshold starts there. */
function complete(
  table: Rows & { readonly values: Float64Array },
  observed: Uint8Array,
  threshold: number,
  rounds: number,
): Completion {
  const { rows: n, values } = table;
  for (let round = 1; ; round++) {
    const { values: squares, vectors } = decomposeSymmetric(gram(table));
    const singular = squares.map((square) => Math.sqrt(Math.max(0, square)));
    const rank = singular.filter((value) => value > threshold).length;
    const kept = { rows: rank, columns: n, values: vectors.slice(0, rank * n) };
    // U^T X = D V^T, so U diag((d - τ) / d) U^T X lowers every singular value.
    const shrunken = kept.values.map((value, at) => {
      const d = singular[Math.floor(at / n)];
      return value * Math.sqrt((d - threshold) / d);
    });
    const root = rowsOf(n, transpose({ ...kept, values: shrunken }));
    const low = multiply(rowsOf(n, gram(root)), table);
    let [change, size] = [0, 0];
    for (let at = 0; at < values.length; at++) {
      if (observed[at]) continue;
      change += (low[at] - values[at]) ** 2;
      size += low[at] ** 2;
      values[at] = low[at];
    }
    if (round < rounds && change > TOLERANCE * size) continue;
    const along = rank > 0 ? multiply(kept, table) : new Float64Array(0);
    const factor = along.map((value, at) => {
      const d = singular[Math.floor(at / table.columns)];
      return (value / d) * Math.sqrt(d - threshold);
    });
    return { threshold, rank, factor: { rows: rank, columns: table.columns, values: factor } };
  }
}
