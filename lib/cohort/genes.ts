// Gene symbols to Ensembl genes: by the pairs that a sheet itself holds, then by an answer of g:Profiler.
import { stripEnsemblVersion } from "./identifiers.js";
import type { Naming } from "./sheet-features.js";

/** A name -> the Ensembl genes that it stands for, without versions. */
export type GeneNames = ReadonlyMap<string, readonly string[]>;

export interface GeneSources {
  /** Symbols of a sheet that has both, see `pairGenes`. */
  readonly pairs: GeneNames;
  /** What g:Profiler answered, if it was asked. */
  readonly answer?: GeneNames;
}

const ENSEMBL_GENE = /^ENSG\d{11}(?:\.\d+)?(?:_PAR_Y)?$/;

/** Tells whether an identifier is a human Ensembl gene, with or without version. */
export function isEnsemblGene(id: string): boolean {
  return ENSEMBL_GENE.test(id);
}

/** Tells GENCODE's second copy of a gene that the X and Y chromosomes share; its reads are counted with the first. */
export function isSecondCopy(id: string): boolean {
  return id.endsWith("_PAR_Y");
}

/** Pairs the symbols of a sheet with its Ensembl ids; the second copies of pseudoautosomal genes do not count. */
export function pairGenes(ids: readonly string[], symbols: readonly string[]): GeneNames {
  const pairs = new Map<string, string[]>();
  ids.forEach((id, row) => {
    const symbol = symbols[row];
    if (symbol === "" || !isEnsemblGene(id) || isSecondCopy(id)) return;
    const gene = stripEnsemblVersion(id);
    const genes = pairs.get(symbol) ?? [];
    if (!genes.includes(gene)) pairs.set(symbol, [...genes, gene]);
  });
  return pairs;
}

/**
 * Finds the Ensembl genes of a name. An Ensembl gene is itself, without version. A symbol that names exactly one gene
 * in the pairs is that gene. Any other is what g:Profiler answered, all of it if several; and nothing without answer.
 */
export function findGenes(name: string, { pairs, answer }: GeneSources): Naming {
  if (isEnsemblGene(name)) return { ids: [stripEnsemblVersion(name)] };
  const paired = pairs.get(name) ?? [];
  if (paired.length === 1) return { ids: paired };
  const answered = answer?.get(name) ?? [];
  if (answered.length > 0) return { ids: answered };
  if (paired.length > 1) return { ids: [], reason: "a symbol of several genes, without an answer" };
  return { ids: [], reason: "no Ensembl gene known for the name" };
}
