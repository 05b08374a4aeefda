// The patient of each sample, from a column with one of the usual names.
import { wordsOf } from "./header.js";
import { explainAlike } from "./ids.js";
import type { MissingMarks } from "./missing.js";
import { isNameless } from "./names.js";
import { type Problems, quote, quoteSome } from "./problems.js";

const PERSON =
  /^(?:patient|subject|donor|individual|case|participant|person|proband|volunteer|animal|mouse|mrn)$/;
/** Words that mean a person only before one of the words that follow: "cases" alone may count them. */
const PERSON_OF = /^(?:patients|subjects|donors|individuals|cases|participants|subj|usubj|pat|pt)$/;
/** What may follow a person in the name of a column, as in `case_submitter_id`. */
const BEHIND =
  /^(?:ids?|uuid|identifier|barcode|submitter|code|number|no|nr|num|nummer|name|key|pseudonym)$/;
/** What may come before, as in `bcr_patient_barcode`; before an id it may be anything. */
const BEFORE = /^(?:bcr|icgc|gdc|tcga|cptac|submitter|submitted|the|ids?)$/;
const ANY_PERSON = /pa?t|subj|donor|indiv|case|partic|person|proband|volunteer|animal|mouse|mrn/i;
/** Names in one word, such as `patientid` and `Patientennummer`. */
const IN_ONE =
  /\b(patient|subject|u?subj|donor|individual|case|participant|person|proband|animal|mouse|pat|pt)(?:en)?(ids?|no|nr|nummer|code|barcode)\b/g;

/** Whether a column has a usual name for patients, such as `patient`, `SubjectID` or `case_submitter_id`. */
export function namesPatients(name: string): boolean {
  if (!ANY_PERSON.test(name)) return false; // most columns are features
  const words = wordsOf(name)
    .join(" ")
    .replace(/patienten/g, "patient")
    .replace(IN_ONE, "$1 $2")
    .split(" ");
  const at = words.findIndex((word) => PERSON.test(word) || PERSON_OF.test(word));
  if (at < 0) return false;
  const behind = words.slice(at + 1);
  const before = words.slice(0, at);
  return (
    behind.every((word) => BEHIND.test(word)) &&
    (behind.length > 0 || (PERSON.test(words[at]) && before.every((word) => BEFORE.test(word))))
  );
}

/** A column that may name the patients. */
interface Candidate {
  readonly column: number;
  readonly name: string;
  readonly cells: readonly string[];
}

/**
 * Chooses the column that names the patients among those with a usual name. The one called "patient" wins; of others
 * that group the samples differently, it is not clear which one does, and that becomes a problem.
 * @returns its index, -1 if no column names them.
 */
export function choosePatients(
  candidates: readonly Candidate[],
  headerLine: number,
  remedy: string,
  problems: Problems,
): { readonly column: number; readonly notes: readonly string[] } {
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

/**
 * Checks that each sample has a patient; a blank cell becomes a problem.
 * @returns notes on patients that may be the same.
 */
export function checkPatients(
  patients: readonly string[],
  ids: readonly string[],
  { column, lines }: { readonly column: string; readonly lines: readonly number[] },
  missing: MissingMarks,
  problems: Problems,
): string[] {
  patients.forEach((patient, i) => {
    if (!missing.matches(patient)) return;
    problems.add({
      kind: "patient",
      line: lines[i],
      column,
      text: `expected the patient of sample ${quote(ids[i])}, got ${quote(patient)}; write the sample's id if it is the patient's only one`,
    });
  });
  const alike = explainAlike(patients);
  if (alike === undefined) return [];
  return [
    `column ${quote(column)} has patients that may be the same: ${alike}; if they are, write them alike, since a split ` +
      "may separate their samples",
  ];
}

/**
 * Notes that no column says which samples come from one patient.
 * @param column a column that may name the patients (see `mayNamePatients`).
 */
export function notePatients(where: string, column?: string): string {
  const remedy =
    column === undefined
      ? 'add a column "patient"'
      : `add a column "patient", or pass patient: ${quote(column)} if that column names them`;
  return (
    `${where}: no column names the patients, so each sample counts as a patient of its own, and a split may separate the ` +
    `samples of one patient; if patients have several samples, ${remedy}`
  );
}

/** Whether a column is named like ids and its values repeat, so that it may name the patients. */
export function mayNamePatients(name: string, cells: readonly string[]): boolean {
  const groups = new Set(cells).size;
  return (
    wordsOf(name).some((word) => /^(?:ids?|nr|no|number|code|barcode|uuid)$/.test(word)) &&
    groups > 1 &&
    groups < cells.length
  );
}
