// The course's exercises: each notebook's are open, and check accepts every published solution.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { projectRoot } from "../../lib/cohort/root.js";
import { EXERCISES, judgeAnswer, type Verdict } from "../../lib/course/check.js";
import { checkCells } from "../../lib/jupyter/check.js";
import { readCodeCells } from "../../lib/jupyter/notebook.js";

const folder = join(projectRoot(), "notebooks", "exercises");
const notebooksIn = (...parts: string[]) =>
  readdirSync(join(folder, ...parts))
    .filter((name) => name.endsWith(".ipynb"))
    .map((name) => join(folder, ...parts, name));
const open = notebooksIn();
const solved = notebooksIn("solutions");

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

/** Runs a notebook's cells with a `check` that collects the verdicts by exercise. */
async function verdictsOf(file: string): Promise<Map<string, Verdict>> {
  const cells = await readCodeCells(file);
  const names: string[] = [];
  const source = cells
    .map(({ source }) => source)
    .join("\n")
    .replace(/^import \{([^}]*)\} from "aro[^"]*";$/gm, (_, list: string) => {
      names.push(...(list.match(/\w+/g) ?? []));
      return "";
    });
  const target = ts.ScriptTarget.ES2022;
  const code = ts.transpileModule(source, { compilerOptions: { target } }).outputText;
  const verdicts = new Map<string, Verdict>();
  const collect = (exercise: string, answer: unknown) =>
    verdicts.set(exercise, judgeAnswer(exercise, answer));
  const doors = [
    await import("../../lib/index.js"),
    await import("../../lib/course/index.js"),
    await import("../../lib/figures/index.js"),
  ];
  const library = { ...Object.assign({}, ...doors), check: collect, showTable: () => {} };
  const quiet = { log: () => {} };
  const run = new AsyncFunction("console", `{ ${names.join(", ")} }`, code);
  await run(quiet, library);
  return verdicts;
}

/** The verdicts that the cells of a notebook printed when it was last run. */
async function printedIn(file: string): Promise<string[]> {
  const { cells } = JSON.parse(await readFile(file, "utf8"));
  return cells.flatMap((cell: { outputs?: { text?: string[] }[] }) =>
    (cell.outputs ?? []).flatMap(({ text = [] }) =>
      text.map((line) => line.trim()).filter((line) => /^\w+\.\d: /.test(line)),
    ),
  );
}

test("every exercise stands in an open notebook and in its solution", async () => {
  assert.deepEqual(
    open.map((file) => basename(file)),
    solved.map((file) => basename(file)),
  );
  for (const files of [open, solved]) {
    const asked = (await Promise.all(files.map(verdictsOf))).flatMap((found) => [...found.keys()]);
    assert.deepEqual(asked.sort(), Object.keys(EXERCISES).sort());
  }
});

for (const file of solved) {
  const name = basename(file, ".ipynb");

  test(`${name}: at least four exercises, and check accepts their solutions`, async () => {
    const verdicts = await verdictsOf(file);
    assert.ok(verdicts.size >= 4, `${verdicts.size} exercises`);
    for (const [exercise, { right, message }] of verdicts) {
      assert.ok(right, `${exercise}: ${message}`);
    }
    const printed = [...verdicts].map(([exercise, { message }]) => `${exercise}: ${message}`);
    assert.deepEqual(await printedIn(file), printed);
  });

  test(`${name}: no exercise is answered`, async () => {
    const verdicts = await verdictsOf(join(folder, basename(file)));
    for (const { message } of verdicts.values()) {
      assert.match(message, /^no answer yet; replace null by (a|an) /);
    }
    const printed = [...verdicts].map(([exercise, { message }]) => `${exercise}: ${message}`);
    assert.deepEqual(await printedIn(join(folder, basename(file))), printed);
  });
}

test("the cells of exercises and of solutions type-check", async () => {
  assert.deepEqual(await checkCells([...open, ...solved]), []);
});

test("check refuses an exercise that does not exist, and names the nearest", () => {
  assert.throws(
    () => judgeAnswer("99.1", null),
    /expected an exercise of 00\.1, .* got "99\.1"; did you mean "09\.1"\?/,
  );
});
