// Unpacks named files from an untrusted zip archive, whose paths, sizes and checksums are claims to check.
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { plainName } from "./manifest.js";

/** One file to unpack from an archive. */
export interface Extraction {
  /** Its path inside the archive. */
  readonly path: string;
  /** Its plain file name in the folder. */
  readonly name: string;
  /** Its required size, in bytes. */
  readonly bytes: number;
}

export interface UnpackOptions {
  /** An existing folder; nothing outside it is written, and nothing in it is replaced. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks the wanted files under the requested names, never under names that the archive chooses. Refuses the whole
 * archive before it writes anything if any entry, wanted or not, has an absolute path, contains ".." or a backslash, is
 * neither a plain file nor a folder, or has the same name as another.
 * @throws RangeError if a requested name is not a plain file name, or is requested twice.
 * @throws Error if the archive is not a whole zip file, is refused, lacks a wanted file, or a file's size or checksum
 * differs from the declared one; files unpacked before that stay in the folder.
 */
export async function unpackFiles(
  archive: string,
  wanted: readonly Extraction[],
  { folder, signal }: UnpackOptions,
): Promise<void> {
  checkNames(wanted);
  // Strict names: by default yauzl turns a backslash into a slash instead of refusing it.
  const zip = await openPromise(archive, {
    autoClose: false,
    lazyEntries: true,
    strictFileNames: true,
  }).catch((cause) => refuse(archive, cause));
  try {
    const entries = await readEntries(zip).catch((cause) => refuse(archive, cause));
    for (const file of wanted) {
      const entry = entries.get(file.path);
      if (!entry)
        throw new Error(`unpackFiles: expected ${file.path} in ${archive}, got no such file`);
      if (entry.uncompressedSize !== file.bytes) {
        throw new Error(
          `unpackFiles: expected ${file.path} in ${archive} to have ${file.bytes} bytes, ` +
            `got ${entry.uncompressedSize}`,
        );
      }
    }
    for (const { path, name } of wanted) {
      const entry = entries.get(path)!;
      await extract(zip, entry, join(folder, name), signal).catch((cause) => {
        signal?.throwIfAborted();
        refuse(archive, cause, path);
      });
    }
  } finally {
    zip.close();
  }
}

/** Reads the whole table of contents, so that one hostile entry condemns the archive. */
async function readEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName; // yauzl has refused absolute paths, ".." and backslashes
    if (name.includes("\0")) throw new Error(`name with a null character: ${JSON.stringify(name)}`);
    if (entries.has(name)) throw new Error(`duplicate entry: ${name}`);
    const kind = (entry.externalFileAttributes >>> 16) & 0o170000; // from the Unix mode; 0 if there is none
    if (kind === 0o120000) throw new Error(`symbolic link: ${name}`);
    if (![0, 0o100000, 0o040000].includes(kind)) throw new Error(`not a plain file: ${name}`);
    entries.set(name, entry);
  }
  return entries;
}

async function extract(
  zip: ZipFile,
  entry: Entry,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  if (entry.isEncrypted()) throw new Error("encrypted");
  // yauzl ends the stream with an error at the first byte beyond the declared size, or if bytes are missing.
  const content = await zip.openReadStreamPromise(entry);
  let checksum = 0; // yauzl leaves the CRC to its caller
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      checksum = crc32(chunk, checksum);
      done(null, chunk);
    },
    flush(done) {
      const wrong = checksum !== entry.crc32;
      done(
        wrong ? new Error(`wrong CRC: expected ${hex(entry.crc32)}, got ${hex(checksum)}`) : null,
      );
    },
  });
  await pipeline(content, check, createWriteStream(target, { flags: "wx" }), { signal });
}

function checkNames(wanted: readonly Extraction[]): void {
  const names = new Set<string>();
  for (const { name } of wanted) {
    if (!plainName.test(name)) {
      throw new RangeError(`unpackFiles: expected a plain file name, got ${JSON.stringify(name)}`);
    }
    if (names.has(name))
      throw new RangeError(`unpackFiles: expected each name once, got "${name}" twice`);
    names.add(name);
  }
}

function refuse(archive: string, cause: unknown, path?: string): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const what = path ? `${path} in ${archive}` : archive;
  throw new Error(
    `unpackFiles: expected a whole and harmless zip archive, got ${what}: ${reason}`,
    {
      cause,
    },
  );
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
