// An example of anyone's own cohort: simulated tables, a sample sheet and a cohort file, written to a folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Cohort } from "./cohort.js";
import { simulateCohort } from "./simulate.js";
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
export function writeExample(folder: string): readonly string[] {
  const { cohort } = simulateCohort({
    ...{ seed: 42, patients: PATIENTS, normalShare: 0, latentFactors: 6 },
    features: { RNA: 80, protein: 40, metabolite: 20 },
  });
  const rows = cohort.samples.map((_, row) => row);
  const [known, fresh] = [rows.slice(0, -NEW), rows.slice(-NEW)];
  const files: Record<string, string> = {
    "cohort.json": `${JSON.stringify(
      {
        name: "example",
        about: "A simulated cohort in files, as an example of one's own.",
        tables: cohort.modalities.map(({ name }) => ({
          ...{ name, file: `${name}.tsv` },
          ...(name === "RNA" && { transform: "log2(x + 1)" satisfies Transform }),
        })),
        sampleSheet: { file: "samples.tsv" },
      },
      null,
      2,
    )}\n`,
    "samples.tsv": sheetOf(cohort, known),
    "new-rna.tsv": tableOf(cohort, "RNA", fresh),
  };
  for (const { name } of cohort.modalities) files[`${name}.tsv`] = tableOf(cohort, name, known);
  mkdirSync(dirname(resolve(folder)), { recursive: true });
  mkdirSync(folder); // refuses a folder that exists
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return Object.keys(files);
}

function sheetOf({ samples }: Cohort, rows: readonly number[]): string {
  const labels = ["tissue", "histology"];
  const body = rows.map((row) => {
    const { id, patient, labels: values } = samples[row];
    return [id, patient, ...labels.map((label) => values[label] ?? "")].join("\t");
  });
  return `${[["sample", "patient", ...labels].join("\t"), ...body].join("\n")}\n`;
}

/** A modality as samples by features; what was not measured is an empty cell. */
function tableOf(
  { samples, features, modalities, matrix }: Cohort,
  modality: string,
  rows: readonly number[],
): string {
  const { start, end } = modalities.find(({ name }) => name === modality)!;
  const body = rows.map((row) => {
    const cells = Array.from({ length: end - start }, (_, j) => {
      const at = row * matrix.columns + start + j;
      return matrix.observed[at] ? matrix.values[at].toFixed(4) : "";
    });
    return [samples[row].id, ...cells].join("\t");
  });
  return `${[["sample", ...features.slice(start, end)].join("\t"), ...body].join("\n")}\n`;
}
