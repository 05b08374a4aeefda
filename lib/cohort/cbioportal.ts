// Reads a study of cBioPortal: its folder, its tables of measurements and its clinical files -> a cohort.

import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { checkOptions, required } from "../options.js";
import type { CellTable } from "./cell-table.js";
import { cellsOfText } from "./cells.js";
import { drop, joinCohort, type Label, type Sample } from "./cohort.js";
import { type DelimitedFile, openDelimited, readColumns } from "./delimited.js";
import { stripEnsemblVersion } from "./identifiers.js";
import { refuseCopies } from "./leaks.js";
import { type Mark, type MissingMarks, missingMarks } from "./missing.js";
import { isNameless } from "./names.js";
import { parseNumber } from "./numbers.js";
import { quote, quoteSome } from "./problems.js";
import { readSheet, type SampleSheet } from "./samplesheet.js";
import { type FileCohort, type FileTable, readOpened } from "./tables.js";
import { readStart, readText, recognizeForeign, utf16Of } from "./textfile.js";

/** A modality of the cohort, and the profile of the study to read it from. */
export interface ProfileChoice {
  /** The name of the modality. */
  readonly name: string;
  /** A profile's id, or the name of its data file. */
  readonly profile: string;
}

export interface CbioportalOptions {
  /** The folder of the study's data_*.txt files and its meta_*.txt files, if any. */
  readonly folder: string;
  /** The name of the cohort; by default the study's id. */
  readonly name?: string;
  /**
   * In column order, transcriptomics first. By default the study's one table of each format, in the order RNA, protein,
   * generic assay.
   */
  readonly profiles?: readonly ProfileChoice[];
}

/**
 * Reads a study as cBioPortal's datahub publishes it: the samples that the clinical sample file and all chosen tables
 * share, with the published values. A sample's patient is its PATIENT_ID in the sample file. Labels are the attributes
 * of both clinical files under their own names, text or numbers as the files declare. If both files have an attribute
 * of the same name, the sample file's counts.
 * @throws RangeError that names the file and what is wrong in it, or the profiles to choose from; TypeError for options
 * of a wrong kind; Error if the folder or a file cannot be read.
 * Source: cBioPortal documentation, File Formats.
 */
export function readCbioportal(options: CbioportalOptions): FileCohort {
  const { folder, name, profiles } = checkOptions("readCbioportal", options, {
    folder: required("string"),
    name: "string",
    profiles: "array",
  });
  const study = findStudy(folder);
  const chosen = profiles ? choose(study, profiles) : chooseUsual(study);
  const sheet = readClinical(study.sampleFile, "SAMPLE_ID", "PATIENT_ID");
  const ids = sheet.samples.map(({ id }) => id);
  const tables = chosen.map(({ name, profile }) => readProfile(profile, name, ids));
  const patients = study.patientFile ? readClinical(study.patientFile, "PATIENT_ID") : undefined;
  const { samples, notes } = addPatients(sheet, patients, study.patientFile);
  const copies = tables.flatMap((table, i) => refuseCopies(chosen[i].profile.file, table, samples));
  const cohort = joinCohort({
    name: name ?? study.id,
    tables,
    samples,
    drops: tables.flatMap((table) => table.drops),
  });
  return { ...cohort, notes: [...notes, ...tables.flatMap((table) => table.notes), ...copies] };
}

type Chosen = { readonly name: string; readonly profile: StudyProfile };

function choose({ folder, profiles }: StudyFolder, wanted: readonly ProfileChoice[]): Chosen[] {
  return wanted.map(({ name, profile: id }) => {
    const found = profiles.filter((one) => one.id === id || basename(one.file) === id);
    if (found.length === 1) return { name, profile: found[0] };
    throw new RangeError(
      `readCbioportal: expected one profile ${quote(id)} in ${folder}, got ${found.length} of ${describe(profiles)}`,
    );
  });
}

function chooseUsual({ folder, profiles }: StudyFolder): Chosen[] {
  const chosen = FORMAT_NAMES.flatMap((format) => {
    const found = profiles.filter((profile) => profile.format === format);
    if (found.length < 2) {
      return found.map((profile) => ({ name: FORMATS[format].name ?? profile.id, profile }));
    }
    throw new RangeError(
      `readCbioportal: expected one table in the ${format} format in ${folder}, got ${describe(found)}; ` +
        `choose: profiles: [{ name: "RNA", profile: "${profiles[0].id}" }, ...]`,
    );
  });
  if (chosen.length > 0) return chosen;
  throw new RangeError(
    `readCbioportal: expected tables of expression, protein or a generic assay in ${folder}, got none; ` +
      "the folder of a study holds data_*.txt files",
  );
}

function describe(profiles: readonly StudyProfile[]): string {
  return profiles.map(({ id, title }) => `${quote(id)} (${title})`).join(", ") || "none";
}

interface FormatKind {
  /** What meta files call it. */
  readonly type: string;
  /** The usual name of its modality; by default the profile's id. */
  readonly name?: string;
  /** The columns that name a row; the first one with a name counts. */
  readonly ids: readonly string[];
}

const FORMAT_NAMES = ["expression", "protein", "generic assay"] as const;

/** The format of a table, which decides the columns that name its rows. */
type ProfileFormat = (typeof FORMAT_NAMES)[number];

const FORMATS: Readonly<Record<ProfileFormat, FormatKind>> = {
  expression: { type: "MRNA_EXPRESSION", name: "RNA", ids: ["Hugo_Symbol", "Entrez_Gene_Id"] },
  protein: { type: "PROTEIN_LEVEL", name: "protein", ids: ["Composite.Element.REF"] },
  "generic assay": { type: "GENERIC_ASSAY", ids: ["ENTITY_STABLE_ID"] },
};

/** A table of numbers: rows are features, columns are samples. */
export interface StudyProfile {
  /** Its stable_id in the study, or the file's name without "data_" and ".txt". */
  readonly id: string;
  readonly title: string;
  readonly format: ProfileFormat;
  /** The path of the data file. */
  readonly file: string;
  /** The columns that describe a row of a generic assay; undefined if no meta file lists them. */
  readonly annotations?: readonly string[];
}

export interface StudyFolder {
  readonly folder: string;
  readonly id: string;
  readonly profiles: readonly StudyProfile[];
  readonly sampleFile: string;
  /** Undefined if the study has none; cBioPortal requires only the sample file. */
  readonly patientFile?: string;
}

/** Data that are not measured values: classes, or derived from all samples, including test samples. */
const DERIVED: readonly string[] = ["Z-SCORE", "DISCRETE", "BINARY", "CATEGORICAL"];

interface Meta {
  readonly file: string;
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Finds the tables and clinical files in the folder of a study. Its meta_*.txt files describe the data files; if none
 * describes measurements, data_*.txt files are recognized by their names and id columns, as cBioPortal's datahub
 * writes them. Leaves out z-scores, classes, and profiles of patients rather than samples.
 * @throws Error if the folder cannot be read, or a data file is something else, such as a Git LFS pointer; RangeError
 * if a meta file lacks a field.
 * Source: cBioPortal documentation, File Formats.
 */
export function findStudy(folder: string): StudyFolder {
  const entries = listFolder(folder);
  const metas = entries
    .filter((entry) => /^meta_.*\.txt$/i.test(entry))
    .map((entry) => readMeta(join(folder, entry)));
  const stated = metas.flatMap((meta) => profileFrom(folder, meta));
  const clinical = (datatype: string, usual: string) => {
    const meta = metas.find(({ fields }) => fields.get("datatype") === datatype);
    return join(folder, meta?.fields.get("data_filename") ?? usual);
  };
  const patientFile = clinical("PATIENT_ATTRIBUTES", "data_clinical_patient.txt");
  const [id] = metas.flatMap(({ fields }) => fields.get("cancer_study_identifier") ?? []);
  return {
    folder,
    id: id ?? basename(folder),
    profiles: stated.length > 0 ? stated : entries.flatMap((entry) => guessProfile(folder, entry)),
    sampleFile: clinical("SAMPLE_ATTRIBUTES", "data_clinical_sample.txt"),
    ...(existsSync(patientFile) && { patientFile }),
  };
}

/** Reads `key: value` lines. */
function readMeta(file: string): Meta {
  const fields = new Map<string, string>();
  for (const line of readText(file).split("\n")) {
    const [, key, value] = /^\s*([A-Za-z_]\w*)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key) fields.set(key, value);
  }
  return { file, fields };
}

function profileFrom(folder: string, { file, fields }: Meta): StudyProfile[] {
  const type = fields.get("genetic_alteration_type");
  const format = FORMAT_NAMES.find((one) => FORMATS[one].type === type);
  if (!format || DERIVED.includes(fields.get("datatype") ?? "")) return [];
  if (fields.get("patient_level")?.toLowerCase() === "true") return [];
  const field = (key: string) => {
    const value = fields.get(key);
    if (value) return value;
    throw new RangeError(
      `${file}: expected a line "${key}: ...", got ${quoteSome([...fields.keys()], 10)}; add it`,
    );
  };
  const id = field("stable_id");
  const annotations = fields.get("generic_entity_meta_properties")?.split(",");
  return [
    {
      id,
      title: fields.get("profile_name") ?? id,
      format,
      file: join(folder, field("data_filename")),
      ...(annotations && { annotations: annotations.map((name) => name.trim()) }),
    },
  ];
}

/** Mutations, copy numbers and methylation begin with Hugo_Symbol too, so expression also needs the right name. */
function guessProfile(folder: string, entry: string): StudyProfile[] {
  const [, id] = /^data_(.+)\.txt$/i.exec(entry) ?? [];
  if (!id || /zscores|^clinical/i.test(id)) return [];
  const file = join(folder, entry);
  const start = readStart(file, 1024);
  const foreign = recognizeForeign(start);
  if (foreign) throw new Error(`${file}: expected a table, got ${foreign}, or remove it`);
  const lines = new TextDecoder(utf16Of(start) ?? "utf-8").decode(start).split(/[\r\n]+/);
  const header = (lines.find((line) => !line.startsWith("#")) ?? "").split("\t");
  const format = FORMAT_NAMES.find((one) => findIdColumns(header, one).length > 0);
  if (!format || (format === "expression" && !/^(m?rna|expression)/i.test(id))) return [];
  return [{ id, title: id, format, file }];
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    throw new Error(
      `findStudy: expected the folder of a cBioPortal study at ${folder}, got ${(cause as Error).message}`,
      { cause },
    );
  }
}

/**
 * Reads the samples in the clinical file, in the order of the table's columns. Features are named
 * - expression: by gene symbol, or by Entrez id if there is no symbol;
 * - protein: by the gene symbol before `|`, or by the whole reference if several antibodies share the symbol;
 * - generic assay: by the entity's stable id. A limit such as `>8.00` is noted and counts as not measured.
 *
 * If several rows have the same name, the first counts, as in cBioPortal. The drops count the other rows, rows without
 * a name, and columns of samples that are not in the clinical file.
 * @throws as `readTable`; RangeError if no column names the rows.
 * Source: cBioPortal documentation, File Formats; its importer, "Duplicate line ... will be ignored".
 */
function readProfile(
  { file, format, annotations }: StudyProfile,
  name: string,
  sampleIds: readonly string[],
): FileTable {
  const all = openDelimited(file, { format: "cbioportal" });
  const { header, headerLine, lines, firstColumn } = all;
  const [id, ...others] = findIdColumns(header, format);
  if (id === undefined) {
    const wanted = FORMATS[format].ids.map(quote).join(" or ");
    throw new RangeError(
      `${file}, line ${headerLine}: expected a column ${wanted}, got ${quoteSome(header)}; name the column so`,
    );
  }
  const { kept, names, nameless, again } = chooseRows(all, format, [id, ...others]);
  const cells = cellsOfText({
    ...all,
    lines: kept.map((row) => lines[row]),
    firstColumn: kept.map((row) => firstColumn[row]),
  });
  const known = new Set(sampleIds);
  // Without a meta file, the columns before a generic assay's first sample are its annotations.
  const isFirst = format === "generic assay" && annotations === undefined;
  const before = isFirst ? header.findIndex((column) => known.has(column)) : 0;
  const isAnnotation = (j: number) =>
    j !== id && (j < before || others.includes(j) || annotations?.includes(header[j]));
  const table: CellTable = {
    ...cells,
    annotations: all.columns.filter(isAnnotation),
    orientation: "features-in-rows",
    readColumns: (columns) => columns.map((j) => (j === id ? names : cells.readColumns([j])[0])),
  };
  const limits = countLimits(missingMarks(), format === "generic assay");
  const read = readOpened(
    table,
    { name, file, id: header[id], sampleIds },
    { where: "the clinical sample file", missing: limits.missing },
  );
  const count = limits.count();
  return {
    ...read,
    drops: [
      drop("features", name, nameless, "without a name"),
      drop("features", name, again, "named on an earlier line, which counts"),
      ...read.drops,
    ].filter((one) => one.count > 0),
    notes: [
      ...read.notes,
      ...(count > 0 ? [`${file}: ${count} limits such as ">8" read as not measured`] : []),
    ],
  };
}

/** In a generic assay, a limit such as `>8.00` counts as not measured. */
function countLimits(
  marks: MissingMarks,
  limits: boolean,
): { missing: MissingMarks; count(): number } {
  const limit: Mark = { word: "limits", stated: false, cells: 0 };
  const isLimit = (cell: string) =>
    limits && /^[<>]/.test(cell) && parseNumber(cell.slice(1).trim()) !== undefined;
  const find = (cell: string) => (isLimit(cell) ? limit : marks.find(cell));
  return { missing: { ...marks, find }, count: () => limit.cells };
}

/** The columns that name rows, by priority. */
function findIdColumns(header: readonly string[], format: ProfileFormat): number[] {
  const names = header.map((name) => name.trim().toLowerCase());
  const found = FORMATS[format].ids.map((column) => names.indexOf(column.toLowerCase()));
  return found.filter((j) => j >= 0);
}

/** Which rows become features, under which names, and which do not. */
function chooseRows(
  table: DelimitedFile,
  format: ProfileFormat,
  idColumns: readonly number[],
): { kept: number[]; names: string[]; nameless: string[]; again: string[] } {
  const { lines } = table;
  const cells = readColumns(table, idColumns);
  const named = lines.map((_, row) => {
    const name = cells.map((column) => column[row]).find((cell) => !isNameless(cell));
    return stripEnsemblVersion(name ?? "");
  });
  const names = format === "protein" ? nameProteins(named) : named;
  const seen = new Set<string>([""]);
  const isFirst = names.map((name) => !seen.has(name) && seen.add(name));
  const kept = [...names.keys()].filter((row) => isFirst[row]);
  return {
    kept,
    names: kept.map((row) => names[row]),
    nameless: lines.filter((_, row) => names[row] === "").map((line) => `line ${line}`),
    again: names.filter((name, row) => name !== "" && !isFirst[row]),
  };
}

/** `EGFR|EGFR` -> `EGFR`, unless another antibody has the same gene. */
function nameProteins(references: readonly string[]): string[] {
  const symbolOf = (reference: string) => reference.split("|", 1)[0].trim();
  const antibodies = new Map<string, Set<string>>();
  for (const reference of references) {
    const symbol = symbolOf(reference);
    antibodies.set(symbol, (antibodies.get(symbol) ?? new Set()).add(reference));
  }
  return references.map((reference) => {
    const symbol = symbolOf(reference);
    const alone = antibodies.get(symbol)?.size === 1;
    return symbol === "" || (reference.includes("|") && !alone) ? reference : symbol;
  });
}

/** Words for an attribute that is not recorded, beside `missingWords`. Source: cBioPortal's validator. */
const NOT_RECORDED: readonly string[] = [
  "[Not Available]",
  "[Not Applicable]",
  "[Pending]",
  "[Discrepancy]",
  "[Completed]",
  "[Null]",
];

/** Reads a clinical file: four # lines that describe the attributes, then the header and the rows. */
function readClinical(file: string, id: string, patient?: string): SampleSheet {
  const { kinds, notes } = readKinds(file);
  const format = { format: "cbioportal", missing: NOT_RECORDED, kinds } as const;
  const sheet = readSheet(file, { id, patient }, format);
  return { ...sheet, notes: [...notes, ...sheet.notes] };
}

/** Reads the third # line, which declares each attribute's type: STRING, NUMBER or BOOLEAN. */
function readKinds(file: string): { kinds: Map<string, "number" | "text">; notes: string[] } {
  const lines = readText(file).split("\n");
  const start = Math.max(
    0,
    lines.findIndex((line) => !line.startsWith("#")),
  );
  const hash = lines.slice(0, start);
  const header = lines[start].split("\t");
  const declared = hash[2]?.slice(1).split("\t") ?? [];
  if (hash.length !== 4 || declared.length !== header.length) {
    const got = hash.length === 4 ? `${declared.length} in its third` : `${hash.length} such lines`;
    const note =
      `${file}: expected four # lines with ${header.length} fields each, got ${got}; ` +
      "attributes are numbers where they look so";
    return { kinds: new Map(), notes: [note] };
  }
  const kindOf = (type: string) => (type.trim().toUpperCase() === "NUMBER" ? "number" : "text");
  return { kinds: new Map(header.map((name, j) => [name.trim(), kindOf(declared[j])])), notes: [] };
}

/** Adds each patient's attributes to the samples, null if the patient file does not have the patient. */
function addPatients(
  sheet: SampleSheet,
  patients: SampleSheet | undefined,
  file = "",
): { samples: Sample[]; notes: string[] } {
  const labelsOf = new Map(patients?.samples.map(({ id, labels }) => [id, labels]));
  const names = Object.keys(patients?.samples[0]?.labels ?? {});
  const unknown: Record<string, Label> = Object.fromEntries(names.map((name) => [name, null]));
  const lost = sheet.samples.filter(({ patient }) => patients && !labelsOf.has(patient));
  const notes = [...sheet.notes, ...(patients?.notes ?? [])];
  if (lost.length > 0) {
    const some = quoteSome(lost.map(({ patient }) => patient));
    notes.push(`${file}: has nothing of the patients of ${lost.length} samples: ${some}`);
  }
  const samples = sheet.samples.map((sample) => ({
    ...sample,
    labels: { ...(labelsOf.get(sample.patient) ?? unknown), ...sample.labels },
  }));
  return { samples, notes };
}
