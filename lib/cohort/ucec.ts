// Reads the CPTAC endometrial carcinoma cohort (UCEC): RNA, protein and phosphoprotein of 115 samples.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { checkOptions } from "../options.js";
import { type Cohort, drop, joinCohort, type Label, type Sample } from "./cohort.js";
import { parseFeatureTable } from "./feature-table.js";
import { sourceFolder } from "./sources.js";

/** Each modality and its table. This cohort has no metabolites; its third modality is phosphoproteomics by gene. */
const tables = {
  RNA: "transcriptomics_linear.cct.gz",
  protein: "proteomics.cct.gz",
  phosphoprotein: "phosphoproteomics_gene.cct.gz",
} as const;

/** A label, its column in clinical.txt, and the spelling of its values. */
interface LabelColumn {
  readonly label: string;
  readonly column: string;
  /** Each value in the column and its spelling here; without it, the column holds numbers. */
  readonly values?: Readonly<Record<string, string>>;
}

const patientColumn = "Proteomics_Participant_ID";
const labelColumns: readonly LabelColumn[] = [
  {
    label: "tissue",
    column: "Proteomics_Tumor_Normal",
    values: {
      Tumor: "tumor",
      Adjacent_normal: "normal",
      Enriched_normal: "normal",
      Myometrium_normal: "normal",
    },
  },
  {
    label: "histology",
    column: "Histologic_type",
    values: {
      Endometrioid: "endometrioid",
      Serous: "serous",
      "Clear cell": "clear cell",
      Carcinosarcoma: "carcinosarcoma",
    },
  },
  {
    label: "grade",
    column: "Histologic_Grade_FIGO",
    values: { "FIGO grade 1": "G1", "FIGO grade 2": "G2", "FIGO grade 3": "G3" },
  },
  {
    label: "stage",
    column: "FIGO_stage",
    values: Object.fromEntries(
      ["IA", "IB", "II", "IIIA", "IIIB", "IIIC1", "IIIC2", "IVB"].map((stage) => [stage, stage]),
    ),
  },
  {
    label: "subtype",
    column: "Genomics_subtype",
    values: { POLE: "POLE", "MSI-H": "MSI-H", CNV_low: "CNV-low", CNV_high: "CNV-high" },
  },
  { label: "BMI", column: "BMI" },
  { label: "age", column: "Age" },
  {
    label: "tmtBatch",
    column: "Proteomics_TMT_batch",
    values: Object.fromEntries(["1", "2", "3", "4", "5"].map((batch) => [batch, `batch ${batch}`])),
  },
  { label: "excluded", column: "Case_excluded", values: { Yes: "yes", No: "no" } },
];

/**
 * Reads the files of `fetchSource("ucec")`, by default from data/raw/ucec: the samples that all three modalities share,
 * in the order of the transcriptomics table, with features by gene symbol and the published values: RNA on a log scale
 * from 0, the others as log ratios around 0. Features without any value stay; `dropEmptyFeatures` removes them.
 *
 * Labels are those recorded for the sample. Normals have no histology, grade, stage or subtype, and the table leaves
 * their BMI and age empty too, so these are null; the patient's tumor, which has them, has the same patient id. Samples
 * of cases that the study excluded stay, with "yes" in the label "excluded".
 * Source: Dou et al., Cell 2020, doi 10.1016/j.cell.2020.01.026.
 * @throws Error if a file is missing, or differs from the published one: other columns, or a value that is not a number
 * or not a known one.
 */
export function readUcec(options: { readonly folder?: string } = {}): Cohort {
  const { folder = sourceFolder("ucec") } = checkOptions("readUcec", options, { folder: "string" });
  const { samples, unused } = readClinical(folder);
  return joinCohort({
    name: "ucec",
    tables: Object.entries(tables).map(([name, file]) => ({
      name,
      ...parseFeatureTable(unzip(readSourceFile(folder, file)), file),
    })),
    samples,
    drops: [drop("columns", "sample sheet", unused, "not used as a label")],
  });
}

/** Unzips in chunks of megabytes, since the default leaves hundreds of chunks to join. */
function unzip(bytes: Buffer): Buffer {
  return gunzipSync(bytes, { chunkSize: 4 * 2 ** 20 });
}

function readClinical(folder: string): { samples: Sample[]; unused: string[] } {
  const text = readSourceFile(folder, "clinical.txt").toString("latin1");
  const [header, ...rows] = text
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
  const idColumn = header[0];
  const used = [idColumn, patientColumn, ...labelColumns.map(({ column }) => column)];
  for (const column of used) {
    if (!header.includes(column))
      throw new Error(`readUcec: expected a column "${column}" in clinical.txt, got none`);
  }
  const samples = rows.map((row) => {
    if (row.length !== header.length) {
      throw new Error(
        `readUcec: expected ${header.length} cells for ${row[0]} in clinical.txt, got ${row.length}`,
      );
    }
    const cell = (column: string) => row[header.indexOf(column)].trim();
    const patient = cell(patientColumn);
    if (patient === "" || patient === "NA") {
      throw new Error(
        `readUcec: expected a patient for ${row[0]} in clinical.txt, got "${patient}"`,
      );
    }
    const labels = labelColumns.map((known) => [
      known.label,
      readLabel(cell(known.column), row[0], known),
    ]);
    return { id: row[0], patient, labels: Object.fromEntries(labels) };
  });
  return { samples, unused: header.filter((column) => !used.includes(column)) };
}

function readLabel(cell: string, sample: string, { column, values }: LabelColumn): Label {
  if (cell === "NA" || cell === "") return null;
  const value = values ? values[cell] : Number(cell);
  if (value !== undefined && !Number.isNaN(value)) return value;
  const known = values ? Object.keys(values).join(", ") : "a number";
  throw new Error(`readUcec: expected ${known} or NA in ${column} of ${sample}, got "${cell}"`);
}

function readSourceFile(folder: string, file: string): Buffer {
  try {
    return readFileSync(join(folder, file));
  } catch (cause) {
    throw new Error(
      `readUcec: expected ${join(folder, file)}, got ${(cause as Error).message}; fetchSource("ucec") fetches it`,
      { cause },
    );
  }
}
