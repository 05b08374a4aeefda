// An example of anyone's own cohort: simulated tables, a sample sheet and a cohort file, written to a folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Cohort, findModality } from "./cohort.js";
import { selectRows, sliceColumns } from "./matrix.js";
import { simulateCohort } from "./simulate.js";
import { type WideTable, writeTable } from "./table-writer.js";
import type { Transform } from "./transform.js";

/** Of 80 patients, the last 8 have their RNA in a file of their own, as if nothing else was measured. */
const PATIENTS = 80;
const NEW = 8;

/**
 * Writes `cohort.json`, a table for each of RNA, protein and metabolite, `samples.tsv`, and `new-rna.tsv` with the RNA
 * of samples that are not in the cohort. Everything is simulated, with the same numbers each time.
 * @returns the names of the files.
 * @throws Error if the folder exists.
 */
export async function writeExample(folder: string): Promise<readonly string[]> {
  const { cohort } = simulateCohort({
    seed: 42,
    patients: PATIENTS,
    normalShare: 0,
    latentFactors: 6,
    features: { RNA: 80, protein: 40, metabolite: 20 },
  });
  const rows = [...cohort.samples.keys()];
  const [known, fresh] = [rows.slice(0, -NEW), rows.slice(-NEW)];
  const description = {
    name: "example",
    about: "A simulated cohort in files, as an example of one's own.",
    tables: cohort.modalities.map(({ name }) => ({
      name,
      file: `${name}.tsv`,
      ...(name === "RNA" && { transform: "log2(x + 1)" satisfies Transform }),
    })),
    sampleSheet: { file: "samples.tsv" },
  };
  const sheet = known.map((row) => {
    const { id, patient, labels } = cohort.samples[row];
    return { sample: id, patient, tissue: labels.tissue, histology: labels.histology };
  });
  const tables = {
    "samples.tsv": sheet,
    "new-rna.tsv": tableOf(cohort, "RNA", fresh),
    ...Object.fromEntries(
      cohort.modalities.map(({ name }) => [`${name}.tsv`, tableOf(cohort, name, known)]),
    ),
  };
  mkdirSync(dirname(resolve(folder)), { recursive: true });
  mkdirSync(folder); // refuses a folder that exists
  writeFileSync(join(folder, "cohort.json"), `${JSON.stringify(description, null, 2)}\n`);
  for (const [name, table] of Object.entries(tables)) await writeTable(join(folder, name), table);
  return ["cohort.json", ...Object.keys(tables)];
}

function tableOf(cohort: Cohort, modality: string, rows: readonly number[]): WideTable {
  const { start, end } = findModality(cohort.modalities, modality);
  return {
    samples: rows.map((row) => cohort.samples[row].id),
    features: cohort.features.slice(start, end),
    matrix: selectRows(sliceColumns(cohort.matrix, start, end), rows),
  };
}
