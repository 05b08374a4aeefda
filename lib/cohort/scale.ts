// Notes on a modality's values: raw counts, values without a logarithm, features that were never measured.
import type { Matrix } from "./matrix.js";
import { countOf, quoteSome } from "./problems.js";

/** Logarithms of counts, intensities and concentrations stay below. */
const LARGEST_LOGARITHM = 100;
/** The number of values that are inspected. */
const LOOKED_AT = 1e5;

/** Describes values that look like raw counts, or as if no logarithm had been taken; undefined for others. */
export function remarkOnScale({ values, observed }: Matrix): string | undefined {
  const step = Math.max(1, Math.floor(values.length / LOOKED_AT));
  let whole = true;
  let largest = 0;
  for (let i = 0; i < values.length; i += step) {
    const value = values[i];
    if (!observed[i]) continue;
    if (value < 0) return undefined;
    if (value > largest) largest = value;
    whole &&= Number.isInteger(value);
  }
  if (largest <= LARGEST_LOGARITHM) return undefined;
  const looks = whole
    ? "its values look like raw counts: whole numbers"
    : "its values look as if no logarithm was taken: numbers";
  return `${looks} from 0 up to ${largest}; the model expects normalized values on a log scale`;
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
