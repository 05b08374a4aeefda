// A control that knows a sample's class alone, such as its cohort or tissue: the mean of the class.
import type { Label } from "../cohort/cohort.js";
import { checkOptions } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { observedMean, type Predictor } from "./predictor.js";

export interface ClassMeanOptions {
  readonly name?: string;
}

/**
 * Predicts the mean of the observed training entries of the sample's class. Features that the class lacks, and samples
 * without a known class, get the mean over all training rows.
 * @param labelOf sample id -> class, for new samples too.
 */
export function fitClassMean(
  prepared: PreparedCohort,
  labelOf: ReadonlyMap<string, Label>,
  options: ClassMeanOptions = {},
): Predictor {
  const { name = "class mean" } = checkOptions("fitClassMean", options, { name: "string" });
  const overall = observedMean(prepared);
  const { matrix, ids } = prepared.train;
  const { columns } = matrix;
  const means = new Map<Label, Float64Array>();
  for (const label of new Set(ids.map((id) => labelOf.get(id) ?? null))) {
    if (label === null) continue;
    const [sums, counts] = [new Float64Array(columns), new Float64Array(columns)];
    ids.forEach((id, row) => {
      if (labelOf.get(id) !== label) return;
      for (let j = 0, at = row * columns; j < columns; j++, at++) {
        if (!matrix.observed[at]) continue;
        sums[j] += matrix.values[at];
        counts[j]++;
      }
    });
    means.set(
      label,
      sums.map((sum, j) => (counts[j] > 0 ? sum / counts[j] : overall[j])),
    );
  }
  return {
    name,
    sees: "nothing",
    predict: (rows: Prepared) => {
      const out = new Float32Array(rows.ids.length * columns);
      rows.ids.forEach((id, i) => {
        out.set(means.get(labelOf.get(id) ?? null) ?? overall, i * columns);
      });
      return out;
    },
  };
}
