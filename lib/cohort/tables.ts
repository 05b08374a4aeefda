// Anyone's tables: CSV or TSV files of measurements -> a cohort.
import { missingTest, parseCells } from "./cells.js";
import { type Cohort, type Drop, drop, joinCohort, type ModalityTable } from "./cohort.js";
import { type DelimitedFile, readDelimited } from "./delimited.js";
import { chooseFeatures, type FeatureOptions } from "./features.js";
import { isExcelDate } from "./identifiers.js";
import { transposeMatrix } from "./matrix.js";
import { checkNames, cleanNames, findColumn, findPatientColumn } from "./names.js";
import { decideOrientation, type Orientation } from "./orientation.js";
import { collectProblems, type Problems, quote, quoteSome } from "./problems.js";
import { readPatients, readSampleSheet, type SampleSheetOptions } from "./samplesheet.js";

export interface TableOptions extends FeatureOptions {
  /** Path of a CSV or TSV file, gzip or not. */
  readonly file: string;
  /** What the modality shall be called. */
  readonly name: string;
  /** By default decided by which side has ids of `sampleIds`. */
  readonly orientation?: Orientation;
  /** The ids of the sample sheet. */
  readonly sampleIds?: readonly string[];
  /** The column that names the rows; by default the first. */
  readonly id?: string;
  /** Columns that are neither samples nor features: annotations. */
  readonly ignore?: readonly string[];
  /** Words of this file that mean "not measured", beside `missingWords`. */
  readonly missing?: readonly string[];
}

/** A modality with what its reader left out, and what it noticed. */
export interface FileTable extends ModalityTable {
  readonly drops: readonly Drop[];
  readonly notes: readonly string[];
  /** Sample id -> patient, where samples lie in rows and a column is called "patient". */
  readonly patients?: ReadonlyMap<string, string>;
}

/** A cohort with what the readers of its files noticed. */
export interface FileCohort extends Cohort {
  readonly notes: readonly string[];
}

export interface TablesOptions {
  /** What the cohort shall be called. */
  readonly name: string;
  /** In the order in which their columns shall stand; transcriptomics first. */
  readonly tables: readonly Omit<TableOptions, "sampleIds">[];
  /** Without it the samples are those of the first table, which then needs an orientation. */
  readonly sampleSheet?: SampleSheetOptions;
}

/**
 * Reads one file of measurements: names in the first column and in the header, numbers in between, `missingWords`
 * where nothing was measured. All that is wrong in the file is in one error, with line, column and remedy.
 * @throws RangeError if ids are blank or there twice, rows ragged, cells no finite float32 numbers, or the orientation
 * cannot be told; TypeError for options of a wrong kind; Error if the file cannot be read (see `readDelimited`).
 */
export function readTable(options: TableOptions): FileTable {
  checkOptions(options);
  const { file, name, id, ignore = [] } = options;
  const problems = collectProblems(`${file}: expected a table of numbers`);
  const table = readDelimited(file, { problems });
  const { header, headerLine, rows, lines } = table;
  const isMissing = missingTest(options.missing);
  const idColumn = id === undefined ? 0 : findColumn(table, id, problems);
  const ignored = new Set(ignore.map((column) => findColumn(table, column, problems)));
  const columns = header.map((_, j) => j).filter((j) => j !== idColumn && !ignored.has(j));
  if (rows.length === 0 || columns.length === 0) addEmpty(table, problems);
  if (rows.length === 0 || columns.length === 0 || idColumn < 0) problems.throwIfAny();

  const rowIds = cleanNames(rows.map((cells) => cells[idColumn]));
  const orientation = decideOrientation({
    stated: options.orientation,
    sampleIds: options.sampleIds,
    rowIds,
    columnIds: columns.map((j) => header[j].trim()),
  });
  if (typeof orientation !== "string") {
    problems.add({ kind: "orientation", text: orientation.problem });
    problems.throwIfAny();
  }
  const upright = orientation === "samples-in-rows";
  const corner = header[idColumn].trim();
  if (upright && options.sampleIds?.includes(corner)) addHeaderless(headerLine, corner, problems);
  const patientColumn = upright ? findPatientColumn(header, columns) : -1;
  const measured = columns.filter((j) => j !== patientColumn);

  const rowNames = { side: "row", ids: rowIds, places: lines } as const;
  const columnNames = {
    side: "column",
    ids: cleanNames(measured.map((j) => header[j])),
    places: measured.map((j) => j + 1),
  } as const;
  const samples = { ...(upright ? rowNames : columnNames), what: "sample" } as const;
  checkNames(samples, headerLine, problems);
  const { ids, kept, lost, notes } = chooseFeatures(
    { ...(upright ? columnNames : rowNames), what: "feature" },
    headerLine,
    problems,
    options,
  );
  const matrix = parseCells(table, {
    rows: upright ? rows.map((_, i) => i) : kept,
    columns: upright ? kept.map((i) => measured[i]) : measured,
    isMissing,
    problems,
  });
  const patients = readPatients(table, rowIds, patientColumn, isMissing, problems);
  problems.throwIfAny();
  const odd = samples.ids.filter(isExcelDate);
  return {
    name,
    samples: samples.ids,
    features: ids,
    matrix: upright ? matrix : transposeMatrix(matrix),
    drops: lost.length > 0 ? [drop("features", name, lost, "a date by Excel, not a name")] : [],
    notes: [
      ...table.notes,
      ...notes.map((note) => `${file}: ${note}`),
      ...(odd.length > 0
        ? [`${file}: ${odd.length} sample ids look like dates by Excel: ${quoteSome(odd)}`]
        : []),
    ],
    ...(patientColumn >= 0 && { patients: new Map(rowIds.map((one, i) => [one, patients[i]])) }),
  };
}

/**
 * Reads a cohort from one file a modality and a sample sheet, and joins them on the samples that all of them have.
 * A sample's patient is what the sheet says, else a table's own column "patient", else the sample itself.
 * @throws RangeError that names the file and what is wrong in it (see `readTable`, `readSampleSheet`, `joinCohort`);
 * TypeError for options of a wrong kind; Error if a file cannot be read.
 */
export function readTables({ name, tables, sampleSheet }: TablesOptions): FileCohort {
  if (!Array.isArray(tables) || tables.length === 0) {
    throw new TypeError(`readTables: expected at least one table of ${name}, got none`);
  }
  const sheet = sampleSheet && readSampleSheet(sampleSheet);
  let shared = sheet?.samples.map((sample) => sample.id);
  let before = sampleSheet?.file;
  const read = tables.map((options) => {
    const table = readTable({
      ...options,
      sampleIds: sheet?.samples.map(({ id }) => id) ?? shared,
    });
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
  if (sampleSheet && sheet && read.some((table) => table.samples.includes(sheet.idName))) {
    throw new RangeError(
      `${sampleSheet.file}: expected a header in the first line, got the sample ${quote(sheet.idName)}; add one`,
    );
  }
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
  return { ...cohort, notes: [...(sheet?.notes ?? []), ...read.flatMap((table) => table.notes)] };
}

/** What the tables' own columns say of patients; they must agree, or a split could part a patient. */
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

function checkOptions({
  file,
  name,
  orientation,
  excelDates,
  ensemblVersions,
}: TableOptions): void {
  const oneOf = (option: string, value: unknown, allowed: readonly string[]) => {
    if (value === undefined || allowed.includes(value as string)) return;
    const names = allowed.map((word) => `"${word}"`).join(" or ");
    throw new TypeError(
      `readTable: expected ${option} ${names} for ${file}, got ${JSON.stringify(value)}`,
    );
  };
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`readTable: expected a name for ${file}, got ${JSON.stringify(name)}`);
  }
  oneOf("orientation", orientation, ["samples-in-rows", "features-in-rows"]);
  oneOf("excelDates", excelDates, ["drop", "refuse"]);
  oneOf("ensemblVersions", ensemblVersions, ["strip", "keep"]);
}

function addEmpty(
  { rows, header, headerLine, delimiter }: DelimitedFile,
  problems: Problems,
): void {
  const text =
    rows.length === 0
      ? "expected rows below the header, got none; write the file again"
      : `expected columns of numbers beside the ids, got ${quoteSome(header)} alone; ` +
        `check that ${JSON.stringify(delimiter)} is what parts the cells`;
  problems.add({ kind: "empty", line: headerLine, text });
}

function addHeaderless(line: number, corner: string, problems: Problems): void {
  const text = `expected a header, got the sample ${quote(corner)}; add a line with the names of the columns`;
  problems.add({ kind: "header", line, text });
}
