// The paper's cohort: glioblastoma and renal cell carcinoma, joined from the journals' workbooks that a reader places.
import { checkOptions } from "../options.js";
import { type Cohort, joinCohort, type Label, type Sample } from "./cohort.js";
import { readDelimited } from "./delimited.js";
import { findGenes, type GeneSources, isSecondCopy, pairGenes, readConversion } from "./genes.js";
import { stripEnsemblVersion } from "./identifiers.js";
import { type CompoundNames, curatedNames, findCompound, readCompounds } from "./metabolites.js";
import { parseNumber } from "./numbers.js";
import {
  type CacheOptions,
  type NamedTable,
  nameFeatures,
  readCachedSheet,
  type SheetTable,
  stackTables,
} from "./paper-sheets.js";
import { findPlaced } from "./sources.js";
import { openSheet } from "./workbook.js";

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
    folder: "string",
    manifest: "string",
    cache: "object",
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
    // What a name map says, even "none", goes before the curated table.
    compounds: new Map([...curatedNames(), ...(nameMap ? readCompounds(nameMap) : [])]),
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
      tables[name].map(({ table: { name: modality, samples, features } }) => ({
        cohort: name,
        modality,
        samples: samples.length,
        features: features.length,
      })),
    ),
    notes,
  };
}

/** The sheets of one cohort that the paper uses. */
interface CohortSheets {
  readonly rna: SheetTable;
  readonly protein: SheetTable;
  readonly metabolites: SheetTable;
}

/** What translates the sheets' names into shared identifiers. */
interface NameSources extends GeneSources {
  readonly compounds: CompoundNames;
  readonly proteins: ProteinNames;
}

/** A GBM sample: a case (C3L-, C3N-) or a donor of GTEx (PT-). */
const GBM_SAMPLE = /^(?:C3[LN]|PT)-/;

/**
 * Reads the three sheets of glioblastoma that the paper uses, and neither circular RNA nor the phosphoproteome.
 * Source: Wang et al. 2021.
 */
export async function readGbmSheets(file: string, cache?: CacheOptions): Promise<CohortSheets> {
  const read = (sheet: string, ...names: string[]) =>
    readCachedSheet({ file, sheet, names, samples: GBM_SAMPLE }, cache);
  return {
    rna: await read("gene_expression_fpkm_uq", "gene_id", "gene_name"),
    protein: await read("proteome_normalized", "symbol"),
    metabolites: await read("metabolome_normalized", "Metabolite"),
  };
}

/**
 * Names the features: RNA by Ensembl id without version, without the Y copies of pseudoautosomal genes; proteins by
 * Ensembl gene, or by their symbol if no gene is known; metabolites by KEGG compound, or not at all.
 */
function nameGbm({ rna, protein, metabolites }: CohortSheets, sources: NameSources): NamedTable[] {
  return [
    nameFeatures(rna, { modality: "RNA", cohort: "GBM", column: "gene_id" }, (id) => {
      if (isSecondCopy(id)) return { ids: [], reason: "the Y copy of a pseudoautosomal gene" };
      return { ids: [stripEnsemblVersion(id)] };
    }),
    nameFeatures(protein, { modality: "protein", cohort: "GBM", column: "symbol" }, (symbol) => {
      const genes = sources.proteins === "ensembl" ? findGenes(symbol, sources).ids : [];
      return { ids: genes.length > 0 ? genes : [symbol] };
    }),
    nameFeatures(
      metabolites,
      { modality: "metabolite", cohort: "GBM", column: "Metabolite" },
      (name) => findCompound(name, sources.compounds),
    ),
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
 * @throws as `openSheet`, if the file has no such sheet or columns.
 */
export async function readGbmClinical(
  file: string,
): Promise<ReadonlyMap<string, Readonly<Record<string, Label>>>> {
  const columns = ["case_id", ...Object.values(CLINICAL)];
  const text = await openSheet(file, "Clinical_Attributes", columns);
  const { header, rows } = readDelimited(text, { delimiter: "\t" });
  return new Map(
    rows.map((row) => {
      const cell = (column: string) => row[header.indexOf(column)].toLowerCase();
      const labels = Object.entries(CLINICAL).map(([label, column]): [string, Label] => {
        const text = cell(column);
        return [label, parseNumber(text) ?? (text === "" || text === "n/a" ? null : text)];
      });
      const id = row[header.indexOf("case_id")].replace(/^GTEX-([^-]+)-.*$/, "PT-$1");
      return [id, Object.fromEntries(labels)];
    }),
  );
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
    .filter((id) => GBM_SAMPLE.test(id))
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

/** PATIENT-T is a tumor, PATIENT-N a normal. */
const RCC_SAMPLE = /^(.+)-([TN])$/;

/**
 * Reads the sheets of renal cell carcinoma: RNA and protein from one workbook (mmc3), metabolites from another (mmc9).
 * Source: Li et al. 2024.
 */
async function readRccSheets(
  files: { readonly tables: string; readonly metabolites: string },
  cache: CacheOptions,
): Promise<CohortSheets> {
  const read = (file: string, sheet: string, name: string) =>
    readCachedSheet({ file, sheet, names: [name], samples: RCC_SAMPLE }, cache);
  return {
    rna: await read(files.tables, "TPM_filtered_log2_RNA", "ID"),
    protein: await read(files.tables, "Abundance_gene_MD_protein", "ProteinID"),
    metabolites: await read(files.metabolites, "compound_abundance", "Name"),
  };
}

/**
 * Names the features: RNA by Ensembl gene, or not at all; proteins by the Ensembl gene of their symbol or their id, or
 * by that id without version if no gene is known; metabolites by KEGG compound, or not at all.
 */
function nameRcc({ rna, protein, metabolites }: CohortSheets, sources: NameSources): NamedTable[] {
  return [
    nameFeatures(rna, { modality: "RNA", cohort: "RCC", column: "ID" }, (name) =>
      findGenes(name, sources),
    ),
    nameFeatures(
      protein,
      { modality: "protein", cohort: "RCC", column: "ProteinID" },
      (given, row) => {
        const id = stripVersion(given);
        if (sources.proteins === "published") return { ids: [id] };
        // Where TMT-Integrator wrote the table, Index is the gene's symbol.
        for (const name of [protein.names.Index?.[row] ?? "", id]) {
          const { ids } = findGenes(name, sources);
          if (ids.length > 0) return { ids };
        }
        return { ids: [id] };
      },
    ),
    nameFeatures(metabolites, { modality: "metabolite", cohort: "RCC", column: "Name" }, (name) =>
      findCompound(name, sources.compounds),
    ),
  ];
}

function rccSamples(ids: readonly string[]): Sample[] {
  return ids.map((id) => {
    const [, patient, kind] = RCC_SAMPLE.exec(id)!;
    const normal = kind === "N";
    const labels = {
      cohort: "RCC",
      tissue: normal ? "normal" : "tumor",
      // None of these sheets records the side of the tumor. The authors' code calls all of RCC non-cancerous.
      laterality: normal ? "non-cancerous" : null,
    };
    return { id, patient, labels };
  });
}

/** `ENSP00000354587.3` -> `ENSP00000354587`, for any Ensembl or RefSeq id. */
function stripVersion(id: string): string {
  return id.replace(/\.\d+$/, "");
}
