// The sample sheet: one row per sample, with its patient and labels.
import { checkOptions, type Kinds, required } from "../options.js";
import { missingTest, parseNumber } from "./cells.js";
import type { Label, Sample } from "./cohort.js";
import { type DelimitedFile, type DelimitedOptions, readDelimited } from "./delimited.js";
import { checkNames, cleanNames, findColumn, findPatientColumn } from "./names.js";
import { collectProblems, type Problems, quote } from "./problems.js";

export interface SampleSheetOptions extends Pick<DelimitedOptions, "hashHeader"> {
  readonly file: string;
  /** The column of the sample ids; by default the first. */
  readonly id?: string;
  /** The column of the patients; by default the one called "patient", else each sample is its own patient. */
  readonly patient?: string;
  /** Words that mean "not recorded" in this file, beside `missingWords`. */
  readonly missing?: readonly string[];
  /** Columns of text, even if all their cells look like numbers. */
  readonly textColumns?: ReadonlySet<string>;
}

/** The kinds of `SampleSheetOptions`. */
export const SHEET_KINDS: Kinds<SampleSheetOptions> = {
  ...{ file: required("string"), id: "string", patient: "string", missing: "array" },
  ...{ textColumns: Set, hashHeader: "boolean" },
};

export interface SampleSheet {
  readonly samples: readonly Sample[];
  /** The header of the id column. */
  readonly idName: string;
  /** Whether a column names the patients. */
  readonly hasPatients: boolean;
  readonly notes: readonly string[];
}

/**
 * Reads a CSV or TSV sample sheet. Every other column becomes a label: numbers if all its filled cells are plain
 * numbers, else text; null where missing.
 * @throws RangeError that lists everything wrong in the file: blank or repeated ids, ragged rows, columns without a
 * name or with the same name, a requested column that is missing, a sample without a patient; Error if the file cannot
 * be read (see `readDelimited`).
 */
export function readSampleSheet(options: SampleSheetOptions): SampleSheet {
  const { file, id, patient, missing, textColumns, hashHeader } = checkOptions(
    "readSampleSheet",
    options,
    SHEET_KINDS,
  );
  const problems = collectProblems(`${file}: expected a sample sheet`);
  const table = readDelimited(file, { problems, hashHeader });
  const { header, headerLine, rows, lines } = table;
  const notes = [...table.notes];
  const isMissing = missingTest(missing);
  const idColumn = id === undefined ? 0 : findColumn(table, id, problems);
  const patientColumn =
    patient === undefined
      ? findPatientColumn(
          header,
          header.map((_, j) => j).filter((j) => j !== idColumn),
        )
      : findColumn(table, patient, problems);
  if (rows.length === 0) {
    problems.add({
      kind: "empty",
      line: headerLine,
      text: "expected a row a sample below the header, got none; add them",
    });
  }
  if (rows.length === 0 || idColumn < 0) problems.throwIfAny();

  const columns = header.map((_, j) => j).filter((j) => j !== idColumn && j !== patientColumn);
  const ids = cleanNames(rows.map((cells) => cells[idColumn]));
  const names = cleanNames(columns.map((j) => header[j]));
  checkNames({ side: "row", what: "sample", ids, places: lines }, headerLine, problems);
  const places = columns.map((j) => j + 1);
  checkNames({ side: "column", what: "column", ids: names, places }, headerLine, problems);
  const patients = readPatients(table, ids, patientColumn, isMissing, problems);
  problems.throwIfAny();

  const labels = columns.map((column, j) =>
    readLabels(table, column, isMissing, textColumns?.has(names[j]) ? undefined : notes),
  );
  return {
    samples: ids.map((sampleId, i) => ({
      id: sampleId,
      patient: patients[i],
      labels: Object.fromEntries(names.map((name, j) => [name, labels[j][i]])),
    })),
    idName: header[idColumn].trim(),
    hasPatients: patientColumn >= 0,
    notes,
  };
}

/** Reads each row's patient, which is the sample itself if `column` is -1. A blank cell becomes a problem. */
export function readPatients(
  { header, rows, lines }: DelimitedFile,
  ids: readonly string[],
  column: number,
  isMissing: (cell: string) => boolean,
  problems: Problems,
): string[] {
  if (column < 0) return [...ids];
  return cleanNames(
    rows.map((cells, i) => {
      if (isMissing(cells[column].trim())) {
        problems.add({
          kind: "patient",
          line: lines[i],
          column: header[column].trim(),
          text: `expected the patient of sample ${quote(ids[i])}, got ${quote(cells[column])}; write the sample's id if it is the patient's only one`,
        });
      }
      return cells[column];
    }),
  );
}

/**
 * Reads a column of labels. Without `notes` it is text; else numbers, unless a cell is not a number, which is noted.
 */
function readLabels(
  { file, header, rows, lines }: DelimitedFile,
  column: number,
  isMissing: (cell: string) => boolean,
  notes: string[] | undefined,
): Label[] {
  const cells = rows.map((row) => row[column].trim());
  if (!notes) return cells.map((cell) => (isMissing(cell) ? null : Buffer.from(cell).toString()));
  const filled = cells.flatMap((cell, i) => (isMissing(cell) ? [] : [i]));
  const words = filled.filter((i) => parseNumber(cells[i]) === undefined);
  if (words.length > 0 && words.length * 2 < filled.length) {
    notes.push(
      `${file}: column ${quote(header[column].trim())} is kept as text because of ${quote(cells[words[0]])} ` +
        `on line ${lines[words[0]]}; ${filled.length - words.length} of its cells are numbers`,
    );
  }
  return cells.map((cell) =>
    isMissing(cell) ? null : words.length === 0 ? Number(cell) : Buffer.from(cell).toString(),
  );
}
