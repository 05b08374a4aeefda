// American spelling of the documentation, the notebooks' text and the library's comments, by cspell's dictionaries.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { spellCheckDocument } from "cspell-lib";
import { listTracked, readMarkdown, wordsOfComments, wordsOfMarkdown } from "./prose.js";

const ROOT = join(import.meta.dirname, "..");
const tracked = listTracked();
const cloned = tracked ? {} : { skip: "not a git clone, so what is tracked is not known" };

/** Words of the field and names, one a line, that the dictionaries lack. */
const words = readFileSync(join(import.meta.dirname, "words.txt"), "utf8")
  .trim()
  .split("\n");

interface Text {
  readonly place: string;
  readonly text: string;
}

/** Checks all texts as one document, which is many times as fast as one by one. */
async function misspelled(texts: readonly Text[], accepted = words): Promise<string[]> {
  const whole = texts.map(({ text }) => text).join("\n");
  const settings = { version: "0.2", language: "en-US", words: accepted } as const;
  const limits = { maxNumberOfProblems: 1000, maxDuplicateProblems: 5 };
  const { issues, errors } = await spellCheckDocument(
    { uri: "prose.txt", text: whole, languageId: "plaintext", locale: "en-US" },
    { noConfigSearch: true, generateSuggestions: false },
    { ...settings, ...limits },
  );
  assert.equal(errors?.length ?? 0, 0);
  let [at, start] = [0, 0];
  return issues
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ text: word, offset }) => {
      while (offset > start + texts[at].text.length) start += texts[at++].text.length + 1;
      const line = texts[at].text.slice(0, offset - start).split("\n").length;
      return `${texts[at].place}:${line}: ${word}`;
    });
}

test("prose is spelled as in the dictionary, or in test/words.txt", cloned, async () => {
  const markdown = tracked!
    .filter((path) => /\.(md|ipynb)$/.test(path) && path !== "lib/API.md") // made from the comments
    .flatMap(readMarkdown)
    .map(({ place, text }) => ({ place, text: wordsOfMarkdown(text) }));
  const comments = tracked!
    .filter((path) => /^lib\/.*\.ts$/.test(path))
    .map((path) => ({
      place: path,
      text: wordsOfComments(readFileSync(join(ROOT, path), "utf8")),
    }));
  const problems = await misspelled([...markdown, ...comments]);
  const advice = "correct it, or add a term of the field to test/words.txt";
  assert.ok(problems.length === 0, `\n${problems.join("\n")}\n${advice}`);
});

test("a misspelled and a British word are named with file and line, and code is not read", async () => {
  const one = { place: "a.md", text: wordsOfMarkdown("fine\n`qwzx` $qwzx$ [x](qwzx.md)") };
  const two = { place: "b.md cell 2", text: wordsOfMarkdown("good\nthe colour of a protien") };
  const three = { place: "c.ts", text: wordsOfComments('const qwzx = "qwzx"; // a mesurement') };
  assert.deepEqual(await misspelled([one, two, three], []), [
    "b.md cell 2:2: colour",
    "b.md cell 2:2: protien",
    "c.ts:1: mesurement",
  ]);
});
