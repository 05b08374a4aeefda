// Saves a figure: NAME.svg to look at, NAME.json to make it again.

import { createHash } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, required } from "../options.js";
import { datasetsOf, type Figure } from "./figure.js";
import { type RenderedFigure, renderFigure } from "./render.js";

export interface SaveOptions {
  /** The command or notebook that made the figure, such as "notebooks/03-train.ipynb". */
  readonly source: string;
}

export interface SavedFigure extends RenderedFigure {
  readonly svgPath: string;
  readonly jsonPath: string;
}

/**
 * Writes NAME.svg and NAME.json (title, source, SHA-256 of the data, spec with its data) into a folder, which it
 * creates if necessary. Each file replaces its predecessor in one move, so a crash leaves the old or the new file.
 * @throws TypeError if the source is empty; Error if the folder cannot be written to.
 */
export async function saveFigure(
  figure: Figure,
  folder: string,
  options: SaveOptions,
): Promise<SavedFigure> {
  const { source } = checkOptions("saveFigure", options, { source: required("string") });
  if (source.trim() === "") {
    throw new TypeError(
      `saveFigure: expected the command or notebook that made ${figure.name}, got an empty source`,
    );
  }
  const rendered = await renderFigure(figure);
  const { name, title, spec } = figure;
  const record = { name, title, source, dataSha256: dataSha256(figure), spec };
  await mkdir(folder, { recursive: true });
  const svgPath = join(folder, `${name}.svg`);
  const jsonPath = join(folder, `${name}.json`);
  await replaceFile(svgPath, `${rendered.svg}\n`);
  await replaceFile(jsonPath, `${JSON.stringify(record)}\n`);
  return { ...rendered, svgPath, jsonPath };
}

/** SHA-256 of `JSON.stringify(spec.datasets)`, in hexadecimal digits. */
export function dataSha256(figure: Figure): string {
  return createHash("sha256")
    .update(JSON.stringify(datasetsOf(figure)))
    .digest("hex");
}

async function replaceFile(path: string, content: string): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(aside, content);
    await rename(aside, path);
  } finally {
    await rm(aside, { force: true });
  }
}
