// The paper's glioblastoma cohort from the journal's workbook: RNA, protein and metabolites (Wang et al. 2021).
import type { Label, Sample } from "./cohort.js";
import { findGenes, type GeneNames, type GeneSources, isSecondCopy, pairGenes } from "./genes.js";
import { stripEnsemblVersion } from "./identifiers.js";
import { type CompoundNames, findCompound } from "./metabolites.js";
import { type CacheOptions, readCachedSheet } from "./sheet-cache.js";
import { type NamedTable, nameFeatures } from "./sheet-features.js";
import { cellText, readRows, type SheetTable } from "./workbook.js";

/** Whether proteins bear Ensembl genes, as the paper's text says, or the sheets' own names, as its code does. */
export type ProteinNames = "ensembl" | "published";

/** The sheets of one cohort that the paper uses. */
export interface CohortSheets {
  readonly rna: SheetTable;
  readonly protein: SheetTable;
  readonly metabolites: SheetTable;
}

/** What names are translated by. */
export interface NameSources extends GeneSources {
  readonly compounds: readonly CompoundNames[];
  readonly proteins: ProteinNames;
}

/** Reads the three sheets that the paper uses; the circular RNA and the phosphoproteome stay unread. */
export async function readGbmSheets(file: string, cache: CacheOptions = {}): Promise<CohortSheets> {
  return {
    rna: await readCachedSheet(
      { file, sheet: "gene_expression_fpkm_uq", names: ["gene_id", "gene_name"] },
      cache,
    ),
    protein: await readCachedSheet(
      { file, sheet: "proteome_normalized", names: ["symbol"] },
      cache,
    ),
    metabolites: await readCachedSheet(
      { file, sheet: "metabolome_normalized", names: ["Metabolite"] },
      cache,
    ),
  };
}

/** The pairs of symbol and Ensembl id that the RNA sheet holds. */
export function gbmGenePairs({ rna }: CohortSheets): GeneNames {
  return pairGenes(rna.names.gene_id, rna.names.gene_name);
}

/**
 * Names the features: RNA by Ensembl id without version, leaving out the Y copies of pseudoautosomal genes; proteins
 * by Ensembl gene, or by their symbol where none is known; metabolites by KEGG compound, or not at all.
 */
export function nameGbm(sheets: CohortSheets, sources: NameSources): NamedTable[] {
  const { rna, protein, metabolites } = sheets;
  return [
    nameFeatures(rna, {
      ...{ modality: "RNA", cohort: "GBM", column: "gene_id" },
      nameRow: (row) => {
        const id = rna.names.gene_id[row];
        if (isSecondCopy(id)) return { ids: [], reason: "the Y copy of a pseudoautosomal gene" };
        return { ids: [stripEnsemblVersion(id)] };
      },
    }),
    nameFeatures(protein, {
      ...{ modality: "protein", cohort: "GBM", column: "symbol" },
      nameRow: (row) => {
        const symbol = protein.names.symbol[row];
        const genes = sources.proteins === "ensembl" ? findGenes(symbol, sources).ids : [];
        return { ids: genes.length > 0 ? genes : [symbol] };
      },
    }),
    nameFeatures(metabolites, {
      ...{ modality: "metabolite", cohort: "GBM", column: "Metabolite" },
      nameRow: (row) => findCompound(metabolites.names.Metabolite[row], sources.compounds),
    }),
  ];
}

/** A label, and the column of the clinical workbook that it is read from. */
const CLINICAL = {
  laterality: "tumor_laterality",
  gender: "gender",
  age: "age",
  BMI: "BMI",
  daysToDeath: "days_from_date_of_initial_pathologic_diagnosis_to_date_of_death",
} as const;

/**
 * Reads the cohort's clinical workbook (sheet Clinical_Attributes): case id -> labels. A normal sample of GTEx has the
 * id "PT-X" in the measurements and "GTEX-X-..." here; both are found under "PT-X".
 * @throws Error if the file has no such sheet or column.
 */
export async function readGbmClinical(
  file: string,
): Promise<ReadonlyMap<string, Readonly<Record<string, Label>>>> {
  const cases = new Map<string, Readonly<Record<string, Label>>>();
  let header: string[] = [];
  for await (const { cells } of readRows(file, "Clinical_Attributes")) {
    if (header.length === 0) {
      header = cells.map(cellText);
      for (const column of ["case_id", ...Object.values(CLINICAL)]) {
        if (header.includes(column)) continue;
        throw new Error(
          `${file}: expected a column "${column}" in the sheet "Clinical_Attributes", got none`,
        );
      }
      continue;
    }
    const id = cellText(cells[header.indexOf("case_id")]).replace(/^GTEX-([^-]+)-.*$/, "PT-$1");
    if (id === "") continue;
    const labels = Object.entries(CLINICAL).map(([label, column]): [string, Label] => {
      const cell = cells[header.indexOf(column)] ?? null;
      if (typeof cell === "number") return [label, cell];
      const text = cellText(cell).toLowerCase();
      return [label, text === "" || text === "n/a" ? null : text];
    });
    cases.set(id, Object.fromEntries(labels));
  }
  return cases;
}

/**
 * The samples of the cohort: cases (C3L-, C3N-) are tumors, GTEx donors (PT-) are normal; each is its own patient.
 * Normals have the laterality "non-cancerous", as in the paper's labels.
 */
export function gbmSamples(
  ids: readonly string[],
  clinical: ReadonlyMap<string, Readonly<Record<string, Label>>>,
): Sample[] {
  return ids
    .filter((id) => /^(?:C3[LN]|PT)-/.test(id))
    .map((id) => {
      const normal = id.startsWith("PT-");
      const known = clinical.get(id);
      const labels: Record<string, Label> = {
        cohort: "GBM",
        tissue: normal ? "normal" : "tumor",
      };
      for (const label of Object.keys(CLINICAL)) labels[label] = known?.[label] ?? null;
      if (normal) labels.laterality = "non-cancerous";
      return { id, patient: id, labels };
    });
}
