// Reads Parquet files through polars, which is loaded on first use; NaN and null mean "not measured".
import { readFileSync } from "node:fs";
import type pl from "nodejs-polars";
import type { CellTable } from "./cell-table.js";
import { readFooter } from "./parquet-footer.js";
import { quoteSome } from "./problems.js";
import { requireKind } from "./textfile.js";
import { typedTable } from "./typed-table.js";

/** A file of more cells is read in parts of as many, of at least one column. */
const PART = 2 ** 25;
/** Cells of a block, which the processor's cache should hold. */
const BLOCK = 2 ** 15;

/**
 * Opens a Parquet file. The index that pandas wrote names the rows; otherwise the first column does.
 * @throws Error if the file cannot be read or is damaged; RangeError if a column holds neither numbers nor text, or
 * a name is repeated.
 */
export async function openParquet(file: string): Promise<CellTable> {
  requireKind(file, "a Parquet file", "PAR1");
  const { default: polars } = await import("nodejs-polars");
  const attempt = <T>(read: () => T): T => {
    try {
      return read();
    } catch (cause) {
      const { message } = cause as Error;
      throw new Error(
        `${file}: expected a whole Parquet file, got a damaged one (${message.slice(0, 200)}); write it again`,
        { cause },
      );
    }
  };
  const { names, rows, index } = attempt(() => readFooter(file));
  const known = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) (known.has(name) ? repeated : known).add(name);
  if (repeated.size > 0) {
    throw new RangeError(
      `${file}: expected each column once, got ${quoteSome([...repeated])} again; ` +
        "rename one of each, and write the file again",
    );
  }
  // Polars takes a name that does not end so for the content.
  const source = file.endsWith(".parquet") ? file : readFileSync(file);
  // The frame's own columns, since each Series around one takes a millisecond to make.
  const read = (options: Parameters<typeof polars.readParquet>[1]) => {
    const frame = attempt(() => polars.readParquet(source, options));
    const native = frame as unknown as { inner(): { getColumns(): readonly NativeColumn[] } };
    return native.inner().getColumns();
  };
  const all = names.length * rows <= PART ? read({}) : undefined;
  const select = (some: readonly string[]) => all ?? read({ columns: [...some] });
  const types = new Map(
    (all ?? read({ numRows: 0 })).map((column) => [column.name, typeOf(column)]),
  );
  const first = index.filter((name) => known.has(name));
  const columns = [...new Set([...first, ...names])];
  const isNumber = columns.map((name) => NUMBER.test(types.get(name) ?? ""));
  const odd = columns.filter((name, j) => !isNumber[j] && !TEXT.test(types.get(name) ?? ""));
  if (odd.length > 0) {
    throw new RangeError(
      `${file}: expected columns of numbers or text, got ${types.get(odd[0])} in ${quoteSome(odd)}; ` +
        "write them as numbers or text, or leave them out",
    );
  }
  let texts: ReturnType<typeof read> | undefined;
  const readTexts = () => select(columns.filter((_, j) => !isNumber[j]));
  return typedTable({
    file,
    header: columns.map((name) => (UNNAMED.test(name) ? "" : name)),
    rows,
    isText: (column) => !isNumber[column],
    readText: (column) => {
      texts ??= readTexts();
      const found = texts.find(({ name }) => name === columns[column])!;
      const cells = found.cast(polars.Utf8, true).toArray();
      return cells.map((cell) => (cell === null || cell === "NaN" ? "" : String(cell)));
    },
    eachBlock(isWanted, visit) {
      const wanted = columns.flatMap((_, j) => (isNumber[j] && isWanted(j) ? [j] : []));
      const atOnce = Math.max(1, Math.floor(PART / rows));
      const most = Math.max(1, Math.floor(BLOCK / rows));
      const values = new Float64Array(Math.min(most, wanted.length) * rows); // column by column
      for (let start = 0; start < wanted.length; start += atOnce) {
        const part = wanted.slice(start, start + atOnce);
        const own = new Map(
          select(part.map((j) => columns[j])).map((column) => [column.name, column]),
        );
        for (const block of neighbors(part, most)) {
          block.forEach((j, k) => {
            readNumbers(own.get(columns[j])!, polars, values.subarray(k * rows, (k + 1) * rows));
          });
          const size = { top: 0, rows, left: block[0], columns: block.length };
          visit({ values, ...size, rowStride: 1, columnStride: rows });
        }
      }
    },
  });
}

/** Parts rising indexes into runs without gaps, each of at most so many, but at least one. */
function neighbors(indexes: readonly number[], most: number): number[][] {
  const runs: number[][] = [];
  for (const index of indexes) {
    const run = runs.at(-1);
    if (run && index === run[0] + run.length && run.length < most) run.push(index);
    else runs.push([index]);
  }
  return runs;
}

/** The native object behind a Series, which polars does not declare. */
interface NativeColumn {
  readonly name: string;
  readonly dtype: string | { readonly variant: string };
  nullCount(): number;
  isNull(): NativeColumn;
  cast(dtype: pl.DataType, strict: boolean): NativeColumn;
  fillNull(strategy: "zero"): NativeColumn;
  toArray(): readonly unknown[];
  toTypedArray(): Float32Array | Float64Array | Uint8Array;
}

/** Reads a column of numbers; NaN where it is null. */
function readNumbers(column: NativeColumn, polars: typeof pl, into: Float64Array): void {
  const isFloat = /^Float(?:32|64)$/.test(typeOf(column));
  const numbers = isFloat ? column : column.cast(polars.Float64, true);
  const nulls = column.nullCount();
  const filled = (nulls === 0 ? numbers : numbers.fillNull("zero")).toTypedArray();
  into.set(filled);
  if (nulls === 0) return;
  let zeros = 0;
  for (let i = 0; i < into.length; i++) {
    if (into[i] !== 0) continue;
    zeros++;
    into[i] = Number.NaN;
  }
  if (zeros === nulls) return;
  // Asking which are null takes as long as the reading, and is needed only beside a measured zero.
  const gaps = column.isNull().cast(polars.UInt8, true).toTypedArray();
  for (let i = 0; i < into.length; i++) into[i] = gaps[i] ? Number.NaN : filled[i];
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

const NUMBER = /^(?:U?Int|Float|Decimal)/;
const TEXT = /^(?:String|Utf8|Categorical|Enum|Bool|Date|Null)/;

/** How pandas names an unnamed index. */
const UNNAMED = /^__index_level_\d+__$/;
