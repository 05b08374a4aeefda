// Reads text files, whatever program wrote them: finds, unpacks, checks and decodes their bytes.
import { constants, isUtf8 } from "node:buffer";
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { basename, dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { quoteSome } from "./problems.js";

/** A part of a text. The reader sets how much it used; the next window begins there. */
export interface Window {
  /** The text is `[0, end)`; a `\n` follows it as a sentinel. */
  readonly bytes: Buffer;
  readonly end: number;
  /** Whether the text ends here. */
  readonly last: boolean;
  /** Set by the reader; if it is 0, the next window is larger. */
  used: number;
}

/** A file's text as UTF-8 with `\n` or `\r\n` line ends. */
export interface TextFile {
  readonly file: string;
  /** Notes about the encoding. */
  readonly notes: readonly string[];
  /** Whether the cells had types in their file, as in a workbook. */
  readonly typed?: boolean;
  /**
   * Reads the text from its beginning, in windows that share one buffer, so that a large file is never in memory whole.
   * @throws Error if the file has changed since it was opened.
   */
  windows(): Iterable<Window>;
}

const WINDOW = 2 ** 16; // bytes, so that a window stays in the processor's cache
const LINE_FEED = 10;
const RETURN = 13;

/** First bytes of other kinds of files, with their kind and the remedy. */
const FOREIGN: readonly (readonly [begin: string, kind: string, remedy: string])[] = [
  [
    "PK\x03\x04",
    "a zip archive or an Excel workbook",
    'unzip it, or call the workbook .xlsx or pass format: "xlsx"',
  ],
  ["\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"],
  ["\x1f\x8b", "gzip inside gzip", "unpack it once"],
  ["BZh91AY&SY", "a bzip2 file", "unpack it with bunzip2"],
  ["\xfd7zXZ", "an xz file", "unpack it with unxz"],
  ["\x28\xb5\x2f\xfd", "a zstd file", "unpack it with unzstd"],
  ["PAR1\x15", "a Parquet file", 'call it .parquet, or pass format: "parquet"'],
  ["\x89HDF", "an HDF5 file", 'call it .h5ad or .h5mu, or pass format: "h5ad" or "h5mu"'],
  ["%PDF", "a PDF", "ask its authors for a table"],
  ["<!doctype", "a web page", "the download went wrong: open the address in a browser"],
  ["<!DOCTYPE", "a web page", "the download went wrong: open the address in a browser"],
  ["<html", "a web page", "the download went wrong: open the address in a browser"],
  ["<?xml", "XML", "save the table as CSV"],
  ['{"', "JSON", "write the table as CSV"],
  ["SQLite format 3", "an SQLite database", "write the table as CSV"],
  ["RDX", "an RData file", "write its table from R with write.csv"],
  ["X\n\0\0", "an RDS file", "write its table from R with write.csv"],
  ["ARROW1", "a Feather file", "write the table as Parquet or CSV"],
  ["\x93NUMPY", "a NumPy array", "write it as CSV, with the names of samples and features"],
  ["version https://git-lfs", "a Git LFS pointer, not the file", "fetch it with git lfs pull"],
];

/**
 * Opens a text file. Recognizes gzip by its first bytes and UTF-16 by its byte order mark; takes anything else for
 * UTF-8, or for Windows-1252 if it is not UTF-8, with a note. A bare `\r` counts as a line end.
 * @throws TypeError if `file` is not a path; Error if the file cannot be found or read, is truncated or damaged gzip,
 * or is not text.
 */
export function openText(file: string): TextFile {
  if (typeof file !== "string" || file.length === 0) {
    throw new TypeError(`openText: expected the path of a file, got ${JSON.stringify(file)}`);
  }
  let source: Source = openFile(file);
  const start = source.start(32);
  if (start[0] === 0x1f && start[1] === 0x8b) {
    source = sourceOf(unzip(file, source.whole()));
  }
  const foreign = recognizeForeign(source.start(32));
  if (foreign) throw new Error(`${file}: expected a text file, got ${foreign}`);
  const notes: string[] = [];
  const mark = source.start(3);
  const encoding = utf16Of(mark);
  if (encoding) {
    source = sourceOf(decodeUtf16(file, source.whole(), encoding));
    notes.push(`${file}: read as ${encoding.toUpperCase()}, by its byte order mark`);
  }
  let from = mark.toString("latin1") === "\xef\xbb\xbf" ? 3 : 0; // the byte order mark of UTF-8

  const found = inspect({ file, notes, windows: () => source.windows(from) });
  if (found.strange !== undefined) {
    source = sourceOf(decodeWindows1252(source.whole().subarray(from)));
    from = 0;
    notes.push(
      `${file}: is not UTF-8, read as Windows-1252 (Latin-1); look at the letters on line ${found.strange}`,
    );
  }
  if (found.bareReturns) source = sourceOf(endLines(source.whole()));
  return { file, notes, windows: () => source.windows(from) };
}

/**
 * Reads a small text file whole, with `\n` line ends.
 * @throws what `openText` throws; Error if the text is longer than a string can be.
 */
export function readText(file: string): string {
  const parts: string[] = [];
  for (const { bytes, end } of linesOf(openText(file))) parts.push(bytes.toString("utf8", 0, end));
  return parts.join("").replaceAll("\r\n", "\n");
}

/** Windows that end at a line end. */
function* linesOf(text: TextFile): Iterable<Window> {
  for (const window of text.windows()) {
    const end = window.last ? window.end : window.bytes.lastIndexOf(LINE_FEED, window.end - 1) + 1;
    if (end > 0) yield { ...window, end };
    window.used = end;
  }
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
 * Recognizes files other than text by their first bytes, and says what to do; undefined for any other bytes.
 */
export function recognizeForeign(bytes: Buffer): string | undefined {
  const start = bytes.toString("latin1", 0, 32);
  const found = FOREIGN.find(([begin]) => start.startsWith(begin));
  return found && `${found[1]}; ${found[2]}`;
}

/** The form of UTF-16 that a byte order mark names; undefined without one. */
export function utf16Of(start: Buffer): "utf-16le" | "utf-16be" | undefined {
  const mark = start.toString("latin1", 0, 2);
  return mark === "\xff\xfe" ? "utf-16le" : mark === "\xfe\xff" ? "utf-16be" : undefined;
}

/**
 * @param kind such as "a Parquet file".
 * @param offsets where the file may begin, behind a user block for example.
 * @throws Error if the file cannot be read, or does not begin as files of its kind do.
 */
export function requireKind(
  file: string,
  kind: string,
  begin: string,
  offsets: readonly number[] = [0],
): void {
  let start: string;
  try {
    start = readStart(file, Math.max(...offsets) + begin.length).toString("latin1");
  } catch (error) {
    throw explainUnreadable(file, error);
  }
  if (offsets.some((offset) => start.startsWith(begin, offset))) return;
  const found = FOREIGN.find(([other]) => start.startsWith(other));
  const got = found ? found[1] : start === "" ? "an empty file" : "something else";
  throw new Error(
    `${file}: expected ${kind}, got ${got}; name the format that it has, or download it again`,
  );
}

/** Creates a text in memory from typed cells; messages use the given name. */
export function textOf(file: string, bytes: Buffer): TextFile {
  return { file, notes: [], typed: true, windows: () => sourceOf(bytes).windows(0) };
}

/** Bytes on disk, or in memory where they had to be unpacked or decoded. */
interface Source {
  start(length: number): Buffer;
  whole(): Buffer;
  windows(from: number): Iterable<Window>;
}

/** A single window over all bytes, without a copy if they end in `\n`, which then is the sentinel. */
function sourceOf(bytes: Buffer): Source {
  const blankEnd = /\n\r?\n$/.test(bytes.toString("latin1", bytes.length - 3));
  const ended = bytes.at(-1) === LINE_FEED && !blankEnd;
  const text = ended ? bytes : Buffer.concat([bytes, Buffer.of(LINE_FEED)]);
  return {
    start: (length) => bytes.subarray(0, length),
    whole: () => bytes,
    windows: (from) => [
      { bytes: text.subarray(from), end: text.length - 1 - from, last: true, used: 0 },
    ],
  };
}

/** Leaves a regular file on disk; keeps the bytes of a pipe, which can be read only once. */
function openFile(file: string): Source {
  const attempt = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      throw explainUnreadable(file, error);
    }
  };
  const open = () => {
    const handle = openSync(file, "r");
    const { size, mtimeMs } = fstatSync(handle);
    return { handle, version: `${size} ${mtimeMs}` };
  };
  const { handle, version } = attempt(open);
  const regular = fstatSync(handle).isFile();
  try {
    if (!regular) return sourceOf(attempt(() => readFileSync(handle)));
  } finally {
    closeSync(handle);
  }
  return {
    start: (length) => attempt(() => readStart(file, length)),
    whole: () => attempt(() => readFileSync(file)),
    windows: function* (from) {
      const now = attempt(open);
      try {
        if (now.version !== version) {
          throw new Error(
            `${file}: expected the same file until its end, got a change while it was read; ` +
              "read it again once nothing writes to it",
          );
        }
        yield* readWindows((target, at, position) =>
          attempt(() => readSync(now.handle, target, at, target.length - at, from + position)),
        );
      } finally {
        closeSync(now.handle);
      }
    },
  };
}

/** @param read copies bytes from a position to a place in the target, and returns their number, 0 at the end. */
function* readWindows(
  read: (target: Buffer, at: number, position: number) => number,
): Iterable<Window> {
  let bytes = Buffer.allocUnsafe(WINDOW);
  let end = 0;
  let position = 0;
  for (;;) {
    const room = bytes.subarray(0, bytes.length - 1); // the last byte is the sentinel's
    const got = read(room, end, position);
    position += got;
    end += got;
    bytes[end] = LINE_FEED;
    const window: Window = { bytes, end, last: got === 0, used: end };
    yield window;
    if (window.last) return;
    bytes.copyWithin(0, window.used, end);
    end -= window.used;
    if (end === room.length) bytes = Buffer.concat([bytes], 2 * bytes.length);
  }
}

/**
 * Finds the first line with bytes that are not UTF-8, and whether some lines end in `\r` alone.
 * @throws Error at the first NUL character.
 */
function inspect(text: TextFile): { strange?: number; bareReturns: boolean } {
  const found: ReturnType<typeof inspect> = { bareReturns: false };
  let before = 0; // bytes
  for (const { bytes, end } of linesOf(text)) {
    const part = bytes.subarray(0, end);
    const zero = part.indexOf(0);
    if (zero >= 0) {
      throw new Error(
        `${text.file}: expected text, got a NUL character on line ${lineAt(text, before + zero)}; ` +
          "the file is damaged, binary, or UTF-16 without a byte order mark: save it as UTF-8",
      );
    }
    if (found.strange === undefined && !isUtf8(part)) {
      found.strange = lineAt(text, before + part.findIndex((byte) => byte >= 0x80));
    }
    for (let at = part.indexOf(RETURN); at >= 0 && !found.bareReturns; ) {
      found.bareReturns = part[at + 1] !== LINE_FEED;
      at = part.indexOf(RETURN, at + 1);
    }
    before += end;
  }
  return found;
}

/** The line of a byte, from 1. */
function lineAt(text: TextFile, position: number): number {
  let line = 1;
  let left = position;
  for (const { bytes, end } of linesOf(text)) {
    line += countLineEnds(bytes.subarray(0, Math.min(left, end)));
    left -= end;
    if (left <= 0) break;
  }
  return line;
}

/** Counts line ends of any kind. */
function countLineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  for (let at = bytes.indexOf(RETURN); at >= 0; at = bytes.indexOf(RETURN, at + 1)) {
    if (bytes[at + 1] !== LINE_FEED) count++;
  }
  return count;
}

/** Turns each `\r` that no `\n` follows into `\n`, in a copy. */
function endLines(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  for (let at = out.indexOf(RETURN); at >= 0; at = out.indexOf(RETURN, at + 1)) {
    if (out[at + 1] !== LINE_FEED) out[at] = LINE_FEED;
  }
  return out;
}

function unzip(file: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { chunkSize: 2 ** 22 }); // the default leaves thousands to join
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new Error(
        `${file}: expected at most ${constants.MAX_LENGTH} bytes once unpacked, got more; unpack it with gunzip`,
      );
    }
    const state =
      code === "Z_BUF_ERROR"
        ? `one that is cut off after ${bytes.length} bytes`
        : `a damaged one (${(error as Error).message})`;
    throw new Error(`${file}: expected a whole gzip file, got ${state}; download it again`);
  }
}

const PIECE = 2 ** 24; // bytes; a string of all letters could be too long

function decodeUtf16(file: string, bytes: Buffer, encoding: "utf-16le" | "utf-16be"): Buffer {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const decode = (start: number) => {
    const piece = bytes.subarray(start, start + PIECE);
    return Buffer.from(decoder.decode(piece, { stream: start + PIECE < bytes.length }));
  };
  try {
    return Buffer.concat(piecesOf(bytes).map(decode));
  } catch {
    throw new Error(
      `${file}: expected ${encoding.toUpperCase()} text, as its byte order mark says, got broken characters; ` +
        "save it as UTF-8",
    );
  }
}

/** The 32 characters that differ from Latin-1; some releases of Node decode "windows-1252" as Latin-1. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";

function decodeWindows1252(bytes: Buffer): Buffer {
  const decode = (start: number) =>
    bytes
      .toString("latin1", start, start + PIECE)
      .replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]);
  return Buffer.concat(piecesOf(bytes).map((start) => Buffer.from(decode(start))));
}

function piecesOf({ length }: Buffer): number[] {
  return Array.from({ length: Math.ceil(length / PIECE) }, (_, i) => i * PIECE);
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
