// Table formats: chosen by extension or as stated, each with its opener.
import { openAnnData } from "./anndata.js";
import type { CellTable } from "./cell-table.js";
import { cellsOfText } from "./cells.js";
import { openDelimited } from "./delimited.js";
import type { HeaderOptions } from "./header.js";
import { openParquet } from "./parquet.js";
import { namesPatients } from "./patients.js";
import type { TextFile } from "./textfile.js";
import { openSheet } from "./workbook.js";

export const FORMATS = ["text", "xlsx", "parquet", "h5ad", "h5mu"] as const;

/** `text` is CSV, TSV or GCT, gzip or not. */
export type Format = (typeof FORMATS)[number];

/** Which table of which file to read, and in which format. */
export interface FormatOptions {
  /** Path of a CSV, TSV or GCT file (gzip or not), an Excel workbook, or a Parquet, AnnData or MuData file. */
  readonly file: string;
  /** By default from the extension: .xlsx, .parquet, .h5ad or .h5mu, else text. */
  readonly format?: Format;
  /** The sheet of a workbook; by default its only one. */
  readonly sheet?: string;
  /** The modality of a MuData file. */
  readonly modality?: string;
}

const EXTENSIONS: readonly (readonly [pattern: RegExp, format: Format])[] = [
  [/\.xls[xm]$/i, "xlsx"],
  [/\.(?:parquet|pq)$/i, "parquet"],
  [/\.h5ad$/i, "h5ad"],
  [/\.h5mu$/i, "h5mu"],
];

/** The format of a file: the stated one, else that of its extension. */
export function formatOf({ file, format }: Pick<FormatOptions, "file" | "format">): Format {
  return format ?? EXTENSIONS.find(([pattern]) => pattern.test(file))?.[1] ?? "text";
}

/** Options that apply only to some formats. */
const OWN: Readonly<Record<string, readonly Format[]>> = {
  sheet: ["xlsx"],
  layer: ["h5ad", "h5mu"],
  modality: ["h5mu"],
};

/** @throws RangeError for an option that does not apply to the file's format. */
export function checkFormat(
  where: string,
  options: FormatOptions & { readonly layer?: string },
): void {
  const format = formatOf(options);
  const given: Readonly<Record<string, unknown>> = { ...options };
  for (const [name, formats] of Object.entries(OWN)) {
    if (given[name] === undefined || formats.includes(format)) continue;
    throw new RangeError(
      `${where}: expected ${name} only for ${formats.join(" and ")}, got it for ${options.file}, read as ${format}; ` +
        "remove it, or pass format",
    );
  }
}

/** Opens a text file, or a workbook's sheet as text, with what is known about its header. */
export async function openAsText({
  file,
  format,
  sheet,
}: FormatOptions): Promise<{ readonly text: string | TextFile; readonly known: HeaderOptions }> {
  return formatOf({ file, format }) === "xlsx"
    ? { text: await openSheet(file, sheet), known: { delimiter: "\t" } }
    : { text: file, known: {} };
}

/**
 * Opens a table of any format.
 * @param ids ids that columns may be named by.
 * @throws as `openDelimited`, `openSheet`, `openParquet` and `openAnnData`.
 */
export async function openTable(
  options: FormatOptions & { readonly name: string; readonly layer?: string },
  ids: ReadonlySet<string> | undefined,
): Promise<CellTable> {
  const { file, name, layer } = options;
  const format = formatOf(options);
  if (format === "parquet") return await openParquet(file);
  if (format === "h5ad") return await openAnnData(file, { layer }, namesPatients);
  if (format === "h5mu") {
    return await openAnnData(file, { layer, modality: options.modality ?? name }, namesPatients);
  }
  const { text, known } = await openAsText(options);
  return cellsOfText(openDelimited(text, { ids, ...known }));
}
