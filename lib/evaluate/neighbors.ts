// A control without a formula: the mean of the training samples whose RNA is most alike.
import { checkOptions } from "../options.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import {
  bestTrial,
  INPUT_KINDS,
  type InputOptions,
  inferredColumns,
  inputReader,
  meanSquaredErrorOf,
  type Predictor,
  type Trial,
} from "./predictor.js";
import { mixRows, multiplyRows } from "./products.js";
import type { Rows } from "./rows.js";

export interface NeighborsOptions extends InputOptions {
  /** Numbers of neighbors. Validation error chooses; a single one is used as given. */
  readonly counts?: readonly number[];
  readonly name?: string;
}

export interface Neighbors extends Predictor {
  readonly count: number;
  readonly trials: readonly Trial<number>[];
}

/**
 * Predicts the mean of the training rows nearest in the first modality, by Euclidean distance.
 * @throws RangeError if a count is not a whole number from 1 to the training rows, or no validation entry is
 * observed to choose by.
 */
export function fitNeighbors(prepared: PreparedCohort, options: NeighborsOptions = {}): Neighbors {
  const { train, validation } = prepared;
  const most = train.matrix.rows;
  const {
    counts = [1, 3, 5, 10, 20, 40].filter((count) => count <= most),
    name = "nearest neighbors in RNA",
    ...input
  } = checkOptions("fitNeighbors", options, { ...INPUT_KINDS, counts: "array", name: "string" });
  if (counts.length === 0 || counts.some((k) => !Number.isInteger(k) || k < 1 || k > most)) {
    throw new RangeError(
      `fitNeighbors: expected whole numbers from 1 to ${most}, got [${counts.join(", ")}]`,
    );
  }
  const read = inputReader(prepared, input);
  const inputs = read(train);
  const lengths = squaredLengths(inputs);
  const orderOf = (rows: Rows): number[][] => {
    const products = multiplyRows(rows, inputs);
    return Array.from({ length: rows.rows }, (_, i) => {
      const distance = lengths.map((length, j) => length - 2 * products[i * most + j]);
      return Array.from(distance.keys()).sort((a, b) => distance[a] - distance[b] || a - b);
    });
  };
  const weightsOf = (order: readonly (readonly number[])[], count: number): Float64Array => {
    const out = new Float64Array(order.length * most);
    order.forEach((nearest, i) => {
      for (const j of nearest.slice(0, count)) out[i * most + j] = 1 / count;
    });
    return out;
  };
  const columns = inferredColumns(prepared);
  const trials: Trial<number>[] = [];
  if (counts.length > 1) {
    const order = orderOf(read(validation));
    for (const setting of counts) {
      const predicted = mixRows(weightsOf(order, setting), train.matrix, columns);
      trials.push({ setting, mse: meanSquaredErrorOf(validation, predicted, columns) });
    }
  }
  const count = counts.length > 1 ? bestTrial("neighbors", trials).setting : counts[0];
  return {
    name,
    sees: "RNA",
    count,
    trials,
    predict: (rows) =>
      new Float32Array(mixRows(weightsOf(orderOf(read(rows)), count), train.matrix)),
  };
}

function squaredLengths({ rows, columns, values }: Rows): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[i] += values[i * columns + j] ** 2;
  }
  return out;
}
