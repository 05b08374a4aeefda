// Reads Parquet files through polars, which is loaded on first use; NaN and null mean "not measured".
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type pl from "nodejs-polars";
import type { CellTable } from "./cell-table.js";
import { quoteSome } from "./problems.js";
import { requireKind } from "./textfile.js";
import { typedTable } from "./typed-table.js";

/**
 * Opens a Parquet file. The index that pandas wrote names the rows; otherwise the first column does.
 * @throws Error if the file cannot be read or is damaged; RangeError if a column holds neither numbers nor text.
 */
export async function openParquet(file: string): Promise<CellTable> {
  requireKind(file, "a Parquet file", "PAR1");
  const { default: polars } = await import("nodejs-polars");
  let frame: pl.DataFrame;
  let index: readonly string[];
  try {
    frame = polars.readParquet(file);
    index = findIndex(file);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(
      `${file}: expected a whole Parquet file, got a damaged one (${message.slice(0, 200)}); write it again`,
      { cause },
    );
  }
  // The frame's own columns, since each Series around one takes a millisecond to make.
  const inner = (frame as unknown as NativeFrame).inner().getColumns();
  const { height } = frame; // each look at the frame lists its columns
  const own = new Map(inner.map((column) => [column.name, column]));
  const first = index.filter((name) => own.has(name));
  const columns = [...new Set([...first, ...own.keys()])].map((name) => own.get(name)!);
  const types = columns.map(typeOf);
  const isNumber = types.map((type) => /^(?:U?Int|Float|Decimal)/.test(type));
  const odd = columns.filter((_, j) => !isNumber[j] && !TEXT.test(types[j]));
  if (odd.length > 0) {
    const names = odd.map(({ name }) => name);
    throw new RangeError(
      `${file}: expected columns of numbers or text, got ${types[columns.indexOf(odd[0])]} in ${quoteSome(names)}; ` +
        "write them as numbers or text, or leave them out",
    );
  }
  return typedTable({
    file,
    header: columns.map(({ name }) => (UNNAMED.test(name) ? "" : name)),
    rows: height,
    isText: (column) => !isNumber[column],
    readText: (column) =>
      frame
        .getColumn(columns[column].name)
        .cast(polars.Utf8)
        .toArray()
        .map((cell) => (cell === null || cell === "NaN" ? "" : String(cell))),
    eachBlock(isWanted, visit) {
      columns.forEach((column, left) => {
        if (!isNumber[left] || !isWanted(left)) return;
        const values = readNumbers(column, polars);
        visit({ values, top: 0, rows: height, left, columns: 1, stride: 1 });
      });
    },
  });
}

/** The native object behind a data frame, which polars does not declare. */
interface NativeFrame {
  inner(): { getColumns(): readonly NativeColumn[] };
}

/** The native object behind a Series. */
interface NativeColumn {
  readonly name: string;
  readonly dtype: string | { readonly variant: string };
  nullCount(): number;
  isNull(): NativeColumn;
  cast(dtype: pl.DataType, strict: boolean): NativeColumn;
  fillNull(strategy: "zero"): NativeColumn;
  toTypedArray(): Float32Array | Float64Array | Uint8Array;
}

/** Reads a column of floats as it is, any other as float64; NaN where it is null. */
function readNumbers(column: NativeColumn, polars: typeof pl): ArrayLike<number> {
  const isFloat = /^Float(?:32|64)$/.test(typeOf(column));
  const numbers = isFloat ? column : column.cast(polars.Float64, true);
  if (column.nullCount() === 0) return numbers.toTypedArray();
  const values = numbers.fillNull("zero").toTypedArray();
  const gaps = column.isNull().cast(polars.UInt8, true).toTypedArray();
  return values.map((value, i) => (gaps[i] ? Number.NaN : value));
}

/** The name of a column's type, such as "Float32". */
function typeOf(column: NativeColumn): string {
  try {
    const { dtype } = column;
    return typeof dtype === "string" ? dtype : dtype.variant;
  } catch {
    return "a type that polars for Node.js does not have, such as float16 or binary,";
  }
}

const TEXT = /^(?:String|Utf8|Categorical|Enum|Bool|Date|Null)/;

/** How pandas names an unnamed index. */
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
