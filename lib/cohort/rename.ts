// Renames features by an identifier map, finds the gene of each, and merges features that share a name.
import { readDelimited } from "./delimited.js";
import { groupBy } from "./group.js";
import { stripEnsemblVersion, symbolOf } from "./identifiers.js";
import { emptyMatrix, type Matrix, selectColumns } from "./matrix.js";
import { collectProblems, countOf, quote, quoteSome } from "./problems.js";

/** A CSV or TSV file that gives names other names. */
export interface NameMap {
  readonly file: string;
  /** The column of the names in the table; by default the first. */
  readonly from?: string;
  /** The column of the names to use; by default the second. */
  readonly to?: string;
}

export const DUPLICATES = ["refuse", "mean", "first", "most varied"] as const;

export interface RenameOptions {
  /** Renames features, for example from Ensembl ids to symbols; features missing from the map keep their names. */
  readonly map?: NameMap;
  /**
   * Names the gene of each feature, such as that of an antibody or a phosphorylation site, for methods that use a
   * feature's own gene; features missing from the map count as genes of the same name.
   */
  readonly genes?: NameMap;
  /**
   * What is kept of features of the same name: an error ("refuse", the default), the mean of what was measured, the
   * first in the file, or the one with the largest variance. Values are compared after their transformation.
   */
  readonly duplicates?: (typeof DUPLICATES)[number];
}

/**
 * Reads a map of names; Ensembl ids lose their versions, which differ from file to file.
 * @throws RangeError that lists everything wrong in the file: missing columns, or a name with two meanings.
 */
export function readNameMap({ file, from, to }: NameMap): ReadonlyMap<string, string> {
  const problems = collectProblems(`${file}: expected a map of names`);
  const { header, headerLine, rows, lines } = readDelimited(file, { problems });
  const columns = [from ?? header[0], to ?? header[1]].map((name) => header.indexOf(name));
  const absent = [from, to].filter((_, i) => columns[i] < 0);
  if (columns.some((column) => column < 0)) {
    const wanted = absent.map((name) => (name === undefined ? "a second column" : quote(name)));
    problems.add({
      kind: "column",
      line: headerLine,
      text: `expected the columns ${wanted.join(" and ")}, got ${header.map(quote).join(", ")}`,
    });
  }
  problems.throwIfAny();
  const map = new Map<string, string>();
  rows.forEach((row, i) => {
    const [name, other] = columns.map((column) => stripEnsemblVersion(row[column].trim()));
    if (name === "" || other === "") return; // a name without another keeps its own
    const before = map.get(name) ?? other;
    if (before === other) map.set(name, other);
    else {
      problems.add({
        kind: "two names",
        line: lines[i],
        text: `expected one name for ${quote(name)}, got ${quote(before)} and ${quote(other)}; keep one of them`,
      });
    }
  });
  problems.throwIfAny();
  return map;
}

/**
 * Renames the features of a table and merges those of one name.
 * @param matrix `[samples, features]`.
 * @returns the features, their values, and the gene of each if a map names them.
 * @throws RangeError if features share a name and `duplicates` is "refuse", or as `readNameMap`.
 */
export function renameFeatures(
  features: readonly string[],
  matrix: Matrix,
  { map, genes, duplicates = "refuse" }: RenameOptions,
) {
  const notes: string[] = [];
  const mapped = map
    ? applyMap(features, map, { each: "feature", what: "name" }, notes)
    : genes
      ? features // the map of genes has their whole names
      : takeSymbols(features, notes);
  const distinct = new Set(mapped).size === mapped.length;
  const groups = groupBy(distinct ? [] : mapped.keys(), (j) => mapped[j]);
  const repeated = [...groups.values()].filter((group) => group.length > 1);
  if (repeated.length > 0 && duplicates === "refuse") {
    const examples = repeated.slice(0, 3).map((group) => {
      const from = group.map((j) => quote(features[j])).join(" and ");
      return `${quote(mapped[group[0]])} for ${from}`;
    });
    throw new RangeError(
      `expected each feature once, got ${countOf(repeated.length, "name")} of several: ${examples.join("; ")}; ` +
        'set duplicates to "mean", "first" or "most varied"',
    );
  }
  const kept = distinct ? mapped : [...groups.keys()];
  let merged = matrix;
  if (repeated.length > 0) {
    merged = mergeColumns(matrix, [...groups.values()], duplicates);
    const names = repeated.map((group) => mapped[group[0]]);
    notes.push(
      `${countOf(features.length, "feature")} became ${kept.length}: of those that share a name, ` +
        `the ${duplicates} was kept (${quoteSome(names)})`,
    );
  }
  return {
    features: kept,
    matrix: merged,
    ...(genes && { genes: applyMap(kept, genes, { each: "feature", what: "gene" }, notes) }),
    notes,
  };
}

/** Takes the symbols where most names are a symbol with its Entrez id; those of a shared symbol keep the id. */
function takeSymbols(names: readonly string[], notes: string[]): readonly string[] {
  const symbols = names.map(symbolOf);
  const combined = names.filter((name, j) => name !== symbols[j]);
  const parted = names.filter((name) => /\S\|\S/.test(name));
  if (2 * combined.length > names.length) {
    const shared = new Set(findShared(symbols));
    const rest =
      shared.size > 0 ? `; ${quoteSome([...shared])} kept them, as names of several` : "";
    const { length } = combined.filter((name) => !shared.has(symbolOf(name)));
    notes.push(
      `the Entrez ids were taken off ${countOf(length, "feature")}, such as ${quote(combined[0])}${rest}`,
    );
    return names.map((name, j) => (shared.has(symbols[j]) ? name : symbols[j]));
  }
  if (2 * parted.length > names.length) {
    notes.push(
      `the names of ${countOf(parted.length, "feature")} combine identifiers, such as ${quote(parted[0])}; names in ` +
        "other tables match none of them, so rename them with map",
    );
  }
  return names;
}

/** The names that several have. */
function findShared(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.filter((name) => seen.has(name) || !seen.add(name));
}

/**
 * Gives names, each of a feature or a sample, the other names of a map; those missing from it stay.
 * @param what the map has: a name, or a gene.
 * @param notes get how many were found.
 * @throws RangeError as `readNameMap`.
 */
export function applyMap(
  names: readonly string[],
  map: NameMap,
  { each, what }: { readonly each: "feature" | "sample"; readonly what: "name" | "gene" },
  notes: string[],
): string[] {
  const known = readNameMap(map);
  const found = names.map((name) => known.get(stripEnsemblVersion(name)));
  const lost = names.filter((_, j) => found[j] === undefined);
  const rest = lost.length > 0 ? `; not there: ${quoteSome(lost)}` : "";
  notes.push(
    `${names.length - lost.length} of ${countOf(names.length, each)} found a ${what} in ${map.file}${rest}`,
  );
  return names.map((name, j) => found[j] ?? name);
}

/** One column for each group of columns. */
function mergeColumns(
  matrix: Matrix,
  groups: readonly (readonly number[])[],
  rule: (typeof DUPLICATES)[number],
): Matrix {
  if (rule === "mean") return averageColumns(matrix, groups);
  const mostVaried = (group: readonly number[]) =>
    group.reduce((a, b) => (variance(matrix, b) > variance(matrix, a) ? b : a));
  return selectColumns(matrix, groups.map(rule === "first" ? ([first]) => first : mostVaried));
}

/** The mean of what was measured in each group of columns. */
function averageColumns(matrix: Matrix, groups: readonly (readonly number[])[]): Matrix {
  const out = emptyMatrix(matrix.rows, groups.length);
  groups.forEach((group, column) => {
    for (let i = 0; i < matrix.rows; i++) {
      const measured = group.filter((j) => matrix.observed[i * matrix.columns + j]);
      if (measured.length === 0) continue;
      const sum = measured.reduce((total, j) => total + matrix.values[i * matrix.columns + j], 0);
      out.values[i * groups.length + column] = sum / measured.length;
      out.observed[i * groups.length + column] = 1;
    }
  });
  return out;
}

/** The variance of what was measured in a column; 0 for fewer than two values. */
function variance({ rows, columns, values, observed }: Matrix, column: number): number {
  let [count, mean, squares] = [0, 0, 0];
  for (let i = 0; i < rows; i++) {
    if (!observed[i * columns + column]) continue;
    const difference = values[i * columns + column] - mean;
    count++;
    mean += difference / count;
    squares += difference * (values[i * columns + column] - mean);
  }
  return count < 2 ? 0 : squares / (count - 1);
}
