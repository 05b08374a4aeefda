// Gene sets: read from a GMT file, or formed from families of gene symbols.
import { readText } from "./textfile.js";

export interface GeneSet {
  readonly name: string;
  readonly genes: readonly string[];
}

/**
 * Reads a GMT file, one tab-separated set per line: name, description, genes. MSigDB, Reactome and WikiPathways offer
 * their sets in this form.
 * @throws RangeError naming the line of a set without genes, or of a name that occurs twice; Error if the file cannot
 * be read.
 */
export function readGeneSets(file: string): GeneSet[] {
  const seen = new Map<string, number>();
  const sets = readText(file)
    .split(/\r?\n/)
    .flatMap((line, i): GeneSet[] => {
      if (line.trim() === "") return [];
      const [name, , ...rest] = line.split("\t").map((cell) => cell.trim());
      const genes = [...new Set(rest.filter((gene) => gene !== ""))];
      if (name === "" || genes.length === 0) {
        throw new RangeError(
          `${file}, line ${i + 1}: expected a name, a description and genes, with tabs between, got "${line.slice(0, 60)}"`,
        );
      }
      const before = seen.get(name);
      if (before !== undefined) {
        throw new RangeError(
          `${file}, line ${i + 1}: expected each set once, got "${name}" again, first in line ${before}; rename one`,
        );
      }
      seen.set(name, i + 1);
      return [{ name, genes }];
    });
  if (sets.length > 0) return sets;
  throw new RangeError(`${file}: expected gene sets, one a line, got none`);
}

/** Fewer genes of one stem are no family. */
const FEWEST = 8;

/**
 * Groups gene symbols by their stem, the letters before the first digit or hyphen, as HGNC names families: COL1A1 and
 * COL3A1 are "COL", HLA-A and HLA-B "HLA". A rough stand-in where no curated sets are at hand: it groups by name, not
 * by what is known of the genes.
 * @returns the stems of at least two letters with at least eight genes, by name.
 */
export function symbolFamilies(features: readonly string[]): GeneSet[] {
  const families = new Map<string, Set<string>>();
  for (const feature of features) {
    const stem = feature.match(/^([A-Z]{2,})[\d-]/)?.[1];
    if (stem === undefined) continue;
    families.set(stem, (families.get(stem) ?? new Set()).add(feature));
  }
  return [...families]
    .filter(([, genes]) => genes.size >= FEWEST)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([stem, genes]) => ({ name: `${stem} family`, genes: [...genes] }));
}
