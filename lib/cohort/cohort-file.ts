// A cohort as a file: the options of readTables as JSON with paths relative to the file, and the labels to predict.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { didYouMean } from "../nearest.js";
import { listModalities } from "./anndata.js";
import { FORMATS, formatOf } from "./formats.js";
import { labelValues } from "./labels.js";
import { readSheet } from "./samplesheet.js";
import { type FileCohort, readTables, type TablesOptions } from "./tables.js";

/** What a cohort file says: `readTables`' options, and what the notebooks do with the cohort's labels. */
export interface CohortDescription extends TablesOptions {
  /** One sentence, printed at the top of a notebook. */
  readonly about?: string;
  /** Columns of the sample sheet. By default, those of a text file that are classes are described and predicted. */
  readonly labels?: Partial<LabelChoice>;
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

type Kind = "text" | "texts" | "object" | "tables" | readonly string[];

const TABLE: Readonly<Record<string, Kind>> = {
  ...{ name: "text", file: "text", orientation: ["samples-in-rows", "features-in-rows"] },
  ...{ format: FORMATS, sheet: "text", modality: "text", layer: "text" },
  ...{ id: "text", ignore: "texts", missing: "texts" },
  ...{ excelDates: ["drop", "refuse"], ensemblVersions: ["strip", "keep"] },
};
const SHEET: Readonly<Record<string, Kind>> = {
  ...{ file: "text", id: "text", patient: "text", missing: "texts" },
  ...{ format: FORMATS, sheet: "text", modality: "text" },
};
const LABELS: Readonly<Record<string, Kind>> = {
  ...{ describe: "texts", predict: "texts", covariates: "texts" },
};
const COHORT: Readonly<Record<string, Kind>> = {
  ...{ name: "text", about: "text", tables: "tables", sampleSheet: "object", labels: "object" },
  keep: ["shared", "first"],
};

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
  const { about: _, labels: __, tables, ...options } = describeCohortFile(file);
  if (tables.length > 0) return await readTables({ keep, ...options, tables });
  const names = await listModalities(file);
  const seen = names.find((name) => RNA.test(name)) ?? names[0];
  const ordered = [seen, ...names.filter((name) => name !== seen)];
  return await readTables({ keep, ...options, tables: ordered.map((name) => ({ name, file })) });
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
  const faults: string[] = [];
  checkObject("the cohort", content, COHORT, ["name", "tables"], faults);
  if (isObject(content)) {
    const { name, tables, sampleSheet, labels } = content;
    if (typeof name === "string" && !/^[A-Za-z0-9][\w.-]*$/.test(name)) {
      faults.push(
        `name: expected letters, digits, "-", "_" and ".", which can name a folder, got ${JSON.stringify(name)}`,
      );
    }
    const listed = Array.isArray(tables) ? tables : [];
    if (Array.isArray(tables) && tables.length === 0) {
      faults.push("tables: expected at least one table, got none");
    }
    listed.forEach((table, i) => {
      checkObject(`tables[${i}]`, table, TABLE, ["name", "file"], faults);
      checkFile(file, `tables[${i}]`, table, faults);
    });
    const names = listed.flatMap((one) => (isObject(one) ? [one.name] : []));
    const repeated = names.filter((one, i) => names.indexOf(one) < i);
    for (const one of new Set(repeated)) {
      faults.push(`tables: expected each name once, got ${JSON.stringify(one)} again`);
    }
    if (sampleSheet !== undefined) {
      checkObject("sampleSheet", sampleSheet, SHEET, ["file"], faults);
      checkFile(file, "sampleSheet", sampleSheet, faults);
    }
    if (labels !== undefined) checkObject("labels", labels, LABELS, [], faults);
  }
  if (faults.length > 0) {
    throw new RangeError(
      `${file}: expected a cohort file, got ${faults.length} faults:\n  ${faults.join("\n  ")}`,
    );
  }
  const place = <T extends { readonly file: string }>(one: T): T => ({
    ...one,
    file: resolve(dirname(file), one.file),
  });
  const checked = content as CohortDescription; // every setting is checked above
  return {
    ...checked,
    tables: checked.tables.map(place),
    ...(checked.sampleSheet && { sampleSheet: place(checked.sampleSheet) }),
  };
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
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`${file}: expected a cohort file in JSON, got ${(cause as Error).message}`, {
      cause,
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkObject(
  where: string,
  value: unknown,
  kinds: Readonly<Record<string, Kind>>,
  needed: readonly string[],
  faults: string[],
): void {
  if (!isObject(value)) {
    if (value !== undefined) faults.push(`${where}: expected an object, got ${show(value)}`);
    return;
  }
  const known = Object.keys(kinds);
  for (const name of needed) {
    if (!Object.hasOwn(value, name)) faults.push(`${where}: expected "${name}", got none`);
  }
  for (const [name, found] of Object.entries(value)) {
    if (!Object.hasOwn(kinds, name)) {
      if (name !== "$schema") {
        faults.push(
          `${where}: expected only ${known.join(", ")}, got "${name}"${didYouMean(name, known)}`,
        );
      }
      continue;
    }
    const expected = misfit(kinds[name], found);
    if (expected) faults.push(`${where}.${name}: expected ${expected}, got ${show(found)}`);
  }
}

/** What was expected; undefined if the value fits. */
function misfit(kind: Kind, value: unknown): string | undefined {
  if (kind === "text") return typeof value === "string" && value.trim() ? undefined : "a text";
  if (kind === "tables") return Array.isArray(value) ? undefined : "a list of tables";
  if (kind === "object") return isObject(value) ? undefined : "an object";
  if (kind === "texts") {
    const fits = Array.isArray(value) && value.every((one) => typeof one === "string");
    return fits ? undefined : "a list of texts";
  }
  return kind.some((one) => one === value) ? undefined : kind.map(show).join(" or ");
}

function checkFile(from: string, where: string, value: unknown, faults: string[]): void {
  if (!isObject(value) || typeof value.file !== "string") return;
  const path = resolve(dirname(from), value.file);
  if (!existsSync(path)) faults.push(`${where}.file: expected a file, got none at ${path}`);
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? "nothing";
}
