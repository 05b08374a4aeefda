// Writes tables in the format that the file's extension names: TSV, CSV, Parquet or AnnData.
import { type Columns, createAnnData } from "./anndata-writer.js";
import { replaceFile, replaceFileAt } from "./durable-file.js";
import type { Matrix } from "./matrix.js";
import { quote } from "./problems.js";

/** Samples by features; unmeasured entries become an empty cell, null or NaN. */
export interface WideTable {
  readonly samples: readonly string[];
  readonly features: readonly string[];
  /** `[samples, features]`. */
  readonly matrix: Matrix;
  /** Columns that describe the samples; they come before the features. */
  readonly describing?: Columns;
  /** Further matrices of the same shape, such as bounds; only in AnnData. */
  readonly layers?: Readonly<Record<string, Matrix>>;
  /** Single values about the dataset, such as the unit; only in AnnData. */
  readonly about?: Readonly<Record<string, string | number>>;
}

/** A row of values by column name; the first row determines the columns. */
export type TableRow = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Writes samples by features, or plain rows, to FILE.tsv, FILE.csv or FILE.parquet; samples by features also to
 * FILE.h5ad. `readTable` reads each back. An existing file is replaced in one move.
 * @throws RangeError for another extension, plain rows in .h5ad, no rows, matrices whose shape is not that of the
 * names, repeated columns, or layers in a format without them.
 */
export async function writeTable(
  file: string,
  table: WideTable | readonly TableRow[],
): Promise<void> {
  const [, extension = ""] = /\.([a-z0-9]+)$/i.exec(file) ?? [];
  const format = extension.toLowerCase();
  if (!["tsv", "csv", "parquet", "h5ad"].includes(format)) {
    throw new RangeError(
      `writeTable: expected a file that ends in .tsv, .csv, .parquet or .h5ad, got ${file}`,
    );
  }
  if (isWide(table)) checkShape(file, table);
  else if (table.length === 0)
    throw new RangeError(`writeTable: expected rows for ${file}, got none`);
  if (format === "h5ad") {
    if (!isWide(table)) {
      throw new RangeError(
        `writeTable: expected samples by features for ${file}, got plain rows; write them as .tsv, .csv or .parquet`,
      );
    }
    await writeAnnData(file, table);
    return;
  }
  if (isWide(table) && Object.keys(table.layers ?? {}).length > 0) {
    throw new RangeError(
      `writeTable: expected a single matrix for ${file}, got layers; write each to its own file, or all as .h5ad`,
    );
  }
  const columns = isWide(table) ? columnsOfWide(table) : columnsOfRows(table);
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) {
      throw new RangeError(
        `writeTable: expected each column once for ${file}, got ${quote(name)} again; rename one`,
      );
    }
    seen.add(name);
  }
  if (format === "parquet") await writeParquet(file, columns);
  else await writeText(file, columns, format === "tsv" ? "\t" : ",");
}

function isWide(table: WideTable | readonly TableRow[]): table is WideTable {
  return !Array.isArray(table);
}

function checkShape(file: string, { samples, features, matrix, layers = {} }: WideTable): void {
  for (const { rows, columns } of [matrix, ...Object.values(layers)]) {
    if (rows === samples.length && columns === features.length) continue;
    throw new RangeError(
      `writeTable: expected ${samples.length} x ${features.length} values for ${file}, got ${rows} x ${columns}`,
    );
  }
}

/** A column by its name, with a cell for each row. */
interface Column {
  readonly name: string;
  readonly rows: number;
  readonly cell: (row: number) => string | number | boolean | null;
}

function columnsOfWide({ samples, features, matrix, describing = {} }: WideTable): Column[] {
  const rows = samples.length;
  const told = Object.entries(describing).filter(([name]) => name !== "sample");
  return [
    { name: "sample", rows, cell: (row) => samples[row] },
    ...told.map(([name, cells]) => ({ name, rows, cell: (row: number) => cells[row] })),
    ...features.map((name, j) => ({
      name,
      rows,
      cell: (row: number) => {
        const at = row * features.length + j;
        return matrix.observed[at] ? matrix.values[at] : null;
      },
    })),
  ];
}

function columnsOfRows(table: readonly TableRow[]): Column[] {
  return Object.keys(table[0]).map((name) => ({
    name,
    rows: table.length,
    cell: (row: number) => table[row][name] ?? null,
  }));
}

const PIECE = 2 ** 22; // characters written at a time

async function writeText(
  file: string,
  columns: readonly Column[],
  delimiter: string,
): Promise<void> {
  await replaceFile(file, async (handle) => {
    let piece = `${columns.map(({ name }) => quoteCell(name, delimiter)).join(delimiter)}\n`;
    for (let row = 0; row < columns[0].rows; row++) {
      for (let j = 0; j < columns.length; j++) {
        piece += (j === 0 ? "" : delimiter) + quoteCell(columns[j].cell(row), delimiter);
      }
      piece += "\n";
      if (piece.length < PIECE) continue;
      await handle.write(piece);
      piece = "";
    }
    await handle.write(piece);
  });
}

/** Nine digits hold a float32 number exactly, seventeen any number. */
function quoteCell(cell: string | number | boolean | null, delimiter: string): string {
  if (cell === null) return "";
  if (typeof cell !== "string") {
    if (typeof cell !== "number") return String(cell);
    return Math.fround(cell) === cell ? String(Number(cell.toPrecision(9))) : String(cell);
  }
  const text = cell.replace(/[\t\r\n]+/g, " ");
  return text.includes(delimiter) || text.includes('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

async function writeParquet(file: string, columns: readonly Column[]): Promise<void> {
  const { default: pl } = await import("nodejs-polars");
  const series = columns.map(({ name, rows, cell }) => {
    const cells = Array.from({ length: rows }, (_, row) => cell(row));
    const isNumber = cells.every((one) => one === null || typeof one === "number");
    if (!isNumber)
      return pl.Series(
        name,
        cells.map((one) => (one === null ? null : String(one))),
        pl.Utf8,
      );
    const isSingle = cells.every((one) => one === null || Math.fround(one as number) === one);
    return pl.Series(name, cells, isSingle ? pl.Float32 : pl.Float64);
  });
  await replaceFileAt(file, async (aside) => {
    pl.DataFrame(series).writeParquet(aside, { compression: "zstd" });
  });
}

async function writeAnnData(file: string, table: WideTable): Promise<void> {
  const { samples, features, matrix, layers = {}, describing = {}, about } = table;
  await replaceFileAt(file, async (aside) => {
    const content = new Map([["", { features, layers: Object.keys(layers) }]]);
    const writer = await createAnnData(aside, { samples, content });
    try {
      for (const [layer, one] of [[undefined, matrix] as const, ...Object.entries(layers)]) {
        for (let top = 0; top < one.rows; top += ROWS) {
          const rows = sliceRows(one, top, Math.min(top + ROWS, one.rows));
          writer.write({ layer }, top, valuesOf(rows));
        }
      }
      await writer.finish(describing, about);
    } catch (error) {
      writer.abandon();
      throw error;
    }
  });
}

const ROWS = 256; // written at a time

function sliceRows({ columns, values, observed }: Matrix, start: number, end: number): Matrix {
  const [from, to] = [start * columns, end * columns];
  return {
    rows: end - start,
    columns,
    values: values.subarray(from, to),
    observed: observed.subarray(from, to),
  };
}

/** Row-major values, NaN where not measured. */
export function valuesOf({ values, observed }: Matrix): Float32Array {
  return values.map((value, i) => (observed[i] ? value : Number.NaN));
}
