// Turns the rows of a sheet into features with shared identifiers, and counts everything left out.
import { type Drop, drop, type ModalityTable } from "./cohort.js";
import { isExcelDate } from "./identifiers.js";
import { emptyMatrix, selectRows, transposeMatrix } from "./matrix.js";
import type { SheetTable } from "./workbook.js";

/** The identifiers of a row of a sheet: one, several, or none with a reason. */
export type Naming =
  | { readonly ids: readonly string[] }
  | { readonly ids: readonly []; readonly reason: string };

/** A modality, with the drops and notes of its sheet. */
export interface NamedTable {
  readonly table: ModalityTable;
  readonly drops: readonly Drop[];
  readonly notes: readonly string[];
}

const DATE = { ids: [], reason: "a date by Excel, not a name" } as const;

export interface NameOptions {
  /** The name of the modality. */
  readonly modality: string;
  /** The name of its cohort, for the counts. */
  readonly cohort: string;
  /** The column of names that Excel may have turned into dates. */
  readonly column: string;
  readonly nameRow: (row: number) => Naming;
}

/**
 * Turns a sheet into a modality, `[samples, features]`. Leaves out rows whose name is an Excel date and rows without an
 * identifier. A row with several identifiers appears under each. Of several rows with the same feature, the first
 * counts.
 * Source: the authors' code, which drops duplicate columns after the first, and expands one-to-many conversions.
 */
export function nameFeatures(
  sheet: SheetTable,
  { modality, cohort, column, nameRow }: NameOptions,
): NamedTable {
  const from = `${cohort} ${modality}`;
  const lost = new Map<string, string[]>();
  const lose = (reason: string, name: string) => {
    const names = lost.get(reason);
    if (names) names.push(name);
    else lost.set(reason, [name]);
  };
  const features = new Map<string, number>(); // feature -> row
  let several = 0;
  for (const [row, name] of sheet.names[column].entries()) {
    const naming = isExcelDate(name) ? DATE : nameRow(row);
    if ("reason" in naming) lose(naming.reason, name);
    if (naming.ids.length > 1) several++;
    for (const id of naming.ids) {
      if (features.has(id)) lose("the same feature again; the first is kept", name);
      else features.set(id, row);
    }
  }
  const notes = [...sheet.notes];
  const dates = lost.get(DATE.reason);
  if (dates) notes.push(`${from}: names that Excel turned into dates: ${dates.join(", ")}`);
  if (several > 0) notes.push(`${from}: ${several} rows stand under several identifiers`);
  return {
    table: {
      name: modality,
      samples: sheet.columns,
      features: [...features.keys()],
      matrix: transposeMatrix(selectRows(sheet.matrix, [...features.values()])),
    },
    drops: [...lost].map(([reason, names]) => drop("features", from, names, reason)),
    notes,
  };
}

/**
 * Stacks the tables of one modality over cohorts: all samples, and every feature of any table, those of the first table
 * first. Features that a cohort did not measure are not observed in its samples.
 * Source: the authors' code, an outer join of columns.
 * @throws RangeError if two cohorts have a sample of the same name.
 */
export function stackTables(tables: readonly ModalityTable[]): ModalityTable {
  const features = [...new Set(tables.flatMap((table) => table.features))];
  const samples = tables.flatMap((table) => table.samples);
  if (new Set(samples).size < samples.length) {
    const twice = samples.find((id, i) => samples.indexOf(id) < i);
    throw new RangeError(`stackTables: expected each sample in one cohort, got "${twice}" again`);
  }
  const place = new Map(features.map((feature, j) => [feature, j]));
  const matrix = emptyMatrix(samples.length, features.length);
  let top = 0;
  for (const table of tables) {
    const to = table.features.map((feature) => place.get(feature)!);
    for (let i = 0; i < table.samples.length; i++) {
      for (let j = 0; j < to.length; j++) {
        const from = i * to.length + j;
        const at = (top + i) * features.length + to[j];
        matrix.values[at] = table.matrix.values[from];
        matrix.observed[at] = table.matrix.observed[from];
      }
    }
    top += table.samples.length;
  }
  return { name: tables[0].name, samples, features, matrix };
}
