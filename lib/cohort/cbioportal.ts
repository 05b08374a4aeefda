// Reads a study of cBioPortal from its folder: tables of measurements and clinical files -> a cohort.
import { basename } from "node:path";
import { joinCohort, type Label, type Sample } from "./cohort.js";
import { quote, quoteSome } from "./problems.js";
import { readProfile } from "./profiletable.js";
import { readSampleSheet, type SampleSheet } from "./samplesheet.js";
import {
  findStudy,
  type ProfileFormat,
  type StudyFolder,
  type StudyProfile,
} from "./studyfolder.js";
import type { FileCohort } from "./tables.js";
import { readText } from "./textfile.js";

/** A modality of the cohort, and the profile of the study that it is read from. */
export interface ProfileChoice {
  /** What the modality shall be called. */
  readonly name: string;
  /** A profile's id, or the name of its data file. */
  readonly profile: string;
}

export interface CbioportalOptions {
  /** The folder that holds the study's data_*.txt files and, if there are, its meta_*.txt files. */
  readonly folder: string;
  /** What the cohort shall be called; by default the study's id. */
  readonly name?: string;
  /**
   * In the order in which their columns shall stand; transcriptomics first. By default the study's one table of each
   * format, in the order RNA, protein, generic assay.
   */
  readonly profiles?: readonly ProfileChoice[];
}

/** What stands for an attribute that is not recorded, beside `missingWords`. Source: cBioPortal's validator. */
const NOT_RECORDED: readonly string[] = [
  ...["[Not Available]", "[Not Applicable]", "[Pending]", "[Discrepancy]", "[Completed]", "[Null]"],
];

const USUAL: readonly (readonly [ProfileFormat, string])[] = [
  ["expression", "RNA"],
  ["protein", "protein"],
  ["generic assay", ""],
];

/**
 * Reads a study as cBioPortal's datahub publishes it: the samples that all chosen tables and the clinical sample file
 * have, values as published. A sample's patient is its PATIENT_ID in the sample file. Labels are the attributes of both
 * clinical files, under their own names; text or number as the file declares them. Where both have an attribute of one
 * name, the sample's counts.
 * @throws RangeError that names the file and what is wrong in it, or the profiles that there are to choose from;
 * Error if the folder or a file cannot be read.
 * Source: cBioPortal documentation, File Formats.
 */
export function readCbioportal({ folder, name, profiles }: CbioportalOptions): FileCohort {
  const study = findStudy(folder);
  const chosen = profiles ? choose(study, profiles) : chooseUsual(study);
  const sheet = readClinical(study.sampleFile, "SAMPLE_ID", "PATIENT_ID");
  const known = new Set(sheet.samples.map(({ id }) => id));
  const tables = chosen.map(({ name, profile }) => readProfile(profile, name, known));
  const patients = study.patientFile ? readClinical(study.patientFile, "PATIENT_ID") : undefined;
  const { samples, notes } = addPatients(sheet, patients, study.patientFile);
  const cohort = joinCohort({
    name: name ?? study.id,
    tables,
    samples,
    drops: tables.flatMap((table) => table.drops),
  });
  return { ...cohort, notes: [...notes, ...tables.flatMap((table) => table.notes)] };
}

interface Chosen {
  readonly name: string;
  readonly profile: StudyProfile;
}

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
  const chosen = USUAL.flatMap(([format, name]) => {
    const found = profiles.filter((profile) => profile.format === format);
    if (found.length < 2) return found.map((profile) => ({ name: name || profile.id, profile }));
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

/** Reads a clinical file: four # lines that describe the attributes, then their names and the rows. */
function readClinical(file: string, id: string, patient?: string): SampleSheet {
  const { types, notes } = readTypes(file);
  const textColumns = new Set(
    [...types].flatMap(([name, type]) => (type === "NUMBER" ? [] : [name])),
  );
  const missing = NOT_RECORDED;
  const sheet = readSampleSheet({ file, id, patient, missing, textColumns, hashHeader: false });
  return { ...sheet, notes: [...notes, ...sheet.notes] };
}

/** What the third # line declares each attribute to be: STRING, NUMBER or BOOLEAN. */
function readTypes(file: string): { types: Map<string, string>; notes: string[] } {
  const lines = readText(file).text.split("\n");
  const header = lines.find((line) => !line.startsWith("#"))?.split("\t") ?? [];
  const hash = lines.slice(
    0,
    Math.max(
      0,
      lines.findIndex((line) => !line.startsWith("#")),
    ),
  );
  const declared = hash[2]?.slice(1).split("\t") ?? [];
  if (hash.length !== 4 || declared.length !== header.length) {
    const got = hash.length === 4 ? `${declared.length} in its third` : `${hash.length} such lines`;
    const note =
      `${file}: expected four # lines with ${header.length} fields each, got ${got}; ` +
      "attributes are numbers where they look so";
    return { types: new Map(), notes: [note] };
  }
  return {
    types: new Map(header.map((name, j) => [name.trim(), declared[j].trim().toUpperCase()])),
    notes: [],
  };
}

/** Gives each sample the attributes of its patient, null where the patient file does not know the patient. */
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
