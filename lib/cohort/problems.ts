// Everything wrong with one file, collected into a single error.

/** One thing wrong in a file, and where. */
export interface Problem {
  /** The message lists some of each kind, so that a thousand of one kind do not hide another. */
  readonly kind: string;
  /** The line of the file or the row of the table, from 1; 0 if it has none. */
  readonly line?: number;
  /** The column's name. */
  readonly column?: string;
  /** `expected X, got Y; remedy`. */
  readonly text: string;
}

/** What the places of a file's rows are called. */
export type RowWord = "line" | "row";

/** Collects problems and throws them together. */
export interface Problems {
  readonly rowWord: RowWord;
  /** Adds a problem; the same one on further lines is told once. */
  add(problem: Problem): void;
  /** Counts problems of a kind that is listed already. */
  addMore(count: number): void;
  /** The number of problems so far. */
  count(): number;
  /** @throws RangeError that lists up to ten problems by line, and counts the rest. */
  throwIfAny(): void;
}

const LISTED = 10;

/** A problem, and on how many more lines it was met. */
interface Listed extends Problem {
  more: number;
}

/** Starts a list of problems; the heading names the file and what was expected. */
export function collectProblems(heading: string, rowWord: RowWord = "line"): Problems {
  const byKind = new Map<string, Listed[]>();
  let count = 0;
  return {
    rowWord,
    add(problem) {
      count++;
      const known = byKind.get(problem.kind) ?? [];
      byKind.set(problem.kind, known);
      const { column, text } = problem;
      const same = known.find((other) => other.text === text && other.column === column);
      if (same) same.more++;
      else if (known.length < LISTED) known.push({ ...problem, more: 0 });
    },
    addMore(more) {
      count += more;
    },
    count: () => count,
    throwIfAny() {
      if (count === 0) return;
      const listed = takeInTurn([...byKind.values()], LISTED).sort(
        (a, b) => (a.line ?? 0) - (b.line ?? 0),
      );
      const lines = listed.map((problem) => `\n- ${place(problem, rowWord)}${problem.text}`);
      const told = listed.reduce((sum, { more }) => sum + 1 + more, 0);
      const rest = count > told ? `\n- and ${count - told} more` : "";
      throw new RangeError(`${heading}, got ${countOf(count, "problem")}:${lines.join("")}${rest}`);
    },
  };
}

/** Characters that look like a blank, like nothing, or like a part of the letter before. */
const UNSEEN = /[^\S \n\t]|\p{Cf}|[\u0300-\u036f]/gu;

/** Quotes a name or a cell for a message, shortened to 40 characters; an unseen character is shown as `<U+00A0>`. */
export function quote(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return JSON.stringify(short).replace(
    UNSEEN,
    (one) => `<U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}>`,
  );
}

/** Quotes the first few names, and counts the rest. */
export function quoteSome(names: readonly string[], some = 3): string {
  const shown = names.slice(0, some).map(quote).join(", ");
  return names.length > some ? `${shown} and ${names.length - some} more` : shown || "none";
}

/** `1 row`, `2 rows`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function place({ line = 0, column, more }: Listed, rowWord: RowWord): string {
  const others = more === 0 ? "" : ` and ${countOf(more, `more ${rowWord}`)}`;
  const parts = [
    ...(line === 0 ? [] : [`${rowWord} ${line}${others}`]),
    ...(column === undefined ? [] : [`column ${quote(column)}`]),
  ];
  return parts.length > 0 ? `${parts.join(", ")}: ` : "";
}

/** Takes the first of each list, then the second of each, and so on, up to `enough`. */
function takeInTurn(lists: readonly (readonly Listed[])[], enough: number): Listed[] {
  const out: Listed[] = [];
  const longest = Math.max(...lists.map((list) => list.length));
  for (let i = 0; i < longest; i++) {
    for (const list of lists) {
      if (i < list.length && out.length < enough) out.push(list[i]);
    }
  }
  return out;
}
