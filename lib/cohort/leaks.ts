// Finds labels of the sample sheet among a table's features, where a model would see them.
import type { ModalityTable, Sample } from "./cohort.js";
import { undoR } from "./ids.js";
import type { Matrix } from "./matrix.js";
import { type Problems, quote } from "./problems.js";

/** Adds a problem if columns of the sample sheet are among the columns of features. */
export function addLabels(
  features: readonly string[],
  [sample]: readonly Sample[],
  line: number,
  problems: Problems,
): void {
  const labels = new Set(Object.keys(sample?.labels ?? {}).map(undoR));
  const both = features.filter((feature) => labels.has(undoR(feature)));
  if (both.length === 0) return;
  const list = both.map(quote).join(", ");
  problems.add({
    kind: "label",
    line,
    text:
      `expected features, got ${list}, which the sample sheet has too, so that labels would be among the inputs; ` +
      `pass ignore: [${list}], or rename them in the sample sheet if they mean something else there`,
  });
}

/**
 * Refuses a feature that has the values of a label in every sample, under the label's name or another, or a label's
 * classes by codes of their own. A gene's expression may share its name with a label for its mutation.
 * @returns notes on features that may be such codes, in too few samples to tell.
 * @throws RangeError that names both.
 */
export function refuseCopies(
  file: string,
  { samples, features, matrix }: ModalityTable,
  sheet: readonly Sample[],
): string[] {
  const labelsOf = new Map(sheet.map(({ id, labels }) => [id, labels]));
  const labels = Object.keys(sheet[0]?.labels ?? {}).map((name) => {
    const cells = samples.map((id) => labelsOf.get(id)?.[name] ?? null);
    const numbers = cells.map((cell) => (typeof cell === "number" ? cell : Number.NaN));
    return { name, values: Float32Array.from(numbers), classes: classesOf(cells) };
  });
  const notes: string[] = [];
  features.forEach((feature, j) => {
    for (const { name, values, classes } of labels) {
      const copied = copiedValues(values, matrix, j);
      const isCopy = copied.length > 0 && (canIdentify(copied) || undoR(name) === undoR(feature));
      const bits = isCopy ? RARE : codedBits(classes, matrix, j);
      if (bits >= RARE) {
        throw new RangeError(
          `${file}: expected features, got ${quote(feature)} with ${isCopy ? "the values" : "one value for each class"} ` +
            `of the label ${quote(name)} in the sample sheet, so that a label would be among the inputs; remove it from ` +
            "the table",
        );
      }
      if (bits >= NOTABLE) {
        notes.push(
          `${file}: ${quote(feature)} has one value for each class of the label ${quote(name)}; if it is a copy of ` +
            "that label, remove it from the table",
        );
      }
    }
  });
  return notes;
}

/** The first sample of each sample's class, -1 where it is not recorded; and the samples that are not the first. */
function classesOf(cells: readonly (string | number | null)[]) {
  const known = new Map<string | number, number>();
  const firstOf = Int32Array.from(cells, (cell, i) => {
    if (cell === null) return -1;
    const first = known.get(cell) ?? i;
    known.set(cell, first);
    return first;
  });
  return { firstOf, later: [...firstOf.keys()].filter((i) => firstOf[i] >= 0 && firstOf[i] < i) };
}

/**
 * How many bits two or more values of a feature tell of a label, if each class has one value; else 0. What a free
 * choice of each class's value would tell is taken off.
 */
function codedBits(
  { firstOf, later }: ReturnType<typeof classesOf>,
  { rows, columns, values, observed }: Matrix,
  j: number,
): number {
  if (later.length === 0) return 0;
  // Almost every feature is told apart here, before anything is counted.
  for (const i of later) {
    const [own, first] = [i * columns + j, firstOf[i] * columns + j];
    if (observed[own] && observed[first] && values[own] !== values[first]) return 0;
  }
  const valueFor = new Map<number, number>();
  const counts = new Map<number, number>();
  let samples = 0;
  for (let i = 0; i < rows; i++) {
    const own = firstOf[i];
    if (own < 0 || !observed[i * columns + j]) continue;
    const value = values[i * columns + j];
    const before = valueFor.get(own);
    if (before === undefined) valueFor.set(own, value);
    else if (before !== value) return 0;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    samples++;
  }
  let bits = -valueFor.size * Math.log2(Math.max(1, counts.size));
  for (const count of counts.values()) bits += count * Math.log2(samples / count);
  return bits;
}

/** The values of a feature if they equal the label's wherever they were measured; else none. */
function copiedValues(
  label: Float32Array,
  { rows, columns, values, observed }: Matrix,
  j: number,
): number[] {
  const copied: number[] = [];
  for (let i = 0; i < rows; i++) {
    if (!observed[i * columns + j]) continue;
    if (values[i * columns + j] !== label[i]) return [];
    copied.push(label[i]);
  }
  return copied;
}

/** Bits of information that a million features do not share with a label by chance. */
const RARE = 40;
/** Bits that a thousand features do not share with one. */
const NOTABLE = 10;

/**
 * Whether equal values prove a copy. Classes and small counts, such as 0, 1 and 2, can agree by chance in a few
 * samples.
 */
function canIdentify(values: readonly number[]): boolean {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size < 3 && values.length < RARE) return false;
  if (values.some((value) => !Number.isInteger(value) || Math.abs(value) >= 10)) {
    return values.length > 2;
  }
  const bits = [...counts.values()].map((count) => count * Math.log2(values.length / count));
  return bits.reduce((sum, one) => sum + one, 0) >= RARE;
}
