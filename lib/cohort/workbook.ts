// Reads a sheet of an Excel workbook as text, with a library that is loaded on first use.
import { readFile } from "node:fs/promises";
import type { CellValue } from "hucre/xlsx";
import { quoteSome } from "./problems.js";
import { readStart, type TextFile, textOf } from "./textfile.js";

/**
 * Converts a sheet to tab-separated text, one line per row, so that it passes the same checks as other tables. A name that
 * Excel turned into a date reads `2021-09-01`.
 * @param sheet by default the only one.
 * @param names columns of the header, where rows may stand above it, such as a title; these become blank. Without it, the
 * header is the first row, and merged cells are refused, since only the first of them has a value.
 * @throws Error if the file is not a workbook or has no such sheet; RangeError if no row has all the names, cells are
 * merged, or several sheets could be meant.
 */
export async function openSheet(
  file: string,
  sheet?: string,
  names?: readonly string[],
): Promise<TextFile> {
  const bytes = await readWorkbook(file);
  const name = sheet ?? (await onlySheet(file, bytes));
  const where = `${file}, sheet "${name}"`;
  if (names === undefined) await refuseMerged(bytes, name, where);
  const lines: string[] = [];
  const widths: number[] = [];
  let first: readonly string[] = [];
  let isHeaded = names === undefined;
  for await (const { index, cells } of rowsIn(file, bytes, name)) {
    while (lines.length < index) widths[lines.push("") - 1] = 1;
    if (first.length === 0) first = cells;
    isHeaded ||= names?.every((one) => cells.includes(one)) ?? true;
    const own = isHeaded ? cells : [""];
    widths[lines.push(own.map(quoteCell).join("\t")) - 1] = Math.max(1, own.length);
  }
  if (!isHeaded) {
    throw new RangeError(
      `${where}: expected a header with ${quoteSome(names ?? [], 10)}, got ${quoteSome(first, 8)}; ` +
        "check that it is the file meant, download it again",
    );
  }
  const width = widths.reduce((most, one) => Math.max(most, one), 0);
  const padded = lines.map((line, i) => line + "\t".repeat(width - widths[i]));
  return textOf(where, Buffer.from(`${padded.join("\n")}\n`));
}

async function refuseMerged(bytes: Uint8Array, name: string, where: string): Promise<void> {
  const { rangeRef, readXlsx } = await loadHucre();
  const { sheets } = await readXlsx(bytes, { sheets: [name], maxRows: 1 });
  const merges = sheets.find((one) => one.name === name)?.merges ?? [];
  if (merges.length === 0) return;
  const ranges = merges.map(({ startRow, startCol, endRow, endCol }) =>
    rangeRef(startRow, startCol, endRow, endCol),
  );
  throw new RangeError(
    `${where}: expected one value a cell, below one header row, got merged cells ${quoteSome(ranges, 5)}; ` +
      "unmerge them, and leave a single row with the name of each column above the numbers",
  );
}

/** The only sheet of a workbook. */
async function onlySheet(file: string, bytes: Uint8Array): Promise<string> {
  const names = await listSheets(bytes);
  if (names.length === 1) return names[0];
  throw new RangeError(
    `${file}: expected the name of a sheet, got none; pass sheet: one of ${quoteSome(names, 20)}`,
  );
}

/** A cell for tab-separated text. */
function quoteCell(text: string): string {
  return text.includes('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A cell's text in one line, a date in ISO form. */
function cellText(cell: CellValue): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  return cell instanceof Date
    ? cell.toISOString().slice(0, 10)
    : String(cell).trim().replace(/\s+/g, " ");
}

/** Reads the rows of a sheet one by one, counted from 0; those without cells may be left out. */
async function* rowsIn(file: string, bytes: Buffer, sheet: string) {
  const { streamXlsxRows } = await loadHucre();
  let found = false;
  try {
    for await (const { index, values } of streamXlsxRows(bytes, { sheet })) {
      found = true;
      yield { index, cells: values.map(cellText) };
    }
  } catch (cause) {
    throw new Error(
      `${file}: expected a whole workbook, got a damaged one (${(cause as Error).message}); download it again`,
      { cause },
    );
  }
  if (found) return;
  const names = await listSheets(bytes);
  const got = names.includes(sheet) ? "an empty one" : quoteSome(names, 20);
  throw new Error(
    `${file}: expected a sheet "${sheet}" with rows, got ${got}; check that it is the file meant, download it again`,
  );
}

async function listSheets(bytes: Uint8Array): Promise<string[]> {
  const names: string[] = [];
  const note = ({ name }: { readonly name: string }) => {
    names.push(name);
    return false; // no sheet is read
  };
  const { readXlsx } = await loadHucre();
  await readXlsx(bytes, { sheets: note });
  return names;
}

/** Loaded on first use, since most files are not workbooks. */
const loadHucre = () => import("hucre/xlsx");

/** Reads a workbook's bytes. Saving a journal's web page instead of its file is a common mistake. */
async function readWorkbook(file: string): Promise<Buffer> {
  let begin: string;
  try {
    begin = readStart(file).toString("latin1").trimStart();
  } catch (cause) {
    throw new Error(`${file}: expected a workbook, got ${(cause as Error).message}`, { cause });
  }
  if (begin.startsWith("PK\x03\x04")) return await readFile(file);
  let got = "something else; download it again";
  if (begin.startsWith("<"))
    got = "a web page; open the address in a browser, and save the file itself";
  if (begin.startsWith("\xd0\xcf\x11\xe0")) {
    got = "an old or encrypted Excel workbook; save it as .xlsx without a password";
  }
  throw new Error(`${file}: expected an .xlsx workbook, got ${got}`);
}
