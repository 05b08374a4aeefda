// A saved answer of g:Profiler: the genes of each name, and what a file is that is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readConversion } from "../../lib/cohort/genes.js";
import { writeTemp } from "./tempfile.js";

test("reads the Ensembl genes of each name, each once", async () => {
  const lines = [
    ["TP53", "ENSG00000141510"],
    ["TWO", "ENSG00000000001"],
    ["TWO", "ENSG00000000002"],
    ["TWO", "ENSG00000000001"],
    ["NONE", "None"],
  ].map(([incoming, converted]) => ({ incoming, converted, n_incoming: 1 }));
  const saved = writeTemp("answer.json", JSON.stringify({ meta: {}, result: lines }));
  assert.deepEqual(
    [...(await readConversion(saved))],
    [
      ["TP53", ["ENSG00000141510"]],
      ["TWO", ["ENSG00000000001", "ENSG00000000002"]],
    ],
  );
});

test("says what a file is that holds no answer", async () => {
  for (const [text, message] of [
    ['{"genes": []}', /other\.json: expected \{"result".* got \{"genes"/],
    ['{"result": [{"incoming": 1}]}', /expected \{"result".*"incoming":1/],
    ["null", /expected \{"result".* got null/],
    ["<html>", /expected an answer of g:Profiler as JSON, got /],
  ] as const) {
    await assert.rejects(readConversion(writeTemp("other.json", text)), message);
  }
  await assert.rejects(readConversion("none.json"), /expected an answer .*ENOENT/);
});
