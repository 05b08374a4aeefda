// The paper's cohort: glioblastoma and renal cell carcinoma, joined from the journals' workbooks that a reader places.
import { checkOptions } from "../options.js";
import { type Cohort, joinCohort, type Label, type ModalityTable, type Sample } from "./cohort.js";
import { findGenes, type GeneSources, isSecondCopy, pairGenes, readConversion } from "./genes.js";
import { stripEnsemblVersion } from "./identifiers.js";
import { type CompoundNames, curatedNames, findCompound, readCompounds } from "./metabolites.js";
import { type CacheOptions, readCachedSheet } from "./sheet-cache.js";
import { type NamedTable, nameFeatures, stackTables } from "./sheet-features.js";
import { findPlaced } from "./sources.js";
import { cellText, readRows, type SheetTable } from "./workbook.js";

/**
 * Whether proteins are named by Ensembl genes, as in the paper's text, or as in the sheets, as in the authors' code.
 */
export type ProteinNames = "ensembl" | "published";

/** The size of one modality of one cohort once its features are named, before anything is joined. */
export interface PartSize {
  readonly cohort: "GBM" | "RCC";
  readonly modality: string;
  readonly samples: number;
  readonly features: number;
}

export interface PaperCohort extends Cohort {
  readonly parts: readonly PartSize[];
  /** What a reader should know about the sheets and their names. */
  readonly notes: readonly string[];
}

export interface PaperOptions {
  /** The folder of the workbooks; by default data/raw/paper of the repository. */
  readonly folder?: string;
  /** The manifest that names them; by default data/sources.json of the repository. */
  readonly manifest?: string;
  /** Where sheets are kept once they are read. */
  readonly cache?: CacheOptions;
  /** By default "ensembl", as in the paper's text; "published" gives the columns that its numbers come from. */
  readonly proteins?: ProteinNames;
}

/**
 * Reads the paper's two cohorts and joins them as its authors do: within each modality it stacks their rows with an
 * outer join of columns, then keeps the samples that all three modalities have. Values stay in the sheets' units, which
 * differ: glioblastoma RNA is FPKM-UQ, renal cell carcinoma RNA is log2 TPM.
 * Source: paper section 3; where it is silent, the authors' code.
 * @throws RangeError that lists every file that is missing or of another size; what the readers throw.
 */
export async function readPaperCohort(options: PaperOptions = {}): Promise<PaperCohort> {
  const {
    folder,
    manifest,
    cache = {},
    proteins = "ensembl",
  } = checkOptions("readPaperCohort", options, {
    ...{ folder: "string", manifest: "string", cache: "object" },
    proteins: ["ensembl", "published"],
  });
  const placed = await findPlaced("paper", { folder, manifest });
  const gbm = await readGbmSheets(placed.get("gbm")!, cache);
  const rcc = await readRccSheets(
    { tables: placed.get("rcc")!, metabolites: placed.get("rcc-metabolites")! },
    cache,
  );
  const conversion = placed.get("gprofiler");
  const nameMap = placed.get("name-map");
  const sources: NameSources = {
    pairs: pairGenes(gbm.rna.names.gene_id, gbm.rna.names.gene_name),
    answer: conversion ? await readConversion(conversion) : undefined,
    compounds: [...(nameMap ? [readCompounds(nameMap)] : []), curatedNames()],
    proteins,
  };
  const tables = { GBM: nameGbm(gbm, sources), RCC: nameRcc(rcc, sources) };
  const clinicalFile = placed.get("clinical");
  const clinical = clinicalFile ? await readGbmClinical(clinicalFile) : new Map();
  const idsOf = (named: readonly NamedTable[]) => [
    ...new Set(named.flatMap(({ table }) => table.samples)),
  ];
  const samples = [...gbmSamples(idsOf(tables.GBM), clinical), ...rccSamples(idsOf(tables.RCC))];
  const named = [...tables.GBM, ...tables.RCC];
  const cohort = joinCohort({
    name: "paper",
    tables: tables.GBM.map(({ table }, i) => stackTables([table, tables.RCC[i].table])),
    samples,
    drops: named.flatMap(({ drops }) => drops),
  });
  const notes = named.flatMap((one) => one.notes);
  if (!conversion)
    notes.push("no answer of g:Profiler: genes are named by the GBM sheet's pairs alone");
  if (!nameMap) notes.push("no name map of MetaboAnalyst: metabolites by the curated table alone");
  if (!clinicalFile) notes.push("no clinical workbook: laterality, age and BMI are not recorded");
  return {
    ...cohort,
    parts: (["GBM", "RCC"] as const).flatMap((name) =>
      tables[name].map(({ table }) => sizeOf(name, table, samples)),
    ),
    notes,
  };
}

/** Does not count columns of numbers that are not samples, such as a gene's length. */
function sizeOf(
  cohort: PartSize["cohort"],
  { name, samples: columns, features }: ModalityTable,
  samples: readonly Sample[],
): PartSize {
  const known = new Set(samples.map(({ id }) => id));
  const count = columns.filter((id) => known.has(id)).length;
  return { cohort, modality: name, samples: count, features: features.length };
}

/** The sheets of one cohort that the paper uses. */
interface CohortSheets {
  readonly rna: SheetTable;
  readonly protein: SheetTable;
  readonly metabolites: SheetTable;
}

/** What translates the sheets' names into shared identifiers. */
interface NameSources extends GeneSources {
  readonly compounds: readonly CompoundNames[];
  readonly proteins: ProteinNames;
}

/**
 * Reads the three sheets of glioblastoma that the paper uses, and neither circular RNA nor the phosphoproteome.
 * Source: Wang et al. 2021.
 */
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

/**
 * Names the features: RNA by Ensembl id without version, without the Y copies of pseudoautosomal genes; proteins by
 * Ensembl gene, or by their symbol if no gene is known; metabolites by KEGG compound, or not at all.
 */
function nameGbm({ rna, protein, metabolites }: CohortSheets, sources: NameSources): NamedTable[] {
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

/** Each label and its column in the clinical workbook. */
const CLINICAL = {
  laterality: "tumor_laterality",
  gender: "gender",
  age: "age",
  BMI: "BMI",
  daysToDeath: "days_from_date_of_initial_pathologic_diagnosis_to_date_of_death",
} as const;

/**
 * Reads the clinical workbook of glioblastoma (sheet Clinical_Attributes): case id -> labels. A normal sample of GTEx
 * is "PT-X" in the measurements and "GTEX-X-..." in this workbook; the result has it as "PT-X".
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
 * The glioblastoma samples: cases (C3L-, C3N-) are tumors, GTEx donors (PT-) are normal, and each is its own patient.
 * A normal's laterality is "non-cancerous", as in the paper's labels.
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

/**
 * Reads the sheets of renal cell carcinoma: RNA and protein from one workbook (mmc3), metabolites from another (mmc9).
 * Source: Li et al. 2024.
 */
async function readRccSheets(
  files: { readonly tables: string; readonly metabolites: string },
  cache: CacheOptions,
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

/**
 * Names the features: RNA by Ensembl gene, or not at all; proteins by the Ensembl gene of their symbol or their id, or
 * by that id without version if no gene is known; metabolites by KEGG compound, or not at all.
 */
function nameRcc({ rna, protein, metabolites }: CohortSheets, sources: NameSources): NamedTable[] {
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

/** The renal samples: PATIENT-T is a tumor, PATIENT-N a normal. */
function rccSamples(ids: readonly string[]): Sample[] {
  return ids.flatMap((id) => {
    const [, patient, kind] = /^(.+)-([TN])$/.exec(id) ?? [];
    if (!patient) return [];
    const normal = kind === "N";
    const labels = {
      cohort: "RCC",
      tissue: normal ? "normal" : "tumor",
      // None of these sheets records the side of the tumor. The authors' code calls all of RCC non-cancerous.
      laterality: normal ? "non-cancerous" : null,
    };
    return [{ id, patient, labels }];
  });
}

/** `ENSP00000354587.3` -> `ENSP00000354587`, for any Ensembl or RefSeq id. */
function stripVersion(id: string): string {
  return id.replace(/\.\d+$/, "");
}
