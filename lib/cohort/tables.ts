// Reads files of measurements (text, workbooks, Parquet, AnnData, MuData) and a sample sheet into a cohort.
import { checkOptions, type Kinds, required } from "../options.js";
import type { CellTable } from "./cell-table.js";
import { placesOf } from "./cells.js";
import {
  type Cohort,
  type Drop,
  drop,
  joinCohort,
  type ModalityTable,
  type Sample,
} from "./cohort.js";
import { checkFormat, FORMATS, type FormatOptions, openTable } from "./formats.js";
import { isExcelDate, stripEnsemblVersion, symbolOf } from "./identifiers.js";
import { explainAlmostEqual } from "./ids.js";
import { addEmpty, addHeaderless, addNoHeader, addSecondHeader, refuseLong } from "./layout.js";
import { addLabels, refuseCopies } from "./leaks.js";
import type { Matrix } from "./matrix.js";
import { type MissingMarks, missingMarks } from "./missing.js";
import {
  checkNames,
  chooseFeatures,
  findColumn,
  findIdColumn,
  findRepeats,
  isNameless,
  type Names,
  noteMarks,
} from "./names.js";
import { decideOrientation, type Orientation } from "./orientation.js";
import { checkPatients, choosePatients, namesPatients, notePatients } from "./patients.js";
import { collectProblems, type Problems, quote, quoteSome } from "./problems.js";
import {
  applyMap,
  DUPLICATES,
  type NameMap,
  type RenameOptions,
  readNameMap,
  renameFeatures,
} from "./rename.js";
import { readSampleSheet, type SampleSheet, type SampleSheetOptions } from "./samplesheet.js";
import { noteScale, noteSentinels, noteUnmeasured } from "./scale.js";
import { checkChosen } from "./totals.js";
import { TRANSFORMS, type TransformOptions, transformValues } from "./transform.js";

export interface TableOptions extends FormatOptions, TransformOptions, RenameOptions {
  /** The name of the modality; in a MuData file, the modality of this name is read, unless another is stated. */
  readonly name: string;
  /** In an AnnData or MuData file, the layer that is read instead of X. */
  readonly layer?: string;
  /** By default the side that has ids of `sampleIds` decides. */
  readonly orientation?: Orientation;
  /** The ids of the sample sheet. Other samples are left out unread, and counted. */
  readonly sampleIds?: readonly string[];
  /** Gives samples the names that the other files have, such as the sample sheet's; those missing from the map keep theirs. */
  readonly samples?: NameMap;
  /** The column that names the rows; by default the first. */
  readonly id?: string;
  /** Columns of annotations, neither samples nor features. */
  readonly ignore?: readonly string[];
  /** Words or numbers that mean "not measured" in this file, beside `missingWords`. */
  readonly missing?: readonly string[];
  /** The units of the values in the file, in your words, such as "FPKM"; model cards and reports repeat them. */
  readonly units?: string;
}

/** How a table was read, except for its location: enough to read another table of the same kind in the same way. */
export type Reading = Omit<
  TableOptions,
  "name" | "file" | "format" | "sheet" | "modality" | "layer" | "sampleIds" | "samples" | "genes"
>;

/** A modality, with the reader's drops and notes. */
export interface FileTable extends ModalityTable {
  /** How it was read, if by `readTable`. */
  readonly reading?: Reading;
  readonly drops: readonly Drop[];
  readonly notes: readonly string[];
  /** Sample id -> patient, if samples are rows and a column names their patients. */
  readonly patients?: ReadonlyMap<string, string>;
}

/** A cohort, with the notes of its readers. */
export interface FileCohort extends Cohort {
  readonly notes: readonly string[];
  /** How the table of each modality was read, where they are files of one's own. */
  readonly readings?: Readonly<Record<string, Reading>>;
}

const { sampleIds, ...LISTED_KINDS }: Kinds<TableOptions> = {
  file: required("string"),
  name: required("string"),
  format: FORMATS,
  sheet: "string",
  modality: "string",
  layer: "string",
  orientation: ["samples-in-rows", "features-in-rows"],
  sampleIds: "array",
  id: "string",
  ignore: "array",
  missing: "array",
  transform: TRANSFORMS,
  missingMeans: ["not measured", "zero"],
  samples: "object",
  map: "object",
  genes: "object",
  duplicates: DUPLICATES,
  units: "string",
};
const TABLE_KINDS: Kinds<TableOptions> = { ...LISTED_KINDS, sampleIds };

export interface TablesOptions {
  /** The name of the cohort. */
  readonly name: string;
  /** In column order, transcriptomics first. */
  readonly tables: readonly Omit<TableOptions, "sampleIds">[];
  /** Without it, the samples are those of the first table, which then needs an orientation. */
  readonly sampleSheet?: SampleSheetOptions;
  /** As in `joinCohort`: samples of every table, or all of the first that have another. */
  readonly keep?: "shared" | "first";
}

/** What is known of a table's kind, and may not hold for this file. */
export interface Precedent extends Pick<Reading, "id" | "ignore"> {
  /** Where no orientation is stated, the side with more of these names has the features; this one, if neither has. */
  readonly features: ReadonlySet<string>;
  readonly orientation: Orientation;
}

/**
 * Reads one file of measurements: names in the first column and in the header, numbers in between, `missingWords` for
 * values that were not measured. One error lists everything wrong in the file, with line, column and remedy.
 * @param precedent another table of this kind; of its id column and annotations, what this file lacks does not count.
 * @throws RangeError if ids are blank or repeated, rows are ragged, cells are not finite float32 numbers, or the
 * orientation is ambiguous, or the values or names do not allow what `transform`, `map`, `genes` or `duplicates` ask;
 * TypeError for options of a wrong kind; Error if the file cannot be read (see
 * `openTable`).
 */
export async function readTable(options: TableOptions, precedent?: Precedent): Promise<FileTable> {
  checkOptions("readTable", options, TABLE_KINDS);
  checkFormat("readTable", options);
  return await readModality(options, { where: "the sample sheet", precedent });
}

/** What previously read files and the format provide. */
interface Context {
  /** The source of `sampleIds`, for messages. */
  readonly where: string;
  /** By default those that `options` state. */
  readonly missing?: MissingMarks;
  /** The sample sheet; its header must not be a sample, nor its labels features. */
  readonly sheet?: SampleSheet & { readonly file: string };
  readonly precedent?: Precedent;
}

async function readModality(options: TableOptions, context: Context): Promise<FileTable> {
  const { name, sampleIds = [], samples } = options;
  if (name === "" || /[/\\]/.test(name)) {
    throw new RangeError(
      `readTable: expected a name for ${options.file} that can name a file, without "/" and "\\", got "${name}"`,
    );
  }
  const ids = new Set([...sampleIds, ...(samples ? readNameMap(samples).keys() : [])]);
  return readOpened(await openTable(options, ids), options, context);
}

/**
 * Reads the measurements of an opened table, with the checks of `readTable`.
 * @throws as `readTable`.
 */
export function readOpened(table: CellTable, options: TableOptions, context: Context): FileTable {
  const { where, sheet, missing = missingMarks({ stated: options.missing }) } = context;
  const { name, sampleIds } = options;
  const known = sampleIds && new Set(sampleIds);
  const { file } = table;
  const problems = collectProblems(`${file}: expected a table of numbers`, table.rowWord);
  const { headerLine, lines } = table;
  const sides = findSides(table, options, context, problems);
  const { upright, columns, corner, header } = sides;
  const names = columns.map((j) => header[j]);
  if (upright && known?.has(corner))
    addNoHeader(`the sample ${quote(corner)}`, headerLine, problems);
  if (sheet && (upright ? sides.rowIds : names).includes(sheet.idName)) {
    throw new RangeError(
      `${sheet.file}: expected a header in the first line, got the sample ${quote(sheet.idName)}; add one`,
    );
  }

  const patients = findPatients(table, upright ? columns : [], problems);
  const measured = columns.filter((j) => j !== patients.column);
  const rowNames = { side: "row", ids: sides.rowIds, places: lines } as const;
  const columnNames = {
    side: "column",
    ids: measured.map((j) => header[j]),
    places: measured.map((j) => j + 1),
  } as const;
  const [sampleSide, featureSide] = upright ? [rowNames, columnNames] : [columnNames, rowNames];
  const samples = chooseSamples({ ...sampleSide, what: "sample" }, known, headerLine, problems);
  const features = chooseFeatures(
    { ...featureSide, what: "feature" },
    headerLine,
    problems,
    options.duplicates,
  );
  if (upright && sheet) addLabels(features.ids, sheet.samples, headerLine, problems);
  if (!upright) addPatientRows(sides.rowIds, lines, problems);

  const [rows, places] = upright ? [samples.kept, features.kept] : [features.kept, samples.kept];
  const matrix = table.readNumbers({
    rows: placesOf(rows, lines.length),
    columns: placesOf(
      places.map((i) => measured[i]),
      header.length,
    ),
    transpose: !upright,
    missing,
    problems,
  });
  const chosen = [
    { what: "samples", ...sampleSide, ...samples },
    { what: "features", ...featureSide, ...features },
  ] as const;
  const odd = chosen.flatMap((side) => checkChosen(side, matrix, problems));
  const people = samples.kept.map((i) => patients.cells[i]);
  const place = { column: header[patients.column], lines: samples.kept.map((i) => lines[i]) };
  const alike =
    patients.column < 0 ? [] : checkPatients(people, samples.ids, place, missing, problems);
  problems.throwIfAny();

  const almost =
    samples.strangers.length > 0 && explainAlmostEqual(sampleSide.ids, sampleIds ?? [], where);
  const refined = refine(file, matrix, { samples: samples.ids, features: features.ids }, options);
  const notes = [
    ...patients.notes,
    ...alike,
    ...features.notes,
    ...samples.notes,
    ...odd,
    ...noteUnmeasured(features.ids, matrix),
    ...refined.notes,
    ...(almost ? [`samples left out that ${where} may have; ${almost}`] : []),
    ...noteScale(refined.matrix),
    ...noteSentinels(matrix, "measured"),
  ];
  return {
    name,
    samples: samples.ids,
    features: refined.features,
    matrix: refined.matrix,
    reading: readingOf(options, upright ? "samples-in-rows" : "features-in-rows"),
    ...(refined.genes && { genes: refined.genes }),
    drops: [
      drop("features", name, features.lost, "changed by Excel, not a name"),
      drop("samples", name, samples.strangers, `not in ${where}`),
    ].filter(({ count }) => count > 0),
    notes: [
      ...table.notes,
      ...missing.notes(file, "measured"),
      ...notes.map((note) => `${file}: ${note}`),
    ],
    ...(patients.column >= 0 && { patients: new Map(samples.ids.map((id, i) => [id, people[i]])) }),
  };
}

/** Transforms the values and renames the features, as the options ask; errors get the file's name. */
function refine(
  file: string,
  matrix: Matrix,
  names: { readonly samples: readonly string[]; readonly features: readonly string[] },
  options: TableOptions,
) {
  try {
    const changed = transformValues(matrix, names, options);
    const renamed = renameFeatures(names.features, changed.matrix, options);
    return { ...renamed, notes: [...changed.notes, ...renamed.notes] };
  } catch (cause) {
    if (!(cause instanceof RangeError) || cause.message.includes(file)) throw cause;
    throw new RangeError(`${file}: ${cause.message}`, { cause });
  }
}

function readingOf(options: TableOptions, orientation: Orientation): Reading {
  const { name, file, format, sheet, modality, layer, sampleIds, samples, genes, ...reading } =
    options;
  return { ...reading, orientation };
}

/** The ids of a table's rows, its other columns, and which of the two are samples. */
interface Sides {
  readonly upright: boolean;
  /** The name of the id column. */
  readonly corner: string;
  readonly rowIds: readonly string[];
  /** The name of each column of the file. */
  readonly header: readonly string[];
  readonly columns: readonly number[];
}

/** @throws RangeError if the table has another layout, or its orientation is not clear. */
function findSides(
  table: CellTable,
  { orientation, sampleIds, samples, id, ignore = [], missing }: TableOptions,
  { where, sheet, precedent }: Context,
  problems: Problems,
): Sides {
  const isThere = (column: string) => table.header.includes(column);
  const [likelyId] = precedent?.id === undefined ? [] : [precedent.id].filter(isThere);
  const { idColumn, counting } = findIdColumn(table, id ?? likelyId, problems);
  const ignored = new Set([...counting, ...(table.annotations ?? [])]);
  for (const column of [...ignore, ...(precedent?.ignore ?? []).filter(isThere)]) {
    ignored.add(findColumn(table, column, problems));
  }
  const columns = table.columns.filter((j) => j !== idColumn && !ignored.has(j));
  addEmpty(table, columns, problems);
  problems.throwIfAny();
  refuseLong(table, idColumn, columns);
  addSecondHeader(table, columns, missing, problems);
  const corner = table.header[idColumn];
  const { rowIds, header } = renameSamples(table, idColumn, columns, samples);
  const names = columns.map((j) => header[j]);
  const isSample = sampleIds?.includes(corner) ?? false;
  if (!isSample) addHeaderless(corner, names, table.headerLine, problems);
  problems.throwIfAny();
  const decided = decideOrientation(
    {
      stated: orientation ?? table.orientation ?? orientLike(precedent, rowIds, names),
      sampleIds,
      where,
    },
    rowIds,
    names,
  );
  if (typeof decided !== "string") {
    const elsewhere =
      findLabelWithIds(sheet, [...rowIds, ...names]) ??
      findIdsElsewhere(table, idColumn, sampleIds ?? []);
    problems.add({ kind: "orientation", text: `${decided.problem}${elsewhere ?? ""}` });
  }
  problems.throwIfAny();
  return { upright: decided === "samples-in-rows", corner, rowIds, header, columns };
}

/** The ids of the rows and the header, with other names for samples on the side that has more names of the map. */
function renameSamples(
  table: CellTable,
  idColumn: number,
  columns: readonly number[],
  map: NameMap | undefined,
): Pick<Sides, "rowIds" | "header"> {
  const { file, header, notes } = table;
  const [rowIds] = table.readColumns([idColumn]);
  if (map === undefined) return { rowIds, header };
  const known = readNameMap(map);
  const count = (ids: readonly string[]) => ids.filter((id) => known.has(id)).length;
  const names = columns.map((j) => header[j]);
  const inRows = count(rowIds) > count(names);
  const told: string[] = [];
  const each = { each: "sample", what: "name" } as const;
  const renamed = applyMap(inRows ? rowIds : names, map, each, told);
  notes.push(...told.map((note) => `${file}: ${note}`));
  if (inRows) return { rowIds: renamed, header };
  const changed = [...header];
  columns.forEach((column, i) => {
    changed[column] = renamed[i];
  });
  return { rowIds, header: changed };
}

function orientLike(
  precedent: Precedent | undefined,
  rowIds: readonly string[],
  columnIds: readonly string[],
): Orientation | undefined {
  if (precedent === undefined) return undefined;
  const count = (ids: readonly string[]) =>
    ids.filter((id) => precedent.features.has(symbolOf(stripEnsemblVersion(id)))).length;
  const [rows, columns] = [count(rowIds), count(columnIds)];
  if (rows === columns) return precedent.orientation;
  return rows > columns ? "features-in-rows" : "samples-in-rows";
}

/** Names the column that contains the sample ids, if it is not the id column. */
function findIdsElsewhere(
  table: CellTable,
  idColumn: number,
  sampleIds: readonly string[],
): string | undefined {
  const known = new Set(sampleIds);
  const first = table.readFirstRows(20);
  const column = table.columns.find((j) => {
    const found = new Set(first.map((row) => row[j] ?? "").filter((cell) => known.has(cell)));
    return j !== idColumn && found.size > 1 && found.size > first.length / 2;
  });
  if (column === undefined) return undefined;
  const name = table.header[column];
  return `; column ${column + 1} has such ids: pass id: ${quote(name)}`;
}

/** Names the column of the sample sheet that contains the table's names, if its ids do not. */
function findLabelWithIds(sheet: Context["sheet"], names: readonly string[]): string | undefined {
  const known = new Set(names);
  const labels = Object.keys(sheet?.samples[0]?.labels ?? {});
  const found = labels.find((label) =>
    sheet?.samples.some(({ labels }) => known.has(String(labels[label] ?? ""))),
  );
  return (
    found && `; the sample sheet's column ${quote(found)} has them: pass id: ${quote(found)} there`
  );
}

/**
 * Chooses the known samples among the names of a side; blank and repeated names become problems.
 * @returns the samples, the index of each among the names, and the unknown names.
 */
function chooseSamples(
  names: Names,
  known: ReadonlySet<string> | undefined,
  headerLine: number,
  problems: Problems,
) {
  const isStranger = (id: string) => known !== undefined && !known.has(id) && !isNameless(id);
  const kept = names.ids.flatMap((id, i) => (isStranger(id) ? [] : [i]));
  const ids = kept.map((i) => names.ids[i]);
  checkNames({ ...names, ids, places: kept.map((i) => names.places[i]) }, headerLine, problems);
  const strangers = names.ids.filter(isStranger);
  const odd = ids.filter(isExcelDate);
  const again = findRepeats(ids, [...ids, ...strangers]);
  const notes = [
    ...(odd.length > 0
      ? [`sample ids that may be dates by Excel (${odd.length}): ${quoteSome(odd)}`]
      : []),
    ...(again.length > 0
      ? [
          `samples that R or pandas may have renamed because the name repeats (${again.length}): ${quoteSome(again)}`,
        ]
      : []),
    ...noteMarks("sample", ids),
  ];
  return { ids, kept, strangers, notes };
}

/** Adds a problem for each row of a table of features that names the patients, whose numbers would be a feature's. */
function addPatientRows(
  ids: readonly string[],
  lines: readonly number[],
  problems: Problems,
): void {
  ids.forEach((id, row) => {
    if (!namesPatients(id)) return;
    problems.add({
      kind: "patient",
      line: lines[row],
      text: `expected a feature, got ${quote(id)}, which names the patients; move it to a column of the sample sheet`,
    });
  });
}

/** The column of patients among some columns, and its cells. */
function findPatients(table: CellTable, columns: readonly number[], problems: Problems) {
  const named = columns.filter((j) => namesPatients(table.header[j]));
  const cells = table.readColumns(named);
  const candidates = named.map((column, i) => ({
    column,
    name: table.header[column],
    cells: cells[i],
  }));
  const remedy = "name the others in ignore";
  const { column, notes } = choosePatients(candidates, table.headerLine, remedy, problems);
  return { column, notes, cells: cells[named.indexOf(column)] ?? [] };
}

/**
 * Reads a cohort from one file per modality and a sample sheet, and joins them on the samples that all of them have.
 * A sample's patient comes from the sheet, else from a table's own column of patients, else it is the sample itself,
 * which is noted.
 * @throws RangeError that names the file and what is wrong in it (see `readTable`, `readSampleSheet`, `joinCohort`);
 * TypeError for options of a wrong kind; Error if a file cannot be read.
 */
export async function readTables(options: TablesOptions): Promise<FileCohort> {
  const {
    name,
    tables,
    sampleSheet,
    keep = "shared",
  } = checkOptions("readTables", options, {
    keep: ["shared", "first"],
    name: required("string"),
    tables: required("array"),
    sampleSheet: "object",
  });
  if (tables.length === 0) {
    throw new RangeError(`readTables: expected at least one table of ${name}, got none`);
  }
  tables.forEach((table, i) => {
    checkOptions(`readTables: tables[${i}]`, table, LISTED_KINDS);
    checkFormat(`readTables: tables[${i}]`, table);
  });
  const sheet = sampleSheet && {
    ...(await readSampleSheet(sampleSheet)),
    file: sampleSheet.file,
  };
  let shared = sheet?.samples.map((sample) => sample.id);
  let before = sampleSheet?.file;
  const read: FileTable[] = [];
  for (const wanted of tables) {
    const where = sheet ? "the sample sheet" : "the tables before";
    const sampleIds = sheet?.samples.map(({ id }) => id) ?? shared;
    const table = await readModality({ ...wanted, sampleIds }, { where, sheet });
    const ids = new Set(table.samples);
    const left = shared?.filter((id) => ids.has(id)) ?? table.samples;
    if (left.length === 0) {
      throw new RangeError(
        `${wanted.file}: expected samples that are also in ${before} (${quoteSome(shared ?? [])}), ` +
          `got none of them in ${quoteSome(table.samples)}; ` +
          (explainAlmostEqual(table.samples, shared ?? [], before ?? "") ??
            "check that these files are of one cohort"),
      );
    }
    if (keep === "shared" || !shared) shared = [...left];
    before = before ? `${before}, ${wanted.file}` : wanted.file;
    read.push(table);
  }
  const copies = read.flatMap((table, i) =>
    sheet ? refuseCopies(tables[i].file, table, sheet.samples) : [],
  );
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
    keep,
  });
  const patientNotes = sheet?.patientNotes ?? [notePatients(tables[0].file)];
  return {
    ...cohort,
    readings: Object.fromEntries(
      read.flatMap(({ name, reading }) => (reading ? [[name, reading]] : [])),
    ),
    notes: [
      ...(sheet?.notes ?? []),
      ...(patientOf.size === 0 ? patientNotes : []),
      ...read.flatMap((table) => table.notes),
      ...(sheet?.hasPatients
        ? read.flatMap(({ patients }) => (patients ? noteApart(sheet, patients) : []))
        : []),
      ...copies,
    ],
  };
}

/** Notes samples of one patient by a table's own column that the sample sheet gives to several patients. */
function noteApart(
  { file, samples }: { readonly file: string; readonly samples: readonly Sample[] },
  patientOf: ReadonlyMap<string, string>,
): string[] {
  const first = new Map<string, Sample>();
  for (const sample of samples) {
    const own = patientOf.get(sample.id);
    if (own === undefined) continue;
    const before = first.get(own) ?? sample;
    first.set(own, before);
    if (before.patient === sample.patient) continue;
    return [
      `${file}: samples ${quote(before.id)} and ${quote(sample.id)} are of patients ${quote(before.patient)} and ` +
        `${quote(sample.patient)}, but a table says ${quote(own)} of both; if the table is right, correct the ` +
        "sample sheet, since a split may separate them",
    ];
  }
  return [];
}

/**
 * Joins the tables' own columns of patients, which must agree: otherwise a split could separate a patient's samples.
 */
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
