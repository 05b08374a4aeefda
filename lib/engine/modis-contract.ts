// What MODIS checks at its door: that it fits into memory, and that its batches fit it.
import type { Matrix } from "../cohort/matrix.js";
import { sizeOf } from "../model/autoencoder.js";
import { countModisParameters, type ModisSpec, modisParameters } from "../model/modis.js";
import type { Table } from "./dense.js";
import type { Engine } from "./engine.js";
import { memoryLimits } from "./memory.js";

/** Preprocessed rows of one modality, `[rows, its features]`; not the same samples as another modality's. */
export interface ModisBatch {
  readonly matrix: Matrix;
  /** Of each row, in [0, classes); -1 where unknown. */
  readonly classes: ArrayLike<number>;
}

/**
 * Refuses a model that would run out of memory: the weights, as they came and in the engine, Adam's two moments, and
 * the gradient of the largest layer.
 * @throws RangeError with the bytes needed and the limit.
 */
export function requireModisMemory({ backend }: Pick<Engine, "backend">, spec: ModisSpec): void {
  const limits = memoryLimits(backend);
  const weights = 4 * countModisParameters(spec);
  const largest = 4 * Math.max(...modisParameters(spec).map(({ shape }) => sizeOf(shape)));
  const needed = { heap: weights + 3 * largest, total: 4 * weights + 3 * largest };
  const over = (["heap", "total"] as const).find((kind) => needed[kind] > limits[kind]);
  if (!over) return;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  throw new RangeError(
    `buildModis: expected a model of at most ${gib(limits[over])} ${over === "heap" ? "in the backend's heap" : "of memory"}, ` +
      `got ${gib(needed[over])} for ${(weights / 4e6).toFixed(0)} million parameters; give it smaller ratios`,
  );
}

/**
 * Checks a batch of each modality.
 * @throws RangeError if one does not fit the model, or nothing was observed.
 */
export function checkBatches(where: string, spec: ModisSpec, batches: readonly ModisBatch[]): void {
  if (batches.length !== spec.modalities.length) {
    throw new RangeError(
      `${where}: expected a batch of each of ${spec.modalities.length} modalities, got ${batches.length}`,
    );
  }
  let observed = 0;
  batches.forEach(({ matrix, classes }, i) => {
    checkTable(where, spec, i, matrix);
    const { name } = spec.modalities[i];
    if (matrix.rows < 2) {
      throw new RangeError(
        `${where}: expected at least 2 rows of ${name}, got ${matrix.rows}; normalization needs a variance`,
      );
    }
    if (classes.length !== matrix.rows) {
      throw new RangeError(
        `${where}: expected a class of each of ${matrix.rows} rows of ${name}, got ${classes.length}`,
      );
    }
    for (let row = 0; row < classes.length; row++) {
      const value = classes[row];
      if (Number.isInteger(value) && value >= -1 && value < spec.classes) continue;
      throw new RangeError(
        `${where}: expected classes in [-1, ${spec.classes}) of ${name}, got ${value} in row ${row}`,
      );
    }
    for (const mark of matrix.observed) observed += mark;
  });
  if (observed === 0) {
    throw new RangeError(`${where}: expected at least one observed entry in the batch, got none`);
  }
}

/** @throws RangeError if a table is not of this modality's features, or a value is not finite. */
export function checkTable(
  where: string,
  { modalities }: ModisSpec,
  index: number,
  table: Table,
): void {
  const modality = modalities[index];
  if (!modality) {
    throw new RangeError(
      `${where}: expected a modality in [0, ${modalities.length}), got ${index}`,
    );
  }
  const { rows, columns, values } = table;
  if (columns !== modality.features || rows < 1 || values.length !== rows * columns) {
    throw new RangeError(
      `${where}: expected at least 1 row of the ${modality.features} features of ${modality.name}, ` +
        `got ${rows} x ${columns} with ${values.length} values`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    // A difference with itself is NaN for NaN and both infinities.
    if (values[i] - values[i] === 0) continue;
    throw new RangeError(
      `${where}: expected finite values of ${modality.name}, got ${values[i]} at row ${Math.floor(i / columns)}`,
    );
  }
}

/** @throws Error if a loss is not finite: the weights have diverged. */
export function requireFinite(losses: object): void {
  for (const [name, value] of Object.entries(losses)) {
    if (Number.isFinite(value)) continue;
    throw new Error(
      `step: expected a finite ${name} loss, got ${value}; ` +
        "the weights have diverged and are of no more use: train again with a lower learning rate",
    );
  }
}
