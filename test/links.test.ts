// Links of the documentation and the notebooks lead somewhere; no network is needed to know it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { anchorsOf, checkLinks, linksOf } from "./links.js";
import { listTracked, readMarkdown } from "./prose.js";

const ROOT = join(import.meta.dirname, "..");
const tracked = listTracked();
const cloned = tracked ? {} : { skip: "not a git clone, so what is tracked is not known" };

test("every relative link leads to a tracked file, and to a heading that exists", cloned, () => {
  const texts = tracked!.filter((path) => /\.(md|ipynb)$/.test(path)).flatMap(readMarkdown);
  assert.ok(texts.flatMap(linksOf).length > 100, "links are found");
  const problems = checkLinks(texts, tracked!, (path) => readFileSync(join(ROOT, path), "utf8"));
  assert.ok(problems.length === 0, `\n${problems.join("\n")}`);
});

const proseOf = (text: string, path = "docs/a.md") => ({ place: path, path, text });
const tree = ["README.md", "docs/a.md", "docs/b c.md", "docs/deep/n.ipynb"];
const check = (text: string, path?: string) =>
  checkLinks([proseOf(text, path)], tree, () => "# One thing\n## Two, `three`\n## One thing\n");

test("linksOf reads inline links, definitions, images and tags, and no code", () => {
  const text = [
    '[a](x.md) and ![b](y.png "title") `[c](no.md)`',
    "```",
    "[d](no.md)",
    "```",
    '[e]: z.md\n<a href="u.md"><img alt="" src="v.svg"></a> [f](<w w.md>)',
  ].join("\n");
  const found = linksOf(proseOf(text)).map(({ place, target }) => `${place} ${target}`);
  assert.deepEqual(found.slice(0, 5), [
    "docs/a.md:1 x.md",
    "docs/a.md:1 y.png",
    "docs/a.md:5 z.md",
    "docs/a.md:6 u.md",
    "docs/a.md:6 v.svg",
  ]);
});

test("checkLinks accepts files, folders, headings and other hosts", () => {
  const good =
    "[1](../README.md) [2](b%20c.md) [3](deep/) [4](..) [5](#one-thing-1) [6](https://a.org/x)";
  assert.deepEqual(check(good), []);
  assert.deepEqual(check("[1](../a.md#two-three) [2](mailto:a@b.org)", "docs/deep/n.ipynb"), []);
});

test("checkLinks names a missing file, a missing heading, and a way out of the repository", () => {
  assert.deepEqual(check("fine\n[1](c.md)"), ["docs/a.md:2: c.md leads to no tracked file"]);
  assert.deepEqual(check("[1](a.md#four)"), ["docs/a.md:1: a.md#four leads to no heading"]);
  assert.deepEqual(check("[1](../../x.md)"), [
    "docs/a.md:1: ../../x.md leads out of the repository",
  ]);
  assert.deepEqual(check("[1]()"), ["docs/a.md:1: a link without a target"]);
});

test("anchorsOf makes the anchors that GitHub makes", () => {
  const text =
    '# A [link](x.md) & more!\n## `code` here\n## Same\n## Same\n<a id="own"></a>\n```\n# no\n```';
  assert.deepEqual([...anchorsOf(text)], ["a-link--more", "code-here", "same", "same-1", "own"]);
});
