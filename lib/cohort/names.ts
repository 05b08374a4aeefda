// The names on a table's two sides: trimmed, none missing, none repeated; which of them become features.
import type { DelimitedFile } from "./delimited.js";
import { isExcelDate, stripEnsemblVersion } from "./identifiers.js";
import { type Problems, quote, quoteSome } from "./problems.js";

/** The names of one side, in the order of the file. */
export interface Names {
  readonly side: "row" | "column";
  readonly what: "sample" | "feature" | "column";
  readonly ids: readonly string[];
  /** Each name's line in the file or its column number, from 1. */
  readonly places: readonly number[];
}

/** Adds a problem for each name that is blank or repeated. */
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

/** Finds a column by its name; if it is missing, adds a problem and returns -1. */
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

/** Finds the column called "patient", in upper or lower case, among some columns; -1 if there is none. */
export function findPatientColumn(header: readonly string[], columns: readonly number[]): number {
  return columns.find((column) => header[column].trim().toLowerCase() === "patient") ?? -1;
}

/** Trims and copies names, since a slice of the file's text would keep all of it in memory. */
export function cleanNames(cells: readonly string[]): string[] {
  return cells.map((cell) => Buffer.from(cell.trim()).toString());
}

export interface FeatureOptions {
  /** What to do with features whose names Excel turned into dates; by default they are dropped and counted. */
  readonly excelDates?: "drop" | "refuse";
  /** Whether to strip versions from Ensembl ids, so that modalities share them; by default yes, and noted. */
  readonly ensemblVersions?: "strip" | "keep";
}

export interface ChosenFeatures {
  readonly ids: readonly string[];
  /** The index of each among the given names. */
  readonly kept: readonly number[];
  /** The names that are dates. */
  readonly lost: readonly string[];
  readonly notes: readonly string[];
}

/** Chooses the features among the names of a side; blank and repeated names become problems, and so may dates. */
export function chooseFeatures(
  names: Names,
  headerLine: number,
  problems: Problems,
  { excelDates = "drop", ensemblVersions = "strip" }: FeatureOptions = {},
): ChosenFeatures {
  const kept: number[] = [];
  const lost: string[] = [];
  names.ids.forEach((id, i) => {
    if (!isExcelDate(id)) kept.push(i);
    else {
      lost.push(id);
      if (excelDates === "drop") return;
      problems.add({
        kind: "date",
        line: names.side === "row" ? names.places[i] : headerLine,
        ...(names.side === "column" && { column: id }),
        text: `expected the name of a feature, got ${quote(id)}, a date by Excel; write the symbol again as text`,
      });
    }
  });
  const raw = kept.map((i) => names.ids[i]);
  const ids = ensemblVersions === "strip" ? raw.map(stripEnsemblVersion) : raw;
  checkNames({ ...names, ids, places: kept.map((i) => names.places[i]) }, headerLine, problems);
  if (ids.length === 0) {
    problems.add({
      kind: "empty",
      line: headerLine,
      text: `expected at least one feature, got none${lost.length > 0 ? " but dates by Excel" : ""}; write the file again`,
    });
  }
  const notes: string[] = [];
  if (lost.length > 0) {
    const some = quoteSome(lost);
    notes.push(`${lost.length} features left out whose names Excel turned into dates: ${some}`);
  }
  const versions = ids.filter((id, i) => id !== raw[i]).length;
  if (versions > 0) notes.push(`the versions of ${versions} Ensembl ids were taken off`);
  return { ids, kept, lost, notes };
}
