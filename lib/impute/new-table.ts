// The table of new samples: read as the training table was, and placed into the model's columns.
import type { ModalityTable } from "../cohort/cohort.js";
import { stripEnsemblVersion } from "../cohort/identifiers.js";
import { explainAlmostEqual } from "../cohort/ids.js";
import { emptyMatrix, type Matrix } from "../cohort/matrix.js";
import { quoteSome } from "../cohort/problems.js";
import { readNameMap } from "../cohort/rename.js";
import { readTable, type TableOptions } from "../cohort/tables.js";
import type { Imputer, OpenedImputer } from "./bundle.js";

/** A table of the first modality, in the units that the model was fitted on: transformed, if the training table was. */
export type SeenTable = Pick<ModalityTable, "samples" | "features" | "matrix">;

/** A file of the first modality, and what differs from how the training table was read. */
export type SeenFile = Partial<Omit<TableOptions, "name" | "sampleIds" | "samples" | "genes">> &
  Pick<TableOptions, "file">;

/**
 * Reads a file of new samples as the training table was read: transformation, missing marks and the rest, unless the
 * options say otherwise. Its features lie on the side that has the model's. Names are mapped by a map that is given, or
 * else by the bundle's.
 * @throws as `readTable`.
 */
export async function readNewTable(
  { decoder, readings = {}, names }: Pick<OpenedImputer, "decoder" | "readings" | "names">,
  given: SeenFile,
): Promise<SeenTable & { readonly notes: readonly string[] }> {
  const { name, start, end } = decoder.modalities[0];
  const { map: trained, id, ignore, orientation, ...like } = readings[name] ?? {};
  const stated = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const own = names === undefined ? undefined : { file: names };
  const options = {
    ...like,
    file: given.file,
    ...stated,
    name,
    map: given.map ? { ...trained, ...given.map } : own,
  };
  const features = new Set(decoder.features.slice(start, end).map(stripEnsemblVersion));
  if (options.map) for (const known of readNameMap(options.map).keys()) features.add(known);
  const { notes, ...table } = await readTable(options, {
    id,
    ignore,
    orientation: orientation ?? "samples-in-rows",
    features,
  });
  const lies = table.reading?.orientation;
  const turned = `${given.file}: has ${lies?.replaceAll("-", " ")}, unlike the training table; read so`;
  const isTurned = given.orientation === undefined && orientation && lies !== orientation;
  const isChosen = options.duplicates === "most varied" && like.duplicates === "most varied";
  const remark =
    `${given.file}: of features that share a name, the one that varies most among these samples is kept; in training ` +
    "it may have been another";
  return {
    ...table,
    notes: [...(isTurned ? [turned] : []), ...notes, ...(isChosen ? [remark] : [])],
  };
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
        `got ${(100 * found).toFixed(1)} %; missing are ${quoteSome(missing)}, the table has ${quoteSome(features)}; ` +
        remedyFor(wanted, { samples, features }),
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
    return "its samples are named as features are, so it was read the wrong way round: leave --orientation out";
  }
  const here = speciesOf(features);
  const there = speciesOf(wanted);
  if (here && there && here !== there) {
    return `its names look like ${here} genes, those of training like ${there} ones: a model holds for its own species`;
  }
  const isEnsembl = (names: readonly string[]) => isMostly(names, ENSEMBL);
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

const ENSEMBL = /^ENS[A-Z]*G\d{11}/;

/** How each species' genes are written, the first that fits; symbols of mouse and rat look alike. */
const SPECIES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["mouse", /^(ENSMUSG\d{11}|[A-Z](?=.*[a-z])[a-z0-9]+$)/],
  ["rat", /^ENSRNOG\d{11}/],
  ["human", /^(ENSG\d{11}|[A-Z][A-Z0-9]*(-[A-Z0-9]+)?$|C\d+orf\d+$)/],
];

function speciesOf(names: readonly string[]): string | undefined {
  return SPECIES.find(([, pattern]) => isMostly(names, pattern))?.[0];
}

function isMostly(names: readonly string[], pattern: RegExp): boolean {
  return names.filter((one) => pattern.test(one)).length > names.length / 2;
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
