// The check of notebook cells: strict where tslab is not, and pointing at the cell.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkCells } from "../../lib/jupyter/check.js";
import { readCodeCells } from "../../lib/jupyter/notebook.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

async function notebook(name: string, sources: string[]): Promise<string> {
  const file = join(folder, `${name}.ipynb`);
  await mkdir(dirname(file), { recursive: true });
  const cells = sources.map((source) => ({ cell_type: "code", source, metadata: {}, outputs: [] }));
  await writeFile(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
  return file;
}

test("type errors, names declared twice and forgotten promises are found at their cell and line", async () => {
  const file = await notebook("faulty", [
    "const size = 3;",
    'const title: string = null;\nconst size = "again";',
    "async function work(): Promise<void> {}\nwork();",
  ]);
  const problems = await checkCells([file]);
  const places = problems.map(({ cell, line, message }) => `${cell}:${line} ${message}`).join("\n");
  assert.match(places, /2:1 .*'null' is not assignable to type 'string'/);
  assert.match(places, /2:2 .*redeclare block-scoped variable 'size'/);
  assert.match(places, /3:2 .*[Ff]loating/);
});

test("cells may await at the top and use names of earlier cells, and notebooks may share a name", async () => {
  const file = await notebook("good", ["const two = await Promise.resolve(2);", "two + 1"]);
  const other = await notebook("solutions/good", ["const two: string = 2;"]);
  const problems = await checkCells([file, other]);
  const places = problems.map(({ notebook, cell, line }) => [notebook, cell, line]);
  assert.deepEqual(places, [["solutions-good", 1, 1]]);
});

test("a file that is no notebook is refused by name", async () => {
  const file = join(folder, "broken.ipynb");
  await writeFile(file, "{");
  await assert.rejects(readCodeCells(file), /expected a notebook in .*broken\.ipynb/);
});

test("what tslab compiles wrongly is found before it fails at run time", async () => {
  const file = await notebook("traps", [
    "const groups = [1]; const people = [{ name: 'a' }];",
    "const own = 2;\nconst fine = { own, groups: groups };",
    "const lost = { groups };",
    "const names = people.map(({ name: text }) => text);",
  ]);
  const problems = await checkCells([file]);
  assert.deepEqual(
    problems.map(({ cell, line }) => [cell, line]),
    [
      [3, 1],
      [4, 1],
    ],
  );
  assert.match(problems[0].message, /write "\{ groups: groups \}"/);
});
