// Labels of the sample sheet that also occur among a table's features, where a model would see them.
import type { Label, ModalityTable, Sample } from "./cohort.js";
import { undoR } from "./ids.js";
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
 * Refuses a row of features that is called like a label and has its numbers; a gene's expression may share its name
 * with a label for its mutation.
 * @throws RangeError that names both.
 */
export function refuseCopies(
  file: string,
  { samples, features, matrix }: ModalityTable,
  sheet: readonly Sample[],
): void {
  const labelsOf = new Map(sheet.map(({ id, labels }) => [id, labels]));
  const names = new Map(Object.keys(sheet[0]?.labels ?? {}).map((label) => [undoR(label), label]));
  const isCopy = (label: string, j: number) => {
    const rows = samples.flatMap((_, i) => (matrix.observed[i * matrix.columns + j] ? [i] : []));
    const float32 = (value: Label) => (typeof value === "number" ? Math.fround(value) : value);
    const same = (row: number) =>
      matrix.values[row * matrix.columns + j] ===
      float32(labelsOf.get(samples[row])?.[label] ?? null);
    return rows.length > 0 && rows.every(same);
  };
  features.forEach((feature, j) => {
    const label = names.get(undoR(feature));
    if (label === undefined || !isCopy(label, j)) return;
    throw new RangeError(
      `${file}: expected features, got ${quote(feature)} with the values of the label ${quote(label)} in the sample ` +
        "sheet, so that a label would be among the inputs; remove it from the table",
    );
  });
}
