// The numbered notebooks on cohorts of one's own: written to disk as files, every cell run in order outside of Jupyter.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Cohort } from "../lib/cohort/cohort.js";
import { sliceColumns } from "../lib/cohort/matrix.js";
import { projectRoot } from "../lib/cohort/root.js";
import { simulateCohort } from "../lib/cohort/simulate.js";
import { writeTable } from "../lib/cohort/table-writer.js";
import { listNotebooks, notebookName, readCodeCells } from "../lib/jupyter/notebook.js";
import { scratchFolder } from "./scratch.js";

const folder = scratchFolder();
const runs = join(projectRoot(), "data", "runs");
const names = ["test-metabolites", "test-three-classes"];
function removeRuns() {
  for (const name of names) rmSync(join(runs, name), { recursive: true, force: true });
}
removeRuns();
after(removeRuns);

/** Settings at which all notebooks take seconds; what they find means nothing. */
const TINY = [
  "training.epochs=2",
  "training.batchSize=16",
  "model.width=32",
  "tuning.trials=2",
  "tuning.epochs=2",
  "tuning.features=30",
  "tuning.minWidth=4",
  "tuning.maxWidth=8",
  "experiments.seeds=2",
  "experiments.seedsInNotebook=2",
  "experiments.features=30",
  "experiments.width=4",
  "experiments.epochs=2",
  "evaluation.draws=20",
  "evaluation.repeats=1",
  "evaluation.splits=2",
];

/** Writes a table of samples by features for each modality, the sheet, and the cohort file. */
async function writeCohort(
  name: string,
  { samples, features, matrix, modalities }: Cohort,
  sheet: readonly string[],
): Promise<string> {
  writeFileSync(join(folder, `${name}-samples.tsv`), `${sheet.join("\n")}\n`);
  for (const { name: modality, start, end } of modalities) {
    await writeTable(join(folder, `${modality}.tsv`), {
      samples: samples.map(({ id }) => id),
      features: features.slice(start, end),
      matrix: sliceColumns(matrix, start, end),
    });
  }
  const tables = modalities.map((one) => ({ name: one.name, file: `${one.name}.tsv` }));
  const file = join(folder, `${name}.json`);
  const content = { name, tables, sampleSheet: { file: `${name}-samples.tsv` } };
  writeFileSync(file, JSON.stringify(content));
  return file;
}

/** Runs the cells of notebooks 1 to `last` as modules, each notebook after the one before; returns what they print. */
async function runCells(name: string, cohort: string, last: number): Promise<string> {
  const place = join(runs, name, "cells");
  await mkdir(place, { recursive: true });
  const files = (await listNotebooks()).slice(1, last + 1); // the first is notebook 0
  const modules: string[] = [];
  for (const file of files) {
    const cells = await readCodeCells(file);
    const path = join(place, `${notebookName(file)}.mts`);
    await writeFile(path, `${cells.map(({ source }) => source).join("\n")}\n`);
    modules.push(pathToFileURL(path).href);
  }
  assert.equal(modules.length, last);
  const load = "for (const module of process.argv.slice(1)) await import(module)";
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", load, ...modules],
    {
      cwd: projectRoot(),
      maxBuffer: 1 << 26,
      env: { ...process.env, ARO_PROFILE: "", ARO_COHORT: cohort, ARO_SET: TINY.join(",") },
    },
  );
  return stdout;
}

test("all notebooks run on a cohort with metabolites and without a column of patients", async () => {
  const { cohort } = simulateCohort({
    seed: 1,
    patients: 48,
    normalShare: 0,
    features: { RNA: 40, metabolite: 20 },
  });
  const sheet = cohort.samples.map(({ id }, i) => `${id}\t${i % 2 ? "left" : "right"}`);
  const file = await writeCohort(names[0], cohort, ["sample\tside", ...sheet]);
  const printed = await runCells(names[0], file, 13);
  assert.match(printed, /no column names the patients/);
  assert.match(printed, /ridge/);
});

test("notebooks 1 to 9 run on a cohort with three classes, one of them of four samples", async () => {
  const { cohort } = simulateCohort({
    seed: 2,
    patients: 40,
    normalShare: 0.25,
    features: { RNA: 40, protein: 30, phosphoprotein: 20 },
  });
  const sheet = cohort.samples.map(({ id, patient }, i) =>
    [id, patient, i < 4 ? "rare" : i % 2 ? "one" : "two"].join("\t"),
  );
  const file = await writeCohort(names[1], cohort, ["sample\tpatient\tsubtype", ...sheet]);
  const printed = await runCells(names[1], file, 9);
  assert.match(printed, /subtype: left out 4 samples of 1 class with fewer than 5 patients: rare/);
});
