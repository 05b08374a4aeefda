// The runner: executed notebooks are written whole or not at all, and a failure says where it happened.
import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  chooseNotebooks,
  listNotebooks,
  notebookName,
  readCodeCells,
  readPredecessors,
} from "../../lib/jupyter/notebook.js";
import { type NotebookEvent, runNotebooks } from "../../lib/jupyter/runner.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

interface NotebookOptions {
  readonly after?: readonly string[];
  /** Of the first cell. */
  readonly tags?: readonly string[];
}

async function notebook(
  name: string,
  sources: string[],
  { after = [], tags }: NotebookOptions = {},
): Promise<string> {
  const file = join(folder, `${name}.ipynb`);
  const cells = sources.map((source, i) => ({
    cell_type: "code",
    id: `cell-${i}`,
    execution_count: null,
    source,
    metadata: tags && i === 0 ? { tags } : {},
    outputs: [],
  }));
  const metadata = { aro: { after } };
  await writeFile(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells }));
  return file;
}

test("a notebook is executed in the kernel, cell by cell, and its outputs are stored without times", async () => {
  const file = await notebook("good", [
    'import { readProfile } from "aro/study";',
    "readProfile().name",
  ]);
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

test("a notebook that waits for a tagged cell begins when that cell is done", async () => {
  const [made, used] = [join(folder, "made"), join(folder, "used")];
  const first = await notebook(
    "tagged",
    [
      `require("node:fs").writeFileSync("${made}", "")`,
      // Ends only when the other notebook has run.
      `for (let i = 0; i < 600 && !require("node:fs").existsSync("${used}"); i++) await new Promise((r) => setTimeout(r, 100));
       require("node:fs").statSync("${used}").isFile()`,
    ],
    { tags: ["models"] },
  );
  const second = await notebook(
    "waiting",
    [`require("node:fs").statSync("${made}"); require("node:fs").writeFileSync("${used}", "")`],
    { after: ["tagged#models"] },
  );
  const options = { folder: join(folder, "out"), env: {}, atOnce: 2 };
  const runs = await runNotebooks({ ...options, files: [second, first] });
  assert.deepEqual(
    runs.map((run) => run.notebook),
    ["waiting", "tagged"],
  );
});

test("every notebook waits for notebooks and tagged cells that are there", async () => {
  const files = await listNotebooks();
  const there = new Set(files.map(notebookName));
  for (const file of files) {
    for (const { tags } of await readCodeCells(file)) {
      for (const tag of tags) there.add(`${notebookName(file)}#${tag}`);
    }
  }
  for (const file of files) {
    for (const name of await readPredecessors(file)) assert.ok(there.has(name), name);
  }
});

test("a failing cell stops the notebook with its number, its source, the message and the line in lib", async () => {
  const file = await notebook("bad", [
    'import { readProfile } from "aro/study";',
    'const profile = readProfile({ ARO_PROFILE: "no-such" });',
    'console.log("never reached");',
  ]);
  await assert.rejects(
    runNotebooks({ files: [file], folder: join(folder, "out"), env: {} }),
    (error: Error) => {
      assert.match(error.message, /bad\.ipynb, code cell 2 failed/);
      assert.match(error.message, /readProfile\(\{ ARO_PROFILE: "no-such" \}\)/);
      assert.match(error.message, /expected a profile of course, gbm, paper, ucec, got "no-such"/);
      assert.match(error.message, /lib\/study\/profile\.ts:\d+/);
      assert.doesNotMatch(error.message, /node_modules/);
      return true;
    },
  );
  assert.equal(existsSync(join(folder, "out", "bad.ipynb")), false);
});

test("a training cell that is stopped writes a checkpoint, no other cell runs, and no notebook is written", async () => {
  const file = await notebook("training", [
    'import { chooseEngine } from "aro"; import { openStudy, readProfile, trainAro } from "aro/study";',
    'await trainAro(await openStudy(readProfile()), "masked", (await chooseEngine()).engine);',
    'console.log("never reached");',
  ]);
  const ARO_SET = `training.epochs=1000000,training.seed=${process.pid}`;
  const { runs } = foldersOf(readProfile({ ARO_PROFILE: "course" }));
  await mkdir(runs, { recursive: true });
  const before = await readdir(runs);
  const controller = new AbortController();
  const events: NotebookEvent[] = [];
  const stopped = runNotebooks({
    files: [file],
    folder: join(folder, "out"),
    signal: controller.signal,
    env: { ARO_PROFILE: "course", ARO_SET },
    onEvent: (_, event) => events.push(event),
  });
  const findRun = async () => {
    const made = (await readdir(runs)).find((name) => !before.includes(name));
    const metrics = join(runs, made ?? "", "metrics.jsonl");
    return made !== undefined && existsSync(metrics) && statSync(metrics).size > 0 ? made : null;
  };
  const poll = setInterval(async () => {
    if (await findRun()) controller.abort();
  }, 100);
  const stop = () => clearInterval(poll);
  stopped.then(stop, stop);
  await assert.rejects(stopped, /runNotebooks: stopped in code cell 2 of training$/);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["cell", "done", "cell", "stopped"],
  );
  const made = join(runs, (await findRun())!);
  after(() => rm(made, { recursive: true }));
  const names = await readdir(made);
  assert.ok(names.some((name) => name.startsWith("checkpoint-")) && !names.includes("lock"));
  assert.equal(existsSync(join(folder, "out", "training.ipynb")), false);
});

test("a cell that is not a training is stopped too, and no notebook begins after that", async () => {
  const file = await notebook("endless", ["await new Promise(() => setInterval(() => {}, 1000));"]);
  const controller = new AbortController();
  const options = {
    files: [file],
    folder: join(folder, "out"),
    signal: controller.signal,
    env: {},
  };
  const stopped = runNotebooks({ ...options, onEvent: () => controller.abort() });
  await assert.rejects(stopped, /stopped in code cell 1 of endless$/);
  await assert.rejects(runNotebooks(options), /stopped before endless$/);
});

test("notebooks are chosen by the beginning of their names, and a name that none has is refused", async () => {
  const names = (await chooseNotebooks(["03", "01-co"])).map(notebookName);
  assert.deepEqual(names, ["01-cohort", "03-train"]);
  assert.deepEqual(await chooseNotebooks(), await listNotebooks());
  for (const part of ["99", "3", ""]) {
    await assert.rejects(
      chooseNotebooks(["03", part]),
      new RegExp(`expected one of 00-aro-from-scratch, 01-cohort, .*, got "${part}"`),
    );
  }
  await assert.rejects(chooseNotebooks(["03-trian"]), /did you mean "03-train"\?$/);
});
