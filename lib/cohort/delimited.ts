// Delimited text (CSV, TSV, GCT) -> a header, and rows of cells with their lines in the file.
import { findHeader, type Gct, type HeaderOptions, nameDelimiter } from "./header.js";
import { collectProblems, countOf, type Problems } from "./problems.js";
import {
  type Delimiter,
  type Dialect,
  eachRow,
  endOfCell,
  type Row,
  splitRow,
  textOfCell,
} from "./rows.js";
import { openText, type TextFile } from "./textfile.js";

/** A file of which only the header and the beginnings of the rows were read. */
export interface DelimitedFile {
  readonly file: string;
  readonly text: TextFile;
  readonly dialect: Dialect;
  readonly delimiter: Delimiter;
  /** The trimmed name of each column. */
  readonly header: readonly string[];
  /** The line of the header, from 1. */
  readonly headerLine: number;
  /** The indexes of the columns that have a name or a value. */
  readonly columns: readonly number[];
  /** The line of the file on which each row below the header begins, from 1. */
  readonly lines: readonly number[];
  /** What a reader should know: an unexpected encoding or delimiter, skipped lines. Readers of the cells add to it. */
  readonly notes: string[];
  readonly gct?: Gct;
}

/**
 * Opens a CSV, TSV or GCT file. Skips blank rows and columns without name and value, with a note.
 * @throws Error if the file cannot be read as text (see `openText`) or is empty; RangeError if its header (see
 * `findHeader`) or its quotes (see `eachRow`) are wrong.
 */
export function openDelimited(file: string, options: HeaderOptions = {}): DelimitedFile {
  const text = openText(file);
  const { dialect: found, names, line, top, gct, notes: headerNotes } = findHeader(text, options);
  const dialect = { ...found, width: names.length };
  const notes = [...text.notes];
  const lines: number[] = [];
  let blank = 0;
  eachRow(text, dialect, (row) => {
    if (isBlank(row, dialect)) blank++;
    else if (row.line > top) lines.push(row.line);
  });
  if (blank > 0) notes.push(`${file}: ${countOf(blank, "blank row")} skipped`);
  notes.push(...headerNotes);
  if (gct && gct.rows !== lines.length) {
    throw new RangeError(
      `${file}: expected ${gct.rows} rows, as its second line says, got ${lines.length}; download it again`,
    );
  }
  const table = { file, text, dialect, delimiter: dialect.delimiter, header: names, lines, notes };
  const all = { ...table, headerLine: line, columns: names.map((_, j) => j), ...(gct && { gct }) };
  const empty = findEmptyColumns(all);
  if (empty.length === 0) return all;
  notes.push(`${file}: ${countOf(empty.length, "column")} without name and values left out`);
  return { ...all, columns: all.columns.filter((j) => !empty.includes(j)) };
}

/** Visits each row below the header, with its index. */
export function eachDataRow(
  { text, dialect, lines }: DelimitedFile,
  visit: (row: Row, index: number) => unknown,
): void {
  let index = 0;
  eachRow(text, dialect, (row) => {
    if (row.line !== lines[index]) return true;
    return visit(row, index++) !== false && index < lines.length;
  });
}

/** Reads columns as trimmed text; each is as long as `lines`. A row that ends before has "" there. */
export function readColumns(table: DelimitedFile, columns: readonly number[]): string[][] {
  const { delimiter, quotes } = table.dialect;
  const separator = delimiter.charCodeAt(0);
  const out = columns.map((): string[] => []);
  const places = new Map<number, number>(columns.map((column, i) => [column, i]));
  const lastColumn = Math.max(-1, ...columns);
  eachDataRow(table, (row, index) => {
    let at = row.start;
    for (let j = 0; j <= lastColumn && at <= row.end; j++) {
      const to = endOfCell(row, at, separator, quotes);
      const place = places.get(j);
      if (place !== undefined) out[place][index] = textOfCell(row, at, to, quotes).trim();
      at = to + 1;
    }
    for (const cells of out) cells[index] ??= "";
  });
  return out;
}

/** Reads the first rows, their cells trimmed. */
export function readFirstRows(table: DelimitedFile, count: number): string[][] {
  const rows: string[][] = [];
  eachDataRow(table, (row) => {
    rows.push(splitRow(row, table.dialect).map((cell) => cell.trim()));
    return rows.length < count;
  });
  return rows;
}

/** Compares the widths of rows with the header's. */
export interface WidthCheck {
  /**
   * Adds a problem if the row has another number of cells, other than blank ones behind the last column.
   * @param behind the text behind the last column.
   */
  check(line: number, width: number, behind: () => string): boolean;
  /** Notes how many rows had such blank cells. */
  finish(): void;
}

export function checkWidths(
  { file, header, delimiter, notes }: DelimitedFile,
  problems: Problems,
): WidthCheck {
  let blankEnds = 0;
  return {
    check(line, width, behind) {
      if (width === header.length) return true;
      if (width > header.length && behind().replaceAll(delimiter, "").trim() === "") {
        blankEnds++;
        return true;
      }
      problems.add({
        kind: "ragged",
        line,
        text:
          `expected ${header.length} fields, as in the header, got ${width}; ` +
          `add or remove ${nameDelimiter(delimiter)}, or quote a cell that has them`,
      });
      return false;
    },
    finish() {
      if (blankEnds === 0) return;
      notes.push(`${file}: delimiters at the end of ${countOf(blankEnds, "row")} ignored`);
    },
  };
}

/** A small file, read whole. `lines` are those of its rows. */
export interface DelimitedRows extends DelimitedFile {
  /** The trimmed cells of each row, as many as the header has. */
  readonly rows: readonly (readonly string[])[];
}

export interface DelimitedOptions extends HeaderOptions {
  /** Collects ragged rows, which are then left out; without it, ragged rows are an error. */
  readonly problems?: Problems;
}

/**
 * Reads a small CSV or TSV file whole; see `openDelimited`.
 * @throws what `openDelimited` throws; RangeError if rows are ragged and `problems` is not given.
 */
export function readDelimited(
  file: string,
  { problems, ...options }: DelimitedOptions = {},
): DelimitedRows {
  const table = openDelimited(file, options);
  const found = problems ?? collectProblems(`${file}: expected rows as wide as the header`);
  const widths = checkWidths(table, found);
  const rows: string[][] = [];
  const lines: number[] = [];
  eachDataRow(table, (row, index) => {
    const cells = splitRow(row, table.dialect).map((cell) => cell.trim());
    const line = table.lines[index];
    const behind = () => cells.slice(table.header.length).join("");
    if (!widths.check(line, cells.length, behind)) return;
    rows.push(cells.slice(0, table.header.length));
    lines.push(line);
  });
  widths.finish();
  if (!problems) found.throwIfAny();
  return { ...table, rows, lines };
}

/** The columns without a name in which no row has a value. */
function findEmptyColumns(table: DelimitedFile): number[] {
  const nameless = table.columns.filter((j) => table.header[j] === "");
  const cells = readColumns(table, nameless);
  return nameless.filter((_, i) => cells[i].every((cell) => cell === ""));
}

/** Whether a row has no text but blanks, delimiters and quotes. */
function isBlank({ bytes, start, end }: Row, { delimiter, quotes }: Dialect): boolean {
  const separator = delimiter.charCodeAt(0);
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte >= 0x80)
      return bytes.toString("utf8", at, end).replaceAll(delimiter, "").trim() === "";
    const empty =
      byte === separator || (byte >= 9 && byte <= 13) || byte === 32 || (quotes && byte === 34);
    if (!empty) return false;
  }
  return true;
}
