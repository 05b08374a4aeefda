// Identifiers: names that a spreadsheet turned into dates, and versions of Ensembl ids.

const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const DAY = "(?:0?[1-9]|[12]\\d|3[01])";
const EXCEL_DATES = [
  // 1-Sep, 01-Mar, 1-Sep-21
  new RegExp(`^${DAY}-${MONTH}(?:-\\d{2}(?:\\d{2})?)?$`),
  // Sep-01: Excel writes two digits, so the worm genes sep-1 and oct-2 are not dates
  new RegExp(`^${MONTH}-\\d{2}(?:\\d{2})?$`),
  // 2021-09-01, with or without a time of day
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?$/,
  // 9/1/2021
  /^\d{1,2}\/\d{1,2}\/\d{4}$/,
];

/**
 * Tells whether an identifier is a date that Excel made from a gene symbol such as SEPT1 or MARCH1. Recognizes `1-Sep`,
 * `01-Mar`, `1-Sep-21`, `Sep-01`, `2021-09-01` (also with a time) and `9/1/2021`, in English. A date saved as its
 * serial number, such as 44440, is indistinguishable from a number.
 * Source: Ziemann et al. 2016; the authors' code drops names that match `dddd-dd-dd`.
 */
export function isExcelDate(id: string): boolean {
  return EXCEL_DATES.some((pattern) => pattern.test(id));
}

/**
 * Strips the version from an Ensembl identifier of any species: `ENSG00000000003.15` -> `ENSG00000000003`.
 * GENCODE's mark for the Y copy stays: `ENSG00000182378.15_PAR_Y` -> `ENSG00000182378_PAR_Y`. Any other identifier
 * is returned unchanged.
 */
export function stripEnsemblVersion(id: string): string {
  return id.replace(/^(ENS[A-Z]*\d{11})\.\d+(?=$|_PAR_Y$)/, "$1");
}
