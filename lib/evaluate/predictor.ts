// What every row of a reconstruction table is: something that predicts all columns, and says what it sees.
import { sliceColumns } from "../cohort/matrix.js";
import type { Rows } from "../engine/linear-algebra.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import type { ModisModel } from "../model/modis.js";
import type { Prepared, PreparedCohort, Space } from "../preprocess/prepare.js";
import { columnMeans, pickColumns, placeColumns, repeatRow } from "./rows.js";

/** What a predictor sees: "RNA" is the first modality of the cohort, whatever its name; "truth" what only a simulation knows. */
export type Sight = "nothing" | "RNA" | "all" | "truth";

/** A row of a reconstruction table: a model or a control that predicts every column. */
export interface Predictor {
  readonly name: string;
  readonly sees: Sight;
  /** What a reader of its scores should know, such as a setting at the edge of its grid. */
  readonly notes?: readonly string[];
  /** Predicts preprocessed rows in the space of their matrix, row-major `[rows, features]`. */
  predict(rows: Prepared): Float32Array | Promise<Float32Array>;
}

/** A setting and its mean squared error over the validation rows. */
interface Trial<T> {
  readonly setting: T;
  readonly mse: number;
}

/** A predictor whose setting the validation rows chose. */
export interface Chosen<T> extends Predictor {
  readonly setting: T;
}

/** Returns the inferred columns `[start, end)`: all after the first modality, or every column if it is the only one. */
export function inferredColumns({ modalities, features }: PreparedCohort): {
  start: number;
  end: number;
} {
  return { start: modalities.length > 1 ? modalities[0].end : 0, end: features.length };
}

/** Training rows, whatever else there is. */
interface TrainingMatrix {
  readonly train: Pick<Prepared, "matrix">;
}

/** Averages the training rows, filled entries included, `[features]`. */
export function trainingMean({ train }: TrainingMatrix): Float64Array {
  return columnMeans(train.matrix);
}

/**
 * Averages the observed entries of the training rows, `[features]`; a feature without any gets the fallback, by default
 * the mean of its filled entries. No other constant scores better on observed entries: filled entries pull a mean toward
 * the median.
 */
export function observedMean(
  { train }: TrainingMatrix,
  fallback: Float64Array = columnMeans(train.matrix),
): Float64Array {
  const { rows, columns, values, observed } = train.matrix;
  const sums = new Float64Array(columns);
  const counts = new Float64Array(columns);
  for (let i = 0; i < rows * columns; i++) {
    if (!observed[i]) continue;
    sums[i % columns] += values[i];
    counts[i % columns]++;
  }
  return sums.map((sum, j) => (counts[j] > 0 ? sum / counts[j] : fallback[j]));
}

/** Takes the median of the training rows, filled entries included, `[features]`. */
export function trainingMedian({ train }: TrainingMatrix): Float64Array {
  const { rows, columns, values } = train.matrix;
  const column = new Float64Array(rows);
  const out = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) column[i] = values[i * columns + j];
    column.sort();
    out[j] = (column[(rows - 1) >> 1] + column[rows >> 1]) / 2;
  }
  return out;
}

/** Returns a predictor that predicts the same row for every sample. */
export function constantPredictor(name: string, row: Float64Array): Predictor {
  return {
    name,
    sees: "nothing",
    predict: ({ matrix }) => {
      checkColumns(name, matrix.columns, row.length);
      return new Float32Array(repeatRow(row, matrix.rows));
    },
  };
}

/** Returns the predictor of a trained autoencoder. It sees "RNA" if the model has visible columns, else all. */
export function modelPredictor(
  name: string,
  model: AutoencoderModel<Pick<AroSpec, "visible">>,
): Predictor {
  return {
    name,
    sees: model.spec.visible ? "RNA" : "all",
    predict: ({ matrix }) => model.reconstruct(matrix),
  };
}

/**
 * Lets a trained MODIS stand in a table of predictors: the first modality is encoded by its own autoencoder, without
 * noise, and decoded by each modality's. The decoders end in a linear layer, so their output is clamped at 0, like that of
 * the linear controls; no preprocessed value is negative, and the clamp can only lower an error.
 */
export function modisPredictor(
  name: string,
  model: ModisModel,
  { modalities, space }: Pick<PreparedCohort, "modalities" | "space">,
): Predictor {
  return {
    name,
    sees: "RNA",
    async predict({ matrix }) {
      const { rows, columns } = matrix;
      const [{ start, end }] = modalities;
      const everywhere = modalities.map((_, i) => i);
      const translated = await model.translate(sliceColumns(matrix, start, end), 0, everywhere);
      const out = new Float64Array(rows * columns);
      modalities.forEach(({ start, end }, i) => {
        const part = { rows, columns: end - start, values: translated[i] };
        placeColumns({ rows, columns, values: out }, part, start);
      });
      return new Float32Array(clampTo(space, out));
    },
  };
}

/**
 * Returns the function that reads the first modality of prepared rows, `[rows, columns of that modality]`.
 * @param input "z" keeps what lies below the mean; "paper" is what ARO sees.
 * @throws RangeError if the rows have other columns than the cohort.
 */
export function inputReader(
  { modalities, features, space }: PreparedCohort,
  input: Space = "z",
): (rows: Prepared) => Rows {
  const visible = modalities[0];
  if (input === "paper" && space === "z") {
    throw new RangeError(
      'inputReader: expected a cohort prepared in the paper\'s space for input "paper", got one of z-scores',
    );
  }
  return ({ matrix, zScores }) => {
    checkColumns("inputReader", matrix.columns, features.length);
    const from = input === "z" ? zScores : matrix;
    const values = pickColumns(from, visible);
    return { rows: from.rows, columns: visible.end - visible.start, values };
  };
}

/**
 * Averages the squared error over the observed entries of the columns `[start, end)`.
 * @param predicted `[rows, end - start]`, row-major.
 * @returns NaN where none was observed, which `bestTrial` refuses.
 */
export function meanSquaredErrorOf(
  { matrix }: Prepared,
  predicted: ArrayLike<number>,
  { start, end }: { readonly start: number; readonly end: number },
): number {
  const width = end - start;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < matrix.rows; i++) {
    const from = i * matrix.columns + start;
    for (let j = 0; j < width; j++) {
      if (!matrix.observed[from + j]) continue;
      sum += (matrix.values[from + j] - predicted[i * width + j]) ** 2;
      count++;
    }
  }
  return sum / count;
}

/**
 * Picks the trial with the lowest error, the first in case of a tie.
 * @throws RangeError if there is none with a finite error, as when nothing of the validation rows was observed.
 */
export function bestTrial<T>(what: string, trials: readonly Trial<T>[]): Trial<T> {
  const finite = trials.filter(({ mse }) => Number.isFinite(mse));
  if (finite.length === 0) {
    throw new RangeError(
      `bestTrial: expected a finite validation error of ${what}, got none of ${trials.length}; ` +
        "fix the setting, or give validation rows with observed entries",
    );
  }
  return finite.reduce((best, trial) => (trial.mse < best.mse ? trial : best));
}

/**
 * Chooses the setting with the lowest validation error. A single setting is used without being tried.
 * @param what the setting is, in an error.
 * @param prepare is called once, if there is something to choose, and gives the error of a setting.
 * @throws RangeError as `bestTrial`.
 */
export function chooseSetting<T>(
  what: string,
  settings: readonly T[],
  prepare: () => (setting: T) => number,
): T {
  if (settings.length === 1) return settings[0];
  const errorOf = prepare();
  return bestTrial(
    what,
    settings.map((setting) => ({ setting, mse: errorOf(setting) })),
  ).setting;
}

/** Puts a row of constants before predictions of the inferred columns, `[rows, constants.length]`. */
export function behindConstants(constants: Float64Array, inferred: Rows): Float32Array {
  const out = new Float32Array(repeatRow(constants, inferred.rows));
  const start = constants.length - inferred.columns;
  placeColumns({ rows: inferred.rows, columns: constants.length, values: out }, inferred, start);
  return out;
}

/** Clamps predictions in the paper's space at 0, in place: no value in that space is negative. */
export function clampTo(space: Space, predicted: Float64Array): Float64Array {
  if (space === "z") return predicted;
  for (let i = 0; i < predicted.length; i++) if (predicted[i] < 0) predicted[i] = 0;
  return predicted;
}

/** Penalties of every ridge: from hardly any shrinkage to nearly the training mean, at up to tens of thousands of inputs. */
export const LAMBDAS: readonly number[] = [
  0.1, 0.3, 1, 3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6,
];

/** Returns a note if the chosen setting lies at an edge of its grid, because a better one may lie beyond. */
export function noteEdge(what: string, chosen: number, grid: readonly number[]): string[] {
  if (grid.length < 2) return [];
  const [low, high] = [Math.min(...grid), Math.max(...grid)];
  if (chosen !== low && chosen !== high) return [];
  return [`${what} ${chosen} is the ${chosen === low ? "smallest" : "largest"} tried`];
}

function checkColumns(where: string, got: number, expected: number): void {
  if (got !== expected) throw new RangeError(`${where}: expected ${expected} columns, got ${got}`);
}
