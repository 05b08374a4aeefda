// The gene sets of a study: a GMT file that the user names, or what the cohort itself says of its genes.
import { type GeneSet, readGeneSets, symbolFamilies } from "../cohort/gene-sets.js";
import { simulateCohort } from "../cohort/simulate.js";
import { pearson } from "../evaluate/statistics.js";
import type { Study } from "./study.js";

export interface StudyGeneSets {
  readonly sets: readonly GeneSet[];
  /** One sentence that says where they come from. */
  readonly about: string;
}

/** Absolute correlation from which a simulated gene belongs to a factor. */
const LEAST_LOADING = 0.7;

/**
 * Reads the sets of the GMT file that ARO_GENE_SETS names. Without one, sets are made of the cohort's own annotation: for
 * the simulated cohort the genes that follow each of its factors, else families of gene symbols; there may be none.
 * @throws as `readGeneSets`.
 */
export function openGeneSets(
  { profile, prepared }: Pick<Study, "profile" | "prepared">,
  env: Readonly<Record<string, string | undefined>> = process.env,
): StudyGeneSets {
  const file = env.ARO_GENE_SETS;
  if (file) return { sets: readGeneSets(file), about: `the gene sets of ${file}` };
  if (profile.cohort === "simulate") {
    return {
      sets: factorSets(profile.split.seed),
      about: "the genes that follow each simulated factor, known because the cohort is simulated",
    };
  }
  const { start, end } = prepared.modalities[0];
  return {
    sets: symbolFamilies(prepared.features.slice(start, end)),
    about: "families of gene symbols with the same stem, a stand-in for curated sets",
  };
}

/** The genes of the first modality that correlate with each factor, as the truth has both. */
function factorSets(seed: number): GeneSet[] {
  const { cohort, truth } = simulateCohort({ seed });
  const { factors, noiseless } = truth;
  const { start, end } = cohort.modalities[0];
  const column = ({ rows, columns, values }: typeof factors, j: number) =>
    Float64Array.from({ length: rows }, (_, i) => values[i * columns + j]);
  return Array.from({ length: factors.columns }, (_, k) => {
    const factor = column(factors, k);
    const genes = cohort.features
      .slice(start, end)
      .filter(
        (_, j) => Math.abs(pearson(column(noiseless, start + j), factor) ?? 0) > LEAST_LOADING,
      );
    return { name: `factor ${k + 1}`, genes };
  }).filter(({ genes }) => genes.length > 0);
}
