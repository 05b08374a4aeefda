// The control rows that stand beside every reconstruction: what is possible without a network.
import type { Cohort } from "../cohort/cohort.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { fitCis } from "./cis.js";
import { fitConditionalPca, pcaPredictor } from "./conditional-pca.js";
import { fitNeighbors } from "./neighbors.js";
import {
  constantPredictor,
  type InputOptions,
  observedMean,
  type Predictor,
  trainingMean,
  trainingMedian,
} from "./predictor.js";
import { fitRidge } from "./ridge.js";
import { fitRidgeWithCis } from "./ridge-cis.js";

export interface ControlOptions extends Pick<InputOptions, "input"> {
  /** Of the folds that residuals come from. */
  readonly seed?: number;
}

/**
 * Fits every control on the training rows, in the order of a table: what sees nothing, what sees the first modality,
 * what sees all. Validation rows choose hyperparameters and nothing else.
 * @param cohort the measurements that `prepared` was made from.
 * @throws RangeError if the validation rows have no observed entry to choose by.
 */
export function fitControls(
  prepared: PreparedCohort,
  cohort: Cohort,
  { input = "standardized", seed = 42 }: ControlOptions = {},
): Predictor[] {
  const options = { input, cohort };
  const patientOf = new Map(cohort.samples.map(({ id, patient }) => [id, patient]));
  const patients = prepared.train.ids.map((id) => patientOf.get(id) ?? id);
  return [
    constantPredictor("zero", new Float64Array(prepared.features.length)),
    constantPredictor("training mean", trainingMean(prepared)),
    constantPredictor("training mean, observed", observedMean(prepared)),
    constantPredictor("training median", trainingMedian(prepared)),
    fitNeighbors(prepared, options),
    fitCis(prepared, options),
    fitConditionalPca(prepared),
    fitRidge(prepared, options),
    fitRidgeWithCis(prepared, { ...options, seed, patients }),
    fitRidgeWithCis(prepared, {
      ...options,
      seed,
      patients,
      offset: true,
      name: "ridge + cis of its residual + offset",
    }),
    pcaPredictor(prepared),
  ];
}
