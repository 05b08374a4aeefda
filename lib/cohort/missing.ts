// Marks that mean "not measured" or "not recorded", and counts of the cells that have them.
import { parseNumber } from "./numbers.js";
import { countOf, quote } from "./problems.js";

/** Words for a missing value, in upper or lower case, with or without blanks around them. */
export const missingWords: readonly string[] = [
  "",
  "NA",
  "N/A",
  "#N/A",
  "#NA",
  "<NA>",
  "NaN",
  "-NaN",
  "null",
  "n.a.",
  ".",
  "-",
];

/** Marks that may mean something else, such as "negative". */
const DOUBTFUL: readonly string[] = [".", "-"];

export interface MissingOptions {
  /** Further words or numbers that a user stated, such as "ND" or "-999". */
  readonly stated?: readonly string[];
  /** Further words of the file's format. */
  readonly format?: readonly string[];
  /** Whether to note the usual words too, beside those that are stated or doubtful; by default not. */
  readonly noteAll?: boolean;
}

/** The marks of one file, asked before a cell is read as a number or a label. */
export interface MissingMarks {
  /** Whether a trimmed cell is a mark; counts those that are. A number is compared by its value: -9 is -9.0. */
  matches(cell: string): boolean;
  /** The mark that a trimmed cell is, which the caller counts; undefined for any other cell. */
  find(cell: string): Mark | undefined;
  /** The same of a number. */
  matchesNumber(value: number): boolean;
  /** Whether any mark is a number. */
  readonly numeric: boolean;
  /** Notes how many cells had each mark; `what` is "measured" or "recorded". */
  notes(file: string, what: string): string[];
}

/** A word or number, and how many cells had it. */
export interface Mark {
  readonly word: string;
  /** Whether it is noted even if no cell has it. */
  readonly stated: boolean;
  cells: number;
}

/**
 * Creates the marks of one file, with counts of zero.
 * @throws TypeError if a stated mark is not a string.
 */
export function missingMarks({
  stated = [],
  format = [],
  noteAll = false,
}: MissingOptions = {}): MissingMarks {
  const words = new Map<string, Mark>();
  const numbers = new Map<number, Mark>();
  const marks = new Map<string, Mark>();
  const add = (word: string, isStated: boolean) => {
    const value = isStated ? parseNumber(word) : undefined;
    const mark: Mark = { word, stated: isStated, cells: 0 };
    marks.set(word, mark);
    if (value === undefined) words.set(word, mark).set(word.toLowerCase(), mark);
    else numbers.set(value, mark);
  };
  for (const word of [...missingWords, ...format]) add(word, false);
  for (const word of stated) {
    if (typeof word !== "string") {
      throw new TypeError(
        `missing: expected strings, got ${String(word)}; write ${JSON.stringify(String(word))}`,
      );
    }
    add(word.trim(), true);
  }
  const count = (mark: Mark | undefined) => {
    if (mark !== undefined) mark.cells++;
    return mark !== undefined;
  };
  const find = (cell: string) => {
    const word = words.get(cell) ?? words.get(cell.toLowerCase());
    if (word !== undefined || numbers.size === 0) return word;
    const value = parseNumber(cell);
    return value === undefined ? undefined : numbers.get(value);
  };
  return {
    numeric: numbers.size > 0,
    matchesNumber: (value) => count(numbers.get(value)),
    find,
    matches: (cell) => count(find(cell)),
    notes(file, what) {
      const isNoted = ({ word, stated, cells }: Mark) =>
        word !== "" && (stated || (cells > 0 && (noteAll || DOUBTFUL.includes(word))));
      const found = [...marks.values()]
        .filter(isNoted)
        .map(({ word, cells }) =>
          cells === 0
            ? `${quote(word)} in no cell (check its spelling)`
            : `${quote(word)} in ${countOf(cells, "cell")}`,
        );
      return found.length === 0 ? [] : [`${file}: read as not ${what}: ${found.join(", ")}`];
    },
  };
}
