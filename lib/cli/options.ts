// What a command accepts: its options and words, read and checked before anything runs.
import { parseArgs } from "node:util";
import { TRANSFORMS } from "../cohort/transform.js";
import { ALIGNMENTS } from "../impute/align.js";
import { LEVELS } from "../impute/calibration.js";
import { METHODS } from "../impute/decoder.js";

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
  pattern = /\S/,
  expected = "text",
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

const SWITCH = ["off", "on"] as const;

/** What is searched, beside the profile. */
export const SEARCH_OPTIONS = {
  method: oneOf(["bayes", "random"], "how to choose trials; bayes by default"),
  inputDropout: oneOf(SWITCH, "whether to search the input dropout too; off by default"),
  trials: count("trials that the study is to have; by default the profile's"),
};

export const FIT_OPTIONS = {
  cohort: text("FILE", "the cohort, described in JSON"),
  profile: text("NAME", "a cohort of this repository instead: ucec, course, gbm or paper"),
  output: text("FOLDER", "where the model bundle is written; must not exist yet"),
  method: oneOf(METHODS, "shared-decoder by default; a control, or ARO as in the paper"),
  seed: count("seed of folds and networks; 42 by default", 0),
  set: list("KEY=VALUE", "with --method aro, change a setting of model or training"),
};

export const IMPUTE_OPTIONS = {
  model: text("FOLDER", "what aro fit wrote"),
  rna: text("FILE", "the first modality of the new samples, in any format that readTables reads"),
  id: text("NAME", "the column that names the rows; by default as in training, or the first"),
  ignore: list("NAME", "a column of annotations; may be repeated; those of the training are known"),
  sheet: text("NAME", "the sheet, if FILE is a workbook"),
  modality: text("NAME", "the modality, if FILE is .h5mu; by default the model's"),
  layer: text("NAME", "the layer instead of X, if FILE is .h5ad or .h5mu"),
  output: text(
    "FOLDER",
    "where values, features, samples and report are written; must not exist yet",
  ),
  orientation: oneOf(
    ["samples-in-rows", "features-in-rows"],
    "by default the side with the model's features has them",
  ),
  transform: oneOf(TRANSFORMS, "what is done to each value; by default as in training"),
  map: text(
    "FILE",
    "a table of feature names: those in the file, then those of the training; by default the map of the training",
  ),
  duplicates: oneOf(
    ["refuse", "mean", "first", "most varied"],
    "what is kept of features of one name; by default as in training",
  ),
  align: oneOf(
    ALIGNMENTS,
    "map each feature onto the training samples' distribution first; by default nothing is aligned",
  ),
  leastFound: share("least share of the model's features that the file must have; 0.5 by default"),
  level: oneNumberOf(LEVELS, "share of values that intervals cover; 0.9 by default"),
  format: oneOf(["tsv", "parquet", "h5mu"], "of the imputed values; tsv by default"),
  wide: flag(
    "one table per modality, samples by features, instead of one row per value; not for h5mu",
  ),
};

export const PLAN_OPTIONS = {
  ...PROFILE_OPTIONS,
  paper: flag("the paper's shape instead of the profile's"),
  features: count("features of the cohort"),
  width: count("units of a hidden layer"),
  hiddenLayers: count("hidden layers", 0),
  batch: count("rows of a batch"),
  steps: count("steps of the training"),
  noMeasure: flag("compute only, and time no step"),
  ...JSON_OPTION,
};

export const TRAIN_OPTIONS = {
  ...PROFILE_OPTIONS,
  run: count("this run alone, by its number", 0),
  ...JSON_OPTION,
};

export const TUNE_OPTIONS = {
  ...PROFILE_OPTIONS,
  ...SEARCH_OPTIONS,
  shared: oneOf(SWITCH, "whether other processes may work on the same study"),
  ...JSON_OPTION,
};

export const SUBMIT_OPTIONS = {
  ...PROFILE_OPTIONS,
  cpus: count("processors of each task"),
  memory: text("SIZE", "of each task, e.g. 8G", /^\d+[KMGT]?$/, "a number with K, M, G or T"),
  time: text("TIME", "time limit of each task, e.g. 2:00:00"),
  partition: text("NAME", "where the tasks run", /^[\w.,-]+$/, "the name of a partition"),
  arrayLimit: count("tasks that run at the same time, at most"),
  workers: count("processes that share the trials, for tune"),
  ...SEARCH_OPTIONS,
  local: count("run the tasks on this machine, N at a time"),
  dryRun: flag("print the batch script and submit nothing"),
};

export const EXPORT_OPTIONS = {
  ...PROFILE_OPTIONS,
  output: text(
    "FILE",
    "its extension names the format: .tsv, .csv or .parquet; embeddings also .h5ad, predictions also .h5mu",
  ),
  setting: oneOf(["masked", "unmasked"], "of the training; masked by default"),
};

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
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
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
