// One table of a cBioPortal study: expression, protein or generic assay -> samples by features.
import { missingTest, parseCells, parseNumber } from "./cells.js";
import { drop } from "./cohort.js";
import { type DelimitedFile, readDelimited } from "./delimited.js";
import { chooseFeatures } from "./features.js";
import { stripEnsemblVersion } from "./identifiers.js";
import { transposeMatrix } from "./matrix.js";
import { checkNames, cleanNames } from "./names.js";
import { collectProblems, type Problems, quote, quoteSome } from "./problems.js";
import type { StudyProfile } from "./studyfolder.js";
import type { FileTable } from "./tables.js";

/** The columns that name a row; the first that has a name counts. */
const ID_COLUMNS = {
  expression: ["Hugo_Symbol", "Entrez_Gene_Id"],
  protein: ["Composite.Element.REF"],
  "generic assay": ["ENTITY_STABLE_ID"],
} as const;

/**
 * Reads the samples that are known from the clinical file, in the order of the table's columns. Features:
 * - expression: the gene's symbol, or its Entrez id where no symbol is given;
 * - protein: what stands before `|`, the gene's symbol, unless rows of several antibodies share it: then all of it;
 * - generic assay: the entity's stable id. `>8.00`, a limit and not a measurement, counts as not measured, and is noted.
 *
 * A name on several rows: the first counts, as in cBioPortal, which ignores the others; they are counted in the drops,
 * and so are rows without a name and columns of samples that the clinical file does not know.
 * @throws RangeError that lists with line, column and remedy what is wrong in the file; Error if it cannot be read.
 * Source: cBioPortal documentation, File Formats; its importer, "Duplicate line ... will be ignored".
 */
export function readProfile(
  profile: StudyProfile,
  name: string,
  known: ReadonlySet<string>,
): FileTable {
  const { file, format } = profile;
  const problems = collectProblems(`${file}: expected cBioPortal's ${format} format`);
  const table = readDelimited(file, { problems });
  const idColumns = findIdColumns(table, profile, problems);
  if (idColumns.length === 0) problems.throwIfAny();
  const { columns, strangers } = findSamples(table, profile, idColumns, known, problems);
  const { kept, ids, nameless, again } = chooseRows(table, profile, idColumns);
  const features = chooseFeatures(
    { side: "row", what: "feature", ids, places: kept.map((row) => table.lines[row]) },
    table.headerLine,
    problems,
    { ensemblVersions: "keep" }, // taken off before rows were compared
  );
  const isMissing = missingTest();
  const matrix = parseCells(table, {
    rows: features.kept.map((i) => kept[i]),
    columns,
    isMissing: format === "generic assay" ? (cell) => isMissing(cell) || isLimit(cell) : isMissing,
    problems,
  });
  problems.throwIfAny();
  const limits = format === "generic assay" ? countLimits(table, columns) : 0;
  return {
    name,
    samples: cleanNames(columns.map((j) => table.header[j])),
    features: features.ids,
    matrix: transposeMatrix(matrix),
    drops: [
      drop("samples", name, strangers, "not in the clinical sample file"),
      drop("features", name, nameless, "without a name"),
      drop("features", name, again, "named on an earlier line, which counts"),
      drop("features", name, features.lost, "a date by Excel, not a name"),
    ].filter(({ count }) => count > 0),
    notes: [
      ...table.notes,
      ...features.notes.map((note) => `${file}: ${note}`),
      ...(limits > 0 ? [`${file}: ${limits} limits such as ">8" read as not measured`] : []),
    ],
  };
}

/** The columns by which rows are named, in the order in which they count. */
function findIdColumns(
  { header, headerLine }: DelimitedFile,
  { format }: StudyProfile,
  problems: Problems,
): number[] {
  const names = header.map((cell) => cell.trim().toLowerCase());
  const wanted: readonly string[] = ID_COLUMNS[format];
  const found = wanted.map((column) => names.indexOf(column.toLowerCase())).filter((j) => j >= 0);
  if (found.length === 0) {
    problems.add({
      kind: "no column",
      line: headerLine,
      text: `expected a column ${wanted.map(quote).join(" or ")}, got ${quoteSome(header)}; name the column so`,
    });
  }
  return found;
}

/** The columns of known samples, and the names of others that are neither samples nor descriptions of rows. */
function findSamples(
  { header, headerLine }: DelimitedFile,
  { annotations, format }: StudyProfile,
  idColumns: readonly number[],
  known: ReadonlySet<string>,
  problems: Problems,
): { columns: number[]; strangers: string[] } {
  const names = cleanNames(header);
  const described = new Set(annotations);
  const rest = names
    .map((_, j) => j)
    .filter((j) => !idColumns.includes(j) && !described.has(names[j]));
  const columns = rest.filter((j) => known.has(names[j]));
  const ids = columns.map((j) => names[j]);
  const places = columns.map((j) => j + 1);
  checkNames({ side: "column", what: "sample", ids, places }, headerLine, problems);
  if (columns.length === 0) {
    const some = rest.map((j) => names[j]);
    problems.add({
      kind: "samples",
      line: headerLine,
      text:
        `expected samples of the clinical sample file (${quoteSome([...known])}), got ${quoteSome(some)}; ` +
        "check that both files are of one study and write the ids alike",
    });
    problems.throwIfAny();
  }
  // Without a meta file, what stands before a generic assay's first sample describes its rows.
  const first = format === "generic assay" && !annotations ? columns[0] : 0;
  const strangers = rest.filter((j) => j >= first && !known.has(names[j])).map((j) => names[j]);
  return { columns, strangers };
}

/** Which rows become features, under which names, and what became of the others. */
function chooseRows(
  { rows, lines }: DelimitedFile,
  { format }: StudyProfile,
  idColumns: readonly number[],
): { kept: number[]; ids: string[]; nameless: string[]; again: string[] } {
  const isMissing = missingTest();
  const named = rows.map((cells) => {
    const column = idColumns.find((j) => !isMissing(cells[j].trim()));
    return column === undefined ? "" : stripEnsemblVersion(cells[column].trim());
  });
  const names = cleanNames(format === "protein" ? nameProteins(named) : named);
  const seen = new Set<string>();
  const kept: number[] = [];
  const nameless: string[] = [];
  const again: string[] = [];
  names.forEach((name, row) => {
    if (name === "") nameless.push(`line ${lines[row]}`);
    else if (seen.has(name)) again.push(name);
    else {
      seen.add(name);
      kept.push(row);
    }
  });
  return { kept, ids: kept.map((row) => names[row]), nameless, again };
}

/** `EGFR|EGFR` -> `EGFR`, where no other antibody is of the same gene. */
function nameProteins(references: readonly string[]): string[] {
  const symbolOf = (reference: string) => reference.split("|", 1)[0].trim();
  const antibodies = new Map<string, Set<string>>();
  for (const reference of references) {
    const symbol = symbolOf(reference);
    antibodies.set(symbol, (antibodies.get(symbol) ?? new Set()).add(reference));
  }
  return references.map((reference) => {
    const symbol = symbolOf(reference);
    const alone = antibodies.get(symbol)?.size === 1;
    return symbol === "" || (reference.includes("|") && !alone) ? reference : symbol;
  });
}

function isLimit(cell: string): boolean {
  return /^[<>]/.test(cell) && parseNumber(cell.slice(1).trim()) !== undefined;
}

function countLimits({ rows }: DelimitedFile, columns: readonly number[]): number {
  let count = 0;
  for (const cells of rows) for (const j of columns) if (isLimit(cells[j].trim())) count++;
  return count;
}
