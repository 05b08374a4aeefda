// The names on a table's two sides: trimmed, each there and each once, columns found by what they are called.
import type { DelimitedFile } from "./delimited.js";
import { type Problems, quote } from "./problems.js";

/** One side's names, in the order of the file. */
export interface Names {
  readonly side: "row" | "column";
  readonly what: "sample" | "feature" | "column";
  readonly ids: readonly string[];
  /** Each name's line in the file, or the number of its column, from 1. */
  readonly places: readonly number[];
}

/** Adds a problem for each name that is blank or stands there again. */
export function checkNames(
  { side, what, ids, places }: Names,
  headerLine: number,
  problems: Problems,
): void {
  const firstPlace = new Map<string, number>();
  ids.forEach((id, i) => {
    const line = side === "row" ? places[i] : headerLine;
    const where = (at: number) => `${side === "row" ? "line" : "column"} ${at}`;
    const first = firstPlace.get(id);
    if (id === "") {
      const at = side === "row" ? "" : ` in ${where(places[i])}`;
      problems.add({
        kind: "blank",
        line,
        text: `expected the id of a ${what}${at}, got none; name it, or remove the ${side}`,
      });
    } else if (first === undefined) firstPlace.set(id, places[i]);
    else {
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

/** Finds a column by its name; a missing one becomes a problem, and -1. */
export function findColumn(
  { header, headerLine }: DelimitedFile,
  name: string,
  problems: Problems,
): number {
  const wanted = name.trim();
  const index = header.findIndex((cell) => cell.trim() === wanted);
  if (index < 0) {
    const some = header.slice(0, 10).map((cell) => quote(cell.trim()));
    const more = header.length > 10 ? ` and ${header.length - 10} more` : "";
    problems.add({
      kind: "no column",
      line: headerLine,
      text: `expected a column ${quote(wanted)}, got ${some.join(", ")}${more}; name one of them`,
    });
  }
  return index;
}

/** Finds the column called "patient", in any case of letters, among some columns; -1 if there is none. */
export function findPatientColumn(header: readonly string[], columns: readonly number[]): number {
  return columns.find((column) => header[column].trim().toLowerCase() === "patient") ?? -1;
}

/** Trims names and copies them, because a slice of the file's text would keep all of it in memory. */
export function cleanNames(cells: readonly string[]): string[] {
  return cells.map((cell) => Buffer.from(cell.trim()).toString());
}
