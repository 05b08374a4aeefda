// Delimited text (CSV, TSV) -> a header, and rows of cells with their lines in the file.
import papaparse from "papaparse";
import { collectProblems, type Problems } from "./problems.js";
import { countLines, readText } from "./textfile.js";

export type Delimiter = "," | "\t" | ";";

/** A file's cells, untrimmed; each row is as wide as the header. */
export interface DelimitedFile {
  readonly file: string;
  readonly delimiter: Delimiter;
  readonly header: readonly string[];
  /** The line of the header, from 1. */
  readonly headerLine: number;
  readonly rows: readonly (readonly string[])[];
  /** The line of the file on which each row begins, from 1. */
  readonly lines: readonly number[];
  /** What a reader should know: an unexpected encoding or delimiter, skipped lines. */
  readonly notes: readonly string[];
}

export interface DelimitedOptions {
  /** Collects ragged rows, which are then left out; without it, ragged rows are an error. */
  readonly problems?: Problems;
  /**
   * Whether the last leading `#` line may be the header; by default yes. If not, such lines belong to the format and
   * are skipped without a note.
   */
  readonly hashHeader?: boolean;
}

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

const NAMES = { ",": "commas", "\t": "tabs", ";": "semicolons" } as const;

/**
 * Reads a CSV or TSV file. The delimiter follows from the extension, unless the header shows another. Skips blank rows
 * and leading `#` lines. If the header lacks a name for the first column, as R writes it, that name is blank.
 * @throws Error if the file cannot be read as text (see `readText`) or is empty; RangeError if a quote is not closed or
 * is followed by text, or if rows are ragged and `problems` is not given.
 */
export function readDelimited(
  file: string,
  { problems, hashHeader = true }: DelimitedOptions = {},
): DelimitedFile {
  const { text, notes: textNotes } = readText(file);
  const notes = [...textNotes];
  const delimiter = chooseDelimiter(file, text, notes);
  const parsed = papaparse.parse<string[]>(text, { delimiter, newline: "\n" });
  refuseQuotes(file, text, parsed.errors);
  const filled = skipBlank(file, numberLines(text, parsed.data), notes);
  const all = hashHeader
    ? skipComments(file, filled, notes)
    : filled.slice(countLeadingHash(filled));
  if (all.length === 0) {
    throw new Error(`${file}: expected a header and rows, got an empty file; write it again`);
  }
  const [{ cells: first, line: headerLine }, ...rows] = all;
  const header = completeHeader(file, first, rows, notes);
  const found = problems ?? collectProblems(`${file}: expected rows as wide as the header`);
  const whole = rows.filter(({ cells, line }) => {
    if (cells.length === header.length) return true;
    found.add({
      kind: "ragged",
      line,
      text:
        `expected ${header.length} fields, as in the header, got ${cells.length}; ` +
        `add or remove ${NAMES[delimiter]}, or quote a cell that has them`,
    });
    return false;
  });
  if (!problems) found.throwIfAny();
  return {
    file,
    delimiter,
    header,
    headerLine,
    rows: whole.map((row) => row.cells),
    lines: whole.map((row) => row.line),
    notes,
  };
}

/** A tab wins except in a .csv: names in a TSV's header often contain commas, those in a CSV's never contain tabs. */
function chooseDelimiter(file: string, text: string, notes: string[]): Delimiter {
  const [line = text] = /^(?!#).*\S.*$/m.exec(text) ?? [];
  const bare = line.replace(/"[^"]*(?:"|$)/g, "");
  const count = (delimiter: Delimiter) => bare.split(delimiter).length - 1;
  const name = file.toLowerCase().replace(/\.gz$/, "");
  const stated = name.endsWith(".csv") ? "," : /\.(tsv|tab)$/.test(name) ? "\t" : undefined;
  const order: Delimiter[] = stated === "," ? [",", ";", "\t"] : ["\t", ",", ";"];
  let chosen = order[0];
  if (stated === "," || count("\t") === 0) {
    for (const other of order) if (count(other) > count(chosen)) chosen = other;
  }
  if (stated !== undefined && chosen !== stated) {
    notes.push(`${file}: has ${NAMES[chosen]} between its cells, not ${NAMES[stated]}; read so`);
  }
  return chosen;
}

function refuseQuotes(file: string, text: string, errors: readonly papaparse.ParseError[]): void {
  const problems = collectProblems(`${file}: expected quotes in pairs`);
  let line = 1;
  let from = 0;
  for (const { code, index = 0 } of errors) {
    line += countLines(text.slice(from, index)) - 1; // errors are in the order of the text
    from = index;
    problems.add({
      kind: code,
      line,
      text:
        code === "MissingQuotes"
          ? 'expected a closing quote, got the end of the file; close it, or write a quote inside a cell as ""'
          : 'expected the end of the cell after a closing quote, got text; write a quote inside a cell as ""',
    });
  }
  problems.throwIfAny();
}

function numberLines(text: string, data: readonly string[][]): Row[] {
  const quoted = text.includes('"'); // only a quoted cell can contain a line end
  let next = 1;
  return data.map((cells) => {
    const line = next++;
    if (quoted)
      for (const cell of cells) if (cell.includes("\n")) next += cell.split("\n").length - 1;
    return { cells, line };
  });
}

function skipBlank(file: string, rows: readonly Row[], notes: string[]): Row[] {
  const kept = rows.filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const ends = rows.at(-1)?.cells.length === 1 && rows.at(-1)?.cells[0] === "" ? 1 : 0;
  const blank = rows.length - kept.length - ends;
  if (blank > 0) notes.push(`${file}: ${blank} blank ${blank === 1 ? "row" : "rows"} skipped`);
  return kept;
}

/** Leading `#` lines are comments, unless only the last is as wide as the row below: then it is the header. */
function skipComments(file: string, rows: readonly Row[], notes: string[]): readonly Row[] {
  const leading = countLeadingHash(rows);
  if (leading === 0) return rows;
  const width = rows[leading]?.cells.length;
  const wide = rows.slice(0, leading).filter(({ cells }) => cells.length === width);
  const headed = width === undefined || wide[0] === rows[leading - 1];
  const skipped = headed ? leading - 1 : leading;
  if (skipped > 0) {
    notes.push(`${file}: ${skipped} leading # ${skipped === 1 ? "line" : "lines"} skipped`);
  }
  return rows.slice(skipped);
}

function countLeadingHash(rows: readonly Row[]): number {
  const found = rows.findIndex(({ cells }) => !cells[0].startsWith("#"));
  return found < 0 ? rows.length : found;
}

function completeHeader(
  file: string,
  header: readonly string[],
  rows: readonly Row[],
  notes: string[],
): readonly string[] {
  const width = header.length + 1;
  const short =
    rows.length > 0 &&
    rows.every(({ cells }) => cells.length === width) &&
    rows.some(({ cells }) => cells[width - 1].trim() !== "");
  if (!short) return header;
  notes.push(
    `${file}: the header names one column less than the rows have; the first holds the ids`,
  );
  return ["", ...header];
}
