// Caches sheets: a sheet read once is kept in a small file, and read from there until the workbook changes.
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { replaceFile } from "./durable-file.js";
import { emptyMatrix, type Matrix } from "./matrix.js";
import { projectRoot } from "./root.js";
import { hashFile } from "./sources.js";
import { readSheet, type SheetRequest, type SheetTable } from "./workbook.js";

/** Change it whenever sheets are read or kept differently. */
const VERSION = "aro sheet 1";

/** What identifies the workbook that was read. */
interface Fingerprint {
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly sha256: string;
}

interface Header extends Omit<SheetTable, "matrix"> {
  readonly version: string;
  readonly source: Fingerprint;
  /** The request, as JSON. */
  readonly request: string;
  readonly rows: number;
}

export interface CacheOptions {
  /** The folder of kept sheets; by default data/cache/sheets of the repository. */
  readonly folder?: string;
}

/**
 * Reads a sheet as `readSheet` does, or returns the kept result if the workbook still has the same size and
 * modification time, or the same size and SHA-256. Reads it again if the kept file is damaged or of another version.
 * @throws as `readSheet` does; Error if the folder cannot be written to.
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

/** Writes the header's length in eight bytes, the header as JSON, and float32 values, NaN where not measured. */
async function keep(
  file: string,
  { table, source, request }: { table: SheetTable; source: Fingerprint; request: string },
): Promise<void> {
  const { matrix, ...rest } = table;
  const header: Header = { version: VERSION, source, request, rows: matrix.rows, ...rest };
  // Padded with spaces, so that the values begin at a multiple of four.
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

/** Undefined if the file is missing or not whole. */
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
