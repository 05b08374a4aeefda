// The paper's cohort: glioblastoma and renal cell carcinoma, joined from the journals' workbooks that a reader places.

import { type Cohort, type Drop, joinCohort, type ModalityTable, type Sample } from "./cohort.js";
import {
  gbmGenePairs,
  gbmSamples,
  nameGbm,
  type ProteinNames,
  readGbmClinical,
  readGbmSheets,
} from "./gbm-workbook.js";
import { type ConvertOptions, convertGenes, readConversion } from "./gprofiler.js";
import { curatedNames, readNameMap } from "./metabolites.js";
import { nameRcc, rccNames, rccSamples, readRccSheets } from "./rcc-workbook.js";
import type { CacheOptions } from "./sheet-cache.js";
import { type NamedTable, stackTables } from "./sheet-features.js";
import { findPlaced } from "./sources.js";

/** How large one modality of one cohort is, once its features are named and before anything is joined. */
export interface PartSize {
  readonly cohort: "GBM" | "RCC";
  readonly modality: string;
  readonly samples: number;
  readonly features: number;
}

export interface PaperCohort extends Cohort {
  readonly parts: readonly PartSize[];
  /** What a reader should know of the sheets and their names. */
  readonly notes: readonly string[];
}

export interface PaperOptions {
  /** Where the workbooks lie; by default data/raw/paper of the repository. */
  readonly folder?: string;
  /** The manifest that names them; by default data/sources.json of the repository. */
  readonly manifest?: string;
  /** Where sheets are kept once they are read. */
  readonly cache?: CacheOptions;
  /** By default "ensembl", as the paper's text says; "published" are the columns that its numbers come from. */
  readonly proteins?: ProteinNames;
  /**
   * Gene names that the glioblastoma sheet cannot tell: a file with g:Profiler's answer, or `{}` to ask it over the
   * network. By default nobody is asked.
   */
  readonly gprofiler?: string | ConvertOptions;
}

/**
 * Reads the paper's two cohorts and joins them as its authors do: rows stacked over cohorts and columns joined
 * outwardly in each modality, then the samples that all three modalities have. Values stay in the sheets' units, which
 * differ: FPKM-UQ in the one cohort's RNA, log2 TPM in the other's.
 * Source: paper section 3; where it is silent, the authors' code.
 * @throws RangeError if files are absent or of another size, all of them in one error; what the readers throw.
 */
export async function readPaperCohort({
  folder,
  manifest,
  cache = {},
  proteins = "ensembl",
  gprofiler,
}: PaperOptions = {}): Promise<PaperCohort> {
  const placed = await findPlaced("paper", { folder, manifest });
  const gbm = await readGbmSheets(placed.get("gbm")!, cache);
  const rcc = await readRccSheets(
    { tables: placed.get("rcc")!, metabolites: placed.get("rcc-metabolites")! },
    cache,
  );
  const names = [...rccNames(rcc), ...gbm.protein.names.symbol];
  const answer =
    typeof gprofiler === "string"
      ? await readConversion(gprofiler)
      : gprofiler && (await convertGenes(names, gprofiler));
  const nameMap = placed.get("name-map");
  const sources = {
    pairs: gbmGenePairs(gbm),
    answer,
    compounds: [...(nameMap ? [readNameMap(nameMap)] : []), curatedNames()],
    proteins,
  };
  const tables = { GBM: nameGbm(gbm, sources), RCC: nameRcc(rcc, sources) };
  const clinicalFile = placed.get("clinical");
  const clinical = clinicalFile ? await readGbmClinical(clinicalFile) : new Map();
  const idsOf = (named: readonly NamedTable[]) => [
    ...new Set(named.flatMap(({ table }) => table.samples)),
  ];
  const samples: Sample[] = [
    ...gbmSamples(idsOf(tables.GBM), clinical),
    ...rccSamples(idsOf(tables.RCC)),
  ];
  const named = [...tables.GBM, ...tables.RCC];
  const cohort = joinCohort({
    name: "paper",
    tables: tables.GBM.map(({ table }, i) => stackTables([table, tables.RCC[i].table])),
    samples,
    drops: named.flatMap(({ drops }): readonly Drop[] => drops),
  });
  const notes = named.flatMap((one) => one.notes);
  if (!answer)
    notes.push("g:Profiler was not asked: genes are named by the GBM sheet's pairs alone");
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

/** Columns of numbers that are no samples, such as a gene's length, do not count. */
function sizeOf(
  cohort: PartSize["cohort"],
  { name, samples: columns, features }: ModalityTable,
  samples: readonly Sample[],
): PartSize {
  const known = new Set(samples.map(({ id }) => id));
  const count = columns.filter((id) => known.has(id)).length;
  return { cohort, modality: name, samples: count, features: features.length };
}
