// Marks that mean "not measured" or "not recorded", and how many cells of a file have them.
import { parseNumber } from "./numbers.js";
import { countOf, quote } from "./problems.js";

/** Words for a missing value, in upper or lower case, with or without blanks around them. */
export const missingWords: readonly string[] = [
  ...["", "NA", "N/A", "#N/A", "#NA", "<NA>", "NaN", "-NaN", "null", "n.a.", ".", "-"],
];

/** Punctuation among them that may mean something else, such as "negative". */
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
  /** The same of a number. */
  matchesNumber(value: number): boolean;
  /** Whether any mark is a number. */
  readonly numeric: boolean;
  /** Notes how many cells had each mark; `what` is "measured" or "recorded". */
  notes(file: string, what: string): string[];
}

/** Starts to count the marks of a file. */
export function missingMarks({
  stated = [],
  format = [],
  noteAll = false,
}: MissingOptions = {}): MissingMarks {
  const words = new Map<string, string>(); // folded -> as it is noted
  const numbers = new Map<number, string>();
  const counts = new Map<string, number>();
  for (const word of [...missingWords, ...format]) words.set(word.toLowerCase(), word);
  for (const word of stated.map((one) => one.trim())) {
    const value = parseNumber(word);
    if (value === undefined) words.set(word.toLowerCase(), word);
    else numbers.set(value, word);
    counts.set(word, 0);
  }
  const noted = (word: string) => word !== "" && (noteAll || DOUBTFUL.includes(word));
  const count = (word: string) => {
    const before = counts.get(word);
    if (before !== undefined || noted(word)) counts.set(word, (before ?? 0) + 1);
    return true;
  };
  const matchesNumber = (value: number) => {
    const word = numbers.get(value);
    return word !== undefined && count(word);
  };
  return {
    numeric: numbers.size > 0,
    matchesNumber,
    matches(cell) {
      const word = words.get(cell) ?? words.get(cell.toLowerCase());
      if (word !== undefined) return count(word);
      if (numbers.size === 0) return false;
      const value = parseNumber(cell);
      return value !== undefined && matchesNumber(value);
    },
    notes(file, what) {
      const found = [...counts].map(([word, cells]) =>
        cells === 0
          ? `${quote(word)} in no cell (check its spelling)`
          : `${quote(word)} in ${countOf(cells, "cell")}`,
      );
      return found.length === 0 ? [] : [`${file}: read as not ${what}: ${found.join(", ")}`];
    },
  };
}
