// A cohort as a file: the options of readTables as JSON, with paths relative to the file.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type FileCohort, readTables, type TablesOptions } from "./tables.js";

/**
 * Reads the cohort that a JSON file describes.
 * @param keep which samples are kept, where the file does not say.
 * @throws Error if the file is not JSON, else as `readTables`.
 */
export function readCohortFile(file: string, keep: TablesOptions["keep"] = "shared"): FileCohort {
  return readTables({ keep, ...readCohortOptions(file) });
}

/**
 * Reads the options themselves, with resolved paths.
 * @throws Error if the file is not a JSON object with tables.
 */
export function readCohortOptions(file: string): TablesOptions {
  let content: TablesOptions;
  try {
    content = JSON.parse(readFileSync(file, "utf8")) as TablesOptions;
  } catch (cause) {
    throw new Error(
      `${file}: expected a cohort described in JSON, got ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  if (!Array.isArray(content?.tables)) {
    throw new Error(`${file}: expected an object with a list "tables", got none`);
  }
  const place = <T extends { readonly file: string }>(one: T): T =>
    typeof one?.file === "string" ? { ...one, file: resolve(dirname(file), one.file) } : one;
  return {
    ...content,
    tables: content.tables.map(place),
    ...(content.sampleSheet && { sampleSheet: place(content.sampleSheet) }),
  };
}
