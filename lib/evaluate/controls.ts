// The controls that stand beside every reconstruction: what is possible without a network.
import { checkOptions } from "../options.js";
import type { PreparedCohort } from "../preprocess/prepare.js";
import { fitCis } from "./cis.js";
import { fitConditionalPca, pcaPredictor } from "./conditional-pca.js";
import { fitKernelRidge } from "./kernel-ridge.js";
import { fitNeighbors } from "./neighbors.js";
import { fitPls } from "./pls.js";
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

export interface ControlOptions extends InputOptions {
  /** Of the folds that residuals come from. By default 42. */
  readonly seed?: number;
}

const LEAST_PATIENTS = 5; // a fold each

/**
 * Fits the controls on the training rows, in a table's order: first those that see nothing, then those that see the
 * first modality, last the one that sees everything. Validation rows choose hyperparameters and nothing else. "dual
 * ridge, clamped RNA" sees exactly what ARO sees; by default the others see z-scores.
 * @throws RangeError if the training rows are of fewer than 5 patients, or the validation rows have no observed entry to
 * choose by.
 */
export function fitControls(prepared: PreparedCohort, options: ControlOptions = {}): Predictor[] {
  const { input = "z", seed = 42 } = checkOptions("fitControls", options, {
    ...INPUT_KINDS,
    seed: "number",
  });
  const patients = new Set(prepared.train.patients).size;
  if (patients < LEAST_PATIENTS) {
    throw new RangeError(
      `fitControls: expected training rows of at least ${LEAST_PATIENTS} patients, got ${patients}; ` +
        "ridge + cis learns from residuals of five folds that part no patient",
    );
  }
  const likeForLike =
    prepared.space === "paper" && input === "z"
      ? [fitRidge(prepared, { input: "paper", name: "dual ridge, clamped RNA" })]
      : [];
  return [
    constantPredictor("zero", new Float64Array(prepared.features.length)),
    constantPredictor("training mean", trainingMean(prepared)),
    constantPredictor("training mean, observed", observedMean(prepared)),
    constantPredictor("training median", trainingMedian(prepared)),
    fitNeighbors(prepared, { input }),
    fitCis(prepared, { input }),
    fitConditionalPca(prepared),
    fitPls(prepared, { input }),
    fitKernelRidge(prepared, { input }),
    ...likeForLike,
    fitRidge(prepared, { input }),
    fitRidgeWithCis(prepared, { input, seed }),
    fitRidgeWithCis(prepared, {
      ...{ input, seed, offset: true },
      name: "ridge + cis of its residual + offset",
    }),
    pcaPredictor(prepared),
  ];
}
