// Metabolite names to KEGG compounds: by a mapping file in MetaboAnalyst's format, then by a curated table.
import { readDelimited } from "./delimited.js";
import { findColumn } from "./names.js";
import { collectProblems, quote } from "./problems.js";
import type { Naming } from "./sheet-features.js";

/** A name folded by `foldName` -> its KEGG compound, or null if the mapping says that there is none. */
export type CompoundNames = ReadonlyMap<string, string | null>;

const KEGG = /^C\d{5}$/;
const NONE = /^(?:NA|N\/A|null|-)?$/i;

/**
 * Reads a name map as MetaboAnalyst writes it: CSV with the columns Query, Match, HMDB, PubChem, ChEBI, KEGG, METLIN,
 * SMILES and Comment. Uses Query and KEGG; the first line of a name counts.
 * @throws RangeError with line and remedy if a column is missing or a KEGG id is malformed.
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

/** The curated compounds: the named metabolites of Wang et al. 2021. */
export function curatedNames(): CompoundNames {
  return new Map(Object.entries(KEGG_OF_NAME).map(([name, id]) => [foldName(name), id]));
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

/** Finds the KEGG compound of a name: the first map that has the name decides, even if it says "none". */
export function findCompound(name: string, maps: readonly CompoundNames[]): Naming {
  const folded = foldName(name);
  const id = maps.find((map) => map.has(folded))?.get(folded);
  return id ? { ids: [id] } : { ids: [], reason: "no KEGG compound known for the name" };
}

/**
 * The curated KEGG compounds of Wang et al. 2021, by their names in the sheet metabolome_normalized; only certain ones.
 * A salt and its acid are one compound; DL and D forms have the entry of the form in KEGG's pathways if KEGG has no
 * other. Left out because no entry is certain: heptadecanoic acid, N-formylglycine, N-methylalanine, palatinitol,
 * porphine, timonacic, and the "Unknown" ones.
 */
export const KEGG_OF_NAME: Readonly<Record<string, string>> = {
  "2-hydroxybutyric acid": "C05984",
  "2-hydroxyglutaric acid": "C02630",
  "3-hydroxybutyric acid": "C01089",
  "3-phosphoglycerate": "C00197",
  adenine: "C00147",
  "aminomalonic acid": "C00872",
  campesterol: "C01789",
  "capric acid": "C01571",
  cholesterol: "C00187",
  "citric acid": "C00158",
  creatinine: "C00791",
  "D (+) galactose": "C00124",
  "dehydroascorbic acid": "C05422",
  "D-fructose-6-phosphate": "C00085",
  "D-gluconic acid": "C00257",
  "D-glucose": "C00031",
  "D-glucose-6-phosphate": "C00092",
  "DL-2-aminoadipic acid": "C00956",
  "DL-3-aminoisobutyric acid": "C05145",
  "DL-isoleucine": "C00407",
  "D-malic acid": "C00497",
  "D-mannitol": "C00392",
  "D-mannose": "C00159",
  "docosahexaenoic acid": "C06429",
  "D-ribose-5-phosphate": "C00117",
  "D-ribulose-5-phosphate": "C00199",
  "D-sorbitol": "C00794",
  fructose: "C00095",
  "fumaric acid": "C00122",
  galactitol: "C01697",
  "glyceric acid": "C00258",
  "glycerol 3-phosphate": "C00093",
  glycine: "C00037",
  "glycolic acid": "C00160",
  homocysteine: "C00155",
  hypotaurine: "C00519",
  "L-2-aminoadipic acid": "C00956",
  "lactic acid": "C00186",
  "L-alanine": "C00041",
  "L-aspartic acid": "C00049",
  "L-cysteine": "C00097",
  "L-glutamic acid": "C00025",
  "L-glutamine": "C00064",
  "linoleic acid": "C01595",
  "L-leucine": "C00123",
  "L-lysine": "C00047",
  "L-methionine": "C00073",
  "L-mimosine": "C04771",
  "L-proline": "C00148",
  "L-pyroglutamic acid": "C01879",
  "L-serine": "C00065",
  "L-threonine": "C00188",
  "L-tyrosine": "C00082",
  "L-valine": "C00183",
  maltose: "C00208",
  "myo-inositol": "C00137",
  "myristic acid": "C06424",
  "N-acetyl-L-aspartic acid": "C01042",
  "oleic acid": "C00712",
  "O-phosphocolamine": "C00346",
  "palmitic acid": "C00249",
  "pantothenic acid": "C00864",
  phenylalanine: "C00079",
  "phosphoenolpyruvic acid": "C00074",
  "phosphoric acid": "C00009",
  "propylene glycol": "C00583",
  putrescine: "C00134",
  pyrophosphate: "C00013",
  "pyruvic acid": "C00022",
  sarcosine: "C00213",
  "scyllo-inositol": "C06153",
  "stearic acid": "C01530",
  sucrose: "C00089",
  uracil: "C00106",
  urea: "C00086",
  "uridine 5'-monophosphate": "C00105",
  xylitol: "C00379",
};
