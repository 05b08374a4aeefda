// Writes AnnData (.h5ad) and MuData (.h5mu) files, some rows at a time.
import { open } from "node:fs/promises";
import type { Dataset, Group } from "h5wasm/node";
import { loadHdf5 } from "./hdf5.js";
import { quote } from "./problems.js";
import { libraryVersion } from "./root.js";

/** Named columns of as many cells as there are samples or features; null where missing. */
export type Columns = Readonly<Record<string, readonly (string | number | boolean | null)[]>>;

/** The matrices of one modality, `[samples, features]`: X, and layers of the same shape. */
export interface MatrixLayout {
  readonly features: readonly string[];
  /** Columns of var. */
  readonly describing?: Columns;
  readonly layers?: readonly string[];
}

export interface AnnDataWriter {
  /**
   * Writes whole rows, NaN where not measured.
   * @param place the modality in a MuData file, and the layer instead of X.
   * @param top the first of the rows.
   * @param values `[rows, features]`.
   */
  write(place: { modality?: string; layer?: string }, top: number, values: Float32Array): void;
  /**
   * Writes descriptions of the samples (obs) and of the dataset (uns), and closes the file.
   * @param describing columns of obs.
   * @param about single values of uns.
   */
  finish(describing: Columns, about?: Readonly<Record<string, string | number>>): Promise<void>;
  /** Closes the file as it is, after an error. */
  abandon(): void;
}

/**
 * Creates an AnnData or MuData file.
 * @param content the modalities of a MuData file by name, or the one matrix of an AnnData file by "".
 * Source: anndata, "On-disk format"; mudata, "Format specification".
 * @throws Error if the file cannot be written; RangeError if the name of a modality or a layer has a slash.
 */
export async function createAnnData(
  file: string,
  { samples, content }: { samples: readonly string[]; content: ReadonlyMap<string, MatrixLayout> },
): Promise<AnnDataWriter> {
  const isMuData = !content.has("");
  const parts = [...content];
  const names = parts.flatMap(([name, { layers = [] }]) => [name, ...layers]);
  const odd = names.find((name) => name.includes("/"));
  if (odd !== undefined) {
    throw new RangeError(
      `${file}: expected names of modalities and layers without "/", got ${quote(odd)}`,
    );
  }
  const { File } = await loadHdf5();
  const root = new File(file, "w");
  const datasets = new Map<string, Dataset>();
  const groups: Group[] = [];
  const all = isMuData ? root.create_group("mod") : root;
  if (isMuData) all.create_attribute("mod-order", [...content.keys()]);
  for (const [name, { features, describing = {}, layers = [] }] of parts) {
    const group = isMuData ? all.create_group(name) : root;
    groups.push(group);
    encode(group, "anndata", "0.1.0");
    const matrix = (parent: Group, key: string) =>
      createMatrix(parent, key, samples.length, features.length);
    datasets.set(placeOf(name), matrix(group, "X"));
    const dict = createDict(group, "layers");
    for (const layer of layers) datasets.set(placeOf(name, layer), matrix(dict, layer));
    for (const part of ["obsm", "obsp", "varm", "varp"]) createDict(group, part);
    writeFrame(group, "var", features, { ...describing, feature: features });
  }
  if (isMuData) {
    encode(root, "MuData", "0.1.0");
    root.create_attribute("axis", 0, null, "<q");
    for (const part of ["obsm", "obsp", "varm", "varp"]) createDict(root, part);
    const features = parts.flatMap(([, own]) => own.features);
    const modality = parts.flatMap(([name, own]) => own.features.map(() => name));
    writeFrame(root, "var", features, { modality });
    writeMaps(root, samples.length, parts);
  }
  return {
    write({ modality = "", layer }, top, values) {
      const dataset = datasets.get(placeOf(modality, layer));
      const [, width] = dataset?.shape ?? [0, 0];
      if (!dataset)
        throw new RangeError(
          `${file}: expected a known modality and layer, got ${modality} ${layer ?? "X"}`,
        );
      if (width > 0)
        dataset.write_slice(
          [
            [top, top + values.length / width],
            [0, width],
          ],
          values,
        );
    },
    async finish(describing, about = {}) {
      for (const group of groups) {
        writeFrame(group, "obs", samples, { sample: samples, ...(isMuData ? {} : describing) });
        if (isMuData) createDict(group, "uns");
      }
      if (isMuData) writeFrame(root, "obs", samples, { sample: samples, ...describing });
      const uns = createDict(root, "uns");
      for (const [name, value] of Object.entries(about)) {
        const data = typeof value === "number" ? Float64Array.of(value) : value;
        const dataset = uns.create_dataset({ name, data, shape: [] });
        encode(dataset, typeof value === "number" ? "numeric-scalar" : "string", "0.2.0");
      }
      root.close();
      if (isMuData) await prependUserBlock(file);
    },
    abandon: () => void root.close(),
  };
}

function placeOf(modality: string, layer?: string): string {
  return JSON.stringify([modality, layer ?? null]);
}

const CHUNK = 2 ** 18; // numbers

/** Creates a float32 matrix that is written later; entries are 0 until then. */
function createMatrix(parent: Group, name: string, rows: number, columns: number): Dataset {
  const dataset = parent.create_dataset({
    name,
    data: new Float32Array(0),
    dtype: "<f",
    shape: [0, columns],
    maxshape: [rows, columns],
    chunks: [
      Math.max(1, Math.min(rows, Math.floor(CHUNK / Math.max(1, columns)))),
      Math.max(1, columns),
    ],
  });
  dataset.resize([rows, columns]);
  encode(dataset, "array", "0.2.0");
  return dataset;
}

function createDict(parent: Group, name: string): Group {
  const group = parent.create_group(name);
  encode(group, "dict", "0.1.0");
  return group;
}

/** Declares the encoding of a group or dataset for anndata. */
function encode(entity: Group | Dataset, type: string, version: string): void {
  entity.create_attribute("encoding-type", type);
  entity.create_attribute("encoding-version", version);
}

/** Writes obs or var; at least one column, since h5wasm cannot write an empty list of names. */
function writeFrame(parent: Group, name: string, index: readonly string[], columns: Columns): void {
  const frame = parent.create_group(name);
  encode(frame, "dataframe", "0.2.0");
  frame.create_attribute("_index", "_index");
  frame.create_attribute("column-order", Object.keys(columns));
  writeTexts(frame, "_index", index);
  for (const [column, cells] of Object.entries(columns)) writeColumn(frame, column, cells);
}

/** Writes numbers as float64 with NaN for missing, flags and texts with gaps as categories, other texts as they are. */
function writeColumn(frame: Group, name: string, cells: Columns[string]): void {
  if (cells.every((cell) => cell === null || typeof cell === "number")) {
    const numbers = Float64Array.from(cells, (cell) => (cell as number | null) ?? Number.NaN);
    writeNumbers(frame, name, numbers);
    return;
  }
  if (cells.every((cell) => typeof cell === "string")) {
    writeTexts(frame, name, cells as readonly string[]);
    return;
  }
  const texts = cells.map((cell) => (cell === null ? null : String(cell)));
  const categories = [...new Set(texts)].filter((text) => text !== null).sort();
  const group = frame.create_group(name);
  encode(group, "categorical", "0.2.0");
  group.create_attribute("ordered", 0, null, "<b");
  const codes = Int32Array.from(texts, (text) => (text === null ? -1 : categories.indexOf(text)));
  writeNumbers(group, "codes", codes);
  writeTexts(group, "categories", categories);
}

function writeNumbers(
  parent: Group,
  name: string,
  data: Float64Array | Int32Array | Uint32Array,
): void {
  encode(parent.create_dataset({ name, data, shape: [data.length] }), "array", "0.2.0");
}

function writeTexts(parent: Group, name: string, texts: readonly string[]): void {
  const dataset = parent.create_dataset({
    name,
    data: [...texts],
    shape: [texts.length],
    dtype: "S",
  });
  encode(dataset, "string-array", "0.2.0");
}

/** Writes which rows of obs and var belong to each modality, counted from 1. */
function writeMaps(
  root: Group,
  samples: number,
  parts: readonly (readonly [string, MatrixLayout])[],
): void {
  const total = parts.reduce((sum, [, { features }]) => sum + features.length, 0);
  const [obs, vars] = [createDict(root, "obsmap"), createDict(root, "varmap")];
  let start = 0;
  for (const [name, { features }] of parts) {
    const end = start + features.length;
    writeNumbers(
      obs,
      name,
      Uint32Array.from({ length: samples }, (_, i) => i + 1),
    );
    writeNumbers(
      vars,
      name,
      Uint32Array.from({ length: total }, (_, j) => (j >= start && j < end ? j - start + 1 : 0)),
    );
    start = end;
  }
}

const USER_BLOCK = 512; // bytes
const PIECE = 2 ** 24; // bytes

/** Prepends the block by which mudata recognizes its files, moving the bytes from the end. */
async function prependUserBlock(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    const { size } = await handle.stat();
    const piece = Buffer.alloc(PIECE);
    for (let end = size; end > 0; end -= PIECE) {
      const start = Math.max(0, end - PIECE);
      await handle.read(piece, 0, end - start, start);
      await handle.write(piece, 0, end - start, start + USER_BLOCK);
    }
    const block = Buffer.alloc(USER_BLOCK);
    block.write(`MuData (format-version=0.1.0;creator=aro;creator-version=${libraryVersion()})`);
    await handle.write(block, 0, USER_BLOCK, 0);
  } finally {
    await handle.close();
  }
}
