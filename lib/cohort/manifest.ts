// The manifest data/sources.json: what can be had from where, of which size and checksum, under which license.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { plainName } from "./archive.js";
import { projectRoot } from "./root.js";

/** A file by which one tells whether it is the right one. */
export interface Checked {
  readonly bytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

export interface SourceFile extends Checked {
  /** The name that it gets in data/raw/SOURCE. */
  readonly name: string;
  /** What it holds, in a few words. */
  readonly holds: string;
}

/** A file inside a wheel. */
export interface PackedFile extends SourceFile {
  /** Its path inside the wheel. */
  readonly path: string;
}

/** A file that has an address of its own. */
export interface LinkedFile extends SourceFile {
  /** Where it is served, over https. */
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

/** A source whose files are taken out of a Python wheel. */
export interface WheelSource extends About {
  readonly wheel: Wheel;
  readonly files: readonly PackedFile[];
}

/** A source whose files are downloaded one by one. */
export interface LinkedSource extends About {
  /** The Git LFS server that has the files too, by their SHA-256. */
  readonly lfs?: string;
  readonly files: readonly LinkedFile[];
}

export type Source = WheelSource | LinkedSource;

/** Tells the two kinds of source apart. */
export function isWheelSource(source: Source): source is WheelSource {
  return "wheel" in source;
}

/**
 * Reads and checks the manifest, by default data/sources.json; one entry a source that a program can fetch.
 * @throws Error if it cannot be read, is no JSON, or a field is missing, of the wrong kind or unsafe.
 */
export async function readManifest(file?: string): Promise<ReadonlyMap<string, Source>> {
  const sources = new Map<string, Source>();
  for (const [name, entry] of await readEntries(file)) {
    if (entry.byHand === undefined)
      sources.set(name, sourceFrom(entry, `${file ?? "data/sources.json"}: ${name}`));
  }
  return sources;
}

/** Reads the manifest's entries as they stand; those with `byHand` are for `readHandManifest`. */
export async function readEntries(
  file: string = join(projectRoot(), "data", "sources.json"),
): Promise<ReadonlyMap<string, Fields>> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new Error(`readManifest: expected JSON in ${file}, got ${(cause as Error).message}`, {
      cause,
    });
  }
  const entries = new Map<string, Fields>();
  for (const [name, entry] of Object.entries(fieldsOf(content, file))) {
    if (!plainName.test(name)) refuse("plain names", file, name);
    entries.set(name, fieldsOf(entry, `${file}: ${name}`));
  }
  return entries;
}

const ADDRESS = /^https:\/\/[^\s/]+(\/\S*)?$/;

export type Fields = Readonly<Record<string, unknown>>;

function sourceFrom(entry: unknown, where: string): Source {
  const source = fieldsOf(entry, where);
  const citation = fieldsOf(source.citation, `${where}.citation`);
  const about = {
    title: textAt(source, "title", where),
    license: textAt(source, "license", where),
    citation: {
      text: textAt(citation, "text", `${where}.citation`),
      doi: textAt(citation, "doi", `${where}.citation`, /^10\.\d+\/\S+$/),
    },
  };
  if (source.wheel === undefined) {
    const lfs = source.lfs === undefined ? {} : { lfs: textAt(source, "lfs", where, ADDRESS) };
    return { ...about, ...lfs, files: filesFrom(source, where, linkedFrom) };
  }
  const files = filesFrom(source, where, packedFrom);
  return { ...about, wheel: wheelFrom(source.wheel, `${where}.wheel`), files };
}

function filesFrom<File extends SourceFile>(
  { files: entries }: Fields,
  where: string,
  fileFrom: (entry: unknown, where: string) => File,
): File[] {
  if (!Array.isArray(entries) || entries.length === 0) {
    return refuse("a list of files", `${where}.files`, entries);
  }
  const files = entries.map((entry, i) => fileFrom(entry, `${where}.files[${i}]`));
  const names = files.map(({ name }) => name);
  if (new Set(names).size < names.length) refuse("each name once", `${where}.files`, names);
  return files;
}

function wheelFrom(entry: unknown, where: string): Wheel {
  const wheel = fieldsOf(entry, where);
  return {
    // These two become an argument of pip, which must not take it for an option or an address.
    distribution: textAt(wheel, "distribution", where, /^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    version: textAt(wheel, "version", where, /^[0-9][A-Za-z0-9.!+]*$/),
    file: textAt(wheel, "file", where, /^[A-Za-z0-9][A-Za-z0-9._+-]*\.whl$/),
    ...checkedFrom(wheel, where),
  };
}

function packedFrom(entry: unknown, where: string): PackedFile {
  const file = fieldsOf(entry, where);
  return { ...fileFrom(file, where), path: textAt(file, "path", where) };
}

function linkedFrom(entry: unknown, where: string): LinkedFile {
  const file = fieldsOf(entry, where);
  return { ...fileFrom(file, where), url: textAt(file, "url", where, ADDRESS) };
}

function fileFrom(file: Fields, where: string): SourceFile {
  return {
    name: textAt(file, "name", where, plainName),
    holds: textAt(file, "holds", where),
    ...checkedFrom(file, where),
  };
}

function checkedFrom(fields: Fields, where: string): Checked {
  const { bytes } = fields;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes <= 0) {
    return refuse("a whole number above 0", `${where}.bytes`, bytes);
  }
  return { bytes, sha256: textAt(fields, "sha256", where, /^[0-9a-f]{64}$/) };
}

/** Reads a field of text. */
export function textAt(fields: Fields, key: string, where: string, pattern = /\S/): string {
  const value = fields[key];
  if (typeof value === "string" && pattern.test(value)) return value;
  return refuse(`text that fits ${pattern}`, `${where}.${key}`, value);
}

/** Takes a value of the manifest for an object. */
export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  return refuse("an object", where, value);
}

/** Says what is wrong in the manifest, and where. */
export function refuse(expected: string, where: string, got: unknown): never {
  throw new Error(`readManifest: expected ${expected} in ${where}, got ${JSON.stringify(got)}`);
}
