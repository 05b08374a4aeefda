// Reads back what an imputation wrote.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The value and bounds in values.tsv, by sample, modality and feature. */
export function readValues(output: string): Map<string, readonly number[]> {
  const [header, ...lines] = readFileSync(join(output, "values.tsv"), "utf8").trim().split("\n");
  assert.equal(header, "sample\tmodality\tfeature\tvalue\tlow\thigh");
  return new Map(
    lines.map((line) => {
      const [sample, modality, feature, ...numbers] = line.split("\t");
      return [`${sample} ${modality} ${feature}`, numbers.map(Number)];
    }),
  );
}
