// The door of a public function: options with unknown names, of a wrong kind or of a wrong value are refused.
import { didYouMean } from "./nearest.js";

/** What an option may be, apart from a list of the texts to choose from, or a class. */
type Basic = "string" | "boolean" | "function" | "array" | "object" | "null" | Numeric;
/** Any number, a whole one from 1 or from 0 on, a share in [0, 1), or a finite weight of at least 0. */
type Numeric = "number" | "count" | "whole" | "share" | "weight";
type Class<T = unknown> = abstract new (...args: never[]) => T;
type Single = Basic | Class | readonly string[];
interface Either {
  readonly either: readonly Basic[];
}
interface Required {
  readonly required: Single | Either;
}
type Kind = Single | Either | Required;

/** A list of all members of a union of texts, in any order. */
type ListOf<T, Member = T> = [T] extends [never]
  ? readonly []
  : Member extends T
    ? readonly [Member, ...ListOf<Exclude<T, Member>>]
    : never;

type BasicOf<V> = V extends string
  ? "string"
  : V extends number
    ? "number"
    : V extends boolean
      ? "boolean"
      : V extends null
        ? "null"
        : V extends (...args: never[]) => unknown
          ? "function"
          : V extends readonly unknown[]
            ? "array"
            : "object";

type IsUnion<T, All = T> = [T] extends [never]
  ? false
  : T extends All
    ? [All] extends [T]
      ? false
      : true
    : never;

/** The kind that belongs to a type. */
type KindOf<V> =
  true extends IsUnion<BasicOf<V>>
    ? { readonly either: readonly BasicOf<V>[] }
    : BasicOf<V> extends "string"
      ? string extends V
        ? "string"
        : ListOf<V>
      : BasicOf<V> extends "object"
        ? "object" | Class<V>
        : BasicOf<V> extends "number"
          ? Numeric
          : BasicOf<V>;

/** A kind for each option of `T`, and no other: a name that is missing here or unknown there does not compile. */
export type Kinds<T> = {
  readonly [K in keyof T]-?: undefined extends T[K]
    ? KindOf<Exclude<T[K], undefined>>
    : { readonly required: KindOf<T[K]> };
};

/** The kind of an option that must be given. */
export function required<const K extends Single | Either>(kind: K): { readonly required: K } {
  return { required: kind };
}

/** The kind of an option that may be of several kinds. */
export function either<K extends Basic>(...kinds: readonly K[]): { readonly either: readonly K[] } {
  return { either: kinds };
}

/**
 * Checks an options object against the kind of each option, and returns it. An option that is undefined is not given.
 *
 * @throws TypeError for an unknown name, with the nearest known one, and for a value of a wrong kind.
 * @throws RangeError for NaN, a number out of its range, and a text that is none of those to choose from.
 */
export function checkOptions<T extends object>(where: string, options: T, kinds: Kinds<T>): T {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${where}: expected options as an object, got ${show(options)}`);
  }
  const known = Object.entries(kinds) as [keyof T & string, Kind][];
  const names: string[] = known.map(([name]) => name);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const expected = `expected only the options ${names.join(", ")}`;
    throw new TypeError(`${where}: ${expected}, got "${name}"${didYouMean(name, names)}`);
  }
  for (const [name, kind] of known) checkOption(where, name, options[name], kind);
  return options;
}

/**
 * Makes checks of values, for settings of `where`.
 * @returns functions that throw a RangeError naming `where`, the setting, what was expected and what was found.
 */
export function demandsOf(where: string) {
  const demand = (name: string, holds: boolean, expected: string, got: unknown): void => {
    if (!holds) throw new RangeError(`${where}: expected ${name} to be ${expected}, got ${got}`);
  };
  return {
    demand,
    demandCount(name: string, value: number, least = 1): void {
      const holds = Number.isInteger(value) && value >= least;
      demand(name, holds, `a whole number of at least ${least}`, value);
    },
    /** The weight of a term of the loss. */
    demandWeight: (name: string, value: number) =>
      demand(name, RANGES.weight(value), NAMES.weight, value),
  };
}

function checkOption(where: string, name: string, value: unknown, kind: Kind): void {
  if (typeof kind === "object" && "required" in kind) {
    checkKind(where, name, value, kind.required);
  } else if (value !== undefined) checkKind(where, name, value, kind);
}

function checkKind(where: string, name: string, value: unknown, kind: Single | Either): void {
  const refuse = (expected: string) =>
    `${where}: expected ${name} to be ${expected}, got ${show(value)}`;
  if (Number.isNaN(value)) throw new RangeError(refuse(NAMES.number));
  if (typeof kind === "string") {
    if (!isOf(kind, value)) throw new TypeError(refuse(NAMES[kind]));
    if (isRange(kind) && !RANGES[kind](value as number)) throw new RangeError(refuse(NAMES[kind]));
  } else if (typeof kind === "function") {
    if (!(value instanceof kind)) throw new TypeError(refuse(article(kind.name)));
  } else if ("either" in kind) {
    const fits = kind.either.some((one) => isOf(one, value));
    if (!fits) throw new TypeError(refuse(alternatives(kind.either.map((one) => NAMES[one]))));
  } else if (typeof value !== "string") {
    throw new TypeError(refuse(alternatives(kind.map(show))));
  } else if (!kind.includes(value)) {
    throw new RangeError(refuse(alternatives(kind.map(show))));
  }
}

const NAMES: Readonly<Record<Basic, string>> = {
  string: "a string",
  number: "a number",
  count: "a whole number of at least 1",
  whole: "a whole number of at least 0",
  share: "in [0, 1)",
  weight: "finite and at least 0",
  boolean: "true or false",
  function: "a function",
  array: "an array",
  object: "an object",
  null: "null",
};

const RANGES: Readonly<Record<Exclude<Numeric, "number">, (value: number) => boolean>> = {
  count: (value) => Number.isInteger(value) && value >= 1,
  whole: (value) => Number.isInteger(value) && value >= 0,
  share: (value) => value >= 0 && value < 1,
  weight: (value) => Number.isFinite(value) && value >= 0,
};

function isRange(kind: Basic): kind is keyof typeof RANGES {
  return kind in RANGES;
}

function isOf(kind: Basic, value: unknown): boolean {
  if (isRange(kind)) return typeof value === "number";
  if (kind === "null") return value === null;
  if (kind === "array") return Array.isArray(value);
  return typeof value === kind && value !== null && !Array.isArray(value);
}

/** How a message writes a value: short texts and numbers as they are, of the rest the kind. */
function show(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== "object" || value === null) return String(value);
  const { name = "Object" } = value.constructor ?? {};
  return name === "Object" ? "an object" : article(name);
}

function article(name: string): string {
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`;
}

/** "a, b or c". */
function alternatives(texts: readonly string[]): string {
  return [texts.slice(0, -1).join(", "), texts.at(-1)].filter((text) => text !== "").join(" or ");
}
