// Any CSV, TSV or GCT files of measurements, with a sample sheet -> a cohort.
import { explainCell, readNumbers } from "./cells.js";
import {
  type Cohort,
  type Drop,
  drop,
  joinCohort,
  type ModalityTable,
  type Sample,
} from "./cohort.js";
import { type DelimitedFile, openDelimited, readColumns, readFirstRows } from "./delimited.js";
import { nameDelimiter, namesIds } from "./header.js";
import { isExcelDate } from "./identifiers.js";
import { explainAlmostEqual, undoR } from "./ids.js";
import { missingMarks } from "./missing.js";
import {
  checkNames,
  chooseFeatures,
  type FeatureOptions,
  findColumn,
  findIdColumn,
  isNameless,
  type Names,
} from "./names.js";
import { isPlainNumber, parseNumber } from "./numbers.js";
import { checkOptions, type OptionKind } from "./options.js";
import { decideOrientation, type Orientation } from "./orientation.js";
import { checkPatients, choosePatients, namesPatients, notePatients } from "./patients.js";
import { collectProblems, countOf, type Problems, quote, quoteSome } from "./problems.js";
import { readSampleSheet, type SampleSheet, type SampleSheetOptions } from "./samplesheet.js";
import { remarkOnScale } from "./scale.js";

export interface TableOptions extends FeatureOptions {
  /** Path of a CSV, TSV or GCT file, gzip or not. */
  readonly file: string;
  /** The name of the modality. */
  readonly name: string;
  /** By default the side that has ids of `sampleIds` decides. */
  readonly orientation?: Orientation;
  /** The ids of the sample sheet. Other samples are left out unread, and counted. */
  readonly sampleIds?: readonly string[];
  /** The column that names the rows; by default the first. */
  readonly id?: string;
  /** Columns of annotations, neither samples nor features. */
  readonly ignore?: readonly string[];
  /** Words or numbers that mean "not measured" in this file, beside `missingWords`. */
  readonly missing?: readonly string[];
}

/** A modality, with what its reader dropped and noticed. */
export interface FileTable extends ModalityTable {
  readonly drops: readonly Drop[];
  readonly notes: readonly string[];
  /** Sample id -> patient, if samples are rows and a column names their patients. */
  readonly patients?: ReadonlyMap<string, string>;
}

/** A cohort, with what the readers of its files noticed. */
export interface FileCohort extends Cohort {
  readonly notes: readonly string[];
}

export interface TablesOptions {
  /** The name of the cohort. */
  readonly name: string;
  /** In column order, transcriptomics first. */
  readonly tables: readonly Omit<TableOptions, "sampleIds">[];
  /** Without it, the samples are those of the first table, which then needs an orientation. */
  readonly sampleSheet?: SampleSheetOptions;
}

const TABLE_OPTIONS: Readonly<Record<string, OptionKind>> = {
  file: "string",
  name: "string",
  orientation: ["samples-in-rows", "features-in-rows"],
  id: "string?",
  ignore: "strings?",
  missing: "strings?",
  excelDates: ["drop", "refuse"],
  ensemblVersions: ["strip", "keep"],
};

/**
 * Reads one file of measurements: names in the first column and in the header, numbers in between, `missingWords` for
 * values that were not measured. One error lists everything wrong in the file, with line, column and remedy.
 * @throws RangeError if ids are blank or repeated, rows are ragged, cells are not finite float32 numbers, or the
 * orientation is ambiguous; TypeError for options of a wrong kind; Error if the file cannot be read (see
 * `openDelimited`).
 */
export function readTable(options: TableOptions): FileTable {
  checkOptions("readTable", options, { ...TABLE_OPTIONS, sampleIds: "strings?" });
  return readModality(options, { where: "the sample sheet" });
}

/** What is known from the files before. */
interface Context {
  /** What has the ids in `sampleIds`. */
  readonly where: string;
  /** The sheet, whose header is no sample, and whose labels are no features. */
  readonly sheet?: SampleSheet & { readonly file: string };
}

function readModality(options: TableOptions, { where, sheet }: Context): FileTable {
  const { file, name, ignore = [], sampleIds } = options;
  const problems = collectProblems(`${file}: expected a table of numbers`);
  const known = sampleIds && new Set(sampleIds);
  const table = openDelimited(file, { ids: known });
  const { header, headerLine, lines } = table;
  const { idColumn, counting } = findIdColumn(table, options.id, problems);
  const ignored = new Set([...counting, ...(table.gct?.annotations ?? [])]);
  for (const column of ignore) ignored.add(findColumn(table, column, problems));
  const columns = table.columns.filter((j) => j !== idColumn && !ignored.has(j));
  if (lines.length === 0 || columns.length === 0) addEmpty(table, problems);
  if (lines.length === 0 || columns.length === 0 || idColumn < 0) problems.throwIfAny();
  refuseLong(table, idColumn, columns);
  addSecondHeader(table, columns, options, problems);

  const [rowIds] = readColumns(table, [idColumn]);
  const columnIds = columns.map((j) => header[j]);
  const orientation = decideOrientation(
    { stated: options.orientation ?? (table.gct && "features-in-rows"), sampleIds, where },
    rowIds,
    columnIds,
  );
  if (typeof orientation !== "string") {
    problems.add({ kind: "orientation", text: orientation.problem });
    problems.throwIfAny();
  }
  const upright = orientation === "samples-in-rows";
  const corner = header[idColumn];
  if (upright && known?.has(corner))
    addHeaderless(headerLine, `the sample ${quote(corner)}`, problems);
  else if (looksMeasured(corner, columnIds)) {
    addHeaderless(headerLine, `${quote(corner)} beside numbers`, problems);
  }

  const patients = upright
    ? readPatients(table, columns, problems)
    : { column: -1, cells: [], notes: [] };
  const measured = columns.filter((j) => j !== patients.column);
  const rowNames: Names = {
    side: "row",
    what: upright ? "sample" : "feature",
    ids: rowIds,
    places: lines,
  };
  const columnNames: Names = {
    side: "column",
    what: upright ? "feature" : "sample",
    ids: measured.map((j) => header[j]),
    places: measured.map((j) => j + 1),
  };
  const [allSamples, allFeatures] = upright ? [rowNames, columnNames] : [columnNames, rowNames];
  if (sheet && allSamples.ids.includes(sheet.idName)) {
    throw new RangeError(
      `${sheet.file}: expected a header in the first line, got the sample ${quote(sheet.idName)}; add one`,
    );
  }
  const keptSamples = allSamples.ids.flatMap((id, i) =>
    !known || known.has(id) || isNameless(id) ? [i] : [],
  );
  const samples = keptSamples.map((i) => allSamples.ids[i]);
  const strangers = known ? allSamples.ids.filter((id) => !known.has(id) && !isNameless(id)) : [];
  checkNames(
    { ...allSamples, ids: samples, places: keptSamples.map((i) => allSamples.places[i]) },
    headerLine,
    problems,
  );
  const features = chooseFeatures(allFeatures, headerLine, problems, options);
  if (upright && sheet) addLabels(features.ids, sheet, headerLine, problems);
  const [keptRows, keptColumns] = upright
    ? [keptSamples, features.kept]
    : [features.kept, keptSamples];
  const missing = missingMarks({ stated: options.missing });
  const matrix = readNumbers(table, {
    rows: placesOf(keptRows, lines.length),
    columns: placesOf(
      keptColumns.map((i) => measured[i]),
      header.length,
    ),
    transpose: !upright,
    missing,
    problems,
  });
  const people = keptSamples.map((i) => patients.cells[i]);
  const place = { column: header[patients.column], lines: keptSamples.map((i) => lines[i]) };
  if (patients.column >= 0) checkPatients(people, samples, place, missing, problems);
  problems.throwIfAny();

  const odd = samples.filter(isExcelDate);
  const almost = strangers.length > 0 && explainAlmostEqual(allSamples.ids, sampleIds ?? [], where);
  const scale = remarkOnScale(matrix);
  return {
    name,
    samples,
    features: features.ids,
    matrix,
    drops: [
      drop("features", name, features.lost, "changed by Excel, not a name"),
      drop("samples", name, strangers, `not in ${where}`),
    ].filter(({ count }) => count > 0),
    notes: [
      ...table.notes,
      ...missing.notes(file, "measured"),
      ...[
        ...patients.notes,
        ...features.notes,
        ...(odd.length > 0
          ? [`${countOf(odd.length, "sample id")} may be dates by Excel: ${quoteSome(odd)}`]
          : []),
        ...(almost ? [`samples left out that ${where} may have; ${almost}`] : []),
        ...(scale ? [scale] : []),
      ].map((note) => `${file}: ${note}`),
    ],
    ...(patients.column >= 0 && { patients: new Map(samples.map((id, i) => [id, people[i]])) }),
  };
}

/** The place of each index among those kept; -1 for the others. */
function placesOf(kept: readonly number[], size: number): Int32Array {
  const places = new Int32Array(size).fill(-1);
  kept.forEach((index, place) => {
    places[index] = place;
  });
  return places;
}

function readPatients(table: DelimitedFile, columns: readonly number[], problems: Problems) {
  const named = columns.filter((j) => namesPatients(table.header[j]));
  const cells = readColumns(table, named);
  const candidates = named.map((column, i) => ({
    column,
    name: table.header[column],
    cells: cells[i],
  }));
  const remedy = 'name the others in ignore, as in ignore: ["..."]';
  const { column, notes } = choosePatients(candidates, table.headerLine, remedy, problems);
  return { column, notes, cells: cells[named.indexOf(column)] ?? [] };
}

/** A header of numbers below a name that is no word for ids is the first row of a table without a header. */
function looksMeasured(corner: string, names: readonly string[]): boolean {
  return !namesIds(corner) && names.every((name) => isPlainNumber(name) || isNameless(name));
}

function addHeaderless(line: number, got: string, problems: Problems): void {
  const text =
    `expected a header, got ${got}; add a line with the names of the columns, ` +
    'or, if this is the header, call its first column "id"';
  problems.add({ kind: "header", line, text });
}

function addEmpty(
  { lines, header, headerLine, delimiter }: DelimitedFile,
  problems: Problems,
): void {
  const text =
    lines.length === 0
      ? "expected rows below the header, got none; write the file again"
      : `expected columns of numbers beside the ids, got ${quoteSome(header)} alone; ` +
        `check that ${nameDelimiter(delimiter)} part the cells`;
  problems.add({ kind: "empty", line: headerLine, text });
}

/**
 * Recognizes a table with a row per sample and feature: few columns, two that repeat but not together, and a number.
 * @throws RangeError that says how to pivot it.
 */
function refuseLong(table: DelimitedFile, idColumn: number, columns: readonly number[]): void {
  const { file, header, headerLine } = table;
  if (columns.length > 7) return;
  const rows = readFirstRows(table, 1000);
  const cells = (j: number) => rows.map((row) => row[j] ?? "");
  const isText = (j: number) => !cells(j).some((cell) => parseNumber(cell) !== undefined);
  const value = columns.find((j) =>
    cells(j).every((cell) => isNameless(cell) || isPlainNumber(cell)),
  );
  const ids = new Set(cells(idColumn)).size;
  const other = columns.find((j) => {
    if (j === value || !(isText(j) || (isText(idColumn) && namesIds(header[j])))) return false;
    const pairs = new Set(rows.map((row) => `${row[idColumn]}\0${row[j]}`)).size;
    return pairs === rows.length && new Set(cells(j)).size > 1;
  });
  if (ids === rows.length || value === undefined || other === undefined) return;
  const [index, name, number] = [idColumn, other, value].map((j) => quote(header[j]));
  throw new RangeError(
    `${file}: expected a row a sample or a row a feature, got a long table on line ${headerLine}, with a row for each ` +
      `${index} and ${name}; pivot it first, in pandas with df.pivot(index=${index}, columns=${name}, values=${number}), ` +
      `in R with tidyr::pivot_wider(names_from = ${name}, values_from = ${number})`,
  );
}

/** Adds a problem if words instead of numbers stand on the lines below the header, and numbers further below. */
function addSecondHeader(
  table: DelimitedFile,
  columns: readonly number[],
  { missing: stated }: TableOptions,
  problems: Problems,
): void {
  const rows = readFirstRows(table, 10);
  const missing = missingMarks({ stated });
  const isWord = (cell: string) =>
    /\p{L}/u.test(cell) &&
    !missing.matches(cell) &&
    explainCell(cell).kind === "text" &&
    !/^[<>≤≥]/.test(cell);
  const first = rows.findIndex((row) => columns.some((j) => isPlainNumber(row[j] ?? "")));
  const words = rows
    .slice(0, Math.max(0, first))
    .map((row) => columns.map((j) => row[j] ?? "").filter(isWord));
  if (new Set(words.flat()).size < 2) return;
  const [line, last] = [table.lines[0], table.lines[first - 1]];
  const place = line === last ? "this line" : `lines ${line} to ${last}`;
  problems.add({
    kind: "second header",
    line,
    text: `expected numbers, got ${quoteSome(words.flat())}, a second header; remove ${place}`,
  });
  problems.throwIfAny();
}

/** Adds a problem if columns of the sample sheet are among the features. */
function addLabels(
  features: readonly string[],
  { samples }: SampleSheet,
  line: number,
  problems: Problems,
): void {
  const labels = new Set(Object.keys(samples[0]?.labels ?? {}).map(undoR));
  const both = features.filter((feature) => labels.has(undoR(feature)));
  if (both.length === 0) return;
  const list = both.map(quote).join(", ");
  problems.add({
    kind: "label",
    line,
    text:
      `expected features, got ${list}, which the sample sheet has too, so that labels would be among the inputs; ` +
      `pass ignore: [${list}], or rename what is another thing in the sample sheet`,
  });
}

/**
 * Reads a cohort from one file per modality and a sample sheet, and joins them on the samples that all of them have.
 * A sample's patient comes from the sheet, else from a table's own column of patients, else it is the sample itself,
 * which is noted.
 * @throws RangeError that names the file and what is wrong in it (see `readTable`, `readSampleSheet`, `joinCohort`);
 * TypeError for options of a wrong kind; Error if a file cannot be read.
 */
export function readTables(options: TablesOptions): FileCohort {
  checkOptions("readTables", options, {
    name: "string",
    tables: "objects",
    sampleSheet: "object?",
  });
  const { name, tables, sampleSheet } = options;
  if (tables.length === 0) {
    throw new TypeError(`readTables: expected at least one table of ${name}, got none`);
  }
  for (const table of tables) checkOptions("readTables", table, TABLE_OPTIONS);
  const sheet = sampleSheet && { ...readSampleSheet(sampleSheet), file: sampleSheet.file };
  let shared = sheet?.samples.map((sample) => sample.id);
  let before = sampleSheet?.file;
  const read = tables.map((options) => {
    const where = sheet ? "the sample sheet" : "the tables before";
    const sampleIds = sheet?.samples.map(({ id }) => id) ?? shared;
    const table = readModality({ ...options, sampleIds }, { where, sheet });
    const ids = new Set(table.samples);
    const left = shared?.filter((id) => ids.has(id)) ?? table.samples;
    if (left.length === 0) {
      throw new RangeError(
        `${options.file}: expected samples that are also in ${before} (${quoteSome(shared ?? [])}), ` +
          `got none of them in ${quoteSome(table.samples)}; check that these files are of one cohort`,
      );
    }
    shared = [...left];
    before = before ? `${before}, ${options.file}` : options.file;
    return table;
  });
  read.forEach((table, i) => {
    if (sheet) refuseCopies(tables[i].file, table, sheet.samples);
  });
  const patientOf = sheet?.hasPatients ? new Map<string, string>() : joinPatients(tables, read);
  const samples = sheet?.samples ?? read[0].samples.map((id) => ({ id, patient: id, labels: {} }));
  const cohort = joinCohort({
    name,
    tables: read,
    samples: samples.map((sample) => ({
      ...sample,
      patient: patientOf.get(sample.id) ?? sample.patient,
    })),
    drops: read.flatMap((table) => table.drops),
  });
  const unknown = notePatients(sampleSheet?.file ?? tables[0].file);
  const told = sheet?.notes ?? [unknown];
  return {
    ...cohort,
    notes: [
      ...told.filter((note) => note !== unknown || patientOf.size === 0),
      ...read.flatMap((table) => table.notes),
    ],
  };
}

/** @throws RangeError if a feature is called like a label, and has its numbers. */
function refuseCopies(
  file: string,
  { samples, features, matrix }: FileTable,
  sheet: readonly Sample[],
): void {
  const labelsOf = new Map(sheet.map(({ id, labels }) => [id, labels]));
  const names = new Map(Object.keys(sheet[0]?.labels ?? {}).map((label) => [undoR(label), label]));
  features.forEach((feature, j) => {
    const label = names.get(undoR(feature));
    if (label === undefined) return;
    const pairs = samples.map((id, i) => {
      const at = i * matrix.columns + j;
      const value = labelsOf.get(id)?.[label] ?? null;
      return [
        matrix.observed[at] ? matrix.values[at] : null,
        typeof value === "number" ? Math.fround(value) : value,
      ];
    });
    const measured = pairs.filter(([value]) => value !== null);
    if (measured.length === 0 || measured.some(([value, other]) => value !== other)) return;
    throw new RangeError(
      `${file}: expected features, got ${quote(feature)} with the values of the label ${quote(label)} in the sample ` +
        "sheet, so that a label would be among the inputs; remove it from the table",
    );
  });
}

/** Joins the patients of the tables' own columns, which must agree, or a split could separate a patient's samples. */
function joinPatients(
  tables: TablesOptions["tables"],
  read: readonly FileTable[],
): Map<string, string> {
  const out = new Map<string, string>();
  read.forEach(({ patients = [] }, i) => {
    for (const [id, patient] of patients) {
      const before = out.get(id) ?? patient;
      if (before !== patient) {
        throw new RangeError(
          `${tables[i].file}: expected the patient ${quote(before)} of sample ${quote(id)}, as in a table before, ` +
            `got ${quote(patient)}; correct one of them, or say the patients in the sample sheet`,
        );
      }
      out.set(id, patient);
    }
  });
  return out;
}
