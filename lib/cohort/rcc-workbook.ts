// The paper's renal cell carcinoma cohort from the journal's workbooks: RNA, protein and metabolites (Li et al. 2024).
import type { Sample } from "./cohort.js";
import type { CohortSheets, NameSources } from "./gbm-workbook.js";
import { findGenes } from "./genes.js";
import { findCompound } from "./metabolites.js";
import { type CacheOptions, readCachedSheet } from "./sheet-cache.js";
import { type NamedTable, nameFeatures } from "./sheet-features.js";

/** Reads RNA and protein from the one workbook (mmc3), metabolites from the other (mmc9). */
export async function readRccSheets(
  files: { readonly tables: string; readonly metabolites: string },
  cache: CacheOptions = {},
): Promise<CohortSheets> {
  return {
    rna: await readCachedSheet(
      { file: files.tables, sheet: "TPM_filtered_log2_RNA", names: ["ID"] },
      cache,
    ),
    protein: await readCachedSheet(
      {
        file: files.tables,
        sheet: "Abundance_gene_MD_protein",
        names: ["ProteinID"],
        optionalNames: ["Index"], // the gene's symbol, where TMT-Integrator wrote the table
        ignore: ["NumberPSM", "MaxPepProb", "ReferenceIntensity"],
      },
      cache,
    ),
    metabolites: await readCachedSheet(
      { file: files.metabolites, sheet: "compound_abundance", names: ["Name"] },
      cache,
    ),
  };
}

/** The names that g:Profiler may be asked for: those of RNA, and the proteins' ids without versions. */
export function rccNames({ rna, protein }: CohortSheets): string[] {
  const ids = protein.names.ProteinID.map(stripVersion);
  return [...new Set([...rna.names.ID, ...ids, ...(protein.names.Index ?? [])])].filter(Boolean);
}

/**
 * Names the features: RNA by Ensembl gene, or not at all; proteins by the Ensembl gene of their symbol or their id, or
 * by that id without version where none is known; metabolites by KEGG compound, or not at all.
 */
export function nameRcc(sheets: CohortSheets, sources: NameSources): NamedTable[] {
  const { rna, protein, metabolites } = sheets;
  return [
    nameFeatures(rna, {
      ...{ modality: "RNA", cohort: "RCC", column: "ID" },
      nameRow: (row) => findGenes(rna.names.ID[row], sources),
    }),
    nameFeatures(protein, {
      ...{ modality: "protein", cohort: "RCC", column: "ProteinID" },
      nameRow: (row) => {
        const id = stripVersion(protein.names.ProteinID[row]);
        if (sources.proteins === "published") return { ids: [id] };
        for (const name of [protein.names.Index?.[row] ?? "", id]) {
          const { ids } = findGenes(name, sources);
          if (ids.length > 0) return { ids };
        }
        return { ids: [id] };
      },
    }),
    nameFeatures(metabolites, {
      ...{ modality: "metabolite", cohort: "RCC", column: "Name" },
      nameRow: (row) => findCompound(metabolites.names.Name[row], sources.compounds),
    }),
  ];
}

/** The samples of the cohort: tumors end in -T, normals in -N, and what stands before is the patient. */
export function rccSamples(ids: readonly string[]): Sample[] {
  return ids.flatMap((id) => {
    const [, patient, kind] = /^(.+)-([TN])$/.exec(id) ?? [];
    if (!patient) return [];
    const normal = kind === "N";
    const labels = {
      cohort: "RCC",
      tissue: normal ? "normal" : "tumor",
      // The side of a kidney's tumor is in none of these sheets. The authors' code calls all of RCC non-cancerous.
      laterality: normal ? "non-cancerous" : null,
    };
    return [{ id, patient, labels }];
  });
}

/** `ENSP00000354587.3` -> `ENSP00000354587`, of any kind of Ensembl or RefSeq id. */
function stripVersion(id: string): string {
  return id.replace(/\.\d+$/, "");
}
