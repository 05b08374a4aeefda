// Reads text files, whatever program wrote them: finds, unpacks and decodes their bytes.
import { constants } from "node:buffer";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { basename, dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { quoteSome } from "./problems.js";

/** A file's text with `\n` line ends, and what its reader noticed. */
export interface TextFile {
  readonly text: string;
  readonly notes: readonly string[];
}

/** First bytes of files that are not tables as text, with their kind and what to do. */
const FOREIGN: readonly (readonly [begin: string, kind: string, remedy: string])[] = [
  ["PK\x03\x04", "a zip archive or an Excel workbook", "unzip it, or save the sheet as CSV"],
  ["\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"],
  ["\x1f\x8b", "gzip inside gzip", "unpack it once"],
  ["BZh91AY&SY", "a bzip2 file", "unpack it with bunzip2"],
  ["\xfd7zXZ", "an xz file", "unpack it with unxz"],
  ["\x28\xb5\x2f\xfd", "a zstd file", "unpack it with unzstd"],
  ["PAR1\x15", "a Parquet file", "write it as TSV"],
  ["\x89HDF", "an HDF5 file", "write it as TSV"],
  ["%PDF", "a PDF", "ask its authors for a table"],
  ["<!doctype", "a web page", "the download went wrong: open the address in a browser"],
  ["<!DOCTYPE", "a web page", "the download went wrong: open the address in a browser"],
  ["<html", "a web page", "the download went wrong: open the address in a browser"],
  ["version https://git-lfs", "a Git LFS pointer, not the file", "fetch it with git lfs pull"],
];

/**
 * Reads a text file. Recognizes gzip by its first bytes and UTF-16 by its byte order mark; reads anything else as
 * UTF-8, or as Windows-1252 if it is not UTF-8, with a note. Turns `\r\n` and bare `\r` into `\n`.
 * @throws TypeError if `file` is not a path; Error if the file cannot be found or read, is truncated or damaged gzip,
 * is not text, or is longer than a string can be.
 */
export function readText(file: string): TextFile {
  if (typeof file !== "string" || file.length === 0) {
    throw new TypeError(`readText: expected the path of a file, got ${JSON.stringify(file)}`);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw explainUnreadable(file, error);
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = unzip(file, bytes);
  const foreign = recognizeForeign(bytes);
  if (foreign) throw new Error(`${file}: expected a text file, got ${foreign}`);
  if (bytes.length > constants.MAX_STRING_LENGTH) throw tooLong(file);
  const { text, notes } = decode(file, bytes);
  const zero = text.indexOf("\0");
  if (zero >= 0) {
    throw new Error(
      `${file}: expected text, got a NUL character on line ${countLines(text.slice(0, zero))}; ` +
        "the file is damaged, binary, or UTF-16 without a byte order mark: save it as UTF-8",
    );
  }
  return { text: text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text, notes };
}

/** Reads the first bytes of a file, which may be too large to read whole. */
export function readStart(file: string, bytes = 64): Buffer {
  const start = Buffer.alloc(bytes);
  const handle = openSync(file, "r");
  try {
    return start.subarray(0, readSync(handle, start));
  } finally {
    closeSync(handle);
  }
}

/**
 * Recognizes the first bytes of files other than tables as text, and says what to do; undefined for any other bytes.
 */
export function recognizeForeign(bytes: Buffer): string | undefined {
  const start = bytes.toString("latin1", 0, 32);
  const found = FOREIGN.find(([begin]) => start.startsWith(begin));
  return found && `${found[1]}; ${found[2]}`;
}

/** Counts the lines of a text with any kind of line ends; the last line needs none. */
export function countLines(text: string): number {
  return text.split(/\r\n?|\n/).length;
}

function unzip(file: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: constants.MAX_STRING_LENGTH });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLong(file);
    const state =
      code === "Z_BUF_ERROR"
        ? `one that is cut off after ${bytes.length} bytes`
        : `a damaged one (${(error as Error).message})`;
    throw new Error(`${file}: expected a whole gzip file, got ${state}; download it again`);
  }
}

function tooLong(file: string): Error {
  return new Error(
    `${file}: expected at most ${constants.MAX_STRING_LENGTH} bytes of text, got more; split the file by rows`,
  );
}

function decode(file: string, bytes: Buffer): TextFile {
  const mark = bytes.toString("latin1", 0, 2);
  if (mark === "\xff\xfe" || mark === "\xfe\xff") {
    const encoding = mark === "\xff\xfe" ? "utf-16le" : "utf-16be";
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      return {
        text,
        notes: [`${file}: read as ${encoding.toUpperCase()}, by its byte order mark`],
      };
    } catch {
      throw new Error(
        `${file}: expected ${encoding.toUpperCase()} text, as its byte order mark says, got broken characters; ` +
          "save it as UTF-8",
      );
    }
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), notes: [] };
  } catch {
    const text = decodeWindows1252(bytes);
    const strange = bytes.findIndex((byte) => byte >= 0x80);
    const line = countLines(text.slice(0, strange)); // each byte is one character
    return {
      text,
      notes: [
        `${file}: is not UTF-8, read as Windows-1252 (Latin-1); look at the letters on line ${line}`,
      ],
    };
  }
}

/** The 32 characters that differ from Latin-1; some releases of Node decode "windows-1252" as Latin-1. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]);
}

function explainUnreadable(file: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const folder = dirname(file);
  if (code === "EISDIR") {
    return new Error(`${file}: expected a file, got a folder with ${listFolder(file)}`);
  }
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new Error(
      `${file}: expected a file, got none of that name; ${folder} has ${listFolder(folder)}`,
    );
  }
  return new Error(`${file}: expected a file that can be read, got ${code ?? message}`);
}

function listFolder(folder: string): string {
  try {
    return quoteSome(readdirSync(folder).sort(), 10);
  } catch {
    return `nothing, as there is no folder ${JSON.stringify(basename(folder))}`;
  }
}
