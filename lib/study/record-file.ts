// A record's file: results under version control, a row a line, so that a change is readable.
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { replaceFile } from "../cohort/durable-file.js";
import { projectRoot } from "../cohort/root.js";
import { foldersOf, type Profile } from "./profile.js";

/** The file that holds the record of a profile's experiment or measurement. */
export function recordFile(profile: Profile, name: string): string {
  return join(foldersOf(profile).records, `${name}.json`);
}

/**
 * Reads the records of an experiment or measurement, one a profile, by the name of the profile.
 * @param parse reads a file; null if there is none.
 * @param folder of records, one folder a profile.
 */
export async function readEach<R>(
  name: string,
  parse: (file: string) => Promise<R | null>,
  folder = join(projectRoot(), "data", "records"),
): Promise<R[]> {
  const profiles = (await readdir(folder)).sort();
  const found = await Promise.all(
    profiles.map((profile) => parse(join(folder, profile, `${name}.json`))),
  );
  return found.filter((record) => record !== null);
}

/** Writes a record in one step. */
export async function writeRecord(file: string, record: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, (handle) => handle.writeFile(`${formatRecord(record)}\n`));
}

/** JSON with a line for each field of a nested object, and for each element of a list of objects. */
export function formatRecord(value: unknown, indent = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const join = (lines: readonly string[], open: string, close: string) =>
    `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${indent}${close}`;
  if (Array.isArray(value)) {
    const isTable = value.some((row) => typeof row === "object" && row !== null);
    if (!isTable) return JSON.stringify(value);
    return join(
      value.map((row) => JSON.stringify(row)),
      "[",
      "]",
    );
  }
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => `${JSON.stringify(key)}: ${formatRecord(field, inner)}`);
  return fields.length === 0 ? "{}" : join(fields, "{", "}");
}
