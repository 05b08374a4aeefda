// A sheet that was read once is kept in a small file of its own, and read from there while the workbook is the same.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { replaceFile } from "./durable-file.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import { projectRoot } from "./root.js";
import { readSheet, type SheetRequest, type SheetTable } from "./workbook.js";

/** Changes whenever a sheet is read differently or kept differently. */
const VERSION = "aro sheet 1";

/** By what one tells that a workbook is still the one that was read. */
interface Fingerprint {
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

interface Header extends Omit<SheetTable, "matrix"> {
  readonly version: string;
  readonly source: Fingerprint;
  /** What was asked for, as JSON. */
  readonly request: string;
  readonly rows: number;
}

export interface CacheOptions {
  /** Where sheets are kept; by default data/cache/sheets of the repository. */
  readonly folder?: string;
}

/**
 * Reads a sheet as `readSheet` does, or what it gave before: if the workbook has the size and time of then, or else
 * the size and the SHA-256. A kept sheet that is damaged, or of another version, is read anew.
 * @throws what `readSheet` throws; Error if the folder cannot be written to.
 */
export async function readCachedSheet(
  request: SheetRequest,
  { folder = join(projectRoot(), "data", "cache", "sheets") }: CacheOptions = {},
): Promise<SheetTable> {
  const { file, sheet, ...rest } = request;
  const asked = JSON.stringify(rest);
  const found = await stat(file).catch(() => undefined);
  if (!found) return await readSheet(request); // which says what is wrong
  const kept = join(folder, `${basename(file)}-${sheet}.sheet`.replace(/[^\w.-]/g, "_"));
  const before = await readKept(kept);
  let sha256: string | undefined;
  if (before && before.header.request === asked && before.header.source.bytes === found.size) {
    if (before.header.source.mtimeMs === found.mtimeMs) return before.table;
    sha256 = await hashFile(file);
    if (before.header.source.sha256 === sha256) return before.table;
  }
  const table = await readSheet(request);
  sha256 ??= await hashFile(file);
  const after = await stat(file);
  if (after.mtimeMs === found.mtimeMs && after.size === found.size) {
    await mkdir(folder, { recursive: true });
    const source = { bytes: found.size, mtimeMs: found.mtimeMs, sha256 };
    await keep(kept, { table, source, request: asked });
  }
  return table;
}

/** The SHA-256 of a file, in hexadecimal digits. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** Eight bytes with the length of the header, the header as JSON, and float32 values in which NaN was not measured. */
async function keep(
  file: string,
  { table, source, request }: { table: SheetTable; source: Fingerprint; request: string },
): Promise<void> {
  const { matrix, ...rest } = table;
  const header: Header = { version: VERSION, source, request, rows: matrix.rows, ...rest };
  // Spaces at the end, so that the values begin at a multiple of four.
  const json = JSON.stringify(header);
  const text = Buffer.from(json + " ".repeat((4 - (Buffer.byteLength(json) % 4)) % 4));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const values = Buffer.alloc(matrix.values.length * 4);
  matrix.values.forEach((value, i) => {
    values.writeFloatLE(matrix.observed[i] ? value : Number.NaN, i * 4);
  });
  await replaceFile(file, async (handle) => {
    await handle.writeFile(Buffer.concat([length, text, values]));
  });
}

/** Undefined if there is none, or it is not whole. */
async function readKept(file: string): Promise<{ header: Header; table: SheetTable } | undefined> {
  const bytes = await readFile(file).catch(() => undefined);
  if (!bytes || bytes.length < 8) return undefined;
  const start = 8 + Number(bytes.readBigUInt64LE());
  let header: Header;
  try {
    header = JSON.parse(bytes.toString("utf8", 8, start)) as Header;
  } catch {
    return undefined;
  }
  if (header.version !== VERSION) return undefined;
  const { version, source, request, rows, ...rest } = header;
  if (bytes.length !== start + rows * header.columns.length * 4) return undefined;
  return { header, table: { ...rest, matrix: decode(bytes, start, rows, header.columns.length) } };
}

function decode(bytes: Buffer, start: number, rows: number, columns: number): Matrix {
  const matrix = emptyMatrix(rows, columns);
  for (let i = 0; i < matrix.values.length; i++) {
    const value = bytes.readFloatLE(start + i * 4);
    if (Number.isNaN(value)) continue;
    matrix.values[i] = value;
    matrix.observed[i] = 1;
  }
  return matrix;
}
