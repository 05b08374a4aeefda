// g:Profiler's conversion of gene names to Ensembl genes: asked once, kept as a file, and read from it afterwards.
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceJson } from "./durable-file.js";
import { type GeneNames, isEnsemblGene } from "./genes.js";
import { projectRoot } from "./root.js";

export interface ConvertOptions {
  /** Where g:Profiler is; its own address by default. */
  readonly baseUrl?: string;
  /** Where answers are kept; by default data/cache/gprofiler of the repository. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

/** The part of an answer that is read: a line for each name and gene, "None" where none was found. */
interface Line {
  readonly incoming: string;
  readonly converted: string;
}

const BATCH = 10_000; // names a question

/**
 * Asks g:Profiler which Ensembl genes human gene names stand for, or reads what it answered to the same names before.
 * Names go over the network only here, and only to `baseUrl`.
 * Source: paper section 3 (Reimand et al. 2007); g:Convert, organism hsapiens, target ENSG.
 * @throws Error if it does not answer, or not in its form; nothing is kept then.
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
 * Reads an answer of g:Profiler from a file: its own JSON, `{"result": [{"incoming", "converted"}, ...]}`.
 * @throws Error if it cannot be read, or is not in this form.
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
    const { cause: deeper, message } = cause as Error;
    const reason = deeper instanceof Error ? deeper.message : message;
    throw new Error(`convertGenes: expected an answer from ${url}, got ${reason}; ${remedy}`, {
      cause,
    });
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

/** Each gene once a name, in the order of the answer; what is no gene, such as "None", is left out. */
function collect(lines: readonly Line[]): GeneNames {
  const genes = new Map<string, string[]>();
  for (const { incoming, converted } of lines) {
    if (!isEnsemblGene(converted)) continue;
    const known = genes.get(incoming) ?? [];
    if (!known.includes(converted)) genes.set(incoming, [...known, converted]);
  }
  return genes;
}
