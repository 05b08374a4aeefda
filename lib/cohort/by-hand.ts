// Files that no program may fetch: what a reader places by hand, where, and what is wrong with what lies there.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { plainName } from "./archive.js";
import { type Fields, fieldsOf, readEntries, refuse, textAt } from "./manifest.js";
import { collectProblems } from "./problems.js";
import { hashFile } from "./sheet-cache.js";
import { sourceFolder } from "./sources.js";

export interface HandFile {
  /** What readers ask for it by. */
  readonly id: string;
  /** What it is called when the journal serves it, and other names that it is served under. */
  readonly name: string;
  readonly otherNames: readonly string[];
  /** Null where it is not recorded. */
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** Where it is found. */
  readonly page: string;
  /** What it holds, in a few words. */
  readonly holds: string;
  readonly optional: boolean;
}

export interface HandSource {
  readonly title: string;
  readonly files: readonly HandFile[];
}

/** The sources of the manifest whose files a reader places. */
export async function readHandManifest(file?: string): Promise<ReadonlyMap<string, HandSource>> {
  const sources = new Map<string, HandSource>();
  for (const [name, entry] of await readEntries(file)) {
    if (entry.byHand === undefined) continue;
    const where = `${name}.byHand`;
    if (!Array.isArray(entry.byHand) || entry.byHand.length === 0) {
      refuse("a list of files", where, entry.byHand);
    }
    sources.set(name, {
      title: textAt(entry, "title", name),
      files: entry.byHand.map((one, i) => handFileFrom(one, `${where}[${i}]`)),
    });
  }
  return sources;
}

export interface PlacedOptions {
  /** Where the files lie; by default data/raw/NAME of the repository. */
  readonly folder?: string;
  readonly manifest?: string;
  /** Whether to read the files whole, for their SHA-256; by default only sizes are looked at. */
  readonly checksums?: boolean;
}

/**
 * Finds the files of a source that a reader places by hand: id -> path; optional ones only where they lie.
 * @throws RangeError if the manifest has no such source, or that lists each file that is absent, called otherwise or of
 * another size, with what to do about it.
 */
export async function findPlaced(
  source: string,
  { folder = sourceFolder(source), manifest, checksums = false }: PlacedOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const found = (await readHandManifest(manifest)).get(source);
  if (!found) throw new RangeError(`findPlaced: expected a source placed by hand, got "${source}"`);
  const there = await readdir(folder).catch((): string[] => []);
  const problems = collectProblems(`${folder}: expected the files of "${source}"`);
  const paths = new Map<string, string>();
  for (const file of found.files) {
    const name = [file.name, ...file.otherNames].find((one) => there.includes(one));
    if (name === undefined) {
      if (!file.optional) {
        const renamed = await findRenamed(file, folder, there);
        const remedy = renamed
          ? `but ${renamed} may be it: rename it`
          : `download it from ${file.page} (${file.holds}) and put it there`;
        problems.add({
          kind: "absent",
          text: `expected ${describe(file)}, got no such file; ${remedy}`,
        });
      }
      continue;
    }
    const path = join(folder, name);
    const wrong = await mismatch(path, file, checksums);
    if (wrong) {
      const remedy = `download it again from ${file.page}; if the journal has replaced it, correct data/sources.json`;
      problems.add({ kind: "wrong", text: `expected ${name} with ${wrong}; ${remedy}` });
    } else paths.set(file.id, path);
  }
  problems.throwIfAny();
  return paths;
}

async function mismatch(
  path: string,
  { bytes, sha256 }: HandFile,
  checksums: boolean,
): Promise<string | undefined> {
  const { size } = await stat(path);
  if (size === 0) return "content, got an empty file";
  if (bytes !== null && size !== bytes) return `${bytes} bytes, got ${size}`;
  if (!checksums || sha256 === null) return undefined;
  const got = await hashFile(path);
  return got === sha256 ? undefined : `sha256 ${sha256}, got ${got}`;
}

/** A file of the right size, or of a name that ends alike, such as "mmc3.xlsx" or "...-mmc3 (1).xlsx". */
async function findRenamed(
  { name, bytes }: HandFile,
  folder: string,
  there: readonly string[],
): Promise<string | undefined> {
  for (const other of bytes === null ? [] : there) {
    if ((await stat(join(folder, other))).size === bytes) return other;
  }
  const bare = (text: string) => text.replace(/ ?\(\d+\)/, "").toLowerCase();
  const ending = bare(name.split("-").at(-1) ?? name);
  const alike = there.filter((other) => bare(other) === bare(name) || bare(other) === ending);
  return alike[0];
}

function describe({ name, bytes }: HandFile): string {
  return bytes === null ? name : `${name} (${bytes} bytes)`;
}

function handFileFrom(entry: unknown, where: string): HandFile {
  const file: Fields = fieldsOf(entry, where);
  const { bytes = null, sha256 = null, otherNames = [], optional = false } = file;
  if (bytes !== null && !(Number.isSafeInteger(bytes) && Number(bytes) > 0)) {
    refuse("a whole number above 0", `${where}.bytes`, bytes);
  }
  if (!Array.isArray(otherNames) || !otherNames.every((name) => plainName.test(String(name)))) {
    refuse("a list of plain names", `${where}.otherNames`, otherNames);
  }
  return {
    id: textAt(file, "id", where, plainName),
    name: textAt(file, "name", where, plainName),
    otherNames: otherNames.map(String),
    bytes: bytes === null ? null : Number(bytes),
    sha256: sha256 === null ? null : textAt(file, "sha256", where, /^[0-9a-f]{64}$/),
    page: textAt(file, "page", where, /^https:\/\/\S+$/),
    holds: textAt(file, "holds", where),
    optional: optional === true,
  };
}
