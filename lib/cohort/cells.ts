// Cells that should be numbers: reads them into a matrix, and says why a cell is not a number.
import type { CellTable, ReadNumbersOptions } from "./cell-table.js";
import {
  checkWidths,
  type DelimitedFile,
  eachDataRow,
  readColumns,
  readFirstRows,
} from "./delimited.js";
import { isExcelDate } from "./identifiers.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import type { Mark, MissingMarks } from "./missing.js";
import { isPlainNumber, LONGEST_NUMBER, parseNumber } from "./numbers.js";
import { type Problems, quote } from "./problems.js";
import { type Delimiter, type Dialect, endOfCell, type Row, textOfCell } from "./rows.js";

/**
 * Explains why `parseNumber` refuses a cell: the kind of fault, the cell, and the remedy.
 * @param words the words that may all mean "not measured"; by default the cell.
 */
export function explainCell(
  cell: string,
  words: readonly string[] = [cell],
): { kind: string; text: string } {
  const got = (kind: string, what: string, remedy: string) => ({
    kind,
    text: `expected a number, got ${quote(cell)}${what && `, ${what}`}; ${remedy}`,
  });
  if (cell.length > LONGEST_NUMBER) {
    return got("text", "", "look for a missing line end or delimiter");
  }
  if (/^[+-]?inf(?:inity)?$/i.test(cell)) {
    return got(
      "infinite",
      "which is infinite",
      "leave the cell empty, or undo the logarithm of zero",
    );
  }
  if (isPlainNumber(cell)) {
    return got("infinite", "which is beyond float32 (3.4e38)", "correct it, or rescale the column");
  }
  if (/^[+-]?\d{1,3},\d{3}(?:e[+-]?\d+)?$/i.test(cell)) {
    return got(
      "comma",
      "whose comma is a decimal or a thousands separator",
      "write a decimal point, and no thousands separators",
    );
  }
  if (/^[+-]?(?:\d+|\d{1,3}(?:[. ']\d{3})+)?,\d+(?:e[+-]?\d+)?$/i.test(cell)) {
    return got("comma", "a decimal comma", "save the file with decimal points");
  }
  const between = /^[+-]?\d{1,3}(?:(?<part>[,.'\s\u2019])\d{3})+(?:[.,]\d*)?$/u.exec(cell)?.groups
    ?.part;
  if (between !== undefined) {
    const name = { ",": "commas", ".": "points", "'": "apostrophes", "’": "apostrophes" }[between];
    return got(
      "thousands",
      `with ${name ?? "blanks"} as thousands separators`,
      "save the file without them",
    );
  }
  if (/^#(?:DIV\/0!|VALUE!|REF!|NUM!|NAME\?|NULL!)$/i.test(cell)) {
    return got("text", "an error of a spreadsheet's formula", "repair it, or leave the cell empty");
  }
  if (/^(?:true|false)$/i.test(cell)) return got("logical", "a truth value", "write 1 or 0");
  if (/^'/.test(cell)) {
    return got("text", "with an apostrophe, which marks text in a spreadsheet", "remove it");
  }
  if (/^".*"$/.test(cell)) return got("text", "with a blank before its quotes", "remove the blank");
  if (isExcelDate(cell)) return got("text", "a date", "format the cell as a number and type it in");
  if (/^[\u2010-\u2015\u2212]\s?[\d.]/.test(cell)) {
    return got("text", "which has a typographic minus", 'write the minus as "-"');
  }
  const all = words.map(quote).join(", ");
  const missing = `pass missing: [${all}] if ${words.length > 1 ? "they mean" : "it means"} "not measured"`;
  if (/^[<>≤≥]/.test(cell)) {
    return got("text", "a limit of detection", `write the limit, or ${missing}`);
  }
  if (/%$/.test(cell)) return got("text", "a percentage", "write it as a number");
  return got("text", "", `correct it, or ${missing}`);
}

/** The cells of a column that are neither numbers nor missing. */
export interface Faults {
  count: number;
  /** The first of each kind. */
  readonly first: { readonly line: number; readonly cell: string; readonly kind: string }[];
}

/** The message lists this many cells of one kind per column, and counts the others. */
const TOLD = 10;
/** Further faults of a column are counted without being classified. */
const EXPLAINED = 1000;

/** Where the numbers of a row go, and what else is found in them. */
interface Sink extends Target {
  readonly missing: MissingMarks;
  /** The delimiter's byte, and whether quotes quote. */
  readonly separator: number;
  readonly quotes: boolean;
  /** For each column of the file, where its entries begin in the matrix; -1 leaves it out unparsed. */
  readonly offsets: Float64Array;
  /** The marks of short cells that mean "not measured", by their bytes, which saves decoding each again. */
  readonly words: Map<number, Mark>;
  readonly points: Points;
}

/** A text file as a table of cells. */
export function cellsOfText(table: DelimitedFile): CellTable {
  return {
    ...table,
    delimiter: table.text.typed ? undefined : table.delimiter,
    ...(table.gct && { annotations: table.gct.annotations, orientation: "features-in-rows" }),
    rowWord: "line",
    readColumns: (columns) => readColumns(table, columns),
    readFirstRows: (count) => readFirstRows(table, count),
    readNumbers: (options) => readNumbers(table, options),
  };
}

/**
 * Reads the numbers in some rows and columns of a file; `[rows, columns]`, or `[columns, rows]` transposed. Ragged
 * rows, and cells that are neither numbers nor missing, become problems: one per cell, or one of each kind in a column
 * without any number.
 */
export function readNumbers(table: DelimitedFile, options: ReadNumbersOptions): Matrix {
  const { lines, header, dialect } = table;
  const { rows, columns, missing, problems } = options;
  const target = openTarget(options);
  const { matrix, columnStep } = target;
  matrix.observed.fill(1); // cells are rarely missing
  const offsets = Float64Array.from(columns, (place) => (place < 0 ? -1 : place * columnStep));
  // A workbook's numbers are typed, so their points are decimal.
  const points: Points = { decimal: table.text.typed ?? false, whole: false, grouped: 0 };
  const words = new Map<number, Mark>();
  const separator = dialect.delimiter.charCodeAt(0);
  const { quotes } = dialect;
  const sink: Sink = { ...target, missing, offsets, words, points, separator, quotes };
  const widths = checkWidths(table, problems);
  eachDataRow(table, (row, index) => {
    const cells = readRow(row, rows[index], sink);
    widths.check(lines[index], cells, () => textBehind(row, header.length, dialect));
  });
  widths.finish();
  tellFaults(header, target, options);
  if (mayPartThousands(points, dialect.delimiter)) {
    problems.add({
      kind: "thousands",
      line: table.headerLine,
      text:
        `expected numbers of one meaning, got three digits after every point, as in ${quote(points.example ?? "")}: ` +
        "thousands or decimals? Remove thousands separators, or write decimals with another number of digits",
    });
  }
  return matrix;
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
/** The powers of ten that are exact in float64. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => 10 ** power);
/** A sum of this many digits has a relative error below `ROUNDING`. */
const DIGITS = 40;
const ROUNDING = 1e-14;

/** Reads the numbers of one row; returns the number of its cells. */
function readRow(row: Row, place: number, sink: Sink): number {
  const { bytes, start, end } = row;
  const { missing, matrix, rowStep, offsets, points, separator, quotes } = sink;
  const { values, observed } = matrix;
  const base = place * rowStep;
  let j = 0;
  for (let at = start; at <= end; j++, at++) {
    const offset = offsets[j];
    if (place < 0 || !(offset >= 0)) {
      at = endOfCell(row, at, separator, quotes);
      continue;
    }
    const to = base + offset;
    const from = at;
    let byte = bytes[at];
    if (byte === MINUS) byte = bytes[++at];
    const first = at;
    let sum = 0; // of the digits, as if there were no point
    for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]) sum = 10 * sum + byte - ZERO;
    const point = at;
    if (byte === POINT) {
      byte = bytes[++at];
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]) sum = 10 * sum + byte - ZERO;
    }
    const decimals = at === point ? 0 : at - point - 1;
    const plain = point > first && at - first <= DIGITS && decimals < POWERS.length;
    let value = from === first ? sum / POWERS[decimals] : -sum / POWERS[decimals];
    if (!plain || (byte !== separator && at !== end) || !isRounded(sum, value)) {
      at = endOfCell(row, from, separator, quotes);
      value = at === from ? Number.NaN : readOddCell(row, from, at, j, sink);
    } else if (missing.numeric && missing.matchesNumber(value)) {
      value = Number.NaN;
    } else if (!points.decimal) {
      if (at === point) points.whole = true;
      else if (decimals !== 3 || point - first > 3 || bytes[first] === ZERO) points.decimal = true;
      else if (points.grouped++ === 0) points.example = bytes.toString("latin1", from, at);
    }
    if (Number.isNaN(value)) observed[to] = 0;
    else values[to] = value;
  }
  return j;
}

/** Whether a value, rounded to float32, equals the decimal number that its digits spell. */
function isRounded(sum: number, value: number): boolean {
  return (
    sum <= Number.MAX_SAFE_INTEGER ||
    (Math.fround(value * (1 - ROUNDING)) === Math.fround(value * (1 + ROUNDING)) &&
      Number.isFinite(Math.fround(value)))
  );
}

/** Reads a cell that is not digits with a point: NaN if it is missing, or else a fault. */
function readOddCell(row: Row, from: number, to: number, j: number, sink: Sink): number {
  const { missing, faults, words, points, quotes } = sink;
  const code = to - from <= PACKED ? packBytes(row.bytes, from, to) : -1;
  const known = words.get(code);
  const cell = known ? "" : textOfCell(row, from, to, quotes).trim();
  const mark = known ?? missing.find(cell);
  if (mark) {
    mark.cells++;
    if (code >= 0 && words.size < 100) words.set(code, mark);
    return Number.NaN;
  }
  const value = parseNumber(cell);
  if (value === undefined) addFault(faults[j], row.line, cell);
  else if (!points.decimal) seePoints(points, cell);
  return value ?? Number.NaN;
}

/** Packed into one number, this many bytes of ASCII fit an int32, the fastest key of a map. */
const PACKED = 4;

function packBytes(bytes: Buffer, from: number, to: number): number {
  let code = 0;
  for (let at = from; at < to; at++) code = 256 * code + bytes[at];
  return code;
}

function textBehind(row: Row, cells: number, { delimiter, quotes }: Dialect): string {
  let from = row.start;
  for (let j = 0; j < cells; j++) {
    from = endOfCell(row, from, delimiter.charCodeAt(0), quotes) + 1;
  }
  return row.bytes.toString("utf8", from, row.end);
}

/** Returns the place of each index among those kept, -1 for the others; `[size]`. */
export function placesOf(kept: readonly number[], size: number): Int32Array {
  const places = new Int32Array(size).fill(-1);
  kept.forEach((index, place) => {
    places[index] = place;
  });
  return places;
}

/** Where the numbers of a file go: the entry at `rows[i] * rowStep + columns[j] * columnStep`, and its faults by column. */
export interface Target {
  readonly matrix: Matrix;
  readonly rowStep: number;
  readonly columnStep: number;
  readonly faults: readonly Faults[];
}

/** Makes an empty matrix for the rows and columns that have a place in it. */
export function openTarget({ rows, columns, transpose }: ReadNumbersOptions): Target {
  const count = (places: Int32Array) =>
    places.reduce((sum, place) => (place >= 0 ? sum + 1 : sum), 0);
  const [height, width] = [count(rows), count(columns)];
  const faults = Array.from(columns, (): Faults => ({ count: 0, first: [] }));
  return transpose
    ? { matrix: emptyMatrix(width, height), rowStep: 1, columnStep: height, faults }
    : { matrix: emptyMatrix(height, width), rowStep: width, columnStep: 1, faults };
}

/** Counts a cell that is neither a number nor missing, and keeps the first of each kind. */
export function addFault(faults: Faults, line: number, cell: string): void {
  if (faults.count++ >= EXPLAINED) return;
  const { kind } = explainCell(cell);
  const same = faults.first.filter((fault) => fault.kind === kind);
  if (same.length < TOLD) faults.first.push({ line, cell, kind });
}

/** Adds the problems of all columns. */
export function tellFaults(
  header: readonly string[],
  { matrix, rowStep, columnStep, faults }: Target,
  { rows, columns, problems }: ReadNumbersOptions,
): void {
  faults.forEach((found, j) => {
    if (found.count === 0) return;
    const isMeasured = (row: number) =>
      row >= 0 && matrix.observed[row * rowStep + columns[j] * columnStep] === 1;
    tellColumn(header[j], found, !rows.some(isMeasured), problems);
  });
}

/** Adds one problem per cell, or one of each kind if no cell of the column is a number. */
function tellColumn(
  column: string,
  { count, first }: Faults,
  numberless: boolean,
  problems: Problems,
): void {
  const whole = numberless && count > 1;
  const told = new Set<string>();
  for (const { line, cell, kind } of first) {
    if (told.has(kind)) continue;
    if (whole) told.add(kind);
    const alike = first.filter((fault) => whole && fault.kind === kind).map((fault) => fault.cell);
    const words = [...new Set([cell, ...alike])].slice(0, 5);
    const hint = kind === "text" ? "; if it is an annotation, name it in ignore" : "";
    const { text } = explainCell(cell, words);
    problems.add({
      kind,
      line,
      column,
      text: whole ? `${text} (no cell of the column is a number${hint})` : text,
    });
  }
  if (!whole) problems.addMore(count - first.length);
}

/** What the points in a file's numbers may mean. */
export interface Points {
  /** Whether some point can only be a decimal point. */
  decimal: boolean;
  /** Whether some number is whole, without a point. */
  whole: boolean;
  /** How many numbers have points that may be thousands separators, and the first of them. */
  grouped: number;
  example?: string;
}

/** Records what the points of one number can mean. */
export function seePoints(points: Points, cell: string): void {
  if (!cell.includes(".")) points.whole = true;
  else if (!/^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/.test(cell)) points.decimal = true;
  else if (points.grouped++ === 0) points.example = cell;
}

/**
 * Whether points may be thousands separators: three digits follow each of them. Spreadsheets that write decimal commas
 * separate cells by semicolons. With other delimiters there must also be whole numbers, since a program that rounds to
 * three decimals writes a point in every cell.
 */
export function mayPartThousands(
  { decimal, whole, grouped }: Points,
  delimiter: Delimiter | undefined,
): boolean {
  return !decimal && (delimiter === ";" ? grouped > 0 : grouped > 1 && whole);
}
