// Canonical correlation: which directions of two descriptions of the same samples agree, and on new samples too.
import {
  decomposeSymmetric,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
  transposeMultiply,
} from "../engine/linear-algebra.js";
import { checkOptions, required } from "../options.js";
import { fitPca, type Pca, transformPca } from "./pca.js";
import { selectPoints } from "./points.js";
import { rowsOf } from "./rows.js";
import { pearson } from "./statistics.js";

export interface Canonical {
  /** Largest first, in [0, 1], one for each direction of the side that has fewer. */
  readonly correlations: Float64Array;
  /**
   * Correlates other samples along the directions found, in their order. A negative value means that a direction is
   * reversed there; a direction along which a side does not vary has 0.
   * @throws RangeError if a side has other columns than the one it was fitted on, or the two differ in rows.
   */
  correlate(left: Rows, right: Rows): Float64Array;
}

/**
 * Finds the directions along which two tables of the same samples correlate most:
 * `max corr(X a, Y b)`, each pair uncorrelated with those before. The correlations are the singular values of
 * `U_x^T U_y`, with orthonormal bases U of the centered columns.
 *
 * Source: Hotelling 1936; Björck and Golub 1973.
 * @param left `[samples, p]`.
 * @param right `[samples, q]`.
 * @throws RangeError if the two differ in rows, one does not vary, or their ranks add up to more than `samples - 1`:
 * then a perfect correlation exists whatever the data.
 */
export function fitCanonical(left: Rows, right: Rows): Canonical {
  requireSameRows("fitCanonical", left, right);
  const [x, y] = [whiten(left), whiten(right)];
  const free = left.rows - 1 - x.rank - y.rank;
  if (free < 0) {
    throw new RangeError(
      `fitCanonical: expected at least ${x.rank + y.rank + 1} samples for ${x.rank} and ${y.rank} directions, ` +
        `got ${left.rows}; keep fewer principal components of the larger side`,
    );
  }
  if (x.rank > y.rank) {
    const { correlations, correlate } = fitCanonical(right, left);
    return { correlations, correlate: (a, b) => correlate(b, a) };
  }
  const count = x.rank;
  const cross = rowsOf(count, transposeMultiply(x.of(left), y.of(right))); // U_x^T U_y, [p, q]
  const { values, vectors } = decomposeSymmetric(gram(cross));
  const correlations = values.map((value) => Math.min(1, Math.sqrt(Math.max(0, value))));
  const a = rowsOf(count, vectors); // a direction a row, [p, p]
  const b = rowsOf(count, multiply(a, cross)); // not of length 1, which a correlation does not see
  const along = (side: Rows, directions: Rows) =>
    rowsOf(side.rows, multiplyTransposed(side, directions));
  return {
    correlations,
    correlate: (newLeft, newRight) => {
      requireSameRows("correlate", newLeft, newRight);
      const u = along(x.of(newLeft), a);
      const v = along(y.of(newRight), b);
      return Float64Array.from(
        { length: count },
        (_, k) => pearson(columnOf(u, k), columnOf(v, k)) ?? 0,
      );
    },
  };
}

export interface RecoveryOptions {
  /** The true factors, `[samples, factors]`. */
  readonly factors: Rows;
  /** A representation of the same samples, `[samples, units]`. */
  readonly points: Rows;
  /** Samples, by row, to fit on. */
  readonly train: readonly number[];
  /** Samples, by row, to measure on. */
  readonly test: readonly number[];
  /** Principal components of the points that are kept, fitted on the training rows. By default 10. */
  readonly components?: number;
}

/** How far a representation holds the factors: canonical correlations, largest first. */
export interface Recovery {
  /** On the rows that the directions were fitted to: optimistic. */
  readonly train: Float64Array;
  /** Along the same directions, on other rows. */
  readonly test: Float64Array;
}

/**
 * Measures how far a representation holds the true factors, whatever its axes: canonical correlations of the factors
 * with the first principal components of the representation. Both are fitted on the training rows alone.
 * @throws RangeError if a row is missing, or as `fitCanonical`.
 */
export function recoverFactors(options: RecoveryOptions): Recovery {
  const {
    factors,
    points,
    train,
    test,
    components = 10,
  } = checkOptions("recoverFactors", options, {
    factors: required("object"),
    points: required("object"),
    train: required("array"),
    test: required("array"),
    components: "number",
  });
  requireSameRows("recoverFactors", factors, points);
  const pca = fitPca(selectPoints(points, train), components);
  const reduce = (rows: readonly number[]): Rows =>
    rowsOf(rows.length, transformPca(pca, selectPoints(points, rows)));
  const found = fitCanonical(selectPoints(factors, train), reduce(train));
  return {
    train: found.correlations,
    test: found.correlate(selectPoints(factors, test), reduce(test)),
  };
}

/** The orthonormal basis of a table's centered columns, and its coordinates for any rows. */
function whiten(rows: Rows): { rank: number; of: (other: Rows) => Rows } {
  const pca: Pca = fitPca(rows);
  const scale = pca.explainedVariance.map((value) => 1 / Math.sqrt(value * (rows.rows - 1)));
  const of = (other: Rows) => {
    const scores = transformPca(pca, other);
    return rowsOf(
      other.rows,
      scores.map((score, at) => score * scale[at % pca.count]),
    );
  };
  return { rank: pca.count, of };
}

function columnOf({ rows, columns, values }: Rows, column: number): number[] {
  return Array.from({ length: rows }, (_, i) => values[i * columns + column]);
}

function requireSameRows(where: string, left: Rows, right: Rows): void {
  if (left.rows === right.rows) return;
  throw new RangeError(
    `${where}: expected two tables of the same samples, got ${left.rows} and ${right.rows} rows`,
  );
}
