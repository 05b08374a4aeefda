// The notebook files and their code cells.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { projectRoot } from "../cohort/root.js";
import { unknownName } from "../nearest.js";

export interface CodeCell {
  /** Position among the notebook's code cells, from 1. */
  readonly number: number;
  readonly source: string;
  readonly tags: readonly string[];
}

/** Lists the notebook files in reading order. */
export async function listNotebooks(): Promise<string[]> {
  const folder = join(projectRoot(), "notebooks");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => join(folder, name));
}

/**
 * Lists the notebooks whose names begin with one of the given texts, in reading order; all if none is given.
 * @throws RangeError for a text with which no notebook's name begins.
 */
export async function chooseNotebooks(only: readonly string[] = []): Promise<string[]> {
  const all = await listNotebooks();
  const names = all.map(notebookName);
  for (const part of only) {
    if (part !== "" && names.some((name) => name.startsWith(part))) continue;
    throw unknownName("chooseNotebooks", part, names);
  }
  if (only.length === 0) return all;
  return all.filter((file) => only.some((part) => notebookName(file).startsWith(part)));
}

/** A notebook's name without folder and extension, such as "03-train". */
export function notebookName(file: string): string {
  return basename(file, ".ipynb");
}

interface Notebook {
  readonly metadata?: { readonly aro?: { readonly after?: readonly string[] } };
  readonly cells: readonly {
    readonly cell_type: string;
    readonly source: string | readonly string[];
    readonly metadata?: { readonly tags?: readonly string[] };
  }[];
}

/**
 * Reads the code cells of a notebook.
 * @throws Error if the file is not a notebook of format 4.
 */
export async function readCodeCells(file: string): Promise<CodeCell[]> {
  const { cells } = await readNotebook("readCodeCells", file);
  return cells
    .filter((cell) => cell.cell_type === "code")
    .map(({ source, metadata }, i) => ({
      number: i + 1,
      source: typeof source === "string" ? source : source.join(""),
      tags: metadata?.tags ?? [],
    }));
}

/**
 * Reads what a notebook waits for, `aro.after` in its metadata: a notebook whose results it uses, such as "03-train", or
 * a tagged cell of one, such as "03-train#models".
 * @throws Error if the file is not a notebook of format 4.
 */
export async function readPredecessors(file: string): Promise<readonly string[]> {
  return (await readNotebook("readPredecessors", file)).metadata?.aro?.after ?? [];
}

async function readNotebook(where: string, file: string): Promise<Notebook> {
  let content: Partial<Notebook> & { readonly nbformat?: number };
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new Error(`${where}: expected a notebook in ${file}, got ${(error as Error).message}`);
  }
  const { nbformat, metadata, cells } = content;
  if (nbformat !== 4 || !cells) {
    throw new Error(`${where}: expected notebook format 4 in ${file}, got ${nbformat}`);
  }
  return { metadata, cells };
}
