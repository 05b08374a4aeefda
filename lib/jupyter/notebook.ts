// The notebooks on disk, and the code in their cells.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { didYouMean } from "../cohort/nearest.js";
import { projectRoot } from "../cohort/root.js";

export interface CodeCell {
  /** From 1, counting the notebook's code cells. */
  readonly number: number;
  readonly source: string;
}

/** Lists the notebook files in reading order. */
export async function listNotebooks(): Promise<string[]> {
  const folder = join(projectRoot(), "notebooks");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => join(folder, name));
}

/**
 * Lists the files of the notebooks whose names begin with one of the given texts, in reading order; all without any.
 * @throws RangeError for a text that no notebook's name begins with.
 */
export async function chooseNotebooks(only: readonly string[] = []): Promise<string[]> {
  const all = await listNotebooks();
  const names = all.map(notebookName);
  for (const part of only) {
    if (part !== "" && names.some((name) => name.startsWith(part))) continue;
    throw new RangeError(
      `chooseNotebooks: expected one of ${names.join(", ")}, got "${part}"${didYouMean(part, names)}`,
    );
  }
  if (only.length === 0) return all;
  return all.filter((file) => only.some((part) => notebookName(file).startsWith(part)));
}

/** A notebook's name without folder and extension, such as "03-train". */
export function notebookName(file: string): string {
  return basename(file, ".ipynb");
}

/**
 * Reads the code cells of a notebook.
 * @throws Error if the file is not a notebook of format 4.
 */
export async function readCodeCells(file: string): Promise<CodeCell[]> {
  let content: { nbformat?: number; cells?: { cell_type: string; source: string | string[] }[] };
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(
      `readCodeCells: expected a notebook in ${file}, got ${(error as Error).message}`,
    );
  }
  if (content.nbformat !== 4 || !Array.isArray(content.cells)) {
    throw new Error(
      `readCodeCells: expected notebook format 4 in ${file}, got ${content.nbformat}`,
    );
  }
  return content.cells
    .filter((cell) => cell.cell_type === "code")
    .map(({ source }, i) => ({
      number: i + 1,
      source: Array.isArray(source) ? source.join("") : source,
    }));
}
