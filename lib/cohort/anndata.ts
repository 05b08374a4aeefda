// AnnData (.h5ad) and MuData (.h5mu) files: measurements as tables of cells, and their obs as sample sheets.
import type { Dataset, Entity, Group } from "h5wasm/node";
import type { CellTable } from "./cell-table.js";
import { openHdf5 } from "./hdf5.js";
import { quote, quoteSome } from "./problems.js";
import { type Block, typedTable } from "./typed-table.js";

/** A column of obs: texts, or numbers as texts; "" where missing. */
interface FrameColumn {
  readonly kind: "number" | "text";
  readonly cells: readonly string[];
}

/**
 * Opens an AnnData file, or a modality of a MuData file: samples in rows, named by obs; features in columns, named by
 * var. NaN means "not measured"; what a sparse matrix leaves out is a measured 0. Columns of obs become annotations,
 * except those that may name patients.
 * @throws Error if the file is not HDF5 or is damaged; RangeError if it has no such modality, layer, X, obs or var, or
 * if an old version of anndata wrote it.
 */
export async function openAnnData(
  file: string,
  { modality, layer }: { readonly modality?: string; readonly layer?: string },
  namesPatients: (name: string) => boolean,
): Promise<CellTable> {
  const read = await openHdf5(file);
  const where = nameOf(file, modality);
  const find = (root: Group) => findMatrix(groupOf(root, modality, file), layer, where);
  const { obs, features } = read((root) => {
    const group = groupOf(root, modality, file);
    const { ids } = readIndex(group, "var", where);
    const own = readObs(group, where);
    const shape = shapeOf(find(root), where);
    if (shape[0] !== own.ids.length || shape[1] !== ids.length) {
      throw new RangeError(
        `${where}: expected ${own.ids.length} x ${ids.length} numbers, as obs and var say, got ${shape.join(" x ")}; ` +
          "write the file again",
      );
    }
    return { obs: own, features: ids };
  });
  const texts = [obs.ids, ...obs.columns.map(({ cells }) => cells)];
  return typedTable({
    file: where,
    header: [obs.index, ...obs.columns.map(({ name }) => name), ...features],
    rows: obs.ids.length,
    orientation: "samples-in-rows",
    annotations: obs.columns.flatMap(({ name }, j) => (namesPatients(name) ? [] : [j + 1])),
    isText: (column) => column < texts.length,
    readText: (column) => texts[column],
    eachBlock(isWanted, visit) {
      if (!features.some((_, j) => isWanted(texts.length + j))) return;
      read((root) => {
        for (const block of readBlocks(find(root), where)) {
          visit({ ...block, left: block.left + texts.length });
        }
      });
    },
  });
}

/**
 * Opens obs of an AnnData or MuData file, or of one of its modalities: samples in rows, named by its index.
 * @throws as `openAnnData`.
 */
export async function openObs(file: string, modality?: string): Promise<CellTable> {
  const read = await openHdf5(file);
  const where = nameOf(file, modality);
  const obs = read((root) => readObs(groupOf(root, modality, file), where));
  return typedTable({
    file: where,
    header: [obs.index, ...obs.columns.map(({ name }) => name)],
    rows: obs.ids.length,
    isText: (column) => column === 0 || obs.columns[column - 1].kind === "text",
    readText: (column) => (column === 0 ? obs.ids : obs.columns[column - 1].cells),
    eachBlock: () => undefined, // its numbers are read as text
  });
}

/**
 * Lists the modalities of a MuData file, in its own order.
 * @throws Error if the file is not HDF5 or is damaged; RangeError if it has none.
 */
export async function listModalities(file: string): Promise<readonly string[]> {
  const read = await openHdf5(file);
  return read((root) => {
    const group = root.get("mod");
    const names = isGroup(group) ? group.keys() : [];
    if (!isGroup(group) || names.length === 0) {
      throw new RangeError(
        `${file}: expected a MuData file with modalities, got none; if it is AnnData, call it .h5ad`,
      );
    }
    const stated = group.attrs["mod-order"]?.value;
    const order = Array.isArray(stated) ? stated.map(String) : [];
    return [
      ...order.filter((name) => names.includes(name)),
      ...names.filter((name) => !order.includes(name)),
    ];
  });
}

function nameOf(file: string, modality: string | undefined): string {
  return modality === undefined ? file : `${file}, modality ${quote(modality)}`;
}

/** The group that holds X, obs and var: the file's root, or a modality. */
function groupOf(root: Group, modality: string | undefined, file: string): Group {
  const all = root.get("mod");
  if (modality === undefined) return root;
  const found = isGroup(all) ? all.get(modality) : null;
  if (isGroup(found)) return found;
  const names = isGroup(all) ? quoteSome(all.keys(), 20) : "none";
  throw new RangeError(
    `${file}: expected a modality ${quote(modality)}, got ${names}; pass modality: one of these`,
  );
}

function isGroup(entity: Entity | null | undefined): entity is Group {
  return entity !== null && entity !== undefined && "keys" in entity;
}

function isDataset(entity: Entity | null | undefined): entity is Dataset {
  return entity !== null && entity !== undefined && "filters" in entity;
}

/** A dense matrix, or the group of a sparse one. */
function findMatrix(group: Group, layer: string | undefined, where: string): Dataset | Group {
  const found = group.get(layer === undefined ? "X" : `layers/${layer}`);
  if (isDataset(found) || isGroup(found)) return found;
  const layers = group.get("layers");
  const names = isGroup(layers) ? layers.keys() : [];
  const wanted = layer === undefined ? "X" : `a layer ${quote(layer)}`;
  const remedy =
    names.length > 0
      ? `pass layer: one of ${quoteSome(names, 10)}`
      : isGroup(group.get("raw"))
        ? "in Python, write adata.raw.to_adata(), which has one"
        : "there are no layers; write the file again";
  throw new RangeError(`${where}: expected ${wanted}, got none; ${remedy}`);
}

/** The encoding that anndata declares for a group, such as "csr_matrix". */
function encodingOf(entity: Group | Dataset): string {
  return String(entity.attrs["encoding-type"]?.value ?? "");
}

function shapeOf(matrix: Dataset | Group, where: string): readonly number[] {
  if (isDataset(matrix)) return matrix.shape ?? [];
  if (!/^cs[rc]_matrix$/.test(encodingOf(matrix))) {
    throw new RangeError(
      `${where}: expected a dense, CSR or CSC matrix, got ${quote(encodingOf(matrix))}; write it as one of these`,
    );
  }
  return numbersOf(matrix.attrs.shape?.value);
}

const BLOCK = 2 ** 20; // numbers in memory at a time; at least one row

function* readBlocks(matrix: Dataset | Group, where: string): Iterable<Block> {
  const [rows, columns] = shapeOf(matrix, where);
  if (!isDataset(matrix)) {
    yield* readSparse(matrix, where, rows, columns);
    return;
  }
  checkReadable(matrix, where);
  const chunk = matrix.metadata.chunks?.[0] ?? 1; // reading part of a chunk unpacks all of it
  const step = Math.ceil(Math.max(1, Math.floor(BLOCK / columns)) / chunk) * chunk;
  for (let top = 0; top < rows; top += step) {
    const end = Math.min(top + step, rows);
    const values = matrix.slice([
      [top, end],
      [0, columns],
    ]);
    if (!ArrayBuffer.isView(values)) {
      throw new RangeError(
        `${where}: expected numbers, got ${String(matrix.dtype)}; write them as float32`,
      );
    }
    const size = { top, rows: end - top, left: 0, columns };
    yield { values: plainNumbers(values), ...size, rowStride: columns, columnStride: 1 };
  }
}

/** The filters of HDF5 that h5wasm has: deflate, shuffle, Fletcher's checksum, SZIP, N-bit, scale and offset. */
const FILTERS = 6;

/** @throws RangeError for a compression or a number type that h5wasm cannot read. */
function checkReadable(dataset: Dataset, where: string): Dataset {
  const odd = dataset.filters.find(({ id }) => id > FILTERS);
  if (odd) {
    throw new RangeError(
      `${where}: expected gzip or no compression, got ${quote(odd.name || `filter ${odd.id}`)}; ` +
        'write it with compression="gzip"',
    );
  }
  const { type, size } = dataset.metadata;
  if (type === FLOAT && size < 4) {
    throw new RangeError(
      `${where}: expected float32 or float64, got float${8 * size}; write it as float32`,
    );
  }
  return dataset;
}

/** HDF5's class number for floating point. */
const FLOAT = 1;

/** Unpacks a CSR matrix some rows at a time, a CSC matrix some columns at a time. */
function* readSparse(matrix: Group, where: string, rows: number, columns: number): Iterable<Block> {
  const byRow = encodingOf(matrix) === "csr_matrix";
  const [major, minor] = byRow ? [rows, columns] : [columns, rows];
  const part = (name: string): Dataset => {
    const found = matrix.get(name);
    if (isDataset(found)) return checkReadable(found, where);
    throw new RangeError(`${where}: expected ${name} of a sparse matrix, got none; write it again`);
  };
  const starts = numbersOf(part("indptr").value);
  const [data, indices] = [part("data"), part("indices")];
  const stored = data.shape?.[0] ?? 0;
  const isWhole =
    starts.length === major + 1 &&
    starts[0] === 0 &&
    starts[major] === stored &&
    indices.shape?.[0] === stored &&
    starts.every((start, i) => i === 0 || start >= starts[i - 1]);
  if (!isWhole) {
    throw new RangeError(
      `${where}: expected indptr to rise from 0 to ${stored} in ${major} steps, got another; write the matrix again`,
    );
  }
  const step = Math.max(1, Math.floor(BLOCK / Math.max(1, minor)));
  for (let first = 0; first < major; first += step) {
    const count = Math.min(step, major - first);
    const [from, to] = [starts[first], starts[first + count]];
    const size = count * minor;
    const values = new Float64Array(size);
    if (to > from) {
      const numbers = numbersOf(data.slice([[from, to]]));
      const places = numbersOf(indices.slice([[from, to]]));
      const odd = places.findIndex((place) => !(place >= 0 && place < minor));
      if (odd >= 0) {
        const line = starts.findIndex((start) => start > from + odd); // from 1
        throw new RangeError(
          `${where}: expected indices below ${minor}, got ${places[odd]} in ${byRow ? "row" : "column"} ${line}; ` +
            "write the matrix again",
        );
      }
      for (let i = 0; i < count; i++) {
        for (let at = starts[first + i] - from; at < starts[first + i + 1] - from; at++) {
          values[i * minor + places[at]] += numbers[at];
        }
      }
    }
    yield byRow
      ? { values, top: first, rows: count, left: 0, columns, rowStride: columns, columnStride: 1 }
      : { values, top: 0, rows, left: first, columns: count, rowStride: 1, columnStride: rows };
  }
}

/** Reads the names in obs or var alone. */
function readIndex(group: Group, name: "obs" | "var", where: string) {
  const frame = group.get(name);
  if (!isGroup(frame)) {
    const got = isDataset(frame)
      ? "that of an anndata before 0.7; read and write it with a newer one"
      : "none; write the file again";
    throw new RangeError(`${where}: expected ${name} as a group, got ${got}`);
  }
  const index = String(frame.attrs._index?.value ?? "_index");
  const { cells } = readColumn(frame, index, `${where}, ${name}`);
  return { frame, index: index === "_index" ? "" : index, ids: cells };
}

/** Reads obs: the name of its index, the ids there, and its columns. */
function readObs(group: Group, where: string) {
  const { frame, index, ids } = readIndex(group, "obs", where);
  const order = frame.attrs["column-order"]?.value;
  const names = Array.isArray(order) ? order.map(String) : [];
  return {
    index,
    ids,
    columns: names.map((name) => ({ name, ...readColumn(frame, name, `${where}, obs`) })),
  };
}

/** Reads a column of obs or var: an array, a categorical, or an array with a mask. */
function readColumn(frame: Group, name: string, where: string): FrameColumn {
  const column = frame.get(name);
  const old = frame.get(`__categories/${name}`); // anndata 0.7
  for (const dataset of [
    column,
    ...(isGroup(column) ? column.keys().map((part) => column.get(part)) : []),
  ]) {
    if (isDataset(dataset)) checkReadable(dataset, where);
  }
  if (isDataset(column)) return isDataset(old) ? categorical(column, old) : plain(column);
  const [codes, categories, values, mask] = ["codes", "categories", "values", "mask"].map((part) =>
    isGroup(column) ? column.get(part) : null,
  );
  if (isDataset(codes) && isDataset(categories)) return categorical(codes, categories);
  if (isDataset(values) && isDataset(mask)) {
    const { kind, cells } = plain(values);
    const hidden = numbersOf(mask.value);
    return { kind, cells: cells.map((cell, i) => (hidden[i] ? "" : cell)) };
  }
  throw new RangeError(
    `${where}: expected a column ${quote(name)} of numbers, texts or categories, got ` +
      `${isGroup(column) ? quote(encodingOf(column)) : "none"}; write it as text, or remove it`,
  );
}

function categorical(codes: Dataset, categories: Dataset): FrameColumn {
  const { cells } = plain(categories);
  return { kind: "text", cells: numbersOf(codes.value).map((code) => cells[code] ?? "") };
}

function plain(dataset: Dataset): FrameColumn {
  const { value } = dataset;
  if (!ArrayBuffer.isView(value)) {
    return { kind: "text", cells: Array.isArray(value) ? value.map((cell) => String(cell)) : [] };
  }
  const isFlag = dataset.metadata.enum_type !== undefined;
  const cells = Array.from(value as ArrayLike<number | bigint>, (one) =>
    isFlag ? String(Boolean(one)) : Number.isNaN(one) ? "" : String(one),
  );
  return { kind: isFlag ? "text" : "number", cells };
}

/** Converts numbers of any HDF5 type. */
function numbersOf(value: unknown): number[] {
  return Array.from(value as ArrayLike<number | bigint>, Number);
}

/** Returns typed numbers as they are, 64-bit integers as float64. */
function plainNumbers(values: ArrayBufferView): ArrayLike<number> {
  return values instanceof BigInt64Array || values instanceof BigUint64Array
    ? Float64Array.from(values, Number)
    : (values as unknown as ArrayLike<number>);
}
