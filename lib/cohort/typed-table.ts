// Tables of typed cells, such as Parquet's and HDF5's, with the same checks as tables of text.
import type { CellTable, ReadNumbersOptions } from "./cell-table.js";
import { addFault, openTarget, type Target, tellFaults } from "./cells.js";
import type { Matrix } from "./matrix.js";
import { parseNumber } from "./numbers.js";
import type { Orientation } from "./orientation.js";

/** Numbers of neighboring rows and columns; NaN where missing. */
export interface Block {
  readonly values: ArrayLike<number>;
  /** The rows `[top, top + rows)` and the columns `[left, left + columns)` of the table. */
  readonly top: number;
  readonly rows: number;
  readonly left: number;
  readonly columns: number;
  /** Distances between entries of neighboring rows and of neighboring columns, in elements. */
  readonly rowStride: number;
  readonly columnStride: number;
}

/** What a format provides; `typedTable` adds the checks. */
export interface TypedSource {
  /** The file, with its modality, as messages name it. */
  readonly file: string;
  readonly header: readonly string[];
  readonly rows: number;
  /** Columns that describe the rows. */
  readonly annotations?: readonly number[];
  readonly orientation?: Orientation;
  /** Whether a column contains text. */
  isText(column: number): boolean;
  /** Reads a column as text; "" where missing. */
  readText(column: number): readonly string[];
  /** Visits the wanted columns of numbers; it may visit others too. */
  eachBlock(isWanted: (column: number) => boolean, visit: (block: Block) => void): void;
}

/** A table of typed cells; its rows are counted from 1. */
export function typedTable(given: TypedSource): CellTable {
  const source = { ...given, readText: readOnce(given) };
  const { file, header, rows, annotations, orientation } = source;
  return {
    file,
    header: header.map((name) => name.trim()),
    headerLine: 0,
    rowWord: "row",
    columns: header.map((_, j) => j),
    lines: Array.from({ length: rows }, (_, i) => i + 1),
    notes: [],
    annotations,
    orientation,
    isText: (column) => source.isText(column),
    readColumns: (columns) => columns.map(source.readText),
    readFirstRows(count) {
      const texts = header.map((_, j) => (source.isText(j) ? source.readText(j) : undefined));
      const shown = Array.from({ length: Math.min(count, rows) }, () => header.map(() => ""));
      texts.forEach((cells, j) => {
        shown.forEach((row, i) => {
          if (cells) row[j] = cells[i];
        });
      });
      source.eachBlock(
        () => header.length <= FEW,
        ({ values, top, rows: height, left, columns, rowStride, columnStride }) => {
          for (let i = 0; i < Math.min(height, count - top); i++) {
            for (let j = 0; j < columns; j++) {
              const value = values[i * rowStride + j * columnStride];
              shown[top + i][left + j] = Number.isNaN(value) ? "" : String(value);
            }
          }
        },
      );
      return shown;
    },
    readNumbers: (options) => readTypedNumbers(source, options),
  };
}

/** Reads each column as trimmed text once: its layout, its names and its cells all ask for it. */
function readOnce(source: TypedSource): (column: number) => readonly string[] {
  const known = new Map<number, readonly string[]>();
  return (column) => {
    const cells = known.get(column) ?? source.readText(column).map((cell) => cell.trim());
    known.set(column, cells);
    return cells;
  };
}

/** Tables with at most this many columns may be long ones, whose layout depends on their numbers. */
const FEW = 20;

/** Numbers up to this magnitude fit float32. */
const LARGEST = 3.4e38;

function readTypedNumbers(source: TypedSource, options: ReadNumbersOptions): Matrix {
  const { rows, columns, missing } = options;
  const target = openTarget(options);
  const { matrix, rowStep, columnStep, faults } = target;
  const { values: to, observed } = matrix;
  const place = (row: number, column: number, value: number, cell?: string) => {
    const at = rows[row] * rowStep + columns[column] * columnStep;
    const fits = Number.isFinite(Math.fround(value));
    if (!fits) addFault(faults[column], row + 1, cell ?? nameNumber(value));
    to[at] = fits ? value : 0;
    observed[at] = fits ? 1 : 0;
  };
  source.eachBlock(
    (column) => columns[column] >= 0,
    (block) => {
      const { values, top, rows: count, left, columns: wide, rowStride, columnStride } = block;
      const plain = !missing.numeric && copyNumbers(block, target, options);
      for (let i = 0; i < count && !plain; i++) {
        for (let j = 0; j < wide && rows[top + i] >= 0; j++) {
          const value = values[i * rowStride + j * columnStride];
          if (columns[left + j] < 0 || Number.isNaN(value)) continue;
          if (!missing.numeric || !missing.matchesNumber(value)) place(top + i, left + j, value);
        }
      }
    },
  );
  source.header.forEach((_, column) => {
    if (columns[column] < 0 || !source.isText(column)) return;
    source.readText(column).forEach((cell, row) => {
      if (rows[row] < 0 || missing.matches(cell)) return;
      place(row, column, parseNumber(cell) ?? Number.POSITIVE_INFINITY, cell);
    });
  });
  tellFaults(source.header, target, options);
  return matrix;
}

/**
 * Copies a block's finite numbers; returns false if it contains infinite or too large ones. The hot loop of reading,
 * which writes neighbors in the matrix one after the other.
 */
function copyNumbers(
  { values, top, rows: height, left, columns: width, rowStride, columnStride }: Block,
  { matrix, rowStep, columnStep }: Target,
  { rows, columns }: ReadNumbersOptions,
): boolean {
  const { values: to, observed } = matrix;
  const alongRows = { places: rows, first: top, count: height, step: rowStep, stride: rowStride };
  const alongColumns = {
    places: columns,
    first: left,
    count: width,
    step: columnStep,
    stride: columnStride,
  };
  const [outer, inner] = columnStep === 1 ? [alongRows, alongColumns] : [alongColumns, alongRows];
  const { places, first, count, step, stride } = inner;
  // Where no place is left out or out of order, the places need not be looked up.
  const start = places[first];
  let straight = start >= 0;
  for (let j = 1; j < count && straight; j++) straight = places[first + j] === start + j;
  let odd = 0;
  for (let i = 0; i < outer.count; i++) {
    const place = outer.places[outer.first + i];
    if (place < 0) continue;
    const base = place * outer.step;
    for (let j = 0, from = i * outer.stride; j < count; j++, from += stride) {
      const own = straight ? start + j : places[first + j];
      if (own < 0) continue;
      const value = values[from];
      const at = base + own * step;
      if (Math.abs(value) <= LARGEST) {
        to[at] = value;
        observed[at] = 1;
      } else if (!Number.isNaN(value)) odd++;
    }
  }
  return odd === 0;
}

/** Writes a number as the checks of text expect it. */
function nameNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return value < 0 ? "-inf" : "inf";
}
