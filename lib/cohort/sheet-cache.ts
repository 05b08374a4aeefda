// Caches sheets: a sheet read once is kept in a small file, and read from there until the workbook changes.
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { replaceFile } from "./durable-file.js";
import { matrixFrom } from "./matrix.js";
import { projectRoot } from "./root.js";
import { valuesOf } from "./table-writer.js";
import { readSheet, type SheetRequest, type SheetTable } from "./workbook.js";

/** Change it whenever sheets are read or kept differently. */
const VERSION = "aro sheet 2";

/** What identifies the workbook that was read. */
interface Fingerprint {
  readonly bytes: number;
  readonly mtimeMs: number;
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
 * modification time. Reads it again if the kept file is damaged or of another version.
 * @throws as `readSheet` does; Error if the folder cannot be written to.
 */
export async function readCachedSheet(
  request: SheetRequest,
  { folder = join(projectRoot(), "data", "cache", "sheets") }: CacheOptions = {},
): Promise<SheetTable> {
  const { file, sheet, ...rest } = request;
  const asked = JSON.stringify(rest);
  const source = await fingerprint(file);
  if (!source) return await readSheet(request); // which says what is wrong
  const kept = join(folder, `${basename(file)}-${sheet}.sheet`.replace(/[^\w.-]/g, "_"));
  const before = await readKept(kept);
  if (before?.header.request === asked && isDeepStrictEqual(before.header.source, source)) {
    return before.table;
  }
  const table = await readSheet(request);
  if (isDeepStrictEqual(await fingerprint(file), source)) {
    await mkdir(folder, { recursive: true });
    await keep(kept, { table, source, request: asked });
  }
  return table;
}

async function fingerprint(file: string): Promise<Fingerprint | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found && { bytes: found.size, mtimeMs: found.mtimeMs };
}

/** Writes the header's length in eight bytes, the header as JSON, and float32 values, NaN where not measured. */
async function keep(
  file: string,
  { table, source, request }: { table: SheetTable; source: Fingerprint; request: string },
): Promise<void> {
  const { matrix, ...rest } = table;
  const header: Header = { version: VERSION, source, request, rows: matrix.rows, ...rest };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await replaceFile(file, async (handle) => {
    await handle.writeFile(Buffer.concat([length, text]));
    await handle.writeFile(Buffer.from(valuesOf(matrix).buffer));
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
  const values = new Float32Array(new Uint8Array(bytes.subarray(start)).buffer); // copied, to be aligned
  const matrix = matrixFrom(rows, header.columns.length, values);
  return { header, table: { ...rest, matrix } };
}
