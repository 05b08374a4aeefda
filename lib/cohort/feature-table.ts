// Parses a published table of features x samples from bytes, without a string for each of its millions of cells.

import type { ModalityTable } from "./cohort.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import { parseNumber } from "./numbers.js";
import { quote } from "./problems.js";

const TAB = 9;
const LINE_FEED = 10;
const RETURN = 13;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** Numbers of up to this many digits are exact in float64, as are the powers of ten that divide them. */
const EXACT = 15;
const POWERS = Float64Array.from({ length: EXACT }, (_, digits) => 10 ** digits);

/** A line of the text without its line end: bytes `[start, end)`. */
interface Line {
  readonly start: number;
  readonly end: number;
}

/**
 * Parses tab-separated UTF-8: sample ids in the header, then one row per feature, its name first. NA and empty cells
 * mean "not measured". Values equal those of `Number`, as float32.
 * @param file the table's name in messages.
 * @returns the transposed table, `[samples, features]`.
 * @throws Error at the first row (the header is row 1) without a name or with another width than the header, and at
 * the first cell that is neither NA nor a plain number that fits float32.
 */
export function parseFeatureTable(text: Buffer, file: string): Omit<ModalityTable, "name"> {
  const [header, ...lines] = findLines(text);
  const [, ...samples] = text.toString("utf8", header.start, header.end).split("\t");
  const refuse = (expected: string, got: string, row: number): never => {
    throw new Error(
      `parseFeatureTable: expected ${expected} ${file}, got ${got} in row ${row + 2}`,
    );
  };
  if (lines.length === 0) refuse("a feature name in each row of", "none", 0);
  const matrix = emptyMatrix(samples.length, lines.length);
  const features = lines.map(({ start, end }, row) => {
    const nameEnd = cellEnd(text, start, end);
    if (nameEnd === start) refuse("a feature name in each row of", "none", row);
    const width = readNumbers(text, nameEnd, end, matrix, row, (cell, column) =>
      refuse("numbers or NA in", `${quote(cell)} for ${samples[column] ?? "no sample"}`, row),
    );
    if (width !== samples.length) {
      refuse(`${samples.length + 1} cells in each row of`, String(width + 1), row);
    }
    return text.toString("utf8", start, nameEnd);
  });
  return { samples, features, matrix };
}

/**
 * Reads the cells after the tab at `start` into a column of the matrix; counts, but does not store, cells beyond its
 * rows.
 * @returns the number of cells.
 */
function readNumbers(
  text: Buffer,
  start: number,
  end: number,
  { values, observed, columns }: Matrix,
  place: number,
  refuse: (cell: string, column: number) => never,
): number {
  let column = 0;
  let to = place;
  for (let at = start; at < end; column++, to += columns) {
    const from = at + 1;
    const first = text[from] === MINUS ? from + 1 : from;
    let digits = 0;
    let point = -1;
    for (at = first; ; at++) {
      const digit = text[at] - ZERO;
      if (digit >= 0 && digit <= 9) digits = digits * 10 + digit;
      else if (text[at] === POINT && point < 0) point = at;
      else break;
    }
    const plain = at === end || text[at] === TAB;
    if (plain && at > first && point !== first && at - first <= EXACT) {
      const value = point < 0 ? digits : digits / POWERS[at - point - 1];
      values[to] = first === from ? value : -value;
      observed[to] = 1;
      continue;
    }
    at = cellEnd(text, from, end);
    if (isMissing(text, from, at)) continue;
    const cell = text.toString("utf8", from, at);
    values[to] = parseNumber(cell) ?? refuse(cell, column);
    observed[to] = 1;
  }
  return column;
}

/** Finds the lines, which end in `\n` or `\r\n`; at least one, and none after the last line end. */
function findLines(text: Buffer): Line[] {
  const lines: Line[] = [];
  let start = 0;
  do {
    const found = text.indexOf(LINE_FEED, start);
    const next = found < 0 ? text.length : found;
    lines.push({ start, end: text[next - 1] === RETURN ? next - 1 : next });
    start = next + 1;
  } while (start < text.length);
  return lines;
}

function cellEnd(text: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && text[at] !== TAB) at++;
  return at;
}

function isMissing(text: Buffer, from: number, to: number): boolean {
  return to === from || (to - from === 2 && text[from] === 78 && text[from + 1] === 65); // NA
}
