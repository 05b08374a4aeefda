// Saves a figure: NAME.svg to look at, NAME.json to make it again.

import { createHash } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, required } from "../options.js";
import { datasetsOf, type Figure } from "./figure.js";
import { type RenderedFigure, renderFigure } from "./render.js";

export interface SaveOptions {
  /** The notebook and cell that made the figure, such as "notebooks/03-train.ipynb#cell-16", or a command. */
  readonly source: string;
  /** The command that makes it again. */
  readonly command?: string;
  /** The library and its version: "aro 0.1.0". */
  readonly library?: string;
}

export interface SavedFigure extends RenderedFigure {
  readonly svgPath: string;
  readonly jsonPath: string;
}

/**
 * Writes NAME.svg and NAME.json (title, where it comes from, SHA-256 of the data, spec with its data) into a folder,
 * which it creates if necessary. Both name the source, the command, the library and a git command that finds the commit,
 * which a file cannot contain itself. Files are replaced atomically.
 * @throws TypeError if the source is empty; Error if the folder cannot be written to.
 */
export async function saveFigure(
  figure: Figure,
  folder: string,
  options: SaveOptions,
): Promise<SavedFigure> {
  const { source, command, library } = checkOptions("saveFigure", options, {
    source: required("string"),
    command: "string",
    library: "string",
  });
  if (source.trim() === "") {
    throw new TypeError(
      `saveFigure: expected the command or notebook that made ${figure.name}, got an empty source`,
    );
  }
  const rendered = await renderFigure(figure);
  const { name, title, spec } = figure;
  const origin = {
    source,
    ...(command === undefined ? {} : { command }),
    ...(library === undefined ? {} : { library }),
    commit: `git log -1 --format=%H -- ${name}.svg`,
  };
  const record = { name, title, ...origin, dataSha256: dataSha256(figure), spec };
  await mkdir(folder, { recursive: true });
  const svgPath = join(folder, `${name}.svg`);
  const jsonPath = join(folder, `${name}.json`);
  await replaceFile(svgPath, `${withMetadata(rendered.svg, origin)}\n`);
  await replaceFile(jsonPath, `${JSON.stringify(record)}\n`);
  return { ...rendered, svgPath, jsonPath };
}

/** Adds metadata, which viewers do not draw, to the SVG. */
function withMetadata(svg: string, origin: Readonly<Record<string, string>>): string {
  const lines = Object.entries(origin).map(([key, value]) => `${key}: ${value}`);
  const text = lines.join("; ").replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return svg.replace(/^(<svg[^>]*>)/, (opening) => `${opening}<metadata>${text}</metadata>`);
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
