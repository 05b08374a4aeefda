// The notebooks: every cell passes the strict check, and the whole sequence runs on the simulated cohort.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { projectRoot } from "../lib/cohort/root.js";
import { checkCells } from "../lib/jupyter/check.js";
import { foldersOf, readProfile } from "../lib/study/profile.js";

const run = promisify(execFile);

test("every cell of every notebook type-checks strictly and awaits its promises", async () => {
  assert.deepEqual(await checkCells(), []);
});

test("a cell of the paper's notebooks that publishes a figure names itself, so that the figure's file can", async () => {
  const root = join(projectRoot(), "notebooks");
  for (const name of (await readdir(root)).filter((file) => /^0\d-.*\.ipynb$/.test(file))) {
    for (const { id, source } of JSON.parse(await readFile(join(root, name), "utf8")).cells) {
      const text = source.join("");
      const calls = text.match(/publishFigure\(/g)?.length ?? 0;
      const named = text.split(`\${source}#${id}\``).length - 1;
      assert.equal(
        named,
        calls,
        `${name}, cell ${id}: expected publishFigure(profile, \`\${source}#${id}\`, ...)`,
      );
    }
  }
});

test("the course profile runs every notebook in real Jupyter and leaves the tracked files alone", async () => {
  const root = projectRoot();
  const status = async () => (await run("git", ["status", "--porcelain"], { cwd: root })).stdout;
  const before = await status();
  const { stdout } = await run(
    process.execPath,
    [join(root, "lib", "aro.mjs"), "notebooks", "--profile", "course"],
    { cwd: root, maxBuffer: 1 << 26 },
  );
  assert.match(stdout, /all\s+[\d.]+ s/);
  const { notebooks } = foldersOf(readProfile({ ARO_PROFILE: "course" }));
  const names = (await readdir(join(root, "notebooks"))).filter((name) => name.endsWith(".ipynb"));
  for (const name of names) {
    const { cells } = JSON.parse(await readFile(join(notebooks, name), "utf8"));
    for (const cell of cells) {
      if (cell.cell_type === "code")
        assert.ok(cell.execution_count > 0, `${name} has a cell that was not run`);
    }
  }
  assert.equal(await status(), before);
});
