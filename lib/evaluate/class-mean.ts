// A control that knows a sample's class alone, such as its cohort or tissue: the mean of the class.
import type { Label } from "../cohort/cohort.js";
import { selectRows } from "../cohort/matrix.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { observedMean, type Predictor } from "./predictor.js";

/**
 * Predicts the mean of the observed training entries of the sample's class. Features that the class lacks, and samples
 * without a known class, get the mean over all training rows.
 * @param labelOf sample id -> class, for new samples too.
 */
export function fitClassMean(
  prepared: PreparedCohort,
  labelOf: ReadonlyMap<string, Label>,
): Predictor {
  const overall = observedMean(prepared);
  const { matrix, ids } = prepared.train;
  const { columns } = matrix;
  const means = new Map<Label, Float64Array>();
  for (const label of new Set(ids.map((id) => labelOf.get(id) ?? null))) {
    if (label === null) continue;
    const own = ids.flatMap((id, row) => (labelOf.get(id) === label ? [row] : []));
    means.set(label, observedMean({ train: { matrix: selectRows(matrix, own) } }, overall));
  }
  return {
    name: "class mean",
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
