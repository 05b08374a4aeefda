// Metabolite names to KEGG compounds: by a mapping file in MetaboAnalyst's format, then by the curated table.
import { readDelimited } from "./delimited.js";
import { KEGG_OF_NAME } from "./metabolite-names.js";
import { findColumn } from "./names.js";
import { collectProblems, quote } from "./problems.js";
import type { Naming } from "./sheet-features.js";

/** A name, folded by `foldName` -> a KEGG compound, or null where the mapping says that there is none. */
export type CompoundNames = ReadonlyMap<string, string | null>;

const KEGG = /^C\d{5}$/;
const NONE = /^(?:NA|N\/A|null|-)?$/i;

/**
 * Reads a name map as MetaboAnalyst writes it: CSV with the columns Query, Match, HMDB, PubChem, ChEBI, KEGG, METLIN,
 * SMILES and Comment, of which Query and KEGG are read. The first line of a name counts.
 * @throws RangeError naming line and remedy if a column is missing or a KEGG id is none.
 */
export function readNameMap(file: string): CompoundNames {
  const problems = collectProblems(`${file}: expected a name map of MetaboAnalyst`);
  const table = readDelimited(file, { problems });
  const query = findColumn(table, "Query", problems);
  const kegg = findColumn(table, "KEGG", problems);
  const names = new Map<string, string | null>();
  if (query < 0 || kegg < 0) problems.throwIfAny();
  table.rows.forEach((cells, i) => {
    const id = cells[kegg].trim();
    if (!KEGG.test(id) && !NONE.test(id)) {
      problems.add({
        kind: "kegg",
        line: table.lines[i],
        column: "KEGG",
        text: `expected a KEGG compound such as C00031, got ${quote(id)}; correct it, or leave it empty`,
      });
    }
    const name = foldName(cells[query]);
    if (name !== "" && !names.has(name)) names.set(name, KEGG.test(id) ? id : null);
  });
  problems.throwIfAny();
  return names;
}

/** The compounds whose KEGG ids are curated here: the named metabolites of Wang et al. 2021. */
export function curatedNames(): CompoundNames {
  return new Map(Object.entries(KEGG_OF_NAME).map(([name, id]) => [foldName(name), id]));
}

/**
 * Folds a name, so that spellings of one name meet: case, blanks and punctuation do not count, nor does a remark such
 * as "(spectral match)".
 */
export function foldName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\(\s*spectral\s*match\s*\)/g, "")
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/** Finds the KEGG compound of a name; a mapping file that knows the name has the last word, also if it says "none". */
export function findCompound(name: string, maps: readonly CompoundNames[]): Naming {
  const folded = foldName(name);
  const id = maps.find((map) => map.has(folded))?.get(folded);
  return id ? { ids: [id] } : { ids: [], reason: "no KEGG compound known for the name" };
}
