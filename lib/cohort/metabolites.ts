// Metabolite names to KEGG compounds: by a mapping file in MetaboAnalyst's format, then by a curated one.
import { join } from "node:path";
import { readDelimited } from "./delimited.js";
import { findColumn } from "./names.js";
import type { Naming } from "./paper-sheets.js";
import { collectProblems, quote } from "./problems.js";
import { projectRoot } from "./root.js";

/** A name folded by `foldName` -> its KEGG compound, or null if the mapping says that there is none. */
export type CompoundNames = ReadonlyMap<string, string | null>;

const KEGG = /^C\d{5}$/;
const NONE = /^(?:NA|N\/A|null|-)?$/i;

/**
 * Reads a name map as MetaboAnalyst writes it: CSV with the columns Query, Match, HMDB, PubChem, ChEBI, KEGG, METLIN,
 * SMILES and Comment. Uses Query and KEGG; the first line of a name counts.
 * @throws RangeError with line and remedy if a column is missing or a KEGG id is malformed.
 */
export function readCompounds(file: string): CompoundNames {
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

/**
 * The curated compounds, `data/metabolites.csv`: the named metabolites of Wang et al. 2021, sheet metabolome_normalized;
 * only certain ones. A salt and its acid are one compound; DL and D forms have the entry of the form in KEGG's pathways if
 * KEGG has no other. Left out because no entry is certain: heptadecanoic acid, N-formylglycine, N-methylalanine,
 * palatinitol, porphine, timonacic, and the "Unknown" ones.
 */
export function curatedNames(): CompoundNames {
  return readCompounds(join(projectRoot(), "data", "metabolites.csv"));
}

/**
 * Folds a name so that different spellings of it match: drops case, blanks, punctuation, and the remark
 * "(spectral match)".
 */
export function foldName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\(\s*spectral\s*match\s*\)/g, "")
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/** Finds the KEGG compound of a name. */
export function findCompound(name: string, names: CompoundNames): Naming {
  const id = names.get(foldName(name));
  return id ? { ids: [id] } : { ids: [], reason: "no KEGG compound known for the name" };
}
