// A table of cells, whatever its file's format: names on two sides, text for names, numbers in between.
import type { Matrix } from "./matrix.js";
import type { MissingMarks } from "./missing.js";
import type { Orientation } from "./orientation.js";
import type { Problems, RowWord } from "./problems.js";
import type { Delimiter } from "./rows.js";

/** A table whose header was read; its cells are read on demand. */
export interface CellTable {
  /** The file, with its sheet or modality, as messages name it. */
  readonly file: string;
  /** The trimmed name of each column. */
  readonly header: readonly string[];
  /** The line of the header, from 1; 0 in formats that have no lines. */
  readonly headerLine: number;
  /** The indexes of the columns that have a name or a value. */
  readonly columns: readonly number[];
  /** The place in the file of each row below the header: a line, or the row itself, from 1. */
  readonly lines: readonly number[];
  readonly rowWord: RowWord;
  /** Notes for the user. Readers of the cells add to them. */
  readonly notes: string[];
  /** Only in text. */
  readonly delimiter?: Delimiter;
  /** The columns that describe the rows, if the format declares them. */
  readonly annotations?: readonly number[];
  /** Defined if the format fixes it. */
  readonly orientation?: Orientation;
  /** Whether a column contains text, if the format declares it. */
  isText?(column: number): boolean;
  /** Reads columns as trimmed text; each is as long as `lines`. */
  readColumns(columns: readonly number[]): (readonly string[])[];
  /** Reads the first rows as trimmed text. */
  readFirstRows(count: number): string[][];
  /**
   * Reads the numbers in some rows and columns; `[rows, columns]`, or `[columns, rows]` transposed. Cells that are
   * neither numbers nor missing become problems.
   */
  readNumbers(options: ReadNumbersOptions): Matrix;
}

export interface ReadNumbersOptions {
  /** For each row of the file, its place in the matrix; -1 leaves it out unparsed. */
  readonly rows: Int32Array;
  /** For each column of the file, its place in the matrix; -1 leaves it out unparsed. */
  readonly columns: Int32Array;
  /** Whether the file's rows become the matrix's columns. */
  readonly transpose: boolean;
  readonly missing: MissingMarks;
  readonly problems: Problems;
}
