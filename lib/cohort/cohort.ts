// A cohort: named samples of known patients, measured in several modalities, with a count of everything left out.
import { checkOptions, required } from "../options.js";
import { groupBy } from "./group.js";
import { explainAlmostEqual } from "./ids.js";
import { countObserved, joinColumns, type Matrix, selectColumns } from "./matrix.js";

/** A recorded property of a sample; null means "not recorded". */
export type Label = string | number | null;

export interface Sample {
  readonly id: string;
  /** A split never separates samples of one patient. */
  readonly patient: string;
  readonly labels: Readonly<Record<string, Label>>;
}

/** A named range of columns `[start, end)` of the cohort's matrix. */
export interface Modality {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** One modality from a reader: `[samples, features]`. */
export interface ModalityTable {
  readonly name: string;
  readonly samples: readonly string[];
  readonly features: readonly string[];
  /** The gene of each feature, where it is not named after it, such as those of antibodies. */
  readonly genes?: readonly string[];
  readonly matrix: Matrix;
}

/** Rows or columns that were left out, and the reason. */
export interface Drop {
  /** "columns" are those of a sample sheet. */
  readonly what: "samples" | "features" | "columns";
  /** Their modality or sheet; the same samples of several are one drop: "RNA, protein". */
  readonly from: string;
  readonly count: number;
  readonly reason: string;
  /** Up to five of their names. */
  readonly examples: readonly string[];
}

/** Samples by features in several modalities, with the patient and labels of each sample. */
export interface Cohort {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** In column order; together they cover every column. The others are inferred from the first. */
  readonly modalities: readonly Modality[];
  /** One identifier per column; the same identifier in two modalities means the same gene. */
  readonly features: readonly string[];
  /** The gene of each column, if features are named otherwise; by default their identifiers. */
  readonly genes?: readonly string[];
  /** `[samples, features]`, in measured units. */
  readonly matrix: Matrix;
  readonly drops: readonly Drop[];
}

export interface JoinOptions {
  readonly name: string;
  /** In column order, transcriptomics first. */
  readonly tables: readonly ModalityTable[];
  readonly samples: readonly Sample[];
  /** What the readers have already left out. */
  readonly drops?: readonly Drop[];
  /** "shared" keeps the samples of every table, "first" all of the first table; what others lack is unobserved. */
  readonly keep?: "shared" | "first";
}

/** Records what was left out: the number of names, and five examples. */
export function drop(
  what: Drop["what"],
  from: string,
  names: readonly string[],
  reason: string,
): Drop {
  return { what, from, count: names.length, reason, examples: names.slice(0, 5) };
}

/**
 * Joins modality tables and a sample sheet, in the order of the first table: on the samples that all of them have, or,
 * if asked to keep those of the first table, on those that it and at least one other table have.
 * @throws RangeError if a sample id, a feature id or a table name is repeated, or no sample is shared.
 */
export function joinCohort(options: JoinOptions): Cohort {
  const {
    name,
    tables,
    samples,
    drops = [],
    keep = "shared",
  } = checkOptions("joinCohort", options, {
    keep: ["shared", "first"],
    name: required("string"),
    tables: required("array"),
    samples: required("array"),
    drops: "array",
  });
  if (tables.length === 0)
    throw new RangeError("joinCohort: expected at least one table, got none");
  refuseDuplicates(
    "table name",
    tables.map((table) => table.name),
    "tables",
  );
  refuseDuplicates(
    "sample id",
    samples.map((sample) => sample.id),
    "the sample sheet",
  );
  for (const table of tables) {
    checkShape(table);
    refuseDuplicates("sample id", table.samples, table.name);
    refuseDuplicates("feature id", table.features, table.name);
  }
  const sheet = new Map(samples.map((sample) => [sample.id, sample]));
  const rowsOf = tables.map((table) => new Map(table.samples.map((id, row) => [id, row])));
  const shared = tables[0].samples.filter(
    (id) =>
      sheet.has(id) &&
      (keep === "first"
        ? tables.length === 1 || rowsOf.slice(1).some((rows) => rows.has(id))
        : rowsOf.every((rows) => rows.has(id))),
  );
  if (shared.length === 0) throw explainNoneShared(tables, samples);
  const kept = new Set(shared);
  const lost = [
    ...tables.map((table) => ({
      from: table.name,
      names: table.samples,
      reason: "not in every modality and the sample sheet",
    })),
    {
      from: "sample sheet",
      names: samples.map(({ id }) => id),
      reason: "not in every modality",
    },
  ].map(({ names, ...one }) => ({ ...one, names: names.filter((id) => !kept.has(id)) }));
  let start = 0;
  const modalities = tables.map((table) => {
    const modality = { name: table.name, start, end: start + table.features.length };
    start = modality.end;
    return modality;
  });
  return {
    name,
    samples: shared.map((id) => sheet.get(id)!),
    modalities,
    features: tables.flatMap((table) => table.features),
    ...(tables.some(({ genes }) => genes) && {
      genes: tables.flatMap(({ genes, features }) => genes ?? features),
    }),
    matrix: joinColumns(
      tables.map(({ matrix }) => matrix),
      rowsOf.map((rows) => shared.map((id) => rows.get(id))),
    ),
    drops: [...drops, ...mergeLost(lost)],
  };
}

/** Drops of samples, those of the same samples merged; the last one's reason stands for all of them. */
function mergeLost(
  lost: readonly { readonly from: string; readonly names: string[]; readonly reason: string }[],
): Drop[] {
  const some = lost.filter(({ names }) => names.length > 0);
  const groups = groupBy(some, ({ names }) => names.toSorted().join("\n"));
  return [...groups.values()].map((own) =>
    drop("samples", own.map(({ from }) => from).join(", "), own[0].names, own.at(-1)!.reason),
  );
}

function explainNoneShared(
  tables: readonly ModalityTable[],
  samples: readonly Sample[],
): RangeError {
  const sides = [
    ...tables.map(({ name, samples }) => ({ name, ids: samples })),
    { name: "the sample sheet", ids: samples.map(({ id }) => id) },
  ];
  const seen = sides.map(({ name, ids }) => `${name} has ${ids.slice(0, 3).join(", ")} ...`);
  const hints = sides.slice(1).flatMap(({ name, ids }) => {
    const hint = explainAlmostEqual(tables[0].samples, ids, name, `in ${tables[0].name}`);
    return hint ? [hint] : [];
  });
  const remedy =
    hints[0] ??
    "check that the ids are written alike, and whether samples stand in rows or in columns";
  return new RangeError(
    `joinCohort: expected samples that every table and the sample sheet share, got none: ${seen.join("; ")}; ${remedy}`,
  );
}

/**
 * Drops the columns in which no observed entry differs from zero, and records them.
 * Source: paper section 3, "features with zero variance (e.g. all-zero columns obtained after NaN imputation)";
 * the authors' code drops exactly those that are all zero once NaN is read as 0.
 */
export function dropEmptyFeatures(cohort: Cohort): Cohort {
  const { matrix } = cohort;
  const alive = new Uint8Array(matrix.columns);
  for (let i = 0; i < matrix.values.length; i++) {
    if (matrix.values[i] !== 0) alive[i % matrix.columns] = 1;
  }
  return keepFeatures(cohort, (column) => alive[column] === 1, "no observed value other than zero");
}

/** Keeps the columns that pass the test, and records the others with the reason. */
export function keepFeatures(
  cohort: Cohort,
  accept: (column: number) => boolean,
  reason: string,
): Cohort {
  const kept: number[] = [];
  const drops: Drop[] = [];
  const modalities: Modality[] = [];
  for (const { name, start, end } of cohort.modalities) {
    const first = kept.length;
    const lost: string[] = [];
    for (let column = start; column < end; column++) {
      if (accept(column)) kept.push(column);
      else lost.push(cohort.features[column]);
    }
    modalities.push({ name, start: first, end: kept.length });
    if (lost.length > 0) drops.push(drop("features", name, lost, reason));
  }
  if (drops.length === 0) return cohort;
  return {
    ...cohort,
    modalities,
    features: kept.map((column) => cohort.features[column]),
    ...(cohort.genes && { genes: kept.map((column) => cohort.genes![column]) }),
    matrix: selectColumns(cohort.matrix, kept),
    drops: [...cohort.drops, ...drops],
  };
}

/** The patient of each of these rows. */
export function patientsOf({ samples }: Cohort, rows: readonly number[]): string[] {
  return rows.map((row) => samples[row].patient);
}

/**
 * Finds a modality by name.
 * @throws RangeError that lists the modalities if there is none of that name.
 */
export function findModality(modalities: readonly Modality[], name: string): Modality {
  const found = modalities.find((modality) => modality.name === name);
  if (!found) {
    const names = modalities.map((modality) => modality.name).join(", ");
    throw new RangeError(`findModality: expected one of ${names}, got "${name}"`);
  }
  return found;
}

/** Counts each modality's features and its observed share in [0, 1]. */
export function summarizeModalities(
  cohort: Cohort,
): { modality: string; features: number; observed: number }[] {
  return cohort.modalities.map(({ name, start, end }) => ({
    modality: name,
    features: end - start,
    observed:
      countObserved(cohort.matrix, start, end) / Math.max(1, cohort.matrix.rows * (end - start)),
  }));
}

function checkShape({ name, samples, features, matrix }: ModalityTable): void {
  if (matrix.rows !== samples.length || matrix.columns !== features.length) {
    throw new RangeError(
      `joinCohort: expected ${samples.length} x ${features.length} values in ${name}, ` +
        `got ${matrix.rows} x ${matrix.columns}`,
    );
  }
}

function refuseDuplicates(what: string, names: readonly string[], where: string): void {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) (seen.has(name) ? twice : seen).add(name);
  if (twice.size > 0) {
    const some = [...twice]
      .slice(0, 5)
      .map((name) => `"${name}"`)
      .join(", ");
    throw new RangeError(
      `joinCohort: expected each ${what} once in ${where}, got ${twice.size} of them again: ${some}`,
    );
  }
}
