// The patient of each sample, from a column with one of the usual names.
import type { MissingMarks } from "./missing.js";
import { isNameless } from "./names.js";
import { type Problems, quote, quoteSome } from "./problems.js";

const PERSON = /^(?:patient|subject|donor|individual|case|participant|person|animal|mouse)$/;
/** What may stand behind a person in the name of a column, as in `case_submitter_id`. */
const BEHIND = /^(?:ids?|identifier|barcode|submitter|code|number|no|nr|num|name|key|pseudonym)$/;
/** What may stand before, as in `bcr_patient_barcode`; before an id it may be anything. */
const BEFORE = /^(?:bcr|icgc|gdc|tcga|cptac|submitter|submitted|the)$/;

/** Whether a column's name is a usual one for patients, such as `patient`, `SubjectID` or `case_submitter_id`. */
export function namesPatients(name: string): boolean {
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .replace(
      /(patient|subject|donor|individual|case|participant|person|animal|mouse)(ids?|no|nr|code|barcode)\b/g,
      "$1 $2",
    )
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
  const at = words.findIndex((word) => PERSON.test(word));
  if (at < 0) return false;
  const behind = words.slice(at + 1);
  const before = words.slice(0, at);
  return (
    behind.every((word) => BEHIND.test(word)) &&
    (behind.length > 0 || before.every((word) => BEFORE.test(word)))
  );
}

/** A column that may name the patients. */
export interface PatientCandidate {
  readonly column: number;
  readonly name: string;
  readonly cells: readonly string[];
}

export interface FoundPatients {
  /** -1 if no column names them. */
  readonly column: number;
  readonly notes: readonly string[];
}

/**
 * Chooses the column that names the patients among those with a usual name. The one called "patient" wins; of others
 * that group the samples differently, it is not clear which one does, and that becomes a problem.
 */
export function choosePatients(
  candidates: readonly PatientCandidate[],
  headerLine: number,
  remedy: string,
  problems: Problems,
): FoundPatients {
  const people = candidates.filter(({ name, cells }) => !isStatus(name, cells));
  const [best] = [...people].sort((a, b) => Number(isPlain(b.name)) - Number(isPlain(a.name)));
  if (!best) return { column: -1, notes: [] };
  const rivals = people.filter((one) => one !== best && !sameGroups(one.cells, best.cells));
  const names = rivals.map(({ name }) => name);
  if (rivals.length === 0) return { column: best.column, notes: [] };
  if (isPlain(best.name)) {
    const note = `column ${quote(best.name)} names the patients; ${quoteSome(names)} groups the samples in another way`;
    return { column: best.column, notes: [note] };
  }
  problems.add({
    kind: "patient",
    line: headerLine,
    text:
      `expected one column that names the patients, got ${[best.name, ...names].map(quote).join(", ")}, ` +
      `which group the samples differently; ${remedy}`,
  });
  return { column: -1, notes: [] };
}

const isPlain = (name: string) => name.toLowerCase() === "patient";

/** A column "case" may tell cases from controls. */
function isStatus(name: string, cells: readonly string[]): boolean {
  const words =
    /^(?:|[01]|yes|no|true|false|cases?|controls?|ctrl|normal|tumou?r|healthy|disease)$/i;
  return (
    name.toLowerCase() === "case" && cells.every((cell) => words.test(cell) || isNameless(cell))
  );
}

/** Whether two columns put the same rows together. */
function sameGroups(one: readonly string[], other: readonly string[]): boolean {
  const pairs = new Set(one.map((cell, i) => `${cell}\0${other[i]}`)).size;
  return pairs === new Set(one).size && pairs === new Set(other).size;
}

/** Checks that each sample has a patient; a blank cell becomes a problem. */
export function checkPatients(
  patients: readonly string[],
  ids: readonly string[],
  { column, lines }: { readonly column: string; readonly lines: readonly number[] },
  missing: MissingMarks,
  problems: Problems,
): void {
  patients.forEach((patient, i) => {
    if (!missing.matches(patient)) return;
    problems.add({
      kind: "patient",
      line: lines[i],
      column,
      text: `expected the patient of sample ${quote(ids[i])}, got ${quote(patient)}; write the sample's id if it is the patient's only one`,
    });
  });
}

/** Notes that nothing says which samples are of one patient. */
export function notePatients(where: string): string {
  return (
    `${where}: no column names the patients, so each sample counts as a patient of its own, and a split may part the ` +
    'samples of one patient; if patients have several samples, add a column "patient"'
  );
}
