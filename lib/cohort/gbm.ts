// The paper's glioblastoma cohort from cBioPortal (gbm_cptac_2021): RNA, protein and metabolites of tumors.
import { checkOptions } from "../options.js";
import { readCbioportal } from "./cbioportal.js";
import type { Label, Sample } from "./cohort.js";
import { sourceFolder } from "./sources.js";
import type { FileCohort } from "./tables.js";

const PROFILES = [
  { name: "RNA", profile: "data_mrna_seq_fpkm.txt" },
  { name: "protein", profile: "data_protein_quantification.txt" },
  { name: "metabolite", profile: "data_metabolome_quantification.txt" },
] as const;

/** Each label, and the names of its attribute in cBioPortal, where only AGE and SEX have standard names. */
const LABELS: Readonly<Record<string, RegExp>> = {
  laterality: /LATERALITY/i,
  sex: /^(?:SEX|GENDER)$/i,
  age: /^AGE(?:_AT_DIAGNOSIS)?$/i,
};

/**
 * Reads the files of `fetchSource("gbm")`, by default from data/raw/gbm: the tumors that all three modalities share,
 * with features by gene symbol and by metabolite, and the published values: FPKM-UQ for RNA, log2 for the others. There
 * are no normal samples. The labels laterality, sex and age have these names and lower-case values, as in the journal's
 * workbooks; all others keep cBioPortal's names. A label that the files do not record is null in every sample, and
 * noted.
 * Source: Wang et al., Cancer Cell 2021, doi 10.1016/j.ccell.2021.01.006.
 * @throws as `readCbioportal` does.
 */
export function readGbm(options: { readonly folder?: string } = {}): FileCohort {
  const { folder = sourceFolder("gbm") } = checkOptions("readGbm", options, { folder: "string" });
  const cohort = readCbioportal({ folder, name: "gbm", profiles: PROFILES });
  const attributes = [...new Set(cohort.samples.flatMap(({ labels }) => Object.keys(labels)))];
  const columns = Object.entries(LABELS).map(
    ([label, name]) => [label, attributes.find((attribute) => name.test(attribute))] as const,
  );
  const absent = columns.flatMap(([label, column]) => (column === undefined ? [label] : []));
  const note = `gbm: the clinical files do not record ${absent.join(", ")}; they have ${attributes.join(", ")}`;
  return {
    ...cohort,
    samples: cohort.samples.map((sample) => renameLabels(sample, columns)),
    notes: [...cohort.notes, ...(absent.length > 0 ? [note] : [])],
  };
}

function renameLabels(
  sample: Sample,
  columns: readonly (readonly [label: string, column: string | undefined])[],
): Sample {
  const rest: Record<string, Label> = { ...sample.labels };
  const labels = columns.map(([label, column]): [string, Label] => {
    const value = column === undefined ? null : (sample.labels[column] ?? null);
    if (column !== undefined) delete rest[column];
    return [label, typeof value === "string" ? value.toLowerCase() : value];
  });
  return { ...sample, labels: { ...Object.fromEntries(labels), ...rest } };
}
