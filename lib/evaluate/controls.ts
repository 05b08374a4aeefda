// The controls for every reconstruction: what is possible without a network.
import type { Label } from "../cohort/cohort.js";
import { selectRows } from "../cohort/matrix.js";
import { didYouMean } from "../nearest.js";
import { checkOptions } from "../options.js";
import type { Prepared, PreparedCohort } from "../preprocess/prepare.js";
import { fitCis } from "./cis.js";
import { fitConditionalPca, pcaPredictor } from "./conditional-pca.js";
import { fitGeneRidge } from "./gene-ridge.js";
import { fitKernelRidge } from "./kernel-ridge.js";
import { fitNeighbors } from "./neighbors.js";
import { fitPls } from "./pls.js";
import {
  constantPredictor,
  observedMean,
  type Predictor,
  trainingMean,
  trainingMedian,
} from "./predictor.js";
import { fitProbabilisticPca } from "./probabilistic-pca.js";
import { fitRidge } from "./ridge.js";
import { fitRidgeWithCis } from "./ridge-cis.js";
import { fitSoftImpute } from "./soft-impute.js";

export interface ControlOptions {
  /** Names of the controls to fit; by default all. */
  readonly only?: readonly string[];
  /** Sample id -> class, such as its tissue, of new samples too; adds the row "class mean". */
  readonly classOf?: ReadonlyMap<string, Label>;
}

const LEAST_PATIENTS = 5; // a fold each

/**
 * Fits the controls on the training rows, in a table's order: first those that see nothing, then those that see the
 * first modality, last the one that sees everything. Validation rows choose hyperparameters and nothing else. "dual
 * ridge, clamped RNA" sees exactly what ARO sees; the others see z-scores.
 * @throws RangeError if the training rows are of fewer than 5 patients, `only` has an unknown name, or the validation rows have no observed entry to
 * choose by.
 */
export function fitControls(prepared: PreparedCohort, options: ControlOptions = {}): Predictor[] {
  const { only = [], classOf } = checkOptions("fitControls", options, {
    only: "array",
    classOf: Map,
  });
  const patients = new Set(prepared.train.patients).size;
  if (patients < LEAST_PATIENTS) {
    throw new RangeError(
      `fitControls: expected training rows of at least ${LEAST_PATIENTS} patients, got ${patients}; ` +
        "ridge + cis learns from residuals of five folds that part no patient",
    );
  }
  const fits: Record<string, () => Predictor> = {
    zero: () => constantPredictor("zero", new Float64Array(prepared.features.length)),
    "training mean": () => constantPredictor("training mean", trainingMean(prepared)),
    "training mean, observed": () =>
      constantPredictor("training mean, observed", observedMean(prepared)),
    "training median": () => constantPredictor("training median", trainingMedian(prepared)),
    ...(classOf ? { "class mean": () => fitClassMean(prepared, classOf) } : {}),
    "nearest neighbors in RNA": () => fitNeighbors(prepared),
    "cis regression": () => fitCis(prepared),
    "PCA, conditioned on RNA": () => fitConditionalPca(prepared),
    "probabilistic PCA, given RNA": () => fitProbabilisticPca(prepared),
    "softImpute, given RNA": () => fitSoftImpute(prepared),
    PLS: () => fitPls(prepared),
    "kernel ridge, RBF": () => fitKernelRidge(prepared),
    ...(prepared.space === "paper"
      ? { "dual ridge, clamped RNA": () => fitRidge(prepared, { input: "paper" }) }
      : {}),
    "dual ridge": () => fitRidge(prepared),
    "ridge + cis of its residual": () => fitRidgeWithCis(prepared),
    "ridge + cis of its residual + offset": () => fitRidgeWithCis(prepared, { offset: true }),
    "per-gene ridge on own RNA and components": () => fitGeneRidge(prepared),
    "PCA, sees all": () => pcaPredictor(prepared),
  };
  const names = Object.keys(fits);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `fitControls: expected names of controls, got "${unknown}"${didYouMean(unknown, names)}; ` +
        `there are ${names.join("; ")}`,
    );
  }
  const wanted = only.length > 0 ? names.filter((name) => only.includes(name)) : names;
  return wanted.map((name) => fits[name]());
}

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
