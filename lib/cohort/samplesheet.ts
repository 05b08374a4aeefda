// The sample sheet: one row per sample, with its patient and labels.
import { checkOptions, type Kinds, required } from "../options.js";
import { openObs } from "./anndata.js";
import type { CellTable } from "./cell-table.js";
import { cellsOfText, mayPartThousands, type Points, seePoints } from "./cells.js";
import type { Label, Sample } from "./cohort.js";
import { readDelimited } from "./delimited.js";
import { checkFormat, FORMATS, type FormatOptions, formatOf, openAsText } from "./formats.js";
import type { HeaderOptions } from "./header.js";
import { explainAlike } from "./ids.js";
import { matrixFrom } from "./matrix.js";
import { type MissingMarks, missingMarks } from "./missing.js";
import { checkNames, findColumn, findIdColumn } from "./names.js";
import { parseNumber } from "./numbers.js";
import { openParquet } from "./parquet.js";
import {
  checkPatients,
  choosePatients,
  mayNamePatients,
  namesPatients,
  notePatients,
} from "./patients.js";
import { collectProblems, type Problems, quote, quoteSome } from "./problems.js";
import type { Delimiter } from "./rows.js";
import { noteSentinels } from "./scale.js";
import type { TextFile } from "./textfile.js";

export interface SampleSheetOptions extends FormatOptions {
  /** The column of the sample ids; by default the first. */
  readonly id?: string;
  /**
   * The column of the patients; by default one with a usual name, such as "patient", "SubjectID" or
   * "case_submitter_id", else each sample is its own patient.
   */
  readonly patient?: string;
  /** Words or numbers that mean "not recorded" in this file, beside `missingWords`. */
  readonly missing?: readonly string[];
}

/** What a format declares about its sample sheets. */
export interface SheetFormat extends HeaderOptions {
  /** Columns whose kind is declared; that of the others is inferred from their cells. */
  readonly kinds?: ReadonlyMap<string, "number" | "text">;
  /** Words that mean "not recorded" in this format. */
  readonly missing?: readonly string[];
}

/** The kinds of `SampleSheetOptions`. */
const SHEET_KINDS: Kinds<SampleSheetOptions> = {
  file: required("string"),
  id: "string",
  patient: "string",
  missing: "array",
  format: FORMATS,
  sheet: "string",
  modality: "string",
};

export interface SampleSheet {
  readonly samples: readonly Sample[];
  /** The header of the id column. */
  readonly idName: string;
  /** Whether a column names the patients. */
  readonly hasPatients: boolean;
  /** Says that nothing names the patients, where that is so. */
  readonly patientNotes: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Reads a sample sheet: a table in text, a workbook or Parquet, or the obs of an AnnData or MuData file. Every other
 * column becomes a label, null where missing: numbers if all its filled cells are plain numbers that no other text
 * could mean, else text.
 * @throws RangeError that lists everything wrong in the file: blank or repeated ids, ragged rows, columns without a
 * name or with the same name, a requested column that is missing, a sample without a patient; TypeError for options of
 * a wrong kind; Error if the file cannot be read (see `readDelimited`).
 */
export async function readSampleSheet(options: SampleSheetOptions): Promise<SampleSheet> {
  checkOptions("readSampleSheet", options, SHEET_KINDS);
  checkFormat("readSampleSheet", options);
  const { file } = options;
  const format = formatOf(options);
  if (format === "parquet") return readTyped(await openParquet(file), options);
  if (format === "h5ad" || format === "h5mu") {
    return readTyped(await openObs(file, options.modality), options);
  }
  const { text, known } = await openAsText(options);
  return readSheet(text, options, known);
}

type ColumnOptions = Pick<SampleSheetOptions, "id" | "patient" | "missing">;

/** Reads a sheet of text in a format that may declare its columns. */
export function readSheet(
  source: string | TextFile,
  options: ColumnOptions,
  { kinds, missing, ...header }: SheetFormat = {},
): SampleSheet {
  const file = typeof source === "string" ? source : source.file;
  const problems = collectProblems(`${file}: expected a sample sheet`);
  const table = cellsOfText(readDelimited(source, { problems, ...header }));
  return sheetOf(table, problems, options, { kinds, missing, ...header });
}

/** Reads a sheet whose columns have types. */
function readTyped(table: CellTable, options: ColumnOptions): SampleSheet {
  const kinds = table.header.map(
    (name, j) => [name, table.isText?.(j) ? "text" : "number"] as const,
  );
  const problems = collectProblems(`${table.file}: expected a sample sheet`, table.rowWord);
  return sheetOf(table, problems, options, { kinds: new Map(kinds) });
}

function sheetOf(
  table: CellTable,
  problems: Problems,
  { id, patient, missing: stated }: ColumnOptions,
  { kinds, missing: format, ...header }: SheetFormat,
): SampleSheet {
  const { file, lines, headerLine } = table;
  const missing = missingMarks({ stated, format, noteAll: format === undefined });
  if (lines.length === 0) {
    const text = "expected a row a sample below the header, got none; add them";
    problems.add({ kind: "empty", line: headerLine, text });
  }
  const { idColumn, counting } = findIdColumn(table, id, problems);
  if (lines.length === 0 || idColumn < 0) problems.throwIfAny();
  const all = table.readColumns(table.header.map((_, j) => j));
  if (id === undefined) addPatientsFirst(table, all, idColumn, problems);

  const others = table.columns.filter((j) => j !== idColumn && !counting.includes(j));
  const cells = (column: number) => all[column].map((cell) => (DASHES.includes(cell) ? "-" : cell));
  const candidates = others
    .filter((j) => header.format === undefined && namesPatients(table.header[j]))
    .map((j) => ({ column: j, name: table.header[j], cells: cells(j) }));
  const found =
    patient === undefined
      ? choosePatients(candidates, headerLine, 'choose: patient: "..."', problems)
      : { column: findColumn(table, patient, problems), notes: [] };
  const ids = cells(idColumn);
  const columns = others.filter((j) => j !== found.column);
  const names = columns.map((j) => table.header[j]);
  checkNames({ side: "row", what: "sample", ids, places: lines }, headerLine, problems);
  const places = columns.map((j) => j + 1);
  checkNames({ side: "column", what: "column", ids: names, places }, headerLine, problems);
  const patients = found.column < 0 ? ids : cells(found.column);
  const place = { column: table.header[found.column], lines };
  const alike = found.column < 0 ? [] : checkPatients(patients, ids, place, missing, problems);
  problems.throwIfAny();

  const notes: string[] = [...found.notes, ...alike].map((note) => `${file}: ${note}`);
  const minus = stated?.some((word) => word.trim() === "-") ?? false;
  const labels = columns.map((column, j) => {
    const own = { name: names[j], cells: cells(column), kind: kinds?.get(names[j]) };
    return readLabels(table, own, (cell) => missing.matches(cell), minus, notes);
  });
  const idName = table.header[idColumn];
  const isNamed = found.column >= 0 || namesPatients(idName);
  const maybe = () => names.find((name, j) => mayNamePatients(name, cells(columns[j])));
  return {
    samples: ids.map((sampleId, i) => ({
      id: sampleId,
      patient: patients[i],
      labels: Object.fromEntries(names.map((name, j) => [name, labels[j][i]])),
    })),
    idName,
    hasPatients: found.column >= 0,
    patientNotes: isNamed ? [] : [notePatients(file, maybe())],
    notes: [...table.notes, ...notes, ...missing.notes(file, "recorded")],
  };
}

/** Adds a problem if the first column names patients and another column names samples. */
function addPatientsFirst(
  { header, columns, headerLine }: CellTable,
  cells: readonly (readonly string[])[],
  idColumn: number,
  problems: Problems,
): void {
  if (!namesPatients(header[idColumn])) return;
  const { length } = cells[idColumn];
  const samples = columns.find(
    (j) => /sample|specimen|aliquot/i.test(header[j]) && new Set(cells[j]).size === length,
  );
  if (samples === undefined || length < 2) return;
  problems.add({
    kind: "id",
    line: headerLine,
    text:
      `expected sample ids in the first column, got ${quote(header[idColumn])} there and ` +
      `${quote(header[samples])} in column ${samples + 1}; name the column of sample ids, as in ` +
      `id: ${quote(header[samples])}`,
  });
  problems.throwIfAny();
}

/** A dash alone in its cell, however it is typed. */
const DASHES = [..."\u2010\u2011\u2012\u2013\u2014\u2015\u2212"];

interface LabelColumn {
  readonly name: string;
  readonly cells: readonly string[];
  /** Declared, or to be found. */
  readonly kind?: "number" | "text";
}

/** Beside one of these, "-" is a label. */
const SIGNS = /^(?:\d?[+＋]+|\+\/-|pos(?:itive)?|neg(?:ative)?)$/i;

/** Reads a column of labels: numbers if it is declared so or all cells are, else text; notes what could be doubted. */
function readLabels(
  { file, lines, delimiter, rowWord }: CellTable,
  { name, cells, kind }: LabelColumn,
  matches: MissingMarks["matches"],
  minusIsMissing: boolean,
  notes: string[],
): Label[] {
  const isMinus = !minusIsMissing && cells.includes("-");
  const signs = isMinus && cells.some((cell) => SIGNS.test(cell));
  const missing = cells.map((cell) => !(signs && cell === "-") && matches(cell));
  const text = () => {
    const known = cells.map((cell, i) => (missing[i] ? null : cell));
    const classes = [...new Set(known.filter((cell) => cell !== null))];
    notes.push(...noteClasses(classes).map((note) => `${file}: column ${quote(name)} has ${note}`));
    return known;
  };
  if (kind === "text") return text();
  const filled = cells.flatMap((_, i) => (missing[i] ? [] : [i]));
  const words = filled.filter((i) => parseNumber(cells[i]) === undefined);
  const keep = (why: string) => notes.push(`${file}: column ${quote(name)} is kept as text ${why}`);
  if (words.length > 0) {
    const [first] = words;
    const numbers = filled.length - words.length;
    if (words.every((i) => /^[+-]?\d{1,3}(?:,\d{3})+$/.test(cells[i]))) {
      keep(
        `because its commas may be decimal or thousands separators, as in ${quote(cells[first])}; write decimal ` +
          "points, and no thousands separators",
      );
    } else if (words.every((i) => /^[+-]?\d+,\d+$/.test(cells[i]))) {
      keep(`because of its decimal commas, as in ${quote(cells[first])}; write decimal points`);
    } else if (words.every((i) => /^[+-]?\d+(?:\.\d+)? ?%$/.test(cells[i]))) {
      keep(`because of its percent signs, as in ${quote(cells[first])}; write numbers`);
    } else if (words.length < numbers || (kind === "number" && numbers > 0)) {
      keep(
        `because of ${quote(cells[first])} on ${rowWord} ${lines[first]}; ${numbers} of its cells are numbers`,
      );
    }
    return text();
  }
  const numbers = filled.map((i) => cells[i]);
  const doubt = kind === "number" ? undefined : findDoubt(numbers, delimiter);
  if (doubt === undefined) {
    const values = cells.map((cell, i) => (missing[i] ? null : Number(cell)));
    const known = values.filter((value) => value !== null);
    const remarks = noteSentinels(matrixFrom(known.length, 1, known), "recorded");
    notes.push(...remarks.map((remark) => `${file}: column ${quote(name)} has ${remark}`));
    return values;
  }
  keep(`because ${doubt}; if they are numbers, write them alike`);
  return text();
}

/** Words that often mean "not recorded", and may be a class. */
const UNRECORDED =
  /^(?:unknown|undetermined|missing|not (?:reported|available|applicable|recorded|known|evaluated|assessed)|\[.*\]|'?--+|\?+|n\.?d\.?)$/i;

/** Notes classes that may be none, or the same as another. */
function noteClasses(classes: readonly string[]): string[] {
  const unrecorded = classes.filter((name) => UNRECORDED.test(name));
  const alike = classes.length > MOST_CLASSES ? undefined : explainAlike(classes, true);
  return [
    ...(unrecorded.length > 0
      ? [
          `${quoteSome(unrecorded)} among its values; if that means "not recorded", leave the cells empty, or pass missing: ` +
            `[${unrecorded.map(quote).join(", ")}]`,
        ]
      : []),
    ...(alike ? [`values that may be the same: ${alike}; if they are, write them alike`] : []),
  ];
}

/** A column of more values has no classes. */
const MOST_CLASSES = 30;

/** Says why texts that look like numbers may be codes; undefined if they are numbers. */
function findDoubt(cells: readonly string[], delimiter: Delimiter | undefined): string | undefined {
  const odd = cells.find((cell) => /^[+-]?0\d|^[^.]*e|^[+-]?\d{16,}$/i.test(cell));
  if (odd !== undefined) return `${quote(odd)} may be a code`;
  const texts = new Map<number, string>();
  for (const cell of cells) {
    const other = texts.get(Number(cell)) ?? cell;
    if (other !== cell) return `${quote(other)} and ${quote(cell)} are one number`;
    texts.set(Number(cell), cell);
  }
  const points: Points = { decimal: delimiter === undefined, whole: false, grouped: 0 };
  for (const cell of cells) seePoints(points, cell);
  return mayPartThousands(points, delimiter)
    ? `the points may be thousands separators, as in ${quote(points.example ?? "")}`
    : undefined;
}
