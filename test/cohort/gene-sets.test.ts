// Gene sets: what a GMT file says, what is wrong with one, and families of symbols.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { readGeneSets, symbolFamilies } from "../../lib/cohort/gene-sets.js";
import { writeTemp } from "./tempfile.js";

const write = (text: string) => writeTemp("sets.gmt", text);

test("a GMT file is read with its gaps and repeats", () => {
  const file = write("A\tabout A\tG1\tG2\tG1\t\r\n\nB\t\tG3\n");
  assert.deepEqual(readGeneSets(file), [
    { name: "A", genes: ["G1", "G2"] },
    { name: "B", genes: ["G3"] },
  ]);
});

test("a faulty line is named", () => {
  const refuse = (text: string, message: RegExp) =>
    assert.throws(() => readGeneSets(write(text)), message);
  refuse("A\tabout\tG1\nB\tabout\n", /line 2: expected a name, a description and genes/);
  refuse("A G1 G2\n", /line 1: .* with tabs between, got "A G1 G2"/);
  refuse("A\t\tG1\n\nA\t\tG2\n", /line 3: expected each set once, got "A" again, first in line 1/);
  refuse("\n", /expected gene sets, one a line, got none/);
  assert.throws(() => readGeneSets(join(import.meta.dirname, "none.gmt")), /none.gmt/);
});

test("eight symbols of one stem are a family, each counted once", () => {
  const collagens = ["1A1", "1A2", "2A1", "3A1", "4A1", "5A2", "6A3", "9A1"].map((n) => `COL${n}`);
  const others = ["HLA-A", "HLA-B", "TP53", "ENSG00001", "COL1A1"];
  assert.deepEqual(symbolFamilies([...collagens, ...others]), [
    { name: "COL family", genes: collagens },
  ]);
  assert.deepEqual(symbolFamilies([...collagens.slice(1), "HLA-A"]), []);
});
