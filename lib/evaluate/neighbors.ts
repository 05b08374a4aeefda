// A control without a formula: the mean of the training samples whose RNA is most alike.
import type { Rows } from "../engine/linear-algebra.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { fitMixture } from "./mixing.js";
import { type Nearest, nearestRows } from "./points.js";
import { type Chosen, inputReader } from "./predictor.js";

/** Numbers of neighbors to choose from. */
export const NEIGHBORS: readonly number[] = [1, 3, 5, 10, 20, 40];

/**
 * Predicts the mean of the training rows nearest in the first modality, by Euclidean distance.
 * @returns the predictor, with the number of neighbors as its setting.
 * @param wanted numbers of neighbors, of which those up to the number of training rows are tried. Validation error chooses;
 * a single one is used as given.
 * @throws RangeError if no validation entry is observed to choose by.
 */
export function fitNeighbors(
  prepared: PreparedCohort,
  wanted: readonly number[] = NEIGHBORS,
): Chosen<number> {
  const { train } = prepared;
  const most = train.matrix.rows;
  const counts = wanted.filter((count) => count <= most);
  const read = inputReader(prepared);
  const inputs = read(train);
  const weightsOf = ({ indexes, count: found }: Nearest, count: number): Rows => {
    const rows = indexes.length / found;
    const values = new Float64Array(rows * most);
    for (let i = 0; i < rows; i++) {
      for (let n = 0; n < count; n++) values[i * most + indexes[i * found + n]] = 1 / count;
    }
    return { rows, columns: most, values };
  };
  const largest = Math.max(...counts);
  return fitMixture(prepared, {
    name: "nearest neighbors in RNA",
    what: "neighbors",
    settings: counts,
    mix: (rows) => {
      const nearest = nearestRows(read(rows), inputs, largest);
      return (count) => weightsOf(nearest, count);
    },
    note: () => [],
  });
}
