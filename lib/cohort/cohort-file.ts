// A cohort as a file: the options of readTables as JSON with paths relative to the file, or a source, with labels and settings.
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { didYouMean } from "../nearest.js";
import { listModalities } from "./anndata.js";
import { formatOf } from "./formats.js";
import { labelValues } from "./labels.js";
import { countOf } from "./problems.js";
import { readSheet } from "./samplesheet.js";
import { findFaults, isObject, readSchema, show } from "./schema.js";
import { type FileCohort, readTables, type TablesOptions } from "./tables.js";

/** The cohorts that have a reader of their own. */
export type SourceName = "simulate" | "ucec" | "gbm" | "paper";

/** What a cohort file says: `readTables`' options or a source, and what the notebooks do with the cohort. */
export interface CohortDescription extends TablesOptions {
  /** A cohort with a reader of its own; then there are no tables. */
  readonly source?: SourceName;
  /** One sentence, printed at the top of a notebook. */
  readonly about?: string;
  /** Columns of the sample sheet. By default, those of a text file that are classes are described and predicted. */
  readonly labels?: Partial<LabelChoice>;
  readonly outcomes?: Partial<Outcomes>;
  /** What differs from the default settings of models and training, by the keys of `--set`. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Labels of clinical outcomes, for where the cohort records them. */
export interface Outcomes {
  readonly survival: { readonly time: string; readonly died: string };
  /** Labels that are numbers, such as BMI. */
  readonly numbers: readonly string[];
}

/** Which columns of a sample sheet the notebooks use. */
export interface LabelChoice {
  /** Shown in the description of the cohort; by default those to predict. */
  readonly describe: readonly string[];
  /** Labels to classify, the easy one first. */
  readonly predict: readonly string[];
  /** Labels that might predict a task without any measurement. */
  readonly covariates: readonly string[];
}

/** A column with more values than this is no class, unless the cohort file names it. */
const MOST_CLASSES = 30;

/**
 * Reads the cohort that a JSON file describes, or that a MuData file is: each of its modalities a table, the one with RNA
 * first, and obs the sample sheet.
 * @param keep which samples are kept, where the file does not say.
 * @throws as `describeCohortFile` and `readTables`.
 */
export async function readCohortFile(
  file: string,
  keep: TablesOptions["keep"] = "shared",
): Promise<FileCohort> {
  const { name, tables, source, sampleSheet, keep: stated } = describeCohortFile(file);
  if (source !== undefined) {
    throw new RangeError(`${file}: expected a cohort with tables, got the source "${source}"`);
  }
  const options = { name, sampleSheet, keep: stated ?? keep };
  if (tables.length > 0) return await readTables({ ...options, tables });
  const names = await listModalities(file);
  const seen = names.find((name) => RNA.test(name)) ?? names[0];
  const ordered = [seen, ...names.filter((name) => name !== seen)];
  return await readTables({ ...options, tables: ordered.map((name) => ({ name, file })) });
}

/** Usual names of a modality of transcripts. */
const RNA = /^(?:m?rna|rna[-_ ]?seq|gex|gene[-_ ]?expression|expression|transcript\w*)$/i;

/**
 * Reads a cohort file and resolves its paths, without reading the tables; those of a MuData file are not listed.
 * @throws Error if the file cannot be read or is not JSON; RangeError that lists every fault in it: unknown or missing
 * settings, values of a wrong kind, a repeated table name, files that do not exist.
 */
export function describeCohortFile(file: string): CohortDescription {
  if (formatOf({ file }) === "h5mu") {
    const name = basename(file)
      .replace(/\.h5mu$/i, "")
      .replace(/[^\w.-]/g, "-");
    return { name, tables: [], sampleSheet: { file } };
  }
  const content = parse(file);
  const faults = findFaults(content, readSchema(), "the cohort");
  if (isObject(content)) {
    const { tables, sampleSheet, seen, source } = content;
    if (tables === undefined && source === undefined)
      faults.push('the cohort: expected "tables" or "source", got neither');
    for (const [key, value] of Object.entries({ tables, sampleSheet, seen, keep: content.keep })) {
      if (source === undefined || value === undefined) continue;
      faults.push(`the cohort: expected no "${key}" beside a source, got ${show(value)}`);
    }
    const listed = Array.isArray(tables) ? tables.filter(isObject) : [];
    const names = listed.map(({ name }) => name);
    for (const one of new Set(names.filter((name, i) => names.indexOf(name) < i))) {
      faults.push(`tables: expected each name once, got ${JSON.stringify(one)} again`);
    }
    if (typeof seen === "string" && !names.includes(seen)) {
      const known = names.filter((name) => typeof name === "string");
      faults.push(
        `seen: expected the name of a table (${known.join(", ")}), got "${seen}"${didYouMean(seen, known)}`,
      );
    }
    listed.forEach((table, i) => {
      for (const use of ["samples", "map", "genes"])
        checkFile(file, `tables[${i}].${use}`, table[use], faults);
      checkFile(file, `tables[${i}]`, table, faults);
    });
    checkFile(file, "sampleSheet", sampleSheet, faults);
  }
  if (faults.length > 0) {
    const count = countOf(faults.length, "fault");
    throw new RangeError(
      `${file}: expected a cohort file, got ${count}:\n  ${faults.join("\n  ")}`,
    );
  }
  const place = <T extends { readonly file: string }>(one: T): T => ({
    ...one,
    file: resolve(dirname(file), one.file),
  });
  const { $schema: _, seen, ...checked } = content as CohortDescription & Asked; // as checked above
  const tables = (checked.tables ?? []).map(({ samples, map, genes, ...table }) => ({
    ...place(table),
    ...(samples && { samples: place(samples) }),
    ...(map && { map: place(map) }),
    ...(genes && { genes: place(genes) }),
  }));
  const first = tables.filter(({ name }) => name === seen);
  return {
    ...checked,
    tables: [...first, ...tables.filter(({ name }) => name !== seen)],
    ...(checked.sampleSheet && { sampleSheet: place(checked.sampleSheet) }),
  };
}

/** What only the file has. */
interface Asked {
  readonly $schema?: string;
  /** The modality that becomes the first. */
  readonly seen?: string;
}

/**
 * Chooses the labels of a cohort: those that its file names, else the columns of its sample sheet, if that is text, that
 * have at most 30 values, two of them in at least `patients` patients.
 * @throws RangeError if the file names a label that such a sheet does not have, or as `readSheet`.
 */
export function chooseLabels(
  file: string,
  { sampleSheet, labels = {} }: CohortDescription,
  patients: number,
): LabelChoice {
  if (!sampleSheet || formatOf(sampleSheet) !== "text") {
    const { predict = [], describe = predict, covariates = [] } = labels;
    return { describe, predict, covariates };
  }
  const { samples } = readSheet(sampleSheet.file, sampleSheet);
  const known = Object.keys(samples[0]?.labels ?? {});
  for (const [use, names] of Object.entries(labels)) {
    const strange = names.filter((name) => !known.includes(name));
    if (strange.length > 0) {
      throw new RangeError(
        `${file}: expected labels.${use} to be columns of the sample sheet (${known.join(", ") || "none"}), ` +
          `got ${strange.map(show).join(", ")}${didYouMean(strange[0], known)}`,
      );
    }
  }
  const isClass = (name: string) => {
    const common = new Set(labelValues(samples, name, { atLeast: patients }));
    common.delete(null);
    return common.size >= 2 && new Set(labelValues(samples, name)).size <= MOST_CLASSES;
  };
  const { predict = known.filter(isClass), describe = predict, covariates = [] } = labels;
  return { describe, predict, covariates };
}

function parse(file: string): unknown {
  if (!existsSync(file)) {
    throw new Error(
      `${file}: expected a cohort file, got none of that name; npx aro example FOLDER writes one`,
    );
  }
  if (statSync(file).isDirectory()) {
    throw new Error(`${file}: expected a cohort file in JSON, got a folder; name the file in it`);
  }
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`${file}: expected a cohort file in JSON, got ${(cause as Error).message}`, {
      cause,
    });
  }
}

function checkFile(from: string, where: string, value: unknown, faults: string[]): void {
  if (!isObject(value) || typeof value.file !== "string") return;
  const path = resolve(dirname(from), value.file);
  if (!existsSync(path)) faults.push(`${where}.file: expected a file, got none at ${path}`);
}
