// The table of new samples: read as the training table was, and placed into the model's columns.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ModalityTable } from "../cohort/cohort.js";
import { stripEnsemblVersion } from "../cohort/identifiers.js";
import { explainAlmostEqual } from "../cohort/ids.js";
import { emptyMatrix, type Matrix } from "../cohort/matrix.js";
import { readTable, type TableOptions } from "../cohort/tables.js";
import { type Imputer, NAMES } from "./bundle.js";

/** A table of the first modality, in the units that the model was fitted on: transformed, if the training table was. */
export type SeenTable = Pick<ModalityTable, "samples" | "features" | "matrix">;

/** A file of the first modality, and what differs from how the training table was read. */
export type SeenFile = Partial<Omit<TableOptions, "name" | "sampleIds" | "genes">> &
  Pick<TableOptions, "file">;

/**
 * Reads a file of new samples as the training table was read: transformation, missing marks, orientation and the rest,
 * unless the options say otherwise. Names are mapped by a map that is given, or else by the bundle's.
 * @param model the folder of the bundle.
 * @throws as `readTable`.
 */
export async function readNewTable(
  { decoder, readings = {} }: Pick<Imputer, "decoder" | "readings">,
  model: string,
  given: SeenFile,
): Promise<SeenTable & { readonly notes: readonly string[] }> {
  const { name } = decoder.modalities[0];
  const { map: trained, ...like } = readings[name] ?? {};
  const stated = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const names = join(model, NAMES);
  const own = existsSync(names) ? { file: names } : undefined;
  const options = {
    ...{ orientation: "samples-in-rows" as const, ...like, file: given.file, ...stated, name },
    map: given.map ? { ...trained, ...given.map } : own,
  };
  const { notes, ...table } = await readTable(options);
  const isChosen = options.duplicates === "most varied" && like.duplicates === "most varied";
  const remark =
    `${given.file}: of features that share a name, the one that varies most among these samples is kept; in training ` +
    "it may have been another";
  return { ...table, notes: isChosen ? [...notes, remark] : notes };
}

/** Where the model's features stand in a table. */
export interface Places {
  /** Column of each of the model's features; -1 where the table lacks it. */
  readonly columns: Int32Array;
  /** Share of the features that the table has. */
  readonly found: number;
  readonly missing: readonly string[];
}

/**
 * Finds the model's features in a table by name, in any order, ignoring Ensembl versions.
 * @throws RangeError if the table has no samples, or less than a share of the features; it says why, if that shows.
 */
export function findPlaces(
  { decoder }: Pick<Imputer, "decoder">,
  { samples, features }: SeenTable,
  leastFound: number,
): Places {
  if (samples.length === 0) throw new RangeError("impute: expected at least one sample, got none");
  const { name, start, end } = decoder.modalities[0];
  const wanted = decoder.features.slice(start, end);
  const columnOf = new Map(features.map((feature, j) => [stripEnsemblVersion(feature), j]));
  const columns = Int32Array.from(
    wanted,
    (feature) => columnOf.get(stripEnsemblVersion(feature)) ?? -1,
  );
  const missing = wanted.filter((_, j) => columns[j] < 0);
  const found = 1 - missing.length / wanted.length;
  if (!(found >= leastFound)) {
    throw new RangeError(
      `impute: expected at least ${(100 * leastFound).toFixed(0)} % of the model's ${wanted.length} features of ${name}, ` +
        `got ${(100 * found).toFixed(1)} %; missing are ${missing.slice(0, 5).join(", ")} ..., ` +
        `the table has ${features.slice(0, 5).join(", ")} ...; ${remedyFor(wanted, { samples, features })}`,
    );
  }
  return { columns, found, missing };
}

/** What to do about a table that lacks most features, by what its names look like. */
function remedyFor(
  wanted: readonly string[],
  { samples, features }: Pick<SeenTable, "samples" | "features">,
): string {
  const known = new Set(wanted);
  if (samples.filter((id) => known.has(stripEnsemblVersion(id))).length > wanted.length / 10) {
    return "its samples are named as features are: turn the table with --orientation features-in-rows";
  }
  const isEnsembl = (names: readonly string[]) =>
    names.filter((one) => /^ENS[A-Z]*G\d{11}/.test(one)).length > names.length / 2;
  if (isEnsembl(features) !== isEnsembl(wanted)) {
    const [from, to] = isEnsembl(features)
      ? ["Ensembl ids", "symbols"]
      : ["symbols", "Ensembl ids"];
    return `it has ${from} where training had ${to}: pass a table of both, ${from} first, with --map`;
  }
  return (
    explainAlmostEqual(features, wanted, "training", "in the table") ??
    "name the features as in training, or accept fewer with --least-found"
  );
}

/**
 * Copies some samples into the model's columns. A feature that the table lacks is filled with its training mean; one
 * that a sample alone lacks is left unmeasured, and the model fills it with the training median.
 */
export function placeSamples(
  { decoder }: Pick<Imputer, "decoder">,
  { matrix }: SeenTable,
  { columns }: Places,
  start: number,
  size: number,
): Matrix {
  const out = emptyMatrix(size, columns.length);
  const { mean } = decoder.paths.scaler;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < columns.length; j++) {
      const to = i * columns.length + j;
      const from = (start + i) * matrix.columns + columns[j];
      if (columns[j] < 0) out.values[to] = mean[j];
      else if (matrix.observed[from]) out.values[to] = matrix.values[from];
      else continue;
      out.observed[to] = 1;
    }
  }
  return out;
}
