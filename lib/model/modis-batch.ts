// The batches of MODIS: rows of each modality with their classes, how they are dealt, and their checks.
import { countObserved, type Matrix, selectColumns, selectRows } from "../cohort/matrix.js";
import type { Engine } from "../engine/engine.js";
import { chunksOf, type Deal, inspectMatrix, type RunData, requireRows } from "./batches.js";
import { countFeatures, type ModisModality, type ModisSpec } from "./modis-networks.js";

/** Rows of one modality. In a step, the modalities' samples may differ; `evaluate` needs the same samples of all. */
export interface ModisBatch {
  /** Preprocessed, `[rows, features of the modality]`. */
  readonly matrix: Matrix;
  /** The class of each row, in [0, classes); -1 if unknown. */
  readonly classes: ArrayLike<number>;
}

/**
 * Shuffles the rows of each modality separately: MODIS does not use that samples were measured in all modalities.
 * @throws RangeError if the rows do not fit the model, or the data have no modalities or classes.
 */
export function dealUnpaired(data: RunData, spec: ModisSpec): Deal<readonly ModisBatch[]> {
  const { train, validation, modalities = [], classes = [] } = data;
  const features = countFeatures(spec);
  for (const { part, matrix } of [train, validation]) requireRows(part, matrix, features);
  if (modalities.length !== spec.modalities.length || classes.length !== train.matrix.rows) {
    throw new RangeError(
      `train: expected ${spec.modalities.length} modalities and a class of each of ${train.matrix.rows} training rows, ` +
        `got ${modalities.length} and ${classes.length}`,
    );
  }
  const partsOf = (matrix: Matrix) =>
    modalities.map(({ start, end }) => {
      const columns = Array.from({ length: end - start }, (_, i) => start + i);
      return selectColumns(matrix, columns);
    });
  const parts = partsOf(train.matrix);
  const unknown = new Array<number>(validation.matrix.rows).fill(-1);
  return {
    rows: train.matrix.rows,
    orders: modalities.map(({ name }) => `batches: ${name}`),
    whole: parts.map((matrix) => ({ matrix, classes })),
    validation: partsOf(validation.matrix).map((matrix) => ({ matrix, classes: unknown })),
    batch: (rows) =>
      parts.map((part, i) => ({
        matrix: selectRows(part, rows[i]),
        classes: rows[i].map((row) => classes[row]),
      })),
    countObserved: (batch) => batch.reduce((sum, { matrix }) => sum + countObserved(matrix), 0),
  };
}

/**
 * Checks one batch per modality, and counts their observed entries.
 * @throws RangeError if one does not fit the model.
 */
export function inspectBatches(
  engine: Engine,
  where: string,
  spec: ModisSpec,
  batches: readonly ModisBatch[],
): number {
  if (batches.length !== spec.modalities.length) {
    throw new RangeError(
      `${where}: expected a batch of each of ${spec.modalities.length} modalities, got ${batches.length}`,
    );
  }
  return batches.reduce((sum, { matrix, classes }, i) => {
    const observed = inspectRows(engine, where, spec, i, matrix);
    const { name } = spec.modalities[i];
    if (classes.length !== matrix.rows) {
      throw new RangeError(
        `${where}: expected a class of each of ${matrix.rows} rows of ${name}, got ${classes.length}`,
      );
    }
    const isClass = (value: number) => Number.isInteger(value) && value >= -1;
    const row = Array.from(classes).findIndex((value) => !isClass(value) || value >= spec.classes);
    if (row < 0) return sum + observed;
    throw new RangeError(
      `${where}: expected classes in [-1, ${spec.classes}) of ${name}, got ${classes[row]} in row ${row}`,
    );
  }, 0);
}

/**
 * Checks rows of one modality, and counts their observed entries.
 * @throws RangeError if there is no such modality, or the rows do not fit it.
 */
export function inspectRows(
  engine: Engine,
  where: string,
  spec: ModisSpec,
  index: number,
  rows: Matrix,
): number {
  const { name, features } = findModality(where, spec, index);
  return inspectMatrix(engine, where, rows, features, ` of ${name}`);
}

/** @throws RangeError if there is no such modality. */
export function findModality(
  where: string,
  { modalities }: ModisSpec,
  index: number,
): ModisModality {
  if (modalities[index]) return modalities[index];
  throw new RangeError(`${where}: expected a modality in [0, ${modalities.length}), got ${index}`);
}

/**
 * Cuts batches of the same samples into chunks of at most 128 rows, which are evaluated without their classes.
 * @throws RangeError if the modalities differ in rows.
 */
export function pairedChunks(batches: readonly ModisBatch[]): ModisBatch[][] {
  const { rows } = batches[0].matrix;
  const parts = batches.map(({ matrix }) => {
    if (matrix.rows === rows) return chunksOf(matrix);
    throw new RangeError(
      `evaluate: expected the same samples of each modality, got ${rows} rows and ${matrix.rows}`,
    );
  });
  return parts[0].map((_, k) => parts.map((chunks) => ({ matrix: chunks[k], classes: [] })));
}
