// Notes on a modality's values: raw counts, values without a logarithm, features that were never measured.
import type { Matrix } from "./matrix.js";
import { countOf, quoteSome } from "./problems.js";

/** Logarithms of counts, intensities and concentrations stay below. */
const LARGEST_LOGARITHM = 100;
/** The number of values that are inspected. */
const LOOKED_AT = 1e5;

/** Notes values that look like raw counts, or as if no logarithm had been taken. */
export function noteScale({ values, observed }: Matrix): string[] {
  const step = Math.max(1, Math.floor(values.length / LOOKED_AT));
  let whole = true;
  let largest = 0;
  for (let i = 0; i < values.length; i += step) {
    const value = values[i];
    if (!observed[i]) continue;
    if (value < 0) return [];
    if (value > largest) largest = value;
    whole &&= Number.isInteger(value);
  }
  if (largest <= LARGEST_LOGARITHM) return [];
  const [looks, transform] = whole
    ? ["its values look like raw counts: whole numbers", "log2(CPM + 1)"]
    : ["its values look as if no logarithm was taken: numbers", "log2(x + 1)"];
  return [
    `${looks} from 0 up to ${largest}; the model expects normalized values on a log scale, ` +
      `which transform: "${transform}" makes of them`,
  ];
}

/** Numbers that programs write where nothing was measured. */
const SENTINELS = [-99, -999, -9999, -99999, 999, 9999, 99999];
const LEAST_SENTINEL = 99;

/**
 * Notes numbers that often mean "not measured", if all others are far from them.
 * @param what "measured" or "recorded".
 */
export function noteSentinels({ values, observed }: Matrix, what: string): string[] {
  if (isWithin(values, LEAST_SENTINEL)) return []; // most tables, and sooner said
  const cells = new Map<number, number>();
  let [largest, smallest] = [0, Number.POSITIVE_INFINITY]; // magnitudes of the others, of the sentinels
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (!observed[i]) continue;
    if (size >= LEAST_SENTINEL && SENTINELS.includes(values[i])) {
      cells.set(values[i], (cells.get(values[i]) ?? 0) + 1);
      smallest = Math.min(smallest, size);
    } else if (size > largest) {
      largest = size;
      if (4 * largest > 1e5) return [];
    }
  }
  if (cells.size === 0 || largest === 0 || smallest < 4 * largest) return [];
  const list = [...cells].map(([value, count]) => `${value} in ${countOf(count, "cell")}`);
  const marks = [...cells.keys()].map((value) => `"${value}"`).join(", ");
  return [
    `${list.join(", ")}, far from all other values; if that means "not ${what}", leave the cells empty, or pass missing: ` +
      `[${marks}]`,
  ];
}

/** Whether all magnitudes are below a limit. Comparing four at a time halves the time. */
function isWithin(values: Float32Array, limit: number): boolean {
  const end = values.length - (values.length % 4);
  for (let i = 0; i < end; i += 4) {
    const isBelow =
      Math.abs(values[i]) < limit &&
      Math.abs(values[i + 1]) < limit &&
      Math.abs(values[i + 2]) < limit &&
      Math.abs(values[i + 3]) < limit;
    if (!isBelow) return false;
  }
  return values.subarray(end).every((value) => Math.abs(value) < limit);
}

/** Notes features without a value in any sample, such as a footnote. */
export function noteUnmeasured(
  features: readonly string[],
  { columns, observed }: Matrix,
): string[] {
  let empty = features.map((_, j) => j);
  for (let start = 0; start < observed.length && empty.length > 0; start += columns) {
    empty = empty.filter((j) => !observed[start + j]);
  }
  return empty.length === 0
    ? []
    : [
        `${countOf(empty.length, "feature")} without a value in any sample: ${quoteSome(empty.map((j) => features[j]))}`,
      ];
}
