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

/** A file whose header and first column were read; the other cells are read on demand. */
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
  /** The trimmed cells of the first column, which usually names the rows. */
  readonly firstColumn: readonly string[];
  /**
   * Notes for the user, such as an unexpected encoding or delimiter or skipped lines. Readers of the cells add to
   * them.
   */
  readonly notes: string[];
  readonly gct?: Gct;
}

/**
 * Opens a CSV, TSV or GCT file, or the text of one. Skips blank rows and columns without name and value, with a note.
 * @throws Error if the file cannot be read as text (see `openText`) or is empty; RangeError if its header (see
 * `findHeader`) or its quotes (see `eachRow`) are wrong.
 */
export function openDelimited(
  source: string | TextFile,
  options: HeaderOptions = {},
): DelimitedFile {
  const text = typeof source === "string" ? openText(source) : source;
  const { file } = text;
  const { dialect: found, names, line, top, gct, notes: headerNotes } = findHeader(text, options);
  const dialect = { ...found, width: names.length };
  const notes = [...text.notes];
  const lines: number[] = [];
  const firstColumn: string[] = [];
  let blank = 0;
  eachRow(text, dialect, (row) => {
    if (isBlank(row, dialect)) blank++;
    else if (row.line > top && !isEndMark(row)) {
      lines.push(row.line);
      firstColumn.push(readCell(row, row.start, dialect).text);
    }
  });
  if (blank > 0) notes.push(`${file}: ${countOf(blank, "blank row")} skipped`);
  notes.push(...headerNotes);
  if (gct && gct.rows !== lines.length) {
    throw new RangeError(
      `${file}: expected ${gct.rows} rows, as its second line says, got ${lines.length}; download it again`,
    );
  }
  const all: DelimitedFile = {
    file,
    text,
    dialect,
    delimiter: dialect.delimiter,
    header: names,
    headerLine: line,
    columns: names.map((_, j) => j),
    lines,
    firstColumn,
    notes,
    ...(gct && { gct }),
  };
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

/** Reads columns as trimmed text; each is as long as `lines`. Shorter rows yield "". */
export function readColumns(
  table: DelimitedFile,
  columns: readonly number[],
): (readonly string[])[] {
  const out = columns.map((column): string[] => (column === 0 ? [...table.firstColumn] : []));
  const places = new Map(columns.map((column, i) => [column, i]));
  const last = Math.max(0, ...columns);
  if (last === 0) return out;
  eachDataRow(table, (row, index) => {
    let at = row.start;
    for (let j = 0; j <= last && at <= row.end; j++) {
      const place = places.get(j);
      if (place === undefined) {
        at = endOfCell(row, at, table.delimiter.charCodeAt(0), table.dialect.quotes) + 1;
        continue;
      }
      const { text, to } = readCell(row, at, table.dialect);
      out[place][index] = text;
      at = to + 1;
    }
    for (const cells of out) cells[index] ??= "";
  });
  return out;
}

/** The trimmed text of the cell that begins at an index, and where it ends. */
function readCell(
  row: Row,
  at: number,
  { delimiter, quotes }: Dialect,
): { text: string; to: number } {
  const to = endOfCell(row, at, delimiter.charCodeAt(0), quotes);
  return { text: textOfCell(row, at, to, quotes).trim(), to };
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
export function checkWidths({ file, header, delimiter, notes }: DelimitedFile, problems: Problems) {
  let blankEnds = 0;
  return {
    /**
     * Adds a problem if the row has another number of cells, ignoring blank cells after the last column.
     * @param behind the text after the last column.
     */
    check(line: number, width: number, behind: () => string): boolean {
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
    /** Notes how many rows had such blank cells. */
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
 * Reads a small CSV or TSV file whole, or the text of one; see `openDelimited`.
 * @throws what `openDelimited` throws; RangeError if rows are ragged and `problems` is not given.
 */
export function readDelimited(
  source: string | TextFile,
  { problems, ...options }: DelimitedOptions = {},
): DelimitedRows {
  const table = openDelimited(source, options);
  const found = problems ?? collectProblems(`${table.file}: expected rows as wide as the header`);
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
  return { ...table, rows, lines, firstColumn: rows.map(([first]) => first) };
}

/** The unnamed columns without any value. */
function findEmptyColumns(table: DelimitedFile): number[] {
  const nameless = table.columns.filter((j) => table.header[j] === "");
  const cells = readColumns(table, nameless);
  return nameless.filter((_, i) => cells[i].every((cell) => cell === ""));
}

/** The last line of GEO's series matrix files. */
const END_MARK = Buffer.from("!series_matrix_table_end");

function isEndMark({ bytes, start, end }: Row): boolean {
  return bytes[start] === END_MARK[0] && bytes.subarray(start, end).equals(END_MARK);
}

/** Whether a row contains only blanks, delimiters and quotes. */
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
