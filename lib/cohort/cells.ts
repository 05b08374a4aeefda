// Cells that should be numbers: which words mean "not measured", and why a cell is not a number.
import type { DelimitedFile } from "./delimited.js";
import { isExcelDate } from "./identifiers.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import { type Problems, quote } from "./problems.js";

/** Words for a missing value, in upper or lower case, with or without blanks around them. */
export const missingWords: readonly string[] = [
  ...["", "NA", "N/A", "#N/A", "#NA", "<NA>", "NaN", "-NaN", "null", "n.a.", ".", "-"],
];

const PLAIN = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const LONGEST = 400; // no number is longer, and a cell of a damaged file may have megabytes

/** Returns a test for missing cells; `more` are further words of this file, such as "ND". */
export function missingTest(more: readonly string[] = []): (cell: string) => boolean {
  const words = new Set([...missingWords, ...more].map((word) => word.trim().toLowerCase()));
  return (cell) => cell === "" || words.has(cell.toLowerCase());
}

/** Reads a plain decimal number without blanks around it; undefined for anything else or beyond float32. */
export function parseNumber(cell: string): number | undefined {
  if (cell.length > LONGEST || !PLAIN.test(cell)) return undefined;
  const value = Number(cell);
  return Number.isFinite(Math.fround(value)) ? value : undefined;
}

/** Explains why `parseNumber` refuses a cell: the kind of fault, the cell, and the remedy. */
export function explainCell(cell: string): { kind: string; text: string } {
  const got = (kind: string, what: string, remedy: string) => ({
    kind,
    text: `expected a number, got ${quote(cell)}${what && `, ${what}`}; ${remedy}`,
  });
  if (cell.length > LONGEST) return got("text", "", "look for a missing line end or delimiter");
  if (/^[+-]?inf(?:inity)?$/i.test(cell)) {
    return got(
      "infinite",
      "which is infinite",
      "leave the cell empty, or undo the logarithm of zero",
    );
  }
  if (PLAIN.test(cell)) {
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
  if (/^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(cell)) {
    return got("comma", "with commas between thousands", "save the file without them");
  }
  if (/^#(?:DIV\/0!|VALUE!|REF!|NUM!|NAME\?|NULL!)$/i.test(cell)) {
    return got("text", "an error of a spreadsheet's formula", "repair it, or leave the cell empty");
  }
  if (isExcelDate(cell)) return got("text", "a date", "format the cell as a number and type it in");
  if (/^[\u2010-\u2015\u2212]\s?[\d.]/.test(cell)) {
    return got("text", "which has a typographic minus", 'write the minus as "-"');
  }
  if (/^[<>≤≥]/.test(cell)) {
    return got("text", "a limit of detection", "write the limit, or leave the cell empty");
  }
  if (/%$/.test(cell)) return got("text", "a percentage", "write it as a number");
  return got("text", "", "correct it, or leave the cell empty if it was not measured");
}

export interface ParseCellsOptions {
  /** Indexes into the file's rows and columns. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly isMissing: (cell: string) => boolean;
  readonly problems: Problems;
}

/**
 * Reads the numbers in some rows and columns of a file; `[rows.length, columns.length]`. Cells that are neither numbers
 * nor missing become problems: one per cell, or one of each kind in a column without any number.
 */
export function parseCells(
  { rows: cells, header, lines }: DelimitedFile,
  { rows, columns, isMissing, problems }: ParseCellsOptions,
): Matrix {
  const matrix = emptyMatrix(rows.length, columns.length);
  const numbers = new Uint32Array(columns.length);
  const faults = new Uint32Array(columns.length);
  rows.forEach((row, i) => {
    const base = i * columns.length;
    for (let j = 0; j < columns.length; j++) {
      const cell = cells[row][columns[j]].trim();
      const value = parseNumber(cell);
      if (value !== undefined) {
        matrix.values[base + j] = value;
        matrix.observed[base + j] = 1;
        numbers[j]++;
      } else if (!isMissing(cell)) faults[j]++;
    }
  });
  columns.forEach((column, j) => {
    if (faults[j] === 0) return;
    const told = new Set<string>();
    for (const row of rows) {
      const cell = cells[row][column].trim();
      if (parseNumber(cell) !== undefined || isMissing(cell)) continue;
      const { kind, text } = explainCell(cell);
      if (told.has(kind)) continue;
      const whole = numbers[j] === 0 && faults[j] > 1;
      if (whole) told.add(kind);
      const hint = kind === "text" ? "; if it is an annotation, name it in ignore" : "";
      problems.add({
        kind,
        line: lines[row],
        column: header[column].trim(),
        text: whole ? `${text} (no cell of the column is a number${hint})` : text,
      });
    }
  });
  return matrix;
}
