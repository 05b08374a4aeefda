// The sizes that the paper prints for its cohorts, Table 6 and the way to 71,094 columns, beside those read here.
import { dropEmptyFeatures } from "../cohort/cohort.js";
import type { PaperCohort } from "../cohort/paper.js";
import type { Claim } from "./claim.js";
import { paperClaims } from "./paper.js";
import { PAPER_SHAPE } from "./parameters.js";

/** One size of ours beside the paper's. */
export interface SizeRow {
  readonly what: string;
  readonly ours: string;
  readonly paper: string;
  readonly verdict: "the same" | "as printed for the other cohort" | "different";
}

/** The paper's Table 6 lists the cohorts in this order, each with its modalities in the order of the columns. */
const TABLE_6_COHORTS = ["RCC", "GBM"] as const;

/**
 * Compares the sizes of the sheets with Table 6, then samples and columns with the text and Table 3.
 *
 * Table 6 seems to have its two cohorts exchanged: its 109 x 10,998 proteins, printed for Li et al., are those of the
 * glioblastoma workbook. So each row is compared with both.
 */
export function comparePaperSizes(cohort: PaperCohort): SizeRow[] {
  const claims = new Map(paperClaims().map((claim) => [claim.id, claim]));
  const sheets = cohort.parts.map(({ cohort: name, modality, samples, features }): SizeRow => {
    const place = TABLE_6_COHORTS.indexOf(name);
    const row = cohort.modalities.findIndex((one) => one.name === modality);
    const printed = (block: number) => size(claims, block * cohort.modalities.length + row);
    const ours = show(samples, features);
    const paper = printed(place);
    const exchanged = ours === printed(1 - place) ? "as printed for the other cohort" : "different";
    return {
      what: `Table 6: ${name}, ${modality}`,
      ours,
      paper,
      verdict: ours === paper ? "the same" : exchanged,
    };
  });
  const { matrix } = cohort;
  const kept = dropEmptyFeatures(cohort).matrix;
  return [
    ...sheets,
    compare("joined", show(matrix.rows, matrix.columns), show(115, 74_002)),
    compare(
      "without empty columns",
      show(kept.rows, kept.columns),
      show(115, PAPER_SHAPE.features),
    ),
  ];
}

function compare(what: string, ours: string, paper: string): SizeRow {
  return { what, ours, paper, verdict: ours === paper ? "the same" : "different" };
}

function size(claims: ReadonlyMap<string, Claim>, row: number): string {
  const value = (what: string) => claims.get(`table6-${row}-${what}`)!.value!;
  return show(value("samples"), value("features"));
}

function show(rows: number, columns: number): string {
  return `${rows} x ${columns.toLocaleString("en-US")}`;
}
