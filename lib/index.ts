// The package "aro": everything that notebooks and users may import, and nothing else.

// A cohort: samples by features in several modalities, and where it comes from.

export { readCbioportal } from "./cohort/cbioportal.js";
export {
  type Cohort,
  dropEmptyFeatures,
  joinCohort,
  summarizeModalities,
} from "./cohort/cohort.js";
export { sampleFrame } from "./cohort/frame.js";
export { readGbm } from "./cohort/gbm.js";
export { countLabels, countPatients, labelValues } from "./cohort/labels.js";
export { type Matrix, matrixFrom } from "./cohort/matrix.js";
export { simulateCohort } from "./cohort/simulate.js";
export { fetchSource } from "./cohort/sources.js";
export { writeTable } from "./cohort/table-writer.js";
export { readTables } from "./cohort/tables.js";

// The split by patient, and the paper's preprocessing.

export { describeFeature, stageHistograms, zeroShares } from "./preprocess/describe.js";
export { type PreparedCohort, prepareCohort, requireHeldOut } from "./preprocess/prepare.js";
export { applyScaler } from "./preprocess/scaler.js";
export { countParts, splitSamples } from "./preprocess/split.js";

// The model, the engines that compute it, and its training.

export { chooseEngine } from "./engine/choose.js";
export { type Engine, nameEngine } from "./engine/engine.js";
export { ARO, type AroSpec } from "./model/aro.js";
export { buildAutoencoder } from "./model/autoencoder.js";
export { countParameters, initializeWeights } from "./model/model.js";
export { MODIS } from "./model/modis.js";
export { DEFAULT_RATIOS } from "./model/modis-shape.js";
export { VAE, type VaeSpec } from "./model/vae.js";
export { readWeights, writeWeights } from "./model/weights.js";
export { readRun } from "./train/folder.js";
export { trainRun } from "./train/run.js";

// A study: a profile's cohort, the runs that it trains, and what it publishes.

export { embedSamples, encodeSamples } from "./study/embeddings.js";
export { exportStudy } from "./study/export.js";
export { modisSpec, openModis, trainModis } from "./study/modis.js";
export { describeStudy } from "./study/overview.js";
export { type Profile, readProfile } from "./study/profile.js";
export { publishFigure, publishTable } from "./study/results.js";
export { describeRuns, summarizeRuns } from "./study/runs.js";
export {
  describeAccuracies,
  describeClusters,
  describeDifferences,
  describeEffects,
  describeScores,
  describeSearches,
  describeTraining,
  findLowest,
} from "./study/sentences.js";
export { openAro, openCohort, openStudy, readAro, type Study, trainAro } from "./study/study.js";
export { chooseTasks } from "./study/tasks.js";

// Searches and experiments: many runs of a study, compared.

export { runCanaries } from "./study/canaries.js";
export { compareVariants, tabulateSeeds, tabulateSplits } from "./study/experiment-scores.js";
export { planExperiment } from "./study/experiments.js";
export { scoreExperiment } from "./study/record.js";
export { compareSpaces, tuneAro, tuningReferences } from "./study/tuning.js";
export { AUTHORS } from "./study/variants.js";

// Reconstruction: predictors, their scores, and differences between them.

export {
  duplicateSample,
  findSharedPatients,
  permuteLabels,
  permuteRows,
} from "./evaluate/canaries.js";
export { recoverFactors } from "./evaluate/canonical.js";
export { fitControls } from "./evaluate/controls.js";
export { constantLosses } from "./evaluate/gaussian.js";
export { fitLinearOracle, fitNoiseFloor, scoreHidden } from "./evaluate/oracle.js";
export { pairedDifferences } from "./evaluate/paired.js";
export { modelPredictor, type Predictor } from "./evaluate/predictor.js";
export { compareOverSplits } from "./evaluate/repeated-splits.js";
export {
  countPairs,
  reconstructionTable,
  summarizeCorrelations,
} from "./evaluate/summary.js";
export { modisPredictor } from "./evaluate/translation.js";

// Imputation: the other modalities of new samples, from their first.

export { calibrateSpread, measureCoverage } from "./impute/calibration.js";
export { fitSharedDecoder } from "./impute/fit.js";
export { impute } from "./impute/impute.js";
export { fitImputer } from "./impute/imputer.js";
export { inferModalities, sharedDecoderPredictor } from "./impute/infer.js";
export { rateFeatures } from "./impute/quality.js";

// The latent space, and classifiers that read it.

export { clusterPoints } from "./evaluate/cluster.js";
export { compareClassifiers } from "./evaluate/compare.js";
export { mapPoints } from "./evaluate/maps.js";
export { wilsonInterval } from "./evaluate/statistics.js";

// Reading a model: what moves its outputs, which gene sets that names, and what its embedding says of outcomes.

export { readNumbers, readSurvival } from "./cohort/outcomes.js";
export {
  integratedGradients,
  rankFeatures,
  rankPredicted,
  saliency,
} from "./evaluate/attribution.js";
export { enrichGeneSets } from "./evaluate/enrichment.js";
export { compareOutcomes, encodeCovariates } from "./evaluate/outcomes.js";
export { openGeneSets } from "./study/gene-sets.js";
export { openHiddenCells } from "./study/hidden-cells.js";
export { openSets } from "./study/sets.js";
export { openUncertainty } from "./study/uncertainty.js";

// Figures and tables.

export { accuracyFigure } from "./figures/accuracy.js";
export { bestSoFarFigure } from "./figures/best-so-far.js";
export { cohortFigure } from "./figures/cohort.js";
export { confusionFigure } from "./figures/confusion.js";
export { correlationFigure } from "./figures/correlation.js";
export { densityFigure } from "./figures/density.js";
export { differencesFigure } from "./figures/differences.js";
export { type Figure, paperFigure } from "./figures/figure.js";
export { labelsFigure } from "./figures/labels.js";
export { latentFigure } from "./figures/latent.js";
export { overviewFigure } from "./figures/overview.js";
export { parallelFigure } from "./figures/parallel.js";
export { preprocessingFigure } from "./figures/preprocessing.js";
export { mergeRare } from "./figures/rare.js";
export { reliabilityFigure } from "./figures/reliability.js";
export { saveFigure } from "./figures/save.js";
export { setsFigure } from "./figures/sets.js";
export { showFigure } from "./figures/show.js";
export { skillFigure } from "./figures/skill.js";
export { splitFigure } from "./figures/split.js";
export { splitsFigure } from "./figures/splits.js";
export { trainingFigure } from "./figures/training.js";
export { showTable } from "./jupyter/table.js";

// The paper's claims beside our results.

export { readEvidence } from "./claims/evidence.js";
export { besidePaper, countByGround, describeVerdicts, judgeClaims } from "./claims/judge.js";
export { compareBlocks, compareLosses } from "./claims/tables.js";

// The exercises of the course.

export { check } from "./course/check.js";
export { openPipelines } from "./course/pipelines.js";
