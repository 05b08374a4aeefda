// Cells that should be numbers: reads them into a matrix, and says why a cell is not a number.
import { checkWidths, type DelimitedFile, eachDataRow } from "./delimited.js";
import { isExcelDate } from "./identifiers.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import type { MissingMarks } from "./missing.js";
import {
  isPlainNumber,
  LONGEST_NUMBER,
  type NumberAt,
  parseNumber,
  readNumber,
} from "./numbers.js";
import { type Problems, quote } from "./problems.js";
import { endOfCell, textOfCell } from "./rows.js";

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
      "whose comma is a decimal comma or parts thousands",
      "write a decimal point, and nothing between thousands",
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
      `with ${name ?? "blanks"} between thousands`,
      "save the file without them",
    );
  }
  if (/^#(?:DIV\/0!|VALUE!|REF!|NUM!|NAME\?|NULL!)$/i.test(cell)) {
    return got("text", "an error of a spreadsheet's formula", "repair it, or leave the cell empty");
  }
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

export interface ReadNumbersOptions {
  /** For each row of the file, its place in the matrix; -1 leaves it out unparsed. */
  readonly rows: Int32Array;
  /** For each column of the file, its place in the matrix; -1 leaves it out unparsed. */
  readonly columns: Int32Array;
  /** Whether the file's rows become the matrix's columns. */
  readonly transpose: boolean;
  readonly missing: MissingMarks;
  readonly problems: Problems;
}

/** The cells of a column that are neither numbers nor missing. */
interface Faults {
  count: number;
  /** The first of each kind. */
  readonly first: { readonly line: number; readonly cell: string; readonly kind: string }[];
}

/** Cells of one kind in a column that are told one by one; the others are counted. */
const TOLD = 10;
/** After so many the kinds of a column are known. */
const EXPLAINED = 1000;

/**
 * Reads the numbers in some rows and columns of a file; `[rows, columns]`, or `[columns, rows]` transposed. Ragged rows,
 * and cells that are neither numbers nor missing, become problems: one per cell, or one of each kind in a column
 * without any number.
 */
export function readNumbers(table: DelimitedFile, options: ReadNumbersOptions): Matrix {
  const { lines, header, dialect } = table;
  const { rows, columns, transpose, missing, problems } = options;
  const height = countPlaces(rows);
  const width = countPlaces(columns);
  const matrix = transpose ? emptyMatrix(width, height) : emptyMatrix(height, width);
  const { values, observed } = matrix;
  const [rowStep, columnStep] = transpose ? [1, height] : [width, 1];
  const separator = dialect.delimiter.charCodeAt(0);
  const { quotes } = dialect;
  const widths = checkWidths(table, problems);
  const points = watchPoints(table, problems);
  const numbers = new Uint32Array(header.length);
  const faults = header.map((): Faults => ({ count: 0, first: [] }));
  const found: NumberAt = { value: 0, end: 0, point: 0 };
  eachDataRow(table, (row, index) => {
    const { bytes, start, end } = row;
    const base = rows[index] * rowStep;
    let at = start;
    let j = 0;
    for (; at <= end; j++, at++) {
      if (rows[index] < 0 || !(columns[j] >= 0)) {
        at = endOfCell(row, at, separator, quotes);
        continue;
      }
      if (at === end || bytes[at] === separator) continue; // an empty cell
      const to = base + columns[j] * columnStep;
      readNumber(bytes, at, found);
      let { value, end: behind } = found;
      if (Number.isNaN(value) || (behind < end && bytes[behind] !== separator)) {
        behind = endOfCell(row, at, separator, quotes);
        const cell = textOfCell(row, at, behind, quotes).trim();
        at = behind;
        if (missing.matches(cell)) continue;
        value = parseNumber(cell) ?? Number.NaN;
        if (Number.isNaN(value)) {
          addFault(faults[j], lines[index], cell);
          continue;
        }
        points?.see(cell);
      } else {
        if (points && found.point >= 0) points.see(bytes.toString("latin1", at, behind));
        at = behind;
        if (missing.numeric && missing.matchesNumber(value)) continue;
      }
      values[to] = value;
      observed[to] = 1;
      numbers[j]++;
    }
    widths.check(lines[index], j, () => {
      let from = start;
      for (let k = 0; k < header.length; k++) from = endOfCell(row, from, separator, quotes) + 1;
      return bytes.toString("utf8", from, end);
    });
  });
  widths.finish();
  faults.forEach((found, j) => {
    if (found.count > 0) tellFaults(header[j], found, numbers[j] === 0, problems);
  });
  points?.finish();
  return matrix;
}

function countPlaces(places: Int32Array): number {
  return places.reduce((count, place) => (place >= 0 ? count + 1 : count), 0);
}

function addFault(faults: Faults, line: number, cell: string): void {
  if (faults.count++ >= EXPLAINED) return;
  const { kind } = explainCell(cell);
  const same = faults.first.filter((fault) => fault.kind === kind);
  if (same.length < TOLD) faults.first.push({ line, cell, kind });
}

/** Adds one problem per cell, or one of each kind if no cell of the column is a number. */
function tellFaults(
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
      ...{ kind, line, column },
      text: whole ? `${text} (no cell of the column is a number${hint})` : text,
    });
  }
  if (!whole) problems.addMore(count - first.length);
}

/**
 * Looks at the decimal points of a semicolon-separated file, which is how a spreadsheet writes decimal commas: if three
 * digits follow every point, they may part thousands, and that becomes a problem.
 */
function watchPoints(
  { delimiter, headerLine }: DelimitedFile,
  problems: Problems,
): { see(cell: string): void; finish(): void } | undefined {
  if (delimiter !== ";") return undefined;
  let example: string | undefined;
  let decimal = false;
  return {
    see(cell) {
      if (decimal || !cell.includes(".")) return;
      if (isAmbiguous(cell)) example ??= cell;
      else decimal = true;
    },
    finish() {
      if (decimal || example === undefined) return;
      problems.add({
        kind: "thousands",
        line: headerLine,
        text:
          `expected numbers of one meaning, got three digits behind every point, as in ${quote(example)}: thousands or ` +
          "decimals? Remove points between thousands, or save decimals with tabs between the cells",
      });
    },
  };
}

/** Whether the points of a number may part thousands. */
export function isAmbiguous(cell: string): boolean {
  return /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/.test(cell);
}
