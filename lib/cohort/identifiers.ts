// Identifiers: names that a spreadsheet turned into dates or rounded numbers, versions of Ensembl ids, and symbols with Entrez ids.

/** Excel's short months, as its English, German, French, Spanish, Italian, Portuguese and other versions write them. */
const MONTHS = [
  "jan janv ene gen jän feb févr fev lut mar mars mrz mär märz mrt apr avr abr kwi may mai mag mei maj",
  "jun june juin giu jul july juil lug aug août aout ago sep sept set wrz oct okt ott out paź",
  "nov dec déc dez dic des gru",
];
/** The first letter is a capital or not; 2-MAG is a lipid, not the second of May. */
const MONTH = `(?:${MONTHS.join(" ")
  .split(" ")
  .map((month) => `[${month[0].toUpperCase()}${month[0]}]${month.slice(1)}`)
  .join("|")})`;
const CAPITAL_MONTH = `(?=[A-Z])${MONTH}`;
/**
 * Short months of further languages, Czech to Ukrainian, alone and after a day, as Unicode's locales spell them. Listed,
 * since asking `Intl` takes 20 ms at each start.
 */
const OTHER_MONTHS = [
  "led úno bře dub kvě čvn čvc srp zář říj lis pro", // Czech
  "Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ", // Greek
  "jaan veebr märts apr mai juuni juuli aug sept okt nov dets", // Estonian
  "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu", // Finnish
  "sij velj ožu tra svi lip kol ruj stu", // Croatian; what is above is not repeated
  "jan febr márc ápr máj jún júl szept dec", // Hungarian
  "janv marts maijs jūn jūl", // Latvian
  "ian feb mar iun iul oct", // Romanian
  "янв февр март апр май июнь июль авг сент окт нояб дек мар мая июн июл", // Russian
  "sep maj jun jul avg", // Slovak, Slovenian
  "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara", // Turkish
  "січ лют бер квіт трав черв лип серп вер жовт лист груд", // Ukrainian
];
const OTHER_MONTH = `(?:${OTHER_MONTHS.join(" ").replaceAll(" ", "|")})`;
const WHOLE_MONTH =
  "(?:January|February|March|April|June|July|August|September|October|November|December|" +
  "Januar|Februar|März|Juni|Juli|Oktober|Dezember)";
const DAY = "(?:0?[1-9]|[12]\\d|3[01])";
const YEAR = "(?:19|20)\\d{2}";
const EXCEL_DATES = [
  // 1-Sep, 01-Mar, 1-Sep-21, 1. Mrz, 02-mar, 1-sept.
  new RegExp(`^${DAY}(?:[-/ ]|\\. ?)${MONTH}\\.?(?:[-/. ](?:\\d{2}|${YEAR}))?$`, "u"),
  // 1. září, 1-мар, 1-Eyl
  new RegExp(`^${DAY}(?:[-/ ]|\\. ?)${OTHER_MONTH}\\.?(?:[-/. ](?:\\d{2}|${YEAR}))?$`, "u"),
  // Sep-01: Excel writes two digits, so the worm genes sep-1, set-21 and oct-2 are not dates
  new RegExp(`^${CAPITAL_MONTH}-\\d{2}(?:\\d{2})?$`, "u"),
  // sept-01, mars-01: French; no gene of the worm has such a name
  /^(?:sept|mars|août|déc)\.?-\d{2}$/,
  // 1er mars, 1 de marzo
  new RegExp(`^${DAY}(?:er|º|°)? (?:de )?(?:${MONTH}|septembre|marzo|março|décembre)$`, "u"),
  // 1. September, 1-March, March 1, 2021, as formats with whole months write them
  new RegExp(`^${DAY}(?:\\. ?|[- ])${WHOLE_MONTH}(?:[-, ]+${YEAR})?$`, "u"),
  new RegExp(`^${WHOLE_MONTH} ${DAY}(?:, ${YEAR})?$`, "u"),
  // 9月1日, 09월 01일
  /^(?:\d{4}[年년] ?)?\d{1,2}[月월] ?\d{1,2}[日일]$/,
  // Sep 1
  new RegExp(`^${CAPITAL_MONTH}\\.? ${DAY}$`, "u"),
  // 2021-09-01, 2021/09/01, with or without a time of day
  /^\d{4}([-/.])(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?)?$/,
  // 2021/9/1; with dashes it may be a CAS number such as 2051-10-7
  new RegExp(`^${YEAR}([/.])(?:0?[1-9]|1[0-2])\\1${DAY}$`),
  // 9/1/21
  new RegExp(`^${DAY}/${DAY}/\\d{2}$`),
  // 1.9., as in Germany
  new RegExp(`^${DAY}\\.(?:0?[1-9]|1[0-2])\\.$`),
  // 9/1/2021, 01.09.2021, 01-09-2021
  new RegExp(`^${DAY}([-/.])${DAY}\\1${YEAR}$`),
];

/**
 * Tells whether an identifier is a date that Excel made from a gene symbol such as SEPT1 or MARCH1. Recognizes `1-Sep`,
 * `01-Mar`, `1-Sep-21`, `Sep-01`, `Sep 1`, `2021-09-01` (also with a time) and `9/1/2021`, and what Excel writes in
 * other languages: `01-Sept`, `1. Mrz`, `02-mar`, `01.09.2021`. A date saved as its serial number, such as 44440, is
 * indistinguishable from a number.
 * Source: Ziemann et al. 2016; the authors' code drops names that match `dddd-dd-dd`.
 */
export function isExcelDate(id: string): boolean {
  return (
    !/^[A-Z][A-Z\d]/.test(id) && // most gene symbols, ruled out fast
    /^(?:\d|\p{Lu}\p{Ll}{2}|sept|mars|août|déc)/u.test(id) &&
    EXCEL_DATES.some((pattern) => pattern.test(id))
  );
}

/** Tells whether an identifier is a number that Excel rounded, as 2310009E13 becomes `2.31E+13`. */
export function isExcelNumber(id: string): boolean {
  return /^\d(?:[.,]\d+)?E\+\d{2,}$/.test(id);
}

/**
 * Strips the version from an Ensembl identifier of any species: `ENSG00000000003.15` -> `ENSG00000000003`.
 * GENCODE's mark for the Y copy stays: `ENSG00000182378.15_PAR_Y` -> `ENSG00000182378_PAR_Y`. Any other identifier
 * is returned unchanged.
 */
export function stripEnsemblVersion(id: string): string {
  return id.startsWith("ENS") ? id.replace(/^(ENS[A-Z]*\d{11})\.\d+(?=$|_PAR_Y$)/, "$1") : id;
}

/**
 * The symbol of a symbol with its Entrez id, as in TCGA's `TP53|7157` and DepMap's `TP53 (7157)`; any other identifier
 * is returned unchanged.
 */
export function symbolOf(id: string): string {
  if (!id.includes("|") && !id.endsWith(")")) return id;
  return /^([A-Z][\w.@-]*)(?:\|\d+| \(\d+\))$/i.exec(id)?.[1] ?? id;
}
