// What a command accepts: its options and words, read and checked before anything runs.
import { parseArgs } from "node:util";
import { didYouMean } from "../nearest.js";

/** An option whose value is a T. */
export interface Option<T> {
  readonly about: string;
  /** What stands for the value in a help text, e.g. "N"; absent for a switch, which takes none. */
  readonly value?: string;
  /** What fits, e.g. "a whole number"; named where `read` finds a misfit. */
  readonly expected?: string;
  /** Reads the last value, or all in the order given; undefined if it does not fit. */
  readonly read: (last: string, all: readonly string[]) => T | undefined;
}

/** Options by name; `inputDropout` is given as `--input-dropout`. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** What was given for options. */
export type Given<O extends Options> = {
  readonly [K in keyof O]?: O[K] extends Option<infer T> ? T : never;
};

export interface Command<O extends Options = Options> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The words behind the name: how help writes them, and how many there may be. By default none. */
  readonly words?: { readonly usage: string; readonly counts: readonly number[] };
  readonly options: O;
  /** A command line that a reader can run. */
  readonly example: string;
  /** More lines for `aro help NAME`. */
  readonly notes?: readonly string[];
  /** Resolves to the exit status. A method, so that a list may hold commands of any options. */
  run(given: Given<O>, words: readonly string[]): Promise<number>;
}

/** An option that is there or not. */
export function flag(about: string): Option<true> {
  return { about, read: () => true };
}

/** An option of text, which a pattern may describe. */
export function text(
  value: string,
  about: string,
  {
    pattern = /\S/,
    expected = "text",
  }: { readonly pattern?: RegExp; readonly expected?: string } = {},
): Option<string> {
  return { about, value, expected, read: (last) => (pattern.test(last) ? last : undefined) };
}

/** An option that may be given several times. */
export function list(value: string, about: string): Option<readonly string[]> {
  return { about, value, read: (_, all) => all };
}

/** A whole number of at least `least`. */
export function count(about: string, least = 1): Option<number> {
  const fits = (last: string) => /^\d+$/.test(last) && Number(last) >= least;
  const read = (last: string) => (fits(last) ? Number(last) : undefined);
  return { about, value: "N", expected: `a whole number of at least ${least}`, read };
}

/** A share, more than 0 and at most 1. */
export function share(about: string): Option<number> {
  const read = (last: string) =>
    /^(0?\.\d+|1(\.0*)?)$/.test(last) && Number(last) > 0 ? Number(last) : undefined;
  return { about, value: "SHARE", expected: "a number in (0, 1], e.g. 0.5", read };
}

/** One of several texts. */
export function oneOf<T extends string>(choices: readonly T[], about: string): Option<T> {
  return {
    about,
    value: choices.join("|"),
    expected: choices.join(" or "),
    read: (last) => choices.find((choice) => choice === last),
  };
}

/** One of several numbers, however they are written: .9 and 0.90 are the same. */
export function oneNumberOf(choices: readonly number[], about: string): Option<number> {
  const read = (last: string) => choices.find((choice) => choice === Number(last || "none"));
  return { about, value: choices.join("|"), expected: choices.join(" or "), read };
}

/** The options that decide the profile. */
export const PROFILE_OPTIONS = {
  cohort: text(
    "FILE",
    "your own cohort, described in JSON, instead of a profile (also ARO_COHORT)",
  ),
  profile: text("NAME", "ucec, course, gbm or paper; ucec by default (also ARO_PROFILE)"),
  set: list("KEY=VALUE", "change a setting of the profile, e.g. training.epochs=20 (also ARO_SET)"),
};

/** What was given for them. */
export type ProfileChoice = Given<typeof PROFILE_OPTIONS>;

export const JSON_OPTION = { json: flag("print JSON") };

/** `inputDropout` as `--input-dropout`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Gives the value of an option that a command needs.
 * @throws RangeError if it was not given.
 */
export function needed(command: string, option: string, value: string | undefined): string {
  if (value !== undefined) return value;
  const flag = flagOf(option);
  throw new RangeError(`aro ${command}: expected ${flag}, got none; see npx aro help ${command}`);
}

/**
 * Reads what stands behind a command's name.
 * @throws RangeError for an option or a number of words that the command does not take, or a value that does not fit.
 */
export function parse<O extends Options>(
  { name, words: { usage, counts } = { usage: "no words", counts: [0] }, options }: Command<O>,
  args: readonly string[],
): { readonly given: Given<O>; readonly words: readonly string[] } {
  const refusal = (expected: string, got: string, remedy = "") =>
    new RangeError(
      `aro ${name}: expected ${expected}, got ${got}${remedy || `; see npx aro help ${name}`}`,
    );
  const nameOf = new Map(Object.keys(options).map((option) => [flagOf(option), option]));
  const { tokens } = parseArgs({
    ...{ args: [...args], strict: false, allowPositionals: true, tokens: true },
    options: Object.fromEntries(
      [...nameOf].map(([flag, option]) => [
        flag.slice(2),
        { type: options[option].value === undefined ? "boolean" : "string" },
      ]),
    ),
  });
  const words: string[] = [];
  const texts = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { rawName, value, inlineValue } = token;
    const option = nameOf.get(rawName);
    if (option === undefined) {
      const flags = [...nameOf.keys()];
      const known = flags.length > 0 ? `an option of ${flags.join(", ")}` : "no options";
      throw refusal(known, `"${rawName}"`, didYouMean(rawName, flags));
    }
    if (options[option].value === undefined) {
      if (value !== undefined) throw refusal(`${rawName} without a value`, `"${rawName}=${value}"`);
    } else if (value === undefined || (!inlineValue && value.startsWith("--"))) {
      throw refusal(`a value after ${rawName}`, value === undefined ? "none" : `"${value}"`);
    }
    texts.set(option, [...(texts.get(option) ?? []), value ?? ""]);
  }
  if (!counts.includes(words.length)) {
    throw refusal(usage, words.length === 0 ? "nothing" : `"${words.join(" ")}"`);
  }
  const given = [...texts].map(([option, all]) => {
    const { read, expected, value } = options[option];
    const last = all.at(-1)!;
    const found = read(last, all);
    if (found !== undefined) return [option, found];
    const offer = didYouMean(last, value?.split("|") ?? []);
    throw refusal(`${flagOf(option)} to be ${expected}`, `"${last}"`, offer);
  });
  return { given: Object.fromEntries(given) as Given<O>, words };
}
