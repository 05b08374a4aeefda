// Checks the names of a table's rows and columns, finds the id column, and chooses the features.
import type { CellTable } from "./cell-table.js";
import { wordsOf } from "./header.js";
import { isExcelDate, isExcelNumber, stripEnsemblVersion } from "./identifiers.js";
import { isPlainNumber } from "./numbers.js";
import { countOf, type Problems, quote, quoteSome } from "./problems.js";
import type { RenameOptions } from "./rename.js";

/** The names of one side, in the order of the file. */
export interface Names {
  readonly side: "row" | "column";
  readonly what: "sample" | "feature" | "column";
  readonly ids: readonly string[];
  /** Each name's line or row in the file, or its column number, from 1. */
  readonly places: readonly number[];
}

/** Whether an id is blank, a word for a missing value, or a spreadsheet error. */
export function isNameless(id: string): boolean {
  return (
    (id.length <= 4 || /^[-#]/.test(id)) &&
    /^(?:|#?n\/?a|<na>|nan|null|none|-+|\.|\?+|#(?:ref|value|div\/0|null|num)!|#name\?)$/i.test(id)
  );
}

/** Adds a problem for each name that is blank or, unless they may be, repeated. */
export function checkNames(
  { side, what, ids, places }: Names,
  headerLine: number,
  problems: Problems,
  { repeated = false }: { readonly repeated?: boolean } = {},
): void {
  const firstPlace = new Map<string, number>();
  const where = (at: number) => `${side === "row" ? problems.rowWord : "column"} ${at}`;
  ids.forEach((id, i) => {
    const line = side === "row" ? places[i] : headerLine;
    const first = firstPlace.get(id);
    if (isNameless(id)) {
      const at = side === "row" ? "" : ` in ${where(places[i])}`;
      problems.add({
        kind: "blank",
        line,
        text: `expected the id of a ${what}${at}, got ${id === "" ? "none" : quote(id)}; name it, or remove the ${side}`,
      });
    } else if (what === "sample" && /[\t\r\n]/.test(id)) {
      const at = side === "row" ? "" : ` in ${where(places[i])}`;
      const text = `expected the id of a sample in one line${at}, got ${quote(id)}; write it in one`;
      problems.add({ kind: "lines", line, text });
    } else if (first === undefined) firstPlace.set(id, places[i]);
    else if (!repeated) {
      const both = side === "row" ? where(first) : `${where(first)} and ${where(places[i])}`;
      problems.add({
        kind: `duplicate ${what}`,
        line,
        text:
          `expected each ${what} once, got ${quote(id)} again, after ${both}; ` +
          "rename one, remove one, or average them",
      });
    }
  });
}

/** Finds a column by its name; if it is missing, adds a problem and returns -1. */
export function findColumn(
  { header, headerLine }: Pick<CellTable, "header" | "headerLine">,
  name: string,
  problems: Problems,
): number {
  const wanted = name.trim();
  const index = header.indexOf(wanted);
  if (index < 0) {
    const some = header.slice(0, 10).map(quote);
    const more = header.length > 10 ? ` and ${header.length - 10} more` : "";
    problems.add({
      kind: "no column",
      line: headerLine,
      text: `expected a column ${quote(wanted)}, got ${some.join(", ")}${more}; name one of them`,
    });
  }
  return index;
}

/**
 * Finds the column that names the rows: the requested one, or the first. A first column that only counts the rows, as
 * pandas and R write it, is a problem if another column could name them; if an id column was requested, the counting
 * column is left out, with a note.
 * @returns the column's index, -1 if it was not found, which is a problem; and the columns that count the rows.
 */
export function findIdColumn(
  table: CellTable,
  id: string | undefined,
  problems: Problems,
): { readonly idColumn: number; readonly counting: readonly number[] } {
  const [first = -1] = table.columns;
  const counting = findCounting(table);
  if (id !== undefined) {
    const idColumn = findColumn(table, id, problems);
    const others = counting.filter((j) => j !== idColumn);
    if (others.length > 0) {
      const names = quoteSome(others.map((j) => table.header[j]));
      table.notes.push(`${table.file}: ${names} counts the rows; left out`);
    }
    return { idColumn, counting: others };
  }
  const rivals = counting.includes(first) ? findDistinct(table, counting, first) : [];
  // A column of another name may count the samples, unless a column of features is beside it.
  const candidates = COUNTING.test(table.header[first] ?? "")
    ? rivals
    : rivals.filter((j) => wordsOf(table.header[j]).some((word) => FEATURE.test(word)));
  if (candidates.length === 0) return { idColumn: first, counting: [] };
  const [name] = candidates.map((j) => table.header[j]);
  problems.add({
    kind: "row index",
    line: table.headerLine,
    text:
      `expected ids in the first column, got ${quote(table.header[first])}, which counts the rows; ` +
      `name the id column, as in id: ${quote(name)}, or id: ${quote(table.header[first])} if those numbers are the ids`,
  });
  return { idColumn: -1, counting };
}

/** Words in the name of a column of features. */
const FEATURE = /^(?:genes?|symbols?|proteins?|metabolites?|features?|probes?)$/;

/** Usual names of a column that counts the rows. */
const COUNTING =
  /^(?:|index|unnamed: ?\d+(?:\.\d+)?|x|v1|rows?|row[._ ]?(?:names?|num|number|nr|no|index)|level_0|#|no\.?|nr\.?)$/i;

/** The columns that count the rows: those with a usual name, also with gaps, or the first, from 0 or 1. */
function findCounting(table: CellTable): number[] {
  const { header, lines } = table;
  const isNamed = (j: number) => COUNTING.test(header[j]);
  const likely = table.columns.filter((j, i) => i === 0 || (header[j] !== "" && isNamed(j)));
  if (lines.length < 2) return [];
  const cells = table.readColumns(likely);
  return likely.filter((j, i) => {
    const begins = (count: number) => count >= 0 && (isNamed(j) || count <= 1);
    const follows = (count: number, last: number) =>
      isNamed(j) ? count > last : count === last + 1;
    let before: number | undefined;
    return cells[i].every((cell) => {
      const count = /^\d{1,7}(?:\.0)?$/.test(cell) ? Number(cell) : Number.NaN;
      const isNext = before === undefined ? begins(count) : follows(count, before);
      before = count;
      return isNext;
    });
  });
}

/**
 * The columns that may name the rows instead of one that counts them: their first cells are all different, and none
 * looks measured. Counts with gaps may be ids themselves; then only a column of words qualifies.
 */
function findDistinct(table: CellTable, but: readonly number[], counting: number): number[] {
  const rows = table.readFirstRows(100);
  const counts = rows.map((row) => Number(row[counting]));
  const gapless = counts.every((count, row) => count === row + counts[0]) && counts[0] <= 1;
  return table.columns.filter((j) => {
    const cells = rows.map((row) => row[j] ?? "");
    const named = cells.every(
      (cell) => !isNameless(cell) && !/^[+-]?\d*\.\d|^[+-]?\d+e/i.test(cell),
    );
    const words = gapless || cells.every((cell) => !isPlainNumber(cell));
    return !but.includes(j) && named && words && new Set(cells).size === cells.length;
  });
}

/** Names that other programs give to rows that are not features. */
const NO_FEATURES: readonly (readonly [what: string, pattern: RegExp])[] = [
  [
    "counts of reads without a gene, as HTSeq and STAR write them",
    /^__\w|^N_(?:unmapped|multimapping|noFeature|ambiguous)$/,
  ],
  ["MaxQuant's contaminants", /^CON__/],
  ["FragPipe's contaminants", /^cont(?:am)?_/i],
  ["MaxQuant's reversed sequences", /^REV__/],
  ["decoy sequences", /^(?:decoy_|rev_(?!_)|##)/i],
  ["spiked-in ERCC controls", /^ERCC-\d{5}$/],
];

/** Usual names of labels, which are no names of genes or metabolites. */
const LABEL =
  /^(?:batch|plate|cohort|age|sex|gender|race|bmi|group|class|label|cluster|status|stage|grade|diagnosis|condition|treatment|response|survival)(?:[._ -]?(?:id|no|nr|num|number|code|days|months|years))?$/i;

/**
 * Chooses the features among the names of a side, Ensembl ids without their versions; blank and, unless they are to be
 * merged, repeated names become problems.
 * @returns the features, the index of each among the names, and the names that Excel changed.
 */
export function chooseFeatures(
  names: Names,
  headerLine: number,
  problems: Problems,
  duplicates: RenameOptions["duplicates"] = "refuse",
) {
  const isLost = names.ids.map((id) => isExcelDate(id) || isExcelNumber(id));
  const kept = [...names.ids.keys()].filter((i) => !isLost[i]);
  const lost = names.ids.filter((_, i) => isLost[i]);
  const oneLine = (id: string) => (/[\t\r\n]/.test(id) ? id.replace(/\s*[\t\r\n]\s*/g, " ") : id);
  const raw = kept.map((i) => oneLine(names.ids[i]));
  const ids = raw.map(stripEnsemblVersion);
  const checked = { ...names, ids, places: kept.map((i) => names.places[i]) };
  checkNames(checked, headerLine, problems, { repeated: duplicates !== "refuse" });
  if (ids.length === 0) {
    problems.add({
      kind: "empty",
      line: headerLine,
      text: `expected at least one feature, got none${lost.length > 0 ? " but dates by Excel" : ""}; write the file again`,
    });
  }
  return { ids, kept, lost, notes: noteFeatures(raw, ids, lost) };
}

/** Notes ids with a quote, or another mark by which spreadsheets keep a cell as text. */
export function noteMarks(what: "sample" | "feature", ids: readonly string[]): string[] {
  const marked = ids.filter((id) => /^(?:'|=?")/.test(id));
  if (marked.length === 0) return [];
  return [
    `${countOf(marked.length, what)} whose names begin with a quote or a spreadsheet's text mark, ' or =": ${quoteSome(marked)}; ` +
      "remove it if other files write the names without it",
  ];
}

/** Finds names that pandas or R made unique, such as `S1.1` beside `S1`; by default among the names themselves. */
export function findRepeats(ids: readonly string[], among = ids): string[] {
  const numbered = among.filter((id) => /.\.\d$/.test(id));
  const known = new Set(numbered.length > 0 ? ids : []);
  return numbered.filter((id) => known.has(id.slice(0, -2)));
}

function noteFeatures(
  raw: readonly string[],
  ids: readonly string[],
  lost: readonly string[],
): string[] {
  const notes: string[] = [];
  if (lost.length > 0) {
    notes.push(
      `${countOf(lost.length, "feature")} left out whose names Excel turned into dates or rounded: ${quoteSome(lost)}`,
    );
  }
  const versions = ids.filter((id, i) => id !== raw[i]).length;
  if (versions > 0) notes.push(`the versions of ${countOf(versions, "Ensembl id")} were taken off`);
  const others = ids.filter((id) => /^(?:__|N_|CON__|cont(?:am)?_|REV_|ERCC-|decoy_|##)/i.test(id));
  for (const [what, pattern] of others.length > 0 ? NO_FEATURES : []) {
    const found = others.filter((id) => pattern.test(id));
    if (found.length > 0) {
      notes.push(`the features include ${what} (${found.length}): ${quoteSome(found)}`);
    }
  }
  const labels = ids.filter((id) => LABEL.test(id));
  if (labels.length > 0) {
    notes.push(
      `the features include what may be labels of the samples (${labels.length}): ${quoteSome(labels)}; ` +
        "if they are, move them to the sample sheet",
    );
  }
  notes.push(...noteMarks("feature", ids));
  const repeats = findRepeats(ids);
  if (repeats.length > 0) {
    notes.push(
      `the features include what R or pandas may have renamed because the name repeats (${repeats.length}): ` +
        quoteSome(repeats),
    );
  }
  const serial = ids.filter((id) => /^(?:3[6-9]|4\d|5[0-4])\d{3}$/.test(id));
  if (serial.length > 0 && ids.filter((id) => /^\d+$/.test(id)).length === serial.length) {
    notes.push(
      `the features include what may be dates that Excel saved as day numbers: ${quoteSome(serial)}`,
    );
  }
  return notes;
}
