// Gene names to Ensembl genes: by the pairs of symbol and id in a sheet, then by a saved answer of g:Profiler.
import { readFile } from "node:fs/promises";
import { groupBy } from "./group.js";
import { stripEnsemblVersion } from "./identifiers.js";
import type { Naming } from "./paper-sheets.js";

/** A name -> the Ensembl genes it stands for, without versions. */
export type GeneNames = ReadonlyMap<string, readonly string[]>;

export interface GeneSources {
  /** Symbol -> Ensembl genes, from a sheet that has both; see `pairGenes`. */
  readonly pairs: GeneNames;
  /** g:Profiler's answer, if there is one. */
  readonly answer?: GeneNames;
}

/** Tells whether an identifier is a human Ensembl gene, with or without version. */
function isEnsemblGene(id: string): boolean {
  return /^ENSG\d{11}(?:\.\d+)?(?:_PAR_Y)?$/.test(id);
}

/** Recognizes GENCODE's Y copy of a gene that X and Y share; reads are counted for the X copy. */
export function isSecondCopy(id: string): boolean {
  return id.endsWith("_PAR_Y");
}

/** Pairs the symbols of a sheet with its Ensembl ids, leaving out the Y copies of pseudoautosomal genes. */
export function pairGenes(ids: readonly string[], symbols: readonly string[]): GeneNames {
  return groupByName(
    ids.flatMap((id, row): [string, string][] =>
      symbols[row] !== "" && isEnsemblGene(id) && !isSecondCopy(id)
        ? [[symbols[row], stripEnsemblVersion(id)]]
        : [],
    ),
  );
}

/**
 * Finds the Ensembl genes of a name: an Ensembl gene is itself, without version; a symbol that names exactly one gene
 * in the pairs is that gene; any other name gets all genes that g:Profiler answered, or none without an answer.
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

/**
 * Reads an answer of g:Convert (organism hsapiens, target ENSG): JSON with `{"result": [{"incoming", "converted"}, ...]}`.
 * Leaves out what is not a gene, such as "None".
 * Source: paper section 3 (Reimand et al. 2007).
 * @throws Error if it cannot be read, or is not in this format.
 */
export async function readConversion(file: string): Promise<GeneNames> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`${file}: expected an answer of g:Profiler as JSON, got ${message}`, { cause });
  }
  const result = (
    content as { result?: readonly { incoming?: string; converted?: string }[] } | null
  )?.result;
  if (!Array.isArray(result) || result.some(({ incoming, converted }) => !incoming || !converted)) {
    throw new Error(
      `${file}: expected {"result": [{"incoming", "converted"}, ...]} of g:Profiler, ` +
        `got ${JSON.stringify(content).slice(0, 80)}`,
    );
  }
  const found = result.filter(({ converted }) => isEnsemblGene(converted));
  return groupByName(found.map(({ incoming, converted }) => [incoming, converted]));
}

/** Lists the genes of each name, each gene once, in order of appearance. */
function groupByName(pairs: readonly (readonly [name: string, gene: string])[]): GeneNames {
  const groups = [...groupBy(pairs, ([name]) => name)];
  return new Map(groups.map(([name, own]) => [name, [...new Set(own.map(([, gene]) => gene))]]));
}
