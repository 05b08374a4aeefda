// What every row of a reconstruction table is: something that predicts all columns, and says what it sees.
import type { Cohort } from "../cohort/cohort.js";
import type { Matrix } from "../cohort/matrix.js";
import type { Rows } from "../engine/linear-algebra.js";
import type { AroSpec } from "../model/aro.js";
import type { AutoencoderModel } from "../model/autoencoder.js";
import type { Kinds } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { applyScaler } from "../preprocess/scaler.js";
import { columnMeans, pickColumns, repeatRow } from "./rows.js";

/** What a predictor sees; "RNA" stands for the cohort's first modality, whatever its name. */
export type Sight = "nothing" | "RNA" | "all";

/** A row of a reconstruction table: a model or a control that predicts every column. */
export interface Predictor {
  readonly name: string;
  readonly sees: Sight;
  /** Predicts preprocessed rows, row-major `[rows, features]`. */
  predict(rows: Prepared): Float32Array | Promise<Float32Array>;
}

/** What a linear control reads of the first modality. */
export interface InputOptions {
  /** "log" is the model's input; "standardized" are z-scores before the clamp at 0, which keep what lies below the mean. */
  readonly input?: "log" | "standardized";
  /** The measurements that the rows were prepared from; needed for "standardized". */
  readonly cohort?: Cohort;
}

/** The kinds of `InputOptions`. */
export const INPUT_KINDS: Kinds<InputOptions> = {
  input: ["log", "standardized"],
  cohort: "object",
};

/** A hyperparameter and its mean squared error over the validation rows. */
export interface Trial<T> {
  readonly setting: T;
  readonly mse: number;
}

/** Gives the columns `[start, end)` to be inferred: those behind the first modality, or all if there is no other. */
export function inferredColumns({ modalities, features }: PreparedCohort): {
  start: number;
  end: number;
} {
  return { start: modalities.length > 1 ? modalities[0].end : 0, end: features.length };
}

/** Averages the training rows, filled entries among them, `[features]`. */
export function trainingMean({ train }: Pick<PreparedCohort, "train">): Float64Array {
  return columnMeans(train.matrix);
}

/**
 * Averages the observed entries of the training rows, `[features]`; where none was observed, all of them.
 * It is the best constant for a score over observed entries: the other one leans towards the median that filled the gaps.
 */
export function observedMean({ train }: Pick<PreparedCohort, "train">): Float64Array {
  const { rows, columns, values, observed } = train.matrix;
  const sums = new Float64Array(columns);
  const counts = new Float64Array(columns);
  for (let i = 0; i < rows * columns; i++) {
    if (!observed[i]) continue;
    sums[i % columns] += values[i];
    counts[i % columns]++;
  }
  const all = columnMeans(train.matrix);
  return sums.map((sum, j) => (counts[j] > 0 ? sum / counts[j] : all[j]));
}

/** Takes the median of the training rows, filled entries among them, `[features]`. */
export function trainingMedian({ train }: Pick<PreparedCohort, "train">): Float64Array {
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

/** The z-scores of prepared rows that a predictor has read: the others read the same. */
const standardized = new WeakMap<Prepared, Matrix>();

/**
 * Returns the function that reads the first modality of prepared rows, `[rows, columns of that modality]`.
 * @throws TypeError if z-scores are asked for without the cohort.
 * @throws RangeError if the rows are not the cohort's.
 */
export function inputReader(
  { modalities, scaler, features }: PreparedCohort,
  { input = "log", cohort }: InputOptions = {},
): (rows: Prepared) => Rows {
  const visible = modalities[0];
  if (input === "standardized" && !cohort) {
    throw new TypeError(
      'inputReader: expected the cohort beside input "standardized", got none; ' +
        "prepared rows no longer hold what lies below the mean",
    );
  }
  return (rows) => {
    checkColumns("inputReader", rows.matrix.columns, features.length);
    let { matrix } = rows;
    if (input === "standardized" && cohort) {
      const stranger = rows.rows.findIndex((row, i) => cohort.samples[row]?.id !== rows.ids[i]);
      if (stranger >= 0) {
        throw new RangeError(
          `inputReader: expected rows of the cohort ${cohort.name}, got ${rows.ids[stranger]}`,
        );
      }
      matrix =
        standardized.get(rows) ?? applyScaler(scaler, cohort.matrix, rows.rows, "standardized");
      standardized.set(rows, matrix);
    }
    const values = pickColumns(matrix, visible);
    return { rows: matrix.rows, columns: visible.end - visible.start, values };
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
 * Picks the trial of least error, the first of equals.
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

/** Sets what lies below 0 to 0: no preprocessed value is negative. */
export function clampAtZero(predicted: Float64Array): Float64Array {
  for (let i = 0; i < predicted.length; i++) if (predicted[i] < 0) predicted[i] = 0;
  return predicted;
}

function checkColumns(where: string, got: number, expected: number): void {
  if (got !== expected) throw new RangeError(`${where}: expected ${expected} columns, got ${got}`);
}
