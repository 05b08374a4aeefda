// Checks options at the door of a reader: names that it does not know, values of a wrong kind.

/** What an option must be: a word's kind, or one of several words. */
export type OptionKind =
  | "string"
  | "string?"
  | "strings?"
  | "boolean?"
  | "object?"
  | "objects"
  | "objects?"
  | readonly string[];

/**
 * Checks an object of options.
 * @throws TypeError that names the option, what was expected and what was given.
 */
export function checkOptions(
  where: string,
  options: object,
  kinds: Readonly<Record<string, OptionKind>>,
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${where}: expected an object of options, got ${show(options)}`);
  }
  const names = Object.keys(kinds);
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) {
      throw new TypeError(
        `${where}: expected the options ${names.join(", ")}, got "${name}"; ${suggest(name, names)}`,
      );
    }
  }
  for (const [name, kind] of Object.entries(kinds)) {
    const value: unknown = (options as Record<string, unknown>)[name];
    const [expected, right] = judge(kind, value);
    if (!right)
      throw new TypeError(`${where}: expected ${name} to be ${expected}, got ${show(value)}`);
  }
}

function judge(kind: OptionKind, value: unknown): [expected: string, right: boolean] {
  const isObject = (one: unknown) => typeof one === "object" && one !== null && !Array.isArray(one);
  const isText = (one: unknown) => typeof one === "string";
  if (typeof kind !== "string") {
    const words = kind.map((word) => `"${word}"`).join(" or ");
    return [words, value === undefined || kind.includes(value as string)];
  }
  if (kind.endsWith("?") && value === undefined) return ["", true];
  switch (kind) {
    case "string":
      return ["a text that is not empty", isText(value) && value !== ""];
    case "string?":
      return ["a text", isText(value)];
    case "strings?":
      return ["an array of texts", Array.isArray(value) && value.every(isText)];
    case "boolean?":
      return ["true or false", typeof value === "boolean"];
    case "object?":
      return ["an object", isObject(value)];
    default:
      return ["an array of objects", Array.isArray(value) && value.every(isObject)];
  }
}

function suggest(name: string, names: readonly string[]): string {
  const near = names.find((other) => countEdits(name, other) <= name.length / 3);
  return near ? `is "${near}" meant?` : "remove it";
}

/** The least number of letters to add, remove or replace: the Levenshtein distance. */
function countEdits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 0; i < one.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j++) {
      const replaced = row[j] + (one[i] === other[j] ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[other.length];
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
