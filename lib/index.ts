// The door "aro": cohorts, preprocessing, models, their training, evaluation and imputation.

// A cohort: samples by features in several modalities, read from files or simulated.

export { readCbioportal } from "./cohort/cbioportal.js";
export {
  type Cohort,
  dropEmptyFeatures,
  joinCohort,
  summarizeModalities,
} from "./cohort/cohort.js";
export { sampleFrame } from "./cohort/frame.js";
export { countLabels, countPatients, labelValues } from "./cohort/labels.js";
export { type Matrix, matrixFrom } from "./cohort/matrix.js";
export { readOutcome } from "./cohort/outcomes.js";
export { simulateCohort } from "./cohort/simulate.js";
export { writeTable } from "./cohort/table-writer.js";
export { readTables } from "./cohort/tables.js";

// The split by patient, and the paper's preprocessing.

export { describeFeature, stageHistograms, zeroShares } from "./preprocess/describe.js";
export { type PreparedCohort, prepareCohort, requireHeldOut } from "./preprocess/prepare.js";
export { applyScaler } from "./preprocess/scaler.js";
export { countParts, splitSamples } from "./preprocess/split.js";

// Models, the engines that compute them, and their training.

export { chooseEngine } from "./engine/choose.js";
export { type Engine, nameEngine } from "./engine/engine.js";
export { ARO, type AroSpec } from "./model/aro.js";
export { buildAutoencoder } from "./model/autoencoder.js";
export { countParameters, initializeWeights } from "./model/model.js";
export { MODIS } from "./model/modis.js";
export { DEFAULT_RATIOS } from "./model/modis-networks.js";
export { VAE, type VaeSpec } from "./model/vae.js";
export { readWeights } from "./model/weights.js";
export { readRun } from "./train/folder.js";
export { trainRun } from "./train/run.js";

// Reconstruction: predictors, their scores, and differences between them.

export { fitControls } from "./evaluate/controls.js";
export { constantLosses } from "./evaluate/gaussian.js";
export { pairedDifferences } from "./evaluate/paired.js";
export { modelPredictor, modisPredictor, type Predictor } from "./evaluate/predictor.js";
export { compareOverSplits } from "./evaluate/repeated-splits.js";
export {
  countPairs,
  reconstructionTable,
  summarizeCorrelations,
} from "./evaluate/summary.js";

// Imputation: the other modalities of new samples, from their first.

export { fitSharedDecoder } from "./impute/fit.js";
export { impute } from "./impute/impute.js";
export { fitImputer } from "./impute/imputer.js";
export { sharedDecoderPredictor } from "./impute/infer.js";

// The latent space, and classifiers that read it.

export { clusterPoints } from "./evaluate/cluster.js";
export { compareClassifiers, compareRepresentations } from "./evaluate/compare.js";
export { mapPoints } from "./evaluate/maps.js";
export { wilsonInterval } from "./evaluate/statistics.js";

// Reading a model: which inputs move its outputs, which gene sets they form, and what an embedding says of outcomes.

export {
  integratedGradients,
  rankFeatures,
  rankPredicted,
  saliency,
} from "./evaluate/attribution.js";
export { enrichGeneSets } from "./evaluate/enrichment.js";
export { compareOutcomes, encodeCovariates } from "./evaluate/outcomes.js";
