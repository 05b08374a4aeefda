// Any CSV or TSV files of measurements, with a sample sheet -> a cohort.
import { checkOptions, type Kinds, required } from "../options.js";
import { missingTest, parseCells } from "./cells.js";
import { type Cohort, type Drop, drop, joinCohort, type ModalityTable } from "./cohort.js";
import { type DelimitedFile, readDelimited } from "./delimited.js";
import { isExcelDate } from "./identifiers.js";
import { transposeMatrix } from "./matrix.js";
import {
  checkNames,
  chooseFeatures,
  cleanNames,
  type FeatureOptions,
  findColumn,
  findPatientColumn,
} from "./names.js";
import { collectProblems, type Problems, quote, quoteSome } from "./problems.js";
import {
  readPatients,
  readSampleSheet,
  type SampleSheetOptions,
  SHEET_KINDS,
} from "./samplesheet.js";

/** Whether samples are the rows or the columns of a table. */
export type Orientation = "samples-in-rows" | "features-in-rows";

export interface TableOptions extends FeatureOptions {
  /** Path of a CSV or TSV file, gzip or not. */
  readonly file: string;
  /** The name of the modality. */
  readonly name: string;
  /** By default the side that has ids of `sampleIds` decides. */
  readonly orientation?: Orientation;
  /** The ids of the sample sheet. */
  readonly sampleIds?: readonly string[];
  /** The column that names the rows; by default the first. */
  readonly id?: string;
  /** Columns of annotations, neither samples nor features. */
  readonly ignore?: readonly string[];
  /** Words that mean "not measured" in this file, beside `missingWords`. */
  readonly missing?: readonly string[];
}

/** A modality, with what its reader dropped and noticed. */
export interface FileTable extends ModalityTable {
  readonly drops: readonly Drop[];
  readonly notes: readonly string[];
  /** Sample id -> patient, if samples are rows and a column is called "patient". */
  readonly patients?: ReadonlyMap<string, string>;
}

/** A cohort, with what the readers of its files noticed. */
export interface FileCohort extends Cohort {
  readonly notes: readonly string[];
}

const { sampleIds, ...LISTED_KINDS }: Kinds<TableOptions> = {
  ...{ file: required("string"), name: required("string") },
  orientation: ["samples-in-rows", "features-in-rows"],
  ...{ sampleIds: "array", id: "string", ignore: "array", missing: "array" },
  excelDates: ["drop", "refuse"],
  ensemblVersions: ["strip", "keep"],
};
const TABLE_KINDS: Kinds<TableOptions> = { ...LISTED_KINDS, sampleIds };

export interface TablesOptions {
  /** The name of the cohort. */
  readonly name: string;
  /** In column order, transcriptomics first. */
  readonly tables: readonly Omit<TableOptions, "sampleIds">[];
  /** Without it, the samples are those of the first table, which then needs an orientation. */
  readonly sampleSheet?: SampleSheetOptions;
}

/**
 * Reads one file of measurements: names in the first column and in the header, numbers in between, `missingWords` for
 * values that were not measured. One error lists everything wrong in the file, with line, column and remedy.
 * @throws RangeError if ids are blank or repeated, rows are ragged, cells are not finite float32 numbers, or the
 * orientation is ambiguous; TypeError for options of a wrong kind; Error if the file cannot be read (see
 * `readDelimited`).
 */
export function readTable(options: TableOptions): FileTable {
  const { file, name, id, ignore = [] } = checkOptions("readTable", options, TABLE_KINDS);
  if (name === "") throw new RangeError(`readTable: expected a name for ${file}, got ""`);
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
  const columnIds = columns.map((j) => header[j].trim());
  const orientation = decideOrientation(options, rowIds, columnIds);
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
 * Decides by which side has ids of the sample sheet, and checks the stated orientation against it. If neither side has
 * any, or both have, returns a problem instead.
 */
function decideOrientation(
  { orientation: stated, sampleIds }: TableOptions,
  rowIds: readonly string[],
  columnIds: readonly string[],
): Orientation | { readonly problem: string } {
  if (sampleIds === undefined) {
    if (stated) return stated;
    return {
      problem: `expected an orientation, got none and no sample ids to find it by; pass orientation: "samples-in-rows" or "features-in-rows"`,
    };
  }
  const known = new Set(sampleIds);
  const inRows = rowIds.filter((id) => known.has(id)).length;
  const inColumns = columnIds.filter((id) => known.has(id)).length;
  const seen = `rows ${quoteSome(rowIds)}, columns ${quoteSome(columnIds)}`;
  if (inRows === 0 && inColumns === 0) {
    const alike = findAlike([...rowIds, ...columnIds], sampleIds);
    const remedy = alike
      ? `write the ids alike: ${alike}`
      : "check that both name the samples in the same way";
    return {
      problem: `expected samples that the sample sheet has too (${quoteSome(sampleIds)}), got ${seen}; ${remedy}`,
    };
  }
  const found = inRows > 0 ? "samples-in-rows" : "features-in-rows";
  if (stated === undefined) {
    if (inRows === 0 || inColumns === 0) return found;
    return {
      problem: `expected the sample sheet's ids in rows or in columns, got ${inRows} in rows and ${inColumns} in columns; pass orientation`,
    };
  }
  if ((stated === "samples-in-rows" ? inRows : inColumns) > 0) return stated;
  return { problem: `expected ${stated}, got ${seen}; pass orientation: "${found}"` };
}

/** Two ids that differ only in letter case or punctuation, as when R turns `TCGA-01` into `TCGA.01`. */
function findAlike(ids: readonly string[], sampleIds: readonly string[]): string | undefined {
  const bare = (id: string) => id.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const known = new Map(sampleIds.map((id) => [bare(id), id]));
  const match = ids.find((id) => bare(id) !== "" && known.has(bare(id)));
  return match === undefined
    ? undefined
    : `"${match}" here, "${known.get(bare(match))}" in the sample sheet`;
}

/**
 * Reads a cohort from one file per modality and a sample sheet, and joins them on the samples that all of them have.
 * A sample's patient comes from the sheet, else from a table's own column "patient", else it is the sample itself.
 * @throws RangeError that names the file and what is wrong in it (see `readTable`, `readSampleSheet`, `joinCohort`);
 * TypeError for options of a wrong kind; Error if a file cannot be read.
 */
export function readTables(options: TablesOptions): FileCohort {
  const { name, tables, sampleSheet } = checkOptions("readTables", options, {
    ...{ name: required("string"), tables: required("array"), sampleSheet: "object" },
  });
  if (tables.length === 0) {
    throw new RangeError(`readTables: expected at least one table of ${name}, got none`);
  }
  tables.forEach((table, i) => {
    checkOptions(`readTables: tables[${i}]`, table, LISTED_KINDS);
  });
  if (sampleSheet) checkOptions("readTables: sampleSheet", sampleSheet, SHEET_KINDS);
  const sheet = sampleSheet && readSampleSheet(sampleSheet);
  let shared = sheet?.samples.map((sample) => sample.id);
  let before = sampleSheet?.file;
  const read = tables.map((wanted) => {
    const table = readTable({
      ...wanted,
      sampleIds: sheet?.samples.map(({ id }) => id) ?? shared,
    });
    const ids = new Set(table.samples);
    const left = shared?.filter((id) => ids.has(id)) ?? table.samples;
    if (left.length === 0) {
      throw new RangeError(
        `${wanted.file}: expected samples that are also in ${before} (${quoteSome(shared ?? [])}), ` +
          `got none of them in ${quoteSome(table.samples)}; check that these files are of one cohort`,
      );
    }
    shared = [...left];
    before = before ? `${before}, ${wanted.file}` : wanted.file;
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
