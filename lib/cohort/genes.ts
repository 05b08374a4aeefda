// Gene names to Ensembl genes: by the pairs of symbol and id in a sheet, then by g:Profiler's answer, which is kept.
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { reasonOf } from "./download.js";
import { replaceJson } from "./durable-file.js";
import { stripEnsemblVersion } from "./identifiers.js";
import { projectRoot } from "./root.js";
import type { Naming } from "./sheet-features.js";

/** A name -> the Ensembl genes it stands for, without versions. */
export type GeneNames = ReadonlyMap<string, readonly string[]>;

export interface GeneSources {
  /** Symbol -> Ensembl genes, from a sheet that has both; see `pairGenes`. */
  readonly pairs: GeneNames;
  /** g:Profiler's answer, if it was asked. */
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

export interface ConvertOptions {
  /** g:Profiler's address. */
  readonly baseUrl?: string;
  /** The folder of kept answers; by default data/cache/gprofiler of the repository. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

/** The part of an answer that is read: a line for each name and gene, "None" if it found none. */
interface Line {
  readonly incoming: string;
  readonly converted: string;
}

const BATCH = 10_000; // names per request

/**
 * Asks g:Profiler for the Ensembl genes of human gene names, or reads its earlier answer for the same names.
 * This is the only function that sends names off this machine, and only to `baseUrl`.
 * Source: paper section 3 (Reimand et al. 2007); g:Convert, organism hsapiens, target ENSG.
 * @throws Error if it does not answer, or in another format; then nothing is kept.
 */
export async function convertGenes(
  names: readonly string[],
  {
    baseUrl = "https://biit.cs.ut.ee/gprofiler",
    folder = join(projectRoot(), "data", "cache", "gprofiler"),
    signal,
  }: ConvertOptions = {},
): Promise<GeneNames> {
  const query = [...new Set(names)].sort();
  const hash = createHash("sha256").update(query.join("\n")).digest("hex").slice(0, 16);
  const file = join(folder, `hsapiens-ensg-${hash}.json`);
  const kept = await readConversion(file).catch(() => undefined);
  if (kept) return kept;
  const result: Line[] = [];
  for (let start = 0; start < query.length; start += BATCH) {
    result.push(...(await ask(query.slice(start, start + BATCH), baseUrl, signal)));
  }
  await mkdir(folder, { recursive: true });
  await replaceJson(file, { result });
  return collect(result);
}

/**
 * Reads an answer of g:Profiler from a file of its own JSON, `{"result": [{"incoming", "converted"}, ...]}`.
 * @throws Error if it cannot be read, or is not in this format.
 */
export async function readConversion(file: string): Promise<GeneNames> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new Error(
      `readConversion: expected an answer of g:Profiler as JSON in ${file}, got ${(cause as Error).message}`,
      { cause },
    );
  }
  return collect(linesOf(content, file));
}

async function ask(
  query: readonly string[],
  baseUrl: string,
  signal?: AbortSignal,
): Promise<Line[]> {
  const url = `${baseUrl.replace(/\/$/, "")}/api/convert/convert/`;
  const remedy = "try again later, or name a saved answer";
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ organism: "hsapiens", target: "ENSG", query }),
      signal: AbortSignal.any([AbortSignal.timeout(300_000), ...(signal ? [signal] : [])]),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    const message = `convertGenes: expected an answer from ${url}, got ${reasonOf(cause)}; ${remedy}`;
    throw new Error(message, { cause });
  }
  if (!response.ok) {
    throw new Error(
      `convertGenes: expected an answer from ${url}, got status ${response.status}; ${remedy}`,
    );
  }
  const content: unknown = await response.json().catch(() => undefined);
  return linesOf(content, url);
}

function linesOf(content: unknown, where: string): Line[] {
  const result = (content as { result?: unknown } | null | undefined)?.result;
  const isLine = (line: unknown): line is Line =>
    typeof (line as Line | null)?.incoming === "string" &&
    typeof (line as Line | null)?.converted === "string";
  if (!Array.isArray(result) || !result.every(isLine)) {
    throw new Error(
      `g:Profiler: expected {"result": [{"incoming", "converted"}, ...]} from ${where}, ` +
        `got ${JSON.stringify(content)?.slice(0, 80) ?? "no JSON"}`,
    );
  }
  return result.map(({ incoming, converted }) => ({ incoming, converted }));
}

/** Leaves out what is not a gene, such as "None". */
function collect(lines: readonly Line[]): GeneNames {
  const found = lines.filter(({ converted }) => isEnsemblGene(converted));
  return groupByName(found.map(({ incoming, converted }) => [incoming, converted]));
}

/** Lists the genes of each name, each gene once, in order of appearance. */
function groupByName(pairs: readonly (readonly [name: string, gene: string])[]): GeneNames {
  const genes = new Map<string, string[]>();
  for (const [name, gene] of pairs) {
    const known = genes.get(name);
    if (!known) genes.set(name, [gene]);
    else if (!known.includes(gene)) known.push(gene);
  }
  return genes;
}
