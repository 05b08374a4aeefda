// Reads the CPTAC endometrial carcinoma cohort (UCEC): RNA, protein and phosphoprotein of 115 samples.
import { join } from "node:path";
import { checkOptions } from "../options.js";
import { type Cohort, drop, joinCohort, type Label, type Sample } from "./cohort.js";
import { readSampleSheet } from "./samplesheet.js";
import { show } from "./schema.js";
import { sourceFolder } from "./sources.js";
import { type FileTable, readTable } from "./tables.js";

/** Each modality and its table. This cohort has no metabolites; its third modality is phosphoproteomics by gene. */
const tables = {
  RNA: "transcriptomics_linear.cct.gz",
  protein: "proteomics.cct.gz",
  phosphoprotein: "phosphoproteomics_gene.cct.gz",
} as const;

const patientColumn = "Proteomics_Participant_ID";

/** The column of a label in clinical.txt, and each value there with its spelling here; without values, it holds numbers. */
interface LabelColumn {
  readonly column: string;
  readonly values?: Readonly<Record<string, string>>;
}

const LABELS: Readonly<Record<string, LabelColumn>> = {
  tissue: {
    column: "Proteomics_Tumor_Normal",
    values: {
      Tumor: "tumor",
      Adjacent_normal: "normal",
      Enriched_normal: "normal",
      Myometrium_normal: "normal",
    },
  },
  histology: {
    column: "Histologic_type",
    values: {
      Endometrioid: "endometrioid",
      Serous: "serous",
      "Clear cell": "clear cell",
      Carcinosarcoma: "carcinosarcoma",
    },
  },
  grade: {
    column: "Histologic_Grade_FIGO",
    values: { "FIGO grade 1": "G1", "FIGO grade 2": "G2", "FIGO grade 3": "G3" },
  },
  stage: {
    column: "FIGO_stage",
    values: Object.fromEntries(
      ["IA", "IB", "II", "IIIA", "IIIB", "IIIC1", "IIIC2", "IVB"].map((stage) => [stage, stage]),
    ),
  },
  subtype: {
    column: "Genomics_subtype",
    values: { POLE: "POLE", "MSI-H": "MSI-H", CNV_low: "CNV-low", CNV_high: "CNV-high" },
  },
  BMI: { column: "BMI" },
  age: { column: "Age" },
  tmtBatch: {
    column: "Proteomics_TMT_batch",
    values: Object.fromEntries(["1", "2", "3", "4", "5"].map((batch) => [batch, `batch ${batch}`])),
  },
  excluded: { column: "Case_excluded", values: { Yes: "yes", No: "no" } },
};

/**
 * Reads the files of `fetchSource("ucec")`, by default from data/raw/ucec: the samples that all three modalities share,
 * in the order of the transcriptomics table, with features by gene symbol and the published values: RNA on a log scale
 * from 0, the others as log ratios around 0. Features without any value stay; `dropEmptyFeatures` removes them.
 *
 * Labels are those recorded for the sample. Normals have no histology, grade, stage or subtype, and the table leaves
 * their BMI and age empty too, so these are null; the patient's tumor, which has them, has the same patient id. Samples
 * of cases that the study excluded stay, with "yes" in the label "excluded".
 * Source: Dou et al., Cell 2020, doi 10.1016/j.cell.2020.01.026.
 * @throws RangeError if a label's column is missing or has an unknown value, and as `readTable` and `readSampleSheet`.
 */
export async function readUcec(options: { readonly folder?: string } = {}): Promise<Cohort> {
  const { folder = sourceFolder("ucec") } = checkOptions("readUcec", options, { folder: "string" });
  const clinical = join(folder, "clinical.txt");
  const { samples } = await readSampleSheet({ file: clinical, patient: patientColumn });
  const read: FileTable[] = [];
  for (const [name, file] of Object.entries(tables)) {
    const where = { name, file: join(folder, file) };
    read.push(await readTable({ ...where, orientation: "features-in-rows" }));
  }
  const used = new Set(Object.values(LABELS).map(({ column }) => column));
  const unused = Object.keys(samples[0].labels).filter((column) => !used.has(column));
  return joinCohort({
    name: "ucec",
    tables: read,
    samples: samples.map((sample) => relabel(sample, clinical)),
    drops: [drop("columns", "sample sheet", unused, "not used as a label")],
  });
}

function relabel({ id, patient, labels }: Sample, file: string): Sample {
  const known = Object.entries(LABELS).map(([label, { column, values }]): [string, Label] => {
    const cell = labels[column];
    if (cell === undefined)
      throw new RangeError(`${file}: expected a column "${column}", got none`);
    if (cell === null) return [label, null];
    const value = values ? values[String(cell)] : cell;
    if (value !== undefined && (values || typeof cell === "number")) return [label, value];
    const expected = values ? Object.keys(values).join(", ") : "a number";
    throw new RangeError(
      `${file}: expected ${expected} or NA in ${column} of ${id}, got ${show(cell)}`,
    );
  });
  return { id, patient, labels: Object.fromEntries(known) };
}
