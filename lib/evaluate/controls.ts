// The controls that stand beside every reconstruction: what is possible without a network.
import type { Cohort } from "../cohort/cohort.js";
import { checkOptions } from "../options.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { fitCis } from "./cis.js";
import { fitConditionalPca, pcaPredictor } from "./conditional-pca.js";
import { fitNeighbors } from "./neighbors.js";
import {
  constantPredictor,
  INPUT_KINDS,
  type InputOptions,
  observedMean,
  type Predictor,
  trainingMean,
  trainingMedian,
} from "./predictor.js";
import { fitRidge } from "./ridge.js";
import { fitRidgeWithCis } from "./ridge-cis.js";

export interface ControlOptions extends Pick<InputOptions, "input"> {
  /** Of the folds that residuals come from. By default 42. */
  readonly seed?: number;
}

/**
 * Fits the controls on the training rows, in a table's order: first those that see nothing, then those that see the
 * first modality, last the one that sees everything. Validation rows choose hyperparameters and nothing else.
 * @param cohort the measurements that `prepared` was made from.
 * @throws RangeError if the validation rows have no observed entry to choose by.
 */
export function fitControls(
  prepared: PreparedCohort,
  cohort: Cohort,
  options: ControlOptions = {},
): Predictor[] {
  const { input = "standardized", seed = 42 } = checkOptions("fitControls", options, {
    input: INPUT_KINDS.input,
    seed: "number",
  });
  const seen = { input, cohort };
  const patientOf = new Map(cohort.samples.map(({ id, patient }) => [id, patient]));
  const patients = prepared.train.ids.map((id) => patientOf.get(id) ?? id);
  return [
    constantPredictor("zero", new Float64Array(prepared.features.length)),
    constantPredictor("training mean", trainingMean(prepared)),
    constantPredictor("training mean, observed", observedMean(prepared)),
    constantPredictor("training median", trainingMedian(prepared)),
    fitNeighbors(prepared, seen),
    fitCis(prepared, seen),
    fitConditionalPca(prepared),
    fitRidge(prepared, seen),
    fitRidgeWithCis(prepared, { ...seen, seed, patients }),
    fitRidgeWithCis(prepared, {
      ...{ ...seen, seed, patients, offset: true },
      name: "ridge + cis of its residual + offset",
    }),
    pcaPredictor(prepared),
  ];
}
