// Parquet files as tables of cells; NaN and null mean "not measured".
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import pl from "nodejs-polars";
import type { CellTable } from "./cell-table.js";
import { quoteSome } from "./problems.js";
import { requireKind } from "./textfile.js";
import { typedTable } from "./typed-table.js";

/**
 * Opens a Parquet file. The index that pandas wrote stands first, as the names of the rows; else the first column does.
 * @throws Error if the file cannot be read or is damaged; RangeError if a column holds neither numbers nor text.
 */
export function openParquet(file: string): CellTable {
  requireKind(file, "a Parquet file", "PAR1");
  let frame: pl.DataFrame;
  let index: readonly string[];
  try {
    frame = pl.readParquet(file);
    index = findIndex(file);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(
      `${file}: expected a whole Parquet file, got a damaged one (${message.slice(0, 200)}); write it again`,
      { cause },
    );
  }
  const first = index.filter((name) => frame.columns.includes(name));
  const names = [...first, ...frame.columns.filter((name) => !first.includes(name))];
  const types = new Map(names.map((name) => [name, typeOf(frame.getColumn(name).dtype)]));
  const isNumber = (name: string) => /^(?:U?Int|Float|Decimal)/.test(types.get(name) ?? "");
  const odd = names.filter((name) => !isNumber(name) && !TEXT.test(types.get(name) ?? ""));
  if (odd.length > 0) {
    throw new RangeError(
      `${file}: expected columns of numbers or text, got ${types.get(odd[0])} in ${quoteSome(odd)}; ` +
        "write them as numbers or text, or leave them out",
    );
  }
  const numbers = (name: string): Float64Array =>
    frame
      .select(pl.col(name).cast(pl.Float64).fillNull(pl.lit(Number.NaN)))
      .getColumn(name)
      .toTypedArray() as Float64Array;
  return typedTable({
    file,
    header: names.map((name) => (UNNAMED.test(name) ? "" : name)),
    rows: frame.height,
    isText: (column) => !isNumber(names[column]),
    readText: (column) =>
      frame
        .getColumn(names[column])
        .cast(pl.Utf8)
        .toArray()
        .map((cell) => (cell === null || cell === "NaN" ? "" : String(cell))),
    eachBlock(isWanted, visit) {
      names.forEach((name, left) => {
        if (!isNumber(name) || !isWanted(left)) return;
        visit({ values: numbers(name), top: 0, rows: frame.height, left, columns: 1, stride: 1 });
      });
    },
  });
}

/** The name of a type, such as "Float32". */
function typeOf(dtype: pl.DataType): string {
  return dtype.toString().replace(/^DataType\((.*)\)$/, "$1");
}

const TEXT = /^(?:String|Utf8|Categorical|Enum|Bool|Date|Null)/;

/** The name of an index that had none. */
const UNNAMED = /^__index_level_\d+__$/;

/**
 * The columns that were the index of a data frame in pandas.
 * Source: pandas, "Storing pandas DataFrame objects in Apache Parquet format".
 */
function findIndex(file: string): readonly string[] {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const tail = Buffer.alloc(8); // the footer's length, and "PAR1"
    readSync(handle, tail, 0, 8, size - 8);
    const footer = Buffer.alloc(Math.min(tail.readUInt32LE(0), size - 8));
    readSync(handle, footer, 0, footer.length, size - 8 - footer.length);
    const [, list = "[]"] =
      /"index_columns": (\["(?:[^"\\]|\\.)*"[^\]]*\])/.exec(footer.toString()) ?? [];
    return (JSON.parse(list) as unknown[]).filter((name) => typeof name === "string");
  } finally {
    closeSync(handle);
  }
}
