// Rows of delimited text: where each row and each of its cells begins and ends, in bytes.
import { isPlainNumber } from "./numbers.js";
import { collectProblems, quote } from "./problems.js";
import type { TextFile } from "./textfile.js";

export type Delimiter = "," | "\t" | ";";

/** How cells are delimited and quoted. */
export interface Dialect {
  readonly delimiter: Delimiter;
  /** Whether `"` at the beginning of a cell quotes it. */
  readonly quotes: boolean;
  /** The usual number of cells, by which rows that a stray quote merged are recognized; by default unknown. */
  readonly width?: number;
}

/** A row without its line end, `[start, end)` of a buffer that the next row may overwrite. */
export interface Row {
  bytes: Buffer;
  start: number;
  end: number;
  /** The line of the file on which it begins, from 1. */
  line: number;
}

const QUOTE = 34;
const LINE_FEED = 10;
const RETURN = 13;
const BLANK = 32;

/**
 * Visits each row of a text, until the visitor returns false.
 * @throws RangeError if a quote is not closed, is followed by text, or merges cells or rows: if a quoted cell contains a
 * tab or a line end in tab-separated text, or line ends and as many delimiters as the rows before them would have.
 */
export function eachRow(text: TextFile, dialect: Dialect, visit: (row: Row) => unknown): void {
  let line = 1;
  for (const window of text.windows()) {
    const { bytes, end, last } = window;
    let at = 0;
    let nextQuote = -1;
    while (at < end) {
      let stop = bytes.indexOf(LINE_FEED, at);
      let lines = 1;
      if (dialect.quotes && nextQuote < at) nextQuote = indexOrEnd(bytes, QUOTE, at);
      if (dialect.quotes && nextQuote < stop) {
        const found = endOfQuoted(text.file, { bytes, start: at, end, line }, dialect, last);
        stop = found.end;
        lines = found.lines;
      }
      if (stop >= end && !last) break; // the row may go on in the next window
      const returned = stop > at && bytes[stop - 1] === RETURN;
      if (visit({ bytes, start: at, end: returned ? stop - 1 : stop, line }) === false) return;
      line += lines;
      at = stop + 1;
    }
    window.used = Math.min(at, end);
  }
}

/** The index of the delimiter or row end after the cell that begins at `at`. */
export function endOfCell(
  { bytes, end }: Row,
  at: number,
  delimiter: number,
  quotes: boolean,
): number {
  let to = at;
  if (quotes && bytes[at] === QUOTE) {
    to = closingQuote(bytes, at, end) + 1;
    if (to === 0) return end;
  }
  while (to < end && bytes[to] !== delimiter) to++;
  return to;
}

/** The text of a cell, without its quotes. */
export function textOfCell({ bytes }: Row, from: number, to: number, quotes: boolean): string {
  const text = bytes.toString("utf8", from, to);
  if (!quotes || bytes[from] !== QUOTE) return text;
  return text.trimEnd().slice(1, -1).replaceAll('""', '"').replaceAll("\r\n", "\n");
}

/** The texts of a row's cells. */
export function splitRow(row: Row, { delimiter, quotes }: Dialect): string[] {
  const { bytes, start, end } = row;
  const whole = bytes.toString("utf8", start, end);
  if (!quotes || !whole.includes('"')) return whole.split(delimiter);
  const cells: string[] = [];
  const byte = delimiter.charCodeAt(0);
  for (let at = start; at <= end; ) {
    const to = endOfCell(row, at, byte, true);
    cells.push(textOfCell(row, at, to, true));
    at = to + 1;
  }
  return cells;
}

function indexOrEnd(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found < 0 ? bytes.length : found;
}

/** The index of the quote that closes the cell beginning with the one at `at`; -1 if there is none before `end`. */
function closingQuote(bytes: Buffer, at: number, end: number): number {
  for (let to = indexOrEnd(bytes, QUOTE, at + 1); to < end; to = indexOrEnd(bytes, QUOTE, to + 2)) {
    if (bytes[to + 1] !== QUOTE) return to;
  }
  return -1;
}

/** The end of a row that contains quotes, and the number of its lines. `end` of the row given is the window's. */
function endOfQuoted(
  file: string,
  { bytes, start, end, line }: Row,
  { delimiter, width = Number.POSITIVE_INFINITY }: Dialect,
  last: boolean,
): { end: number; lines: number } {
  const refuse = (at: number, text: string) => {
    const problems = collectProblems(`${file}: expected quotes in pairs`);
    problems.add({ kind: "quote", line: at, text });
    problems.throwIfAny();
  };
  const separator = delimiter.charCodeAt(0);
  let lines = 1;
  for (let at = start; ; at++) {
    if (bytes[at] === QUOTE) {
      const close = closingQuote(bytes, at, end);
      const begins = line + lines - 1;
      if (close < 0 || close + 1 >= end) {
        if (!last) return { end, lines };
        if (close < 0) {
          refuse(
            begins,
            'expected a closing quote, got the end of the file; close it, or write a quote inside a cell as ""',
          );
        }
      }
      const inside = bytes.subarray(at + 1, close);
      const ends = count(inside, LINE_FEED);
      const delimiters = count(inside, separator);
      const swallows =
        delimiter === "\t"
          ? ends + delimiters > 0
          : width > 2
            ? ends > 0 && delimiters >= ends * (width - 1)
            : ends > 0 && endsRow(inside.toString("utf8"), delimiter);
      if (swallows) {
        const [beginning] = inside.toString("utf8", 0, 40).split(/[\n\t]/, 1);
        const where = ends === 0 ? "in a later cell" : `on line ${begins + ends}`;
        refuse(
          begins,
          `expected a closing quote at the end of the quoted cell ${quote(beginning)}, got it ${where}; ` +
            "remove stray quotes, or quote no cells",
        );
      }
      lines += ends;
      at = close + 1;
      while (bytes[at] === BLANK || (bytes[at] === RETURN && bytes[at + 1] === LINE_FEED)) at++;
      if (bytes[at] !== separator && bytes[at] !== LINE_FEED) {
        refuse(
          line + lines - 1,
          'expected the end of the cell after a closing quote, got text; write a quote inside a cell as ""',
        );
      }
    } else {
      while (bytes[at] !== separator && bytes[at] !== LINE_FEED) at++;
    }
    if (bytes[at] === LINE_FEED) return { end: at, lines };
  }
}

/** Whether every line but the last ends in a delimiter and a number, as rows do. */
function endsRow(text: string, delimiter: Delimiter): boolean {
  const lines = text.split("\n").slice(0, -1);
  return lines.every((line) => {
    const at = line.lastIndexOf(delimiter);
    return at >= 0 && isPlainNumber(line.slice(at + 1).trim());
  });
}

function count(bytes: Buffer, byte: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) found++;
  return found;
}
