// The sheets of the paper's workbooks: read once and kept, their rows named as features, and stacked over cohorts.
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { deserialize, serialize } from "node:v8";
import { placesOf, readNumbers } from "./cells.js";
import { type Drop, drop, type ModalityTable } from "./cohort.js";
import { openDelimited, readColumns } from "./delimited.js";
import { replaceFile } from "./durable-file.js";
import { groupBy } from "./group.js";
import { isExcelDate } from "./identifiers.js";
import { emptyMatrix, type Matrix, selectColumns } from "./matrix.js";
import { missingMarks } from "./missing.js";
import { collectProblems, quoteSome } from "./problems.js";
import { projectRoot } from "./root.js";
import { openSheet } from "./workbook.js";

export interface SheetRequest {
  /** Path of an .xlsx file. */
  readonly file: string;
  readonly sheet: string;
  /** Required columns of text; the first names the rows. */
  readonly names: readonly string[];
  /** Matches the headers of samples. */
  readonly samples: RegExp;
}

/** A sheet whose rows are features. */
export interface SheetTable {
  /** Each column that is no sample, as text; `[features]`. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly samples: readonly string[];
  /** `[samples, features]`. */
  readonly matrix: Matrix;
  readonly notes: readonly string[];
}

/** Change it whenever sheets are read or kept differently. */
const VERSION = "aro sheet 3";

export interface CacheOptions {
  /** The folder of kept sheets; by default data/cache/sheets of the repository. */
  readonly folder?: string;
}

/**
 * Reads a sheet, or returns what was kept of it if the workbook still has the same size and modification time. Rows
 * without a name are left out, with a note.
 * @throws as `openSheet`; RangeError that lists the samples' cells that are neither numbers nor missing; Error if the folder
 * cannot be written to.
 */
export async function readCachedSheet(
  request: SheetRequest,
  { folder = join(projectRoot(), "data", "cache", "sheets") }: CacheOptions = {},
): Promise<SheetTable> {
  const { file, sheet, names, samples } = request;
  const found = await stat(file).catch(() => undefined); // reading says what is wrong
  const key = [VERSION, found?.size, found?.mtimeMs, names, String(samples)];
  const kept = join(folder, `${basename(file)}-${sheet}.sheet`.replace(/[^\w.-]/g, "_"));
  try {
    const [before, table] = deserialize(await readFile(kept)) as [unknown, SheetTable];
    if (isDeepStrictEqual(before, key)) return table;
  } catch {
    // none kept, or not whole
  }
  const table = await readSheet(request);
  await mkdir(folder, { recursive: true });
  await replaceFile(kept, (handle) => handle.writeFile(serialize([key, table])));
  return table;
}

async function readSheet({ file, sheet, names, samples }: SheetRequest): Promise<SheetTable> {
  const table = openDelimited(await openSheet(file, sheet, names), { delimiter: "\t" });
  const { header, lines } = table;
  const columns = table.columns.filter((j) => samples.test(header[j]));
  const others = table.columns.filter((j) => header[j] !== "" && !samples.test(header[j]));
  const texts = readColumns(table, others);
  const ids = texts[others.indexOf(header.indexOf(names[0]))];
  const rows = [...lines.keys()].filter((row) => ids[row] !== "");
  const unnamed = lines.filter((_, row) => ids[row] === "");
  if (rows.length === 0) {
    throw new RangeError(`${table.file}: expected rows below the header, got none`);
  }
  const problems = collectProblems(`${table.file}: expected numbers or empty cells`);
  const matrix = readNumbers(table, {
    rows: placesOf(rows, lines.length),
    columns: placesOf(columns, header.length),
    transpose: true,
    missing: missingMarks(),
    problems,
  });
  problems.throwIfAny();
  const unused = others.map((j) => header[j]).filter((name) => !names.includes(name));
  return {
    names: Object.fromEntries(others.map((j, k) => [header[j], rows.map((row) => texts[k][row])])),
    samples: columns.map((j) => header[j]),
    matrix,
    notes: [
      ...(unused.length > 0
        ? [`sheet "${sheet}": columns that are no samples: ${quoteSome(unused)}`]
        : []),
      ...(unnamed.length > 0
        ? [
            `sheet "${sheet}": rows without a name left out: ${unnamed.length}, from row ${unnamed[0]}`,
          ]
        : []),
    ],
  };
}

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

/**
 * Turns a sheet into a modality, `[samples, features]`. Leaves out rows whose name is an Excel date and rows without an
 * identifier. A row with several identifiers appears under each. Of several rows with the same feature, the first
 * counts.
 * @param column the names that Excel may have turned into dates.
 * Source: the authors' code, which drops duplicate columns after the first, and expands one-to-many conversions.
 */
export function nameFeatures(
  sheet: SheetTable,
  { modality, cohort, column }: Readonly<Record<"modality" | "cohort" | "column", string>>,
  nameRow: (name: string, row: number) => Naming,
): NamedTable {
  const from = `${cohort} ${modality}`;
  const lost: { readonly reason: string; readonly name: string }[] = [];
  const features = new Map<string, number>(); // feature -> row
  let several = 0;
  for (const [row, name] of sheet.names[column].entries()) {
    const naming = isExcelDate(name) ? DATE : nameRow(name, row);
    if ("reason" in naming) lost.push({ reason: naming.reason, name });
    if (naming.ids.length > 1) several++;
    for (const id of naming.ids) {
      if (features.has(id))
        lost.push({ reason: "the same feature again; the first is kept", name });
      else features.set(id, row);
    }
  }
  const notes = [...sheet.notes];
  const byReason = groupBy(lost, ({ reason }) => reason);
  const namesFor = (reason: string) => byReason.get(reason)?.map(({ name }) => name) ?? [];
  const dates = namesFor(DATE.reason);
  if (dates.length > 0)
    notes.push(`${from}: names that Excel turned into dates: ${dates.join(", ")}`);
  if (several > 0) notes.push(`${from}: ${several} rows stand under several identifiers`);
  return {
    table: {
      name: modality,
      samples: sheet.samples,
      features: [...features.keys()],
      matrix: selectColumns(sheet.matrix, [...features.values()]),
    },
    drops: [...byReason.keys()].map((reason) => drop("features", from, namesFor(reason), reason)),
    notes,
  };
}

/**
 * Stacks the tables of one modality over cohorts: all samples, and every feature of any table, those of the first table
 * first. Features that a cohort did not measure are not observed in its samples.
 * Source: the authors' code, an outer join of columns.
 */
export function stackTables(tables: readonly ModalityTable[]): ModalityTable {
  const features = [...new Set(tables.flatMap((table) => table.features))];
  const samples = tables.flatMap((table) => table.samples);
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
