// The runner: executed notebooks are written whole or not at all, and a failure says where it happened.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type NotebookEvent, runNotebooks } from "../../lib/jupyter/runner.js";

const folder = await mkdtemp(join(tmpdir(), "aro-runner-"));
after(() => rm(folder, { recursive: true, force: true }));

async function notebook(name: string, sources: string[]): Promise<string> {
  const file = join(folder, `${name}.ipynb`);
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `cell-${i}`,
    execution_count: null,
    source,
    metadata: {},
    outputs: [],
  }));
  await writeFile(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
  return file;
}

test("a notebook is executed in the kernel, cell by cell, and its outputs are stored without times", async () => {
  const file = await notebook("good", ['import { readProfile } from "aro";', "readProfile().name"]);
  const events: NotebookEvent[] = [];
  const runs = await runNotebooks({
    files: [file],
    folder: join(folder, "out"),
    env: { ARO_PROFILE: "course" },
    onEvent: (_, event) => events.push(event),
  });
  assert.equal(runs.length, 1);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["cell", "done", "cell", "done", "finished"],
  );
  const written = JSON.parse(await readFile(join(folder, "out", "good.ipynb"), "utf8"));
  assert.deepEqual(written.cells[1].outputs[0].text, ["course\n"]);
  assert.deepEqual(written.cells[1].metadata, {});
});

test("a failing cell stops the notebook with its number, its source, the message and the line in lib", async () => {
  const file = await notebook("bad", [
    'import { readProfile } from "aro";',
    'const profile = readProfile({ ARO_PROFILE: "no-such" });',
    'console.log("never reached");',
  ]);
  await assert.rejects(
    runNotebooks({ files: [file], folder: join(folder, "out"), env: {} }),
    (error: Error) => {
      assert.match(error.message, /bad\.ipynb, code cell 2 failed/);
      assert.match(error.message, /readProfile\(\{ ARO_PROFILE: "no-such" \}\)/);
      assert.match(error.message, /expected a profile of ucec, course, gbm, paper, got "no-such"/);
      assert.match(error.message, /lib\/study\/profile\.ts:\d+/);
      assert.doesNotMatch(error.message, /node_modules/);
      return true;
    },
  );
  assert.equal(existsSync(join(folder, "out", "bad.ipynb")), false);
});

test("a name that no notebook has is refused with those that there are", async () => {
  const file = await notebook("only", ["1"]);
  await assert.rejects(
    runNotebooks({ files: [file], folder, env: {}, only: ["09"] }),
    /expected one of only, got 09/,
  );
});
