// Reads sheets of an Excel workbook row by row, with a library that is loaded on first use.
import { readFile } from "node:fs/promises";
import type { CellValue } from "hucre/xlsx";
import { explainCell } from "./cells.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import { missingMarks } from "./missing.js";
import { parseNumber } from "./numbers.js";
import { collectProblems, quoteSome } from "./problems.js";
import { readStart, type TextFile, textOf } from "./textfile.js";

export interface SheetRequest {
  /** Path of an .xlsx file. */
  readonly file: string;
  readonly sheet: string;
  /** Required columns of text; the first names the rows. */
  readonly names: readonly string[];
  /** Optional columns of text. */
  readonly optionalNames?: readonly string[];
  /** Columns of numbers that are not samples, if present. */
  readonly ignore?: readonly string[];
}

/** A sheet: its rows are features, its columns of numbers are samples. */
export interface SheetTable {
  readonly sheet: string;
  /** Each requested column of text that is present; `[rows]`. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** The headers of the columns of numbers. */
  readonly columns: readonly string[];
  /** `[rows, columns]`. */
  readonly matrix: Matrix;
  readonly notes: readonly string[];
}

/** A column of a sheet while its rows are read. */
interface Column {
  readonly header: string;
  readonly at: number;
  numbers: number;
  /** The number of cells that are neither numbers nor missing; the first few are kept. */
  faults: number;
  readonly first: { readonly line: number; readonly cell: string }[];
}

/** The columns of a sheet that hold names and numbers. */
interface Layout {
  readonly names: readonly { readonly name: string; readonly at: number }[];
  readonly columns: readonly Column[];
}

const HEADER_WITHIN = 20; // rows; some journals put a title above the header
const BLOCK = 1024; // rows that share an array, since many small arrays slow down the garbage collector
const missing = missingMarks();

/**
 * Reads one sheet. The header is the first row, among the first few, that has all requested names. Leaves out, with a
 * note, columns without any number, which are annotations, and rows without a name; leaves out blank rows. A name that
 * Excel turned into a date reads `2021-09-01`.
 * @throws Error if the file is not a workbook or has no such sheet; RangeError if a requested column is missing, or
 * that lists the cells in columns of numbers that are neither numbers nor missing.
 */
export async function readSheet(request: SheetRequest): Promise<SheetTable> {
  const { file, sheet } = request;
  const where = `${file}, sheet "${sheet}"`;
  let layout: Layout | undefined;
  const above: string[][] = [];
  const text: string[][] = [];
  const rows: Float32Array[] = [];
  let block = new Float32Array();
  const unnamed: number[] = [];
  for await (const { line, cells } of readRows(file, sheet)) {
    if (!layout) {
      const header = cells.map(cellText);
      layout = findLayout(header, request);
      if (!layout && above.push(header) === HEADER_WITHIN) break;
      continue;
    }
    if (cells.every((cell) => cell === null || cell === "")) continue;
    const { names, columns } = layout;
    const start = (rows.length % BLOCK) * columns.length;
    if (start === 0) block = new Float32Array(BLOCK * columns.length);
    const row = block.subarray(start, start + columns.length);
    readNumbers(cells, columns, line, row);
    if (cellText(cells[names[0].at]) === "") unnamed.push(line);
    else {
      text.push(names.map(({ at }) => cellText(cells[at])));
      rows.push(row);
    }
  }
  if (!layout) throw noHeader(where, request.names, above);
  if (rows.length === 0) throw new RangeError(`${where}: expected rows below the header, got none`);
  const { names, columns } = layout;
  const measured = columns.filter(({ numbers, faults }) => numbers > 0 || faults === 0);
  refuseFaults(where, measured);
  return {
    sheet,
    names: Object.fromEntries(names.map(({ name }, k) => [name, text.map((row) => row[k])])),
    columns: measured.map(({ header }) => header),
    matrix: collectRows(
      rows,
      measured.map((column) => columns.indexOf(column)),
    ),
    notes: notesOf(
      sheet,
      columns.filter((column) => !measured.includes(column)),
      unnamed,
    ),
  };
}

/**
 * Converts a sheet to tab-separated text, one line per row, so that it passes the same checks as other tables.
 * @param sheet by default the only one.
 * @throws Error if the file is not a workbook or has no such sheet; RangeError if cells are merged, since only the
 * first of them has a value, or if several sheets could be meant.
 */
export async function openSheet(file: string, sheet?: string): Promise<TextFile> {
  const bytes = await readWorkbook(file);
  const name = sheet ?? (await onlySheet(file, bytes));
  const where = `${file}, sheet "${name}"`;
  const rows: string[][] = [];
  let width = 0;
  for await (const { line, cells } of rowsIn(file, bytes, name)) {
    while (rows.length < line - 1) rows.push([]);
    rows.push(cells.map(quoteCell));
    width = Math.max(width, cells.length);
  }
  const { rangeRef, readXlsx } = await loadHucre();
  const { sheets } = await readXlsx(bytes, { sheets: [name], maxRows: 1 });
  const merges = sheets.find((one) => one.name === name)?.merges ?? [];
  if (merges.length > 0) {
    const ranges = merges.map(({ startRow, startCol, endRow, endCol }) =>
      rangeRef(startRow, startCol, endRow, endCol),
    );
    throw new RangeError(
      `${where}: expected one value a cell, below one header row, got merged cells ${quoteSome(ranges, 5)}; ` +
        "unmerge them, and leave a single row with the name of each column above the numbers",
    );
  }
  const lines = rows.map(
    (cells) => cells.join("\t") + "\t".repeat(width - Math.max(1, cells.length)),
  );
  return textOf(where, Buffer.from(`${lines.join("\n")}\n`));
}

/** The only sheet of a workbook. */
async function onlySheet(file: string, bytes: Uint8Array): Promise<string> {
  const names = await listSheets(bytes);
  if (names.length === 1) return names[0];
  throw new RangeError(
    `${file}: expected the name of a sheet, got none; pass sheet: one of ${quoteSome(names, 20)}`,
  );
}

/** A cell for tab-separated text, without tabs and line ends of its own. */
function quoteCell(cell: CellValue): string {
  const text = cellText(cell).replace(/\s+/g, " ");
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Finds the columns of names and numbers in a row that may be the header; undefined if it is not. */
function findLayout(
  header: readonly string[],
  { names, optionalNames = [], ignore = [] }: SheetRequest,
): Layout | undefined {
  if (!names.every((name) => header.includes(name))) return undefined;
  const found = [...names, ...optionalNames.filter((name) => header.includes(name))].map(
    (name) => ({ name, at: header.indexOf(name) }),
  );
  const taken = new Set(found.map(({ at }) => at));
  const columns = header.flatMap((name, at) =>
    name === "" || taken.has(at) || ignore.includes(name)
      ? []
      : [{ header: name, at, numbers: 0, faults: 0, first: [] }],
  );
  return { names: found, columns };
}

function notesOf(
  sheet: string,
  annotations: readonly Column[],
  unnamed: readonly number[],
): string[] {
  const headers = quoteSome(annotations.map(({ header }) => header));
  return [
    ...(annotations.length > 0
      ? [`sheet "${sheet}": columns without a number left out: ${headers}`]
      : []),
    ...(unnamed.length > 0
      ? [
          `sheet "${sheet}": rows without a name left out: ${unnamed.length}, from row ${unnamed[0]}`,
        ]
      : []),
  ];
}

/**
 * Reads the rows of a sheet one by one, including blank rows in the file; `line` counts from 1.
 * @throws Error if the file is not a workbook, or that lists its sheets if it has no such sheet.
 */
export async function* readRows(file: string, sheet: string): AsyncGenerator<SheetRow> {
  yield* rowsIn(file, await readWorkbook(file), sheet);
}

interface SheetRow {
  readonly line: number;
  readonly cells: readonly CellValue[];
}

async function* rowsIn(file: string, bytes: Buffer, sheet: string): AsyncGenerator<SheetRow> {
  const { streamXlsxRows } = await loadHucre();
  let found = false;
  try {
    for await (const { index, values } of streamXlsxRows(bytes, { sheet })) {
      found = true;
      yield { line: index + 1, cells: values };
    }
  } catch (cause) {
    throw new Error(
      `${file}: expected a whole workbook, got a damaged one (${(cause as Error).message}); download it again`,
      { cause },
    );
  }
  if (found) return;
  const names = await listSheets(bytes);
  const got = names.includes(sheet) ? "an empty one" : quoteSome(names, 20);
  throw new Error(
    `${file}: expected a sheet "${sheet}" with rows, got ${got}; check that it is the file meant, download it again`,
  );
}

/** A cell as trimmed text, a date in ISO form. A copy, since a slice would keep a piece of the file in memory. */
export function cellText(cell: CellValue | undefined): string {
  if (cell === null || cell === undefined) return "";
  if (cell instanceof Date) return cell.toISOString().slice(0, 10);
  return Buffer.from(String(cell).trim()).toString();
}

/** Fills a row with the cells of the columns; NaN where not measured. */
function readNumbers(
  cells: readonly CellValue[],
  columns: readonly Column[],
  line: number,
  row: Float32Array,
): void {
  row.fill(Number.NaN);
  for (let j = 0; j < columns.length; j++) {
    const column = columns[j];
    const cell = cells[column.at] ?? null;
    if (cell === null) continue;
    let value: number | undefined;
    if (typeof cell === "number") {
      if (Number.isFinite(Math.fround(cell))) value = cell;
    } else if (typeof cell === "string") {
      const trimmed = cell.trim();
      if (missing.matches(trimmed)) continue;
      value = parseNumber(trimmed);
    }
    if (value === undefined) {
      column.faults++;
      if (column.first.length < 10) column.first.push({ line, cell: cellText(cell) });
    } else {
      row[j] = value;
      column.numbers++;
    }
  }
}

/** Collects columns of rows in which NaN means not measured; `[rows, kept]`. */
function collectRows(rows: readonly Float32Array[], kept: readonly number[]): Matrix {
  const matrix = emptyMatrix(rows.length, kept.length);
  rows.forEach((row, i) => {
    for (let j = 0; j < kept.length; j++) {
      const value = row[kept[j]];
      if (Number.isNaN(value)) continue;
      matrix.values[i * kept.length + j] = value;
      matrix.observed[i * kept.length + j] = 1;
    }
  });
  return matrix;
}

function refuseFaults(where: string, columns: readonly Column[]): void {
  const problems = collectProblems(`${where}: expected numbers or empty cells`);
  for (const { header, faults, first } of columns) {
    for (let i = 0; i < faults; i++) {
      const { line, cell } = first[Math.min(i, first.length - 1)];
      problems.add({ line, column: header, ...explainCell(cell) });
    }
  }
  problems.throwIfAny();
}

function noHeader(where: string, names: readonly string[], rows: readonly string[][]): RangeError {
  const wanted = names.map((name) => `"${name}"`).join(", ");
  const widest = rows.reduce(
    (a, b) => (b.filter(Boolean).length > a.filter(Boolean).length ? b : a),
    [],
  );
  return new RangeError(
    `${where}: expected a header with ${wanted} among the first ${HEADER_WITHIN} rows, ` +
      `got ${quoteSome(widest.filter(Boolean), 8)}; check that it is the file meant, download it again`,
  );
}

async function listSheets(bytes: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  const note = ({ name }: { readonly name: string }) => {
    names.push(name);
    return false; // no sheet is read
  };
  const { readXlsx } = await loadHucre();
  await readXlsx(bytes, { sheets: note });
  return names;
}

/** Loaded on first use, since most files are not workbooks. */
const loadHucre = () => import("hucre/xlsx");

/** Reads a workbook's bytes. Saving a journal's web page instead of its file is a common mistake. */
async function readWorkbook(file: string): Promise<Buffer> {
  let begin: string;
  try {
    begin = readStart(file).toString("latin1").trimStart();
  } catch (cause) {
    throw new Error(`${file}: expected a workbook, got ${(cause as Error).message}`, { cause });
  }
  if (begin.startsWith("PK\x03\x04")) return await readFile(file);
  let got = "something else; download it again";
  if (begin.startsWith("<"))
    got = "a web page; open the address in a browser, and save the file itself";
  if (begin.startsWith("\xd0\xcf\x11\xe0")) {
    got = "an old or encrypted Excel workbook; save it as .xlsx without a password";
  }
  throw new Error(`${file}: expected an .xlsx workbook, got ${got}`);
}
