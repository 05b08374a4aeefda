// Finds lines and columns of a table that are neither samples nor features: totals, annotations, numeric second headers.
import type { Matrix } from "./matrix.js";
import type { Names } from "./names.js";
import { type Problems, quote } from "./problems.js";

const NAMES =
  /^(?:(?:grand |sub)?totals?|sum|mean|average|avg|median|summe|gesamt|mittelwert|somme|moyenne|suma|media|totale)$/i;

/** Names of further columns that describe features, beside the samples of a table of results. */
const DESCRIBING =
  /^(?:sd|std(?:ev)?|se|sem|cv|var(?:iance)?|min|max|p[._ -]?val(?:ue)?s?|q[._ -]?val(?:ue)?s?|(?:adj[._ ]?)?p[._ ]?adj|adj\.p\.val|fdr|(?:log2?)?[._ ]?(?:fc|fold[._ ]?change)|lfcse|basemean|aveexpr|length|start|end|width|chr(?:om(?:osome)?)?|m\/?z|rt|mass|units?|(?:entrez|ensembl|hgnc|ncbi|hmdb|kegg|chebi|pubchem|cas)(?:[._ -]?gene)?(?:[._ -]?(?:id|no|number))?|gene[._ -]?id)$/i;

/** Names of runs that measure no patient. */
const CONTROLS =
  /^(?:qc|pool(?:ed)?|blank|ntc|water|ref(?:erence)?|bridge|calibrator|standard)(?:[._ -]*(?:qc|pool|sample|mix))?[._ -]?\d*$/i;

/**
 * Finds samples or features named like totals, and compares their values with the others'.
 * @param matrix `[samples, features]`.
 * @returns the index of each, and whether its values are the sum or the mean of the others.
 */
function findTotals(
  names: readonly string[],
  { rows, columns, values, observed }: Matrix,
  side: "samples" | "features",
) {
  const named = names.flatMap((name, index) => (NAMES.test(name) ? [index] : []));
  const [length, step, stride] = side === "samples" ? [columns, 1, columns] : [rows, columns, 1];
  const matches = (index: number, mean: boolean) => {
    let checked = 0;
    for (let k = 0; k < length; k++) {
      if (!observed[k * step + index * stride]) continue;
      let sum = 0;
      let count = 0;
      for (let i = 0; i < names.length; i++) {
        if (named.includes(i) || !observed[k * step + i * stride]) continue;
        sum += values[k * step + i * stride];
        count++;
      }
      const expected = mean ? sum / count : sum;
      const found = values[k * step + index * stride];
      if (count < 2 || !(Math.abs(found - expected) <= 1e-3 * Math.abs(expected))) return false;
      checked++;
    }
    return checked > 0;
  };
  return named.map((index) => ({
    index,
    of: matches(index, false) ? "sum" : matches(index, true) ? "mean" : undefined,
  }));
}

/** The samples or the features that were chosen among the names of a side. */
interface Chosen extends Pick<Names, "side" | "places"> {
  readonly what: "samples" | "features";
  readonly ids: readonly string[];
  /** The index of each among the names of the side. */
  readonly kept: readonly number[];
}

/**
 * Adds a problem for each sample or feature that is a total of the others; notes those with only the name of a total, of a
 * statistic or of a control, and a first one that may be a second header.
 * @param matrix `[samples, features]`.
 */
export function checkChosen(chosen: Chosen, matrix: Matrix, problems: Problems): string[] {
  const { what, side, ids, kept, places } = chosen;
  const totals = findTotals(ids, matrix, what);
  for (const { index, of } of totals) {
    if (of === undefined) continue;
    const remedy =
      side === "row"
        ? "remove the row"
        : `pass ignore: [${quote(ids[index])}], or remove the column`;
    problems.add({
      kind: "total",
      ...(side === "row" ? { line: places[kept[index]] } : { column: ids[index] }),
      text: `expected ${what}, got ${quote(ids[index])}, the ${of} of the others; ${remedy}`,
    });
  }
  const unlike = totals.flatMap(({ index, of }) => (of === undefined ? [ids[index]] : []));
  const describing = what === "samples" ? ids.filter((id) => DESCRIBING.test(id)) : [];
  const controls = what === "samples" ? ids.filter((id) => CONTROLS.test(id)) : [];
  return [
    ...noteNames(what, "totals", unlike),
    ...noteNames(what, "statistics or annotations of the features", describing),
    ...noteNames(what, "controls of the measurement", controls),
    ...(kept[0] === 0 ? noteWholeFirst(chosen, matrix, problems.rowWord) : []),
  ];
}

/** With fewer values, a line of whole numbers says little. */
const FEWEST = 3;
/** How many lines below the first are compared with it. */
const COMPARED = 20;

/**
 * Notes a first row or column of whole numbers beside others that have none: a second header of ids, codes or batch
 * numbers perhaps. Zeros do not count, since a feature may be 0 in all samples.
 */
function noteWholeFirst(
  { what, side, ids, places }: Chosen,
  { rows, columns, values, observed }: Matrix,
  rowWord: string,
): string[] {
  const [length, step, stride] = what === "samples" ? [columns, 1, columns] : [rows, columns, 1];
  const count = (_: string, index: number) => {
    const found = { whole: 0, others: 0, zeros: 0 };
    for (let k = 0; k < length; k++) {
      const at = index * stride + k * step;
      if (!observed[at]) continue;
      if (values[at] === 0) found.zeros++;
      else if (Number.isInteger(values[at])) found.whole++;
      else found.others++;
    }
    return found;
  };
  const [first, ...next] = ids.slice(0, 1 + COMPARED).map(count);
  const isWhole = first?.others === 0 && first.whole >= FEWEST && first.whole > first.zeros;
  const whole = next.reduce((sum, one) => sum + one.whole, 0);
  const others = next.reduce((sum, one) => sum + one.others, 0);
  if (!isWhole || others < FEWEST || 20 * whole > others) return [];
  const where = `${side === "row" ? rowWord : "column"} ${places[0]}`;
  return [
    `${where}, ${quote(ids[0])}, has whole numbers, the ${what} after it have others; if it is a second header or an ` +
      "annotation, remove it",
  ];
}

/** Notes names of what may be no samples or features. */
function noteNames(what: "samples" | "features", kind: string, names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [`the ${what} include what may be ${kind}: ${names.map(quote).join(", ")}`];
}
