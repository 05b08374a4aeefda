// Finds identifiers that almost match, and explains how they differ.
import { groupBy } from "./group.js";
import { quote, quoteSome } from "./problems.js";

/** Characters that cannot be seen, or look like a blank. */
const INVISIBLE = /[\p{Cf}\p{Cc}\p{Zl}\p{Zp}]/gu;

const compose = (id: string) => id.normalize("NFC");
const unify = (id: string) =>
  id.normalize("NFKC").replace(INVISIBLE, "").replace(/\s+/gu, " ").trim();
const fold = (id: string) => unify(id).toLowerCase();
/** Punctuation between two digits stays, as 1.0 is not 10. */
const bare = (id: string) =>
  fold(id)
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/(?<!\d)-|-(?!\d)/g, "");

/** Cyrillic and Greek letters, and the Latin ones that look like them. */
const LOOK_ALIKE = "АВЕЅІЈКМНОРСТУХавеѕіјкмнорстухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο";
const LATIN = "ABESIJKMHOPCTYXabesijkmhopctyxABEZHIKMNOPTYXo";
const latin = (id: string) =>
  id.replace(/[\u0370-\u04ff]/gu, (letter) => LATIN[LOOK_ALIKE.indexOf(letter)] ?? letter);

/** Each undoes one more habit of programs. */
const DIFFERENCES: readonly (readonly [difference: string, undo: (id: string) => string])[] = [
  ["the Unicode form of letters with marks", compose],
  ["invisible characters or blanks", unify],
  ["upper and lower case", fold],
  ["punctuation", bare],
  ["letters of another alphabet that look alike", (id) => bare(latin(id))],
  ["R's X before a digit", (id) => bare(id).replace(/^x(?=\d)/, "")],
  ['a ".0" at the end', (id) => fold(id).replace(/^(x?\d+)\.0+$/, "$1")],
  ["leading zeros", (id) => bare(id).replace(/(?<![\d-])0+(?=\d)/g, "")],
];

/** Undoes what R's `read.table` does to names: blanks and punctuation become dots, an X stands before a digit. */
export function undoR(id: string): string {
  return bare(id).replace(/^x(?=\d)/, "");
}

/**
 * Pairs the ids of one list that the other lacks with those of the other that probably mean the same. Leaves out an id
 * with several such partners.
 * @returns each pair, and what sets the two apart.
 */
function findAlmostEqual(here: readonly string[], there: readonly string[]) {
  const known = new Set(there);
  const seen = new Set(here);
  const left = new Set(here.filter((id) => !known.has(id)));
  const wanted = new Set(there.filter((id) => !seen.has(id)));
  const pairs: { here: string; there: string; difference: string }[] = [];
  const pair = (one: string, other: string, difference: string) => {
    pairs.push({ here: one, there: other, difference });
    left.delete(one);
    wanted.delete(other);
  };
  for (const [difference, undo] of DIFFERENCES) {
    const theirs = groupBy(wanted, undo);
    for (const [key, ours] of groupBy(left, undo)) {
      const other = theirs.get(key);
      if (key !== "" && ours.length === 1 && other?.length === 1) {
        pair(ours[0], other[0], difference);
      }
    }
  }
  for (const [one, other] of findContained(left, wanted)) pair(one, other, "a longer name");
  for (const [other, one] of findContained(wanted, left)) pair(one, other, "a shorter name");
  return pairs;
}

/**
 * Says how ids differ that almost match, with an example of each difference; undefined if none do.
 * @param there what has the other ids: "the sample sheet", say.
 * @param here what has the first.
 */
export function explainAlmostEqual(
  ids: readonly string[],
  others: readonly string[],
  there: string,
  here = "here",
): string | undefined {
  const pairs = findAlmostEqual(ids, others);
  if (pairs.length === 0) return undefined;
  const examples = [...groupBy(pairs, ({ difference }) => difference)].map(
    ([difference, [one, ...more]]) =>
      `${quote(one.here)} ${here}, ${quote(one.there)} in ${there} ` +
      `(${difference}${more.length > 0 ? `; ${more.length} more` : ""})`,
  );
  return `write the ids alike: ${examples.join(", ")}`;
}

/**
 * Lists names of one list that probably mean the same, with what sets them apart; undefined if none do.
 * @param spellingOnly counts Unicode form, blanks and case alone.
 */
export function explainAlike(names: readonly string[], spellingOnly = false): string | undefined {
  const left = new Set(names);
  const examples = DIFFERENCES.slice(0, spellingOnly ? 3 : undefined).flatMap(
    ([difference, undo]) => {
      const groups = [...groupBy(left, undo)].filter(([key, own]) => key !== "" && own.length > 1);
      for (const name of groups.flatMap(([, own]) => own)) left.delete(name);
      const more = groups.length > 1 ? `; ${groups.length - 1} more` : "";
      return groups.slice(0, 1).map(([, own]) => `${quoteSome(own)} (${difference}${more})`);
    },
  );
  return examples.length > 0 ? examples.join(", ") : undefined;
}

/**
 * Finds ids that contain another as a word, as the path `D:\run_S1.raw` contains `S1`. If several contain the same one,
 * the beginning and end that most of them share decide: `LFQ intensity S1` rather than `Peptides S1`.
 */
function findContained(longer: Iterable<string>, shorter: Set<string>): [string, string][] {
  const found = [...longer].flatMap((id) => {
    const inside = wordsOf(id).filter(({ word }) => shorter.has(word));
    const longest = inside.sort((a, b) => b.word.length - a.word.length)[0];
    return longest ? [{ id, ...longest }] : [];
  });
  const around = ({ id, word, at }: (typeof found)[number]) =>
    `${id.slice(0, at)}\0${id.slice(at + word.length)}`;
  const groups = [...groupBy(found, around).values()].sort((a, b) => b.length - a.length);
  const taken = new Set<string>();
  return groups.flat().flatMap(({ id, word }): [string, string][] => {
    if (taken.has(word)) return [];
    taken.add(word);
    return [[id, word]];
  });
}

/**
 * Every run of words within an id, from one piece of punctuation to another, and its beginnings before a letter, as
 * `TCGA-05-4244-01` in `TCGA-05-4244-01A-01R`.
 */
function wordsOf(id: string): { word: string; at: number }[] {
  const words = [...id.matchAll(/[\p{L}\p{N}]+/gu)].slice(0, 30);
  const runs = words.flatMap((first, i) =>
    words.slice(i).flatMap((last) => {
      const word = id.slice(first.index, last.index + last[0].length);
      return word === id ? [] : [{ word, at: first.index }];
    }),
  );
  const [end = id.length] = words.slice(1).map(({ index }) => index);
  const beginnings = [...id.matchAll(/(?<=\d)(?=\p{L})/gu)].filter(({ index }) => index > end);
  return [...runs, ...beginnings.map(({ index }) => ({ word: id.slice(0, index), at: 0 }))];
}
