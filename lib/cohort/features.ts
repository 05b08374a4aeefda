// Which of a table's names become features: Excel's dates do not, Ensembl's versions come off.
import { isExcelDate, stripEnsemblVersion } from "./identifiers.js";
import { checkNames, type Names } from "./names.js";
import { type Problems, quote, quoteSome } from "./problems.js";

export interface FeatureOptions {
  /** What to do with features whose names Excel turned into dates; by default they are left out and counted. */
  readonly excelDates?: "drop" | "refuse";
  /** Whether Ensembl ids lose their versions, so that modalities share them; by default yes, and noted. */
  readonly ensemblVersions?: "strip" | "keep";
}

export interface ChosenFeatures {
  readonly ids: readonly string[];
  /** Where each of them stands among the names that came in. */
  readonly kept: readonly number[];
  /** The names that are dates. */
  readonly lost: readonly string[];
  readonly notes: readonly string[];
}

/** Chooses features among a side's names; blank ones and those that are there twice become problems, as may dates. */
export function chooseFeatures(
  names: Names,
  headerLine: number,
  problems: Problems,
  { excelDates = "drop", ensemblVersions = "strip" }: FeatureOptions = {},
): ChosenFeatures {
  const kept: number[] = [];
  const lost: string[] = [];
  names.ids.forEach((id, i) => {
    if (!isExcelDate(id)) kept.push(i);
    else {
      lost.push(id);
      if (excelDates === "drop") return;
      problems.add({
        kind: "date",
        line: names.side === "row" ? names.places[i] : headerLine,
        ...(names.side === "column" && { column: id }),
        text: `expected the name of a feature, got ${quote(id)}, a date by Excel; write the symbol again as text`,
      });
    }
  });
  const raw = kept.map((i) => names.ids[i]);
  const ids = ensemblVersions === "strip" ? raw.map(stripEnsemblVersion) : raw;
  checkNames({ ...names, ids, places: kept.map((i) => names.places[i]) }, headerLine, problems);
  if (ids.length === 0) {
    problems.add({
      kind: "empty",
      line: headerLine,
      text: `expected at least one feature, got none${lost.length > 0 ? " but dates by Excel" : ""}; write the file again`,
    });
  }
  const notes: string[] = [];
  if (lost.length > 0) {
    const some = quoteSome(lost);
    notes.push(`${lost.length} features left out whose names Excel turned into dates: ${some}`);
  }
  const versions = ids.filter((id, i) => id !== raw[i]).length;
  if (versions > 0) notes.push(`the versions of ${versions} Ensembl ids were taken off`);
  return { ids, kept, lost, notes };
}
