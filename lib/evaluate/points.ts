// Samples as points, as every embedding is: checks, selection, standardization, and which are near one another.
import { type Rows, squaredDistances } from "../engine/linear-algebra.js";

/**
 * Refuses what is no set of points, so that no NaN goes further.
 * @throws TypeError if the values are no float array.
 * @throws RangeError if the shape does not fit the values, a side is 0, or a value is not finite.
 */
export function checkPoints(where: string, { rows, columns, values }: Rows): void {
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new TypeError(`${where}: expected values in a Float32Array or Float64Array`);
  }
  if (!(Number.isInteger(rows) && rows > 0 && Number.isInteger(columns) && columns > 0)) {
    throw new RangeError(
      `${where}: expected at least one row and column, got ${rows} x ${columns}`,
    );
  }
  if (values.length !== rows * columns) {
    throw new RangeError(
      `${where}: expected ${rows} x ${columns} = ${rows * columns} values, got ${values.length}`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `${where}: expected finite values, got ${values[i]} at row ${Math.floor(i / columns)}, ` +
          `column ${i % columns}; fill or drop what is missing first`,
      );
    }
  }
}

/** Copies the named rows, in the order given; `[indexes.length, columns]`, in the same precision. */
export function selectPoints({ rows, columns, values }: Rows, indexes: readonly number[]): Rows {
  const size = indexes.length * columns;
  const out = values instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  indexes.forEach((from, to) => {
    if (!Number.isInteger(from) || from < 0 || from >= rows) {
      throw new RangeError(`selectPoints: expected a row index in [0, ${rows}), got ${from}`);
    }
    out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  return { rows: indexes.length, columns, values: out };
}

/** What `standardizePoints` subtracts from each column, and divides it by. */
export interface ColumnScale {
  readonly center: Float64Array;
  /** Population standard deviation; 1 where the column is constant. */
  readonly scale: Float64Array;
}

/** Fits each column's mean and its population standard deviation. */
export function fitColumnScale({ rows, columns, values }: Rows): ColumnScale {
  const center = new Float64Array(columns);
  const scale = new Float64Array(columns).fill(1);
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    let constant = true;
    for (let i = 0; i < rows; i++) {
      sum += values[i * columns + j];
      if (values[i * columns + j] !== values[j]) constant = false;
    }
    center[j] = constant ? values[j] : sum / rows;
    if (constant) continue;
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += (values[i * columns + j] - center[j]) ** 2;
    const deviation = Math.sqrt(squares / rows);
    if (deviation > 0) scale[j] = deviation; // the squares of tiny differences may vanish
  }
  return { center, scale };
}

/**
 * Gives `(x - center) / scale`, `[rows, columns]` in float64.
 * @throws RangeError if the points have other columns than the scale was fitted on.
 */
export function standardizePoints(
  { rows, columns, values }: Rows,
  { center, scale }: ColumnScale,
): Rows {
  if (center.length !== columns) {
    throw new RangeError(`standardizePoints: expected ${center.length} columns, got ${columns}`);
  }
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const base = i * columns;
    for (let j = 0; j < columns; j++) out[base + j] = (values[base + j] - center[j]) / scale[j];
  }
  return { rows, columns, values: out };
}

const DISTANCES = 4_000_000; // that are held at a time: 32 MB

/**
 * Calls `visit` with each row's squared distances from all rows of `among`, which it must not keep. Memory grows with
 * the number of rows, not with its square.
 * @throws RangeError if the two differ in columns, or a distance is not finite.
 */
export function visitDistances(
  points: Rows,
  among: Rows,
  visit: (row: number, squared: Float64Array) => void,
): void {
  const { rows, columns, values } = points;
  const height = Math.max(16, Math.floor(DISTANCES / among.rows));
  for (let from = 0; from < rows; from += height) {
    const to = Math.min(rows, from + height);
    const block = {
      rows: to - from,
      columns,
      values: values.subarray(from * columns, to * columns),
    };
    const squared = squaredDistances(block, among);
    for (let i = from; i < to; i++) {
      visit(i, squared.subarray((i - from) * among.rows, (i - from + 1) * among.rows));
    }
  }
}

/** The nearest rows of each point, row-major `[points, count]`, nearest first; of equally far ones the earlier first. */
export interface Nearest {
  readonly count: number;
  readonly indexes: Int32Array;
  readonly squared: Float64Array;
}

/**
 * Finds the `count` rows of `among` nearest to each point by Euclidean distance, exactly.
 * @param options.others Leaves out the row of the point's own index, where points are sought among themselves.
 */
export function nearestRows(
  points: Rows,
  among: Rows,
  count: number,
  { others = false }: { readonly others?: boolean } = {},
): Nearest {
  const indexes = new Int32Array(points.rows * count);
  const squared = new Float64Array(points.rows * count).fill(Number.POSITIVE_INFINITY);
  visitDistances(points, among, (row, distances) => {
    const first = row * count;
    const last = first + count - 1;
    for (let j = 0; j < distances.length; j++) {
      const distance = distances[j];
      if (!(distance < squared[last]) || (others && j === row)) continue;
      let at = last;
      for (; at > first && distance < squared[at - 1]; at--) {
        squared[at] = squared[at - 1];
        indexes[at] = indexes[at - 1];
      }
      squared[at] = distance;
      indexes[at] = j;
    }
  });
  return { count, indexes, squared };
}
