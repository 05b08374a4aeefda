// Recognizes tables of an unexpected layout, so that one message can name it.
import type { CellTable } from "./cell-table.js";
import { explainCell } from "./cells.js";
import { nameDelimiter, namesIds } from "./header.js";
import { missingMarks } from "./missing.js";
import { isNameless } from "./names.js";
import { isPlainNumber } from "./numbers.js";
import { type Problems, quote, quoteSome } from "./problems.js";

/** Adds a problem if there are no rows, or no columns other than the ids. */
export function addEmpty(
  { lines, header, headerLine, delimiter }: CellTable,
  columns: readonly number[],
  problems: Problems,
): void {
  if (lines.length > 0 && columns.length > 0) return;
  const text =
    lines.length === 0
      ? "expected rows below the header, got none; write the file again"
      : `expected columns of numbers beside the ids, got ${quoteSome(header)} alone; ` +
        (delimiter
          ? `check that ${nameDelimiter(delimiter)} separate the cells`
          : "write the file again");
  problems.add({ kind: "empty", line: headerLine, text });
}

/**
 * Adds a problem if the header is probably a row of data: its first cell is not a word for ids and all others are
 * numbers.
 */
export function addHeaderless(
  corner: string,
  names: readonly string[],
  line: number,
  problems: Problems,
): void {
  const numbers = names.every((name) => isPlainNumber(name) || isNameless(name));
  if (numbers && !namesIds(corner)) addNoHeader(`${quote(corner)} beside numbers`, line, problems);
}

/** Adds the problem that the header is missing. */
export function addNoHeader(got: string, line: number, problems: Problems): void {
  const text =
    `expected a header, got ${got}; add a line with the names of the columns, ` +
    'or, if this is the header, call its first column "id"';
  problems.add({ kind: "header", line, text });
}

/**
 * Refuses a table with a row for each sample and feature: its ids repeat, but not together with another name.
 * @throws RangeError that says how to pivot it.
 */
export function refuseLong(table: CellTable, idColumn: number, columns: readonly number[]): void {
  const { file, header, headerLine } = table;
  if (columns.length > 7) return;
  const rows = table.readFirstRows(1000);
  const cells = (j: number) => rows.map((row) => row[j] ?? "");
  const distinct = (texts: readonly string[]) => new Set(texts).size;
  const isText = (j: number) => !cells(j).some(isPlainNumber);
  const isNumber = (j: number) => cells(j).every((cell) => isNameless(cell) || isPlainNumber(cell));
  const ids = cells(idColumn);
  const value = columns.findLast(isNumber);
  const other = columns.find((j) => {
    const pairs = cells(j).map((cell, i) => `${ids[i]}\0${cell}`);
    const isName = isText(j) || (isText(idColumn) && namesIds(header[j]));
    return j !== value && isName && distinct(cells(j)) > 1 && distinct(pairs) === rows.length;
  });
  if (distinct(ids) === rows.length || value === undefined || other === undefined) return;
  const [index, name, number] = [idColumn, other, value].map((j) => quote(header[j]));
  throw new RangeError(
    `${file}: expected a row a sample or a row a feature, got a long table${headerLine > 0 ? ` on line ${headerLine}` : ""}, with a row for each ` +
      `${index} and ${name}; pivot it first, in pandas with df.pivot(index=${index}, columns=${name}, values=${number}), ` +
      `in R with tidyr::pivot_wider(names_from = ${name}, values_from = ${number})`,
  );
}

/** Adds a problem if the lines below the header contain words, and lines further below contain numbers. */
export function addSecondHeader(
  table: CellTable,
  columns: readonly number[],
  missing: readonly string[] | undefined,
  problems: Problems,
): void {
  const marks = missingMarks({ stated: missing });
  const isWord = (cell: string) =>
    /^[^<>≤≥]*\p{L}/u.test(cell) && !marks.matches(cell) && explainCell(cell).kind === "text";
  const rows = table.readFirstRows(10).map((row) => columns.map((j) => row[j] ?? ""));
  const numbered = rows.findIndex((cells) => cells.some(isPlainNumber));
  const above = rows.slice(0, Math.max(0, numbered)).flat();
  const words = above.filter(isWord);
  const [word, another] = new Set(words);
  if (
    word === undefined ||
    (another === undefined && (above.length < 2 || words.length < above.length))
  )
    return;
  const [line, last] = [table.lines[0], table.lines[numbered - 1]];
  const remedy = line === last ? "remove this line" : `remove lines ${line} to ${last}`;
  const missed =
    another === undefined ? `, or pass missing: [${quote(word)}] if it means "not measured"` : "";
  problems.add({
    kind: "second header",
    line,
    text: `expected numbers, got ${quoteSome(words)}, as in a second header; ${remedy}${missed}`,
  });
}
