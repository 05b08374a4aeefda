// What lies in a folder of a cBioPortal study: its tables of measurements, and who the samples are of.
import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, join } from "node:path";
import { quoteSome } from "./problems.js";
import { readText, recognizeForeign } from "./textfile.js";

/** How a table is written: which columns name its rows. */
export type ProfileFormat = "expression" | "protein" | "generic assay";

/** A table of numbers, a row a feature and a column a sample. */
export interface StudyProfile {
  /** The study's own name for it (stable_id), or the file's name without "data_" and ".txt". */
  readonly id: string;
  readonly title: string;
  readonly format: ProfileFormat;
  /** The path of the data file. */
  readonly file: string;
  /** The columns that describe a row of a generic assay; undefined if nothing says which they are. */
  readonly annotations?: readonly string[];
}

export interface StudyFolder {
  readonly folder: string;
  readonly id: string;
  readonly profiles: readonly StudyProfile[];
  readonly sampleFile: string;
  /** undefined where the study has none; cBioPortal asks for the sample file only. */
  readonly patientFile?: string;
}

const FORMATS: Readonly<Record<string, ProfileFormat>> = {
  MRNA_EXPRESSION: "expression",
  PROTEIN_LEVEL: "protein",
  GENERIC_ASSAY: "generic assay",
};

/** Not measured numbers: what was derived over all samples, test samples too, or is a class. */
const DERIVED: readonly string[] = ["Z-SCORE", "DISCRETE", "BINARY", "CATEGORICAL"];

/** The first column of a table by which its format is told where no meta file says it. */
const CORNERS: Readonly<Record<string, ProfileFormat>> = {
  hugo_symbol: "expression",
  entrez_gene_id: "expression",
  "composite.element.ref": "protein",
  entity_stable_id: "generic assay",
};

interface Meta {
  readonly file: string;
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Looks through the folder of a study. Its meta_*.txt files say what the data files are; where none describes
 * measurements, the data_*.txt are told by their names and first columns, as cBioPortal's datahub writes them.
 * Z-scores, classes, and profiles of patients rather than samples are left out.
 * @throws Error if the folder cannot be read, or a data file is none, such as a Git LFS pointer;
 * RangeError if a meta file lacks a field.
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
  for (const line of readText(file).text.split("\n")) {
    const [, key, value] = /^\s*([A-Za-z_]\w*)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key) fields.set(key, value);
  }
  return { file, fields };
}

function profileFrom(folder: string, { file, fields }: Meta): StudyProfile[] {
  const format = FORMATS[fields.get("genetic_alteration_type") ?? ""];
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

/** Mutations, copy numbers and methylation begin with Hugo_Symbol too, so expression is told by its name as well. */
function guessProfile(folder: string, entry: string): StudyProfile[] {
  const [, id] = /^data_(.+)\.txt$/i.exec(entry) ?? [];
  if (!id || /zscores|^clinical/i.test(id)) return [];
  const file = join(folder, entry);
  const start = readStart(file);
  const foreign = recognizeForeign(start);
  if (foreign) throw new Error(`${file}: expected a table, got ${foreign}, or remove it`);
  const [corner] = start
    .toString()
    .replace(/^\ufeff/, "")
    .split(/[\t\r\n]/, 1);
  const format = CORNERS[corner.trim().toLowerCase()];
  if (!format || (format === "expression" && !/^(m?rna|expression)/i.test(id))) return [];
  return [{ id, title: id, format, file }];
}

/** The first bytes alone: a table may have hundreds of megabytes. */
function readStart(file: string): Buffer {
  const start = Buffer.alloc(1024);
  const handle = openSync(file, "r");
  try {
    return start.subarray(0, readSync(handle, start));
  } finally {
    closeSync(handle);
  }
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
