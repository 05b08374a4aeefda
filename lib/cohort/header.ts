// Finds the header of delimited text and recognizes what precedes it: comments, a delimiter, GCT's counts, a title.
import { isPlainNumber } from "./numbers.js";
import { countOf, quote, quoteSome } from "./problems.js";
import { type Delimiter, type Dialect, eachRow, splitRow } from "./rows.js";
import type { TextFile } from "./textfile.js";

/** The beginning of a file: its dialect, its header, and where its rows begin. */
export interface Header {
  readonly dialect: Dialect;
  /** The name of each column, trimmed; as many as the rows have cells. */
  readonly names: readonly string[];
  /** The line of the header, from 1. */
  readonly line: number;
  /** The last line before the table's rows. */
  readonly top: number;
  readonly notes: readonly string[];
  /** Present in GCT. */
  readonly gct?: Gct;
}

/** What the first lines of a GCT file say about it. */
export interface Gct {
  readonly rows: number;
  /** The columns that describe a row. */
  readonly annotations: readonly number[];
}

export interface HeaderOptions {
  /** cBioPortal's tables are tab-separated without quotes; leading `#` lines belong to the format. */
  readonly format?: "cbioportal";
  /** The delimiter, if known. */
  readonly delimiter?: Delimiter;
  /** Ids of samples, by which a name of the first column is told from an id. */
  readonly ids?: ReadonlySet<string>;
}

/** A row near the beginning. */
interface Start {
  readonly cells: readonly string[];
  readonly line: number;
}

/** The number of rows that decide the delimiter. */
const FIRST_ROWS = 12;
const DELIMITERS: readonly Delimiter[] = [",", "\t", ";"];
const NAMES = { ",": "commas", "\t": "tabs", ";": "semicolons" } as const;

export function nameDelimiter(delimiter: Delimiter): string {
  return NAMES[delimiter];
}

/**
 * Finds the header. The delimiter is the one that splits it and the first rows into equally many cells; if several do,
 * the extension decides. Of leading `#` lines as wide as the rows the first is the header, unless a header follows
 * them. If the header lacks a name for the first column, as R writes it, that name is blank.
 * @throws Error if the file is empty; RangeError if blanks separate the cells, the header lacks the name of another
 * column, a title stands above it, or GCT's counts are wrong.
 */
export function findHeader(text: TextFile, options: HeaderOptions = {}): Header {
  const { file } = text;
  const notes: string[] = [];
  const dialect = chooseDialect(text, options, notes);
  const rows = readStart(text, dialect);
  if (SEPARATOR.test(rows[0]?.cells.join(dialect.delimiter) ?? "")) rows.shift();
  if (rows.length === 0) {
    throw new Error(`${file}: expected a header and rows, got an empty file; write it again`);
  }
  const gct = options.format === undefined && findGct(file, rows);
  if (gct) return { ...gct, dialect, notes };
  const { header, below, top } = options.format ? skipHash(rows) : findBelowHash(file, rows, notes);
  refuseTitle(file, header, below);
  refuseNarrow(file, header, below);
  const names = completeNames(file, header, below, options.ids, notes);
  return { dialect, names, line: header.line, top, notes };
}

const SEPARATOR = /^"?sep=(.)"?[,;\t]*$/i;

function chooseDialect(
  text: TextFile,
  { format, delimiter: known }: HeaderOptions,
  notes: string[],
): Dialect {
  if (format === "cbioportal") return { delimiter: "\t", quotes: false };
  if (known) return { delimiter: known, quotes: true };
  const { file } = text;
  const name = file.toLowerCase().replace(/\.gz$/, "");
  const stated = name.endsWith(".csv") ? "," : /\.(tsv|tab)$/.test(name) ? "\t" : undefined;
  const order: Delimiter[] = stated === "," ? [",", ";", "\t"] : ["\t", ",", ";"];
  const [first] = readStart(text, { delimiter: "\t", quotes: false }, 1);
  const [, told] = SEPARATOR.exec(first?.cells.join("\t") ?? "") ?? [];
  const named = order.find((delimiter) => delimiter === told);
  if (named) return { delimiter: named, quotes: true };
  const fits = order.map((delimiter) => ({ delimiter, ...countFits(text, delimiter) }));
  const best = fits.reduce((a, b) =>
    b.rows > a.rows || (b.rows === a.rows && b.headed > a.headed) ? b : a,
  );
  if (best.rows === 0) refuseOthers(text);
  if (stated !== undefined && best.delimiter !== stated) {
    notes.push(
      `${file}: has ${NAMES[best.delimiter]} between its cells, not ${NAMES[stated]}; read so`,
    );
  }
  return { delimiter: best.delimiter, quotes: true };
}

/** How many of the first rows have the usual width, at least two cells, and whether the header is one of them. */
function countFits(text: TextFile, delimiter: Delimiter): { rows: number; headed: number } {
  let rows: Start[];
  try {
    rows = readStart(text, { delimiter, quotes: true });
  } catch {
    rows = readStart(text, { delimiter, quotes: false }); // what is wrong with its quotes is told later
  }
  const widths = rows.filter(({ cells }) => !isComment(cells)).map(({ cells }) => cells.length);
  const width = usualWidth(widths.filter((one) => one > 1));
  return {
    rows: widths.filter((one) => one === width).length,
    headed: widths[0] === width ? 1 : 0,
  };
}

/** The most frequent width; 0 of none. */
function usualWidth(widths: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0])[0];
}

/** Reads the leading `#` rows and the first rows after them, skipping blank ones. */
function readStart(text: TextFile, dialect: Dialect, count = FIRST_ROWS): Start[] {
  const rows: Start[] = [];
  let left = count;
  eachRow(text, dialect, (row) => {
    const cells = splitRow(row, dialect).map((cell) => cell.trim());
    if (cells.every((cell) => cell === "")) return true;
    rows.push({ cells, line: row.line });
    return isComment(cells) || --left > 0;
  });
  return rows;
}

/** GEO's series matrix files have lines with `!` above the header. */
const isComment = (cells: readonly string[]) => /^[#!]/.test(cells[0]);

/** Unsupported delimiters that are recognized. */
const OTHERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["blanks", / +/],
  ['"|"', /\|/],
];

/** @throws RangeError if a file uses one of these delimiters and its last cells are numbers. */
function refuseOthers(text: TextFile): void {
  const rows = readStart(text, { delimiter: "\t", quotes: false });
  const [header, ...below] = rows.filter(({ cells }) => !isComment(cells));
  for (const [name, pattern] of OTHERS) {
    const parts = ({ cells }: Start) => cells[0].split(pattern);
    const width = below.length > 0 ? parts(below[0]).length : 0;
    const even = below.every(
      (row) => parts(row).length === width && isPlainNumber(parts(row)[width - 1]),
    );
    const short = header && width - parts(header).length;
    if (width < 2 || !even || (short !== 0 && short !== 1)) continue;
    throw new RangeError(
      `${text.file}: expected tabs, commas or semicolons between the cells, got ${name}, as on line ${header.line}; ` +
        'write the file with tabs, in R with write.table(x, file, sep = "\\t", quote = FALSE, col.names = NA)',
    );
  }
}

/** The header, the rows below it, and the last line before the table's rows. */
type Found = { readonly header: Start; readonly below: readonly Start[]; readonly top: number };

function skipHash(rows: readonly Start[]): Found {
  const at = Math.max(
    0,
    rows.findIndex(({ cells }) => !isComment(cells)),
  );
  return { header: rows[at], below: rows.slice(at + 1), top: rows[at].line };
}

/** Treats leading `#` lines as comments unless they are as wide as the row below and that row is not a header. */
function findBelowHash(file: string, rows: readonly Start[], notes: string[]): Found {
  const leading = rows.findIndex(({ cells }) => !isComment(cells));
  if (leading === 0) return { header: rows[0], below: rows.slice(1), top: rows[0].line };
  const hash = leading < 0 ? rows : rows.slice(0, leading);
  const below = leading < 0 ? [] : rows.slice(leading);
  const width = (below[0] ?? hash[0]).cells.length;
  const wide = hash.filter(({ cells }) => cells.length === width && cells[0].startsWith("#"));
  const headed = below.length > 0 && (wide.length === 0 || namesIds(below[0].cells[0]));
  const header = headed ? below[0] : (wide[0] ?? hash[0]);
  const skipped = hash.filter((row) => row !== header);
  if (skipped.length > 0) {
    const beside = headed ? [] : wide.slice(1).map(({ cells }) => quote(cells[0]));
    const named = beside.length > 0 ? `, ${beside.join(", ")} below the header among them` : "";
    notes.push(
      `${file}: ${countOf(skipped.length, `leading ${skipped[0].cells[0][0]} line`)} skipped${named}`,
    );
  }
  return {
    header,
    below: headed ? below.slice(1) : below,
    top: headed ? header.line : hash[hash.length - 1].line,
  };
}

/** @throws RangeError if lines of one cell precede the header. */
function refuseTitle(file: string, header: Start, below: readonly Start[]): void {
  const filled = ({ cells }: Start) => cells.filter((cell) => cell !== "").length;
  const width = usualWidth(below.map(({ cells }) => cells.length));
  const real = below.find((row) => filled(row) > 1);
  if (!real || filled(header) !== 1 || header.cells[0] === "") return;
  const other = DELIMITERS.find((one) => header.cells[0].split(one).length === width);
  if (other && width > 1) {
    throw new RangeError(
      `${file}: expected one delimiter in the file, got ${NAMES[other]} in the header, line ${header.line}, and another ` +
        "in the rows; use the same one",
    );
  }
  if (width < 3 && !namesIds(real.cells[0])) return; // R's header of a single column
  const last = below[below.indexOf(real) - 1] ?? header;
  const lines = last === header ? `line ${header.line}` : `lines ${header.line} to ${last.line}`;
  throw new RangeError(
    `${file}: expected the header on line ${header.line}, got ${quote(header.cells[0])} alone, as in a title; ` +
      `remove ${lines}, or name the other columns there`,
  );
}

/** @throws RangeError if a line of fewer cells precedes the header. */
function refuseNarrow(file: string, header: Start, [next, ...below]: readonly Start[]): void {
  const width = usualWidth(below.map(({ cells }) => cells.length));
  const isHeader = next?.cells.length === width && namesIds(next.cells[0]) && next.cells[0] !== "";
  if (!isHeader || header.cells.length + 1 >= width || next.cells.slice(1).some(isPlainNumber))
    return;
  throw new RangeError(
    `${file}: expected the header on line ${header.line}, got ${header.cells.map(quote).join(", ")} above what looks ` +
      `like a header; remove line ${header.line}, or begin it with "#"`,
  );
}

/** Makes the header as wide as the rows. */
function completeNames(
  file: string,
  { cells, line }: Start,
  below: readonly Start[],
  ids: ReadonlySet<string> | undefined,
  notes: string[],
): readonly string[] {
  const width = usualWidth(below.map((row) => row.cells.length));
  if (width === 0 || width === cells.length) return cells;
  if (width < cells.length && cells.slice(width).every((name) => name === "")) {
    notes.push(`${file}: delimiters at the end of the header, line ${line}, ignored`);
    return cells.slice(0, width);
  }
  const filled = below.find((row) => row.cells.length === width && row.cells[width - 1] !== "");
  if (width !== cells.length + 1 || !filled || below.some((row) => row.cells.length !== width)) {
    return cells;
  }
  const others = cells.slice(1);
  const namesFirst =
    ids && others.some((name) => ids.has(name)) ? !ids.has(cells[0]) : namesIds(cells[0]);
  if (namesFirst) {
    throw new RangeError(
      `${file}: expected a name for each of the ${width} columns on line ${line}, got ${cells.length}; ` +
        `the last column, ${quote(filled.cells[width - 1])} on line ${filled.line}, has none: name it, or remove it; ` +
        "if R left out the name of the first column instead, write the file with col.names = NA",
    );
  }
  notes.push(
    `${file}: the header names one column less than the rows have; the first holds the ids`,
  );
  return ["", ...cells];
}

const ID_WORDS = new Set(
  (
    "id ids idx identifier identifiers index key ref name names accession barcode sample samples sampleid specimen " +
    "aliquot run gene genes geneid genename symbol symbols genesymbol hugo hgnc entrez ensembl ensg transcript " +
    "transcripts protein proteins uniprot peptide probe probes probeset feature features metabolite metabolites " +
    "compound compounds biochemical analyte analytes lipid lipids mirna locus otu rowname rownames"
  ).split(" "),
);

/** Whether the name of a column says that the column holds ids: blank, or a word such as "gene" or "Sample ID". */
export function namesIds(name: string): boolean {
  const words = wordsOf(name);
  return words.length === 0 || words.some((word) => ID_WORDS.has(word));
}

/** Splits the name of a column into lower-case words: `patientID` and `patient_id` into `patient` and `id`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/**
 * Recognizes GCT 1.2 and 1.3: a version, counts, a header of the row's name, its annotations and the samples; in 1.3,
 * rows that describe the samples follow.
 * Source: GenePattern file formats; clue.io, GCT v1.3.
 */
function findGct(
  file: string,
  rows: readonly Start[],
): Omit<Header, "dialect" | "notes"> | undefined {
  const first = rows[0].cells.join("");
  if (!/^#\d\.\d+$/.test(first)) return undefined;
  if (first !== "#1.2" && first !== "#1.3") {
    throw new RangeError(
      `${file}: expected GCT 1.2 or 1.3, got ${quote(first)} on line ${rows[0].line}; write it as one of these, or ` +
        "remove the line if the file is a plain table",
    );
  }
  const [, counts, header] = rows;
  const stated = (counts?.cells ?? []).filter((cell) => cell !== "");
  const most = first === "#1.2" ? 2 : 4;
  if (stated.length < 2 || stated.length > most || stated.some((count) => !/^\d+$/.test(count))) {
    throw new RangeError(
      `${file}: expected ${most} counts on line ${counts?.line ?? 2}, as in GCT ${first.slice(1)}, ` +
        `got ${quoteSome(stated, 5)}; download it again`,
    );
  }
  const [features, samples, described = 1, describing = 0] = stated.map(Number);
  const width = 1 + described + samples;
  if (header?.cells.length !== width) {
    throw new RangeError(
      `${file}: expected ${width} columns on line ${header?.line ?? 3}, as the counts on line ${counts.line} say, ` +
        `got ${header?.cells.length ?? "none"}; download it again`,
    );
  }
  return {
    names: header.cells,
    line: header.line,
    top: header.line + describing,
    gct: { rows: features, annotations: Array.from({ length: described }, (_, i) => i + 1) },
  };
}
