// The package "aro": everything that notebooks and users may import, and nothing else.

// A profile's study, what it publishes, and the ledger of the paper's claims.
export { readEvidence } from "./claims/evidence.js";
export {
  besidePaper,
  countByGround,
  countVerdicts,
  judgeClaims,
  type LedgerEntry,
} from "./claims/judge.js";
export { compareBlocks, compareLosses, comparePaperSizes } from "./claims/tables.js";
// A cohort, and where it comes from.
export { type CbioportalOptions, findStudy, readCbioportal } from "./cohort/cbioportal.js";
export {
  type Cohort,
  type Drop,
  dropEmptyFeatures,
  findModality,
  joinCohort,
  keepFeatures,
  type Label,
  type Modality,
  type ModalityTable,
  type Sample,
  summarizeModalities,
} from "./cohort/cohort.js";
export { sampleFrame } from "./cohort/frame.js";
export { readGbm } from "./cohort/gbm.js";
export { isExcelDate, stripEnsemblVersion } from "./cohort/identifiers.js";
export { commonLabels, countLabels, countPatients, labelValues } from "./cohort/labels.js";
export { type Matrix, matrixFrom, selectColumns, selectRows } from "./cohort/matrix.js";
export { type PaperCohort, readPaperCohort } from "./cohort/paper.js";
export { createRandom, numpyPermutation } from "./cohort/random.js";
export { readSampleSheet } from "./cohort/samplesheet.js";
export { simulateCohort } from "./cohort/simulate.js";
export { fetchSource } from "./cohort/sources.js";
export { readTable, readTables } from "./cohort/tables.js";
export { readUcec } from "./cohort/ucec.js";
// The model, what computes it, and its training.
export { chooseEngine } from "./engine/choose.js";
export { type Engine, nameEngine } from "./engine/engine.js";
export { crossValidate } from "./evaluate/classify.js";
// Reconstruction, its controls, the latent space and classifiers.
export { adjustedRandIndex, kMeans, silhouette } from "./evaluate/cluster.js";
export { compareClassifiers } from "./evaluate/compare.js";
export { fitControls } from "./evaluate/controls.js";
export { constantLosses } from "./evaluate/gaussian.js";
export { trustworthiness, tsne, umap } from "./evaluate/latent.js";
export { colorMaps, mapPoints, separation } from "./evaluate/maps.js";
export { type PairedDifference, pairedDifferences } from "./evaluate/paired.js";
export { fitPca, reconstructPca, transformPca } from "./evaluate/pca.js";
export { modelPredictor, type Predictor } from "./evaluate/predictor.js";
export { reconstructionTable, scoreReconstruction } from "./evaluate/reconstruction.js";
export { compareOverSplits } from "./evaluate/splits.js";
export { pearson, spearman, wilsonInterval } from "./evaluate/statistics.js";
export {
  countPairs,
  type FlatScore,
  flattenScores,
  summarizeCorrelations,
} from "./evaluate/summary.js";
export { modisPredictor } from "./evaluate/translation.js";
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
export { saveFigure } from "./figures/save.js";
export { showFigure } from "./figures/show.js";
export { skillFigure } from "./figures/skill.js";
export { splitFigure } from "./figures/split.js";
export { trainingFigure } from "./figures/training.js";
export { showTable } from "./jupyter/table.js";
export { ARO, type AroSpec } from "./model/aro.js";
export { countParameters, initializeWeights, type Losses, type Model } from "./model/model.js";
export { MODIS } from "./model/modis.js";
export { DEFAULT_RATIOS, type ModisSpec } from "./model/modis-shape.js";
export { readTensors, writeTensors } from "./model/tensor-file.js";
export { readWeights, writeWeights } from "./model/weights.js";
// The split and the paper's preprocessing.
export { describeFeature, shareOf, stageHistograms } from "./preprocess/describe.js";
export {
  type Prepared,
  type PreparedCohort,
  prepareCohort,
  requireHeldOut,
} from "./preprocess/prepare.js";
export { applyScaler, fitScaler, type Scaler } from "./preprocess/scaler.js";
export { countParts, type Split, splitSamples } from "./preprocess/split.js";
export {
  accuraciesOf,
  compareVariants,
  lossesOf,
  tabulateSeeds,
  withDeviation,
} from "./study/experiment-scores.js";
export {
  AUTHORS,
  DIFFERENCES,
  findExperiment,
  listRuns,
  MASKED,
  planExperiment,
  SETTINGS,
  UNMASKED,
  type Variant,
} from "./study/experiments.js";
export { modisSpec, openModis, trainModis } from "./study/modis.js";
export { describeStudy } from "./study/overview.js";
export { foldersOf, type Profile, readProfile, replicatesPaper } from "./study/profile.js";
export { scoreExperiment } from "./study/record.js";
export { publishFigure, publishTable, readResults } from "./study/results.js";
export { describeRuns, type RunRow, summarizeRuns } from "./study/runs.js";
export {
  openAro,
  openCohort,
  openStudy,
  readAro,
  type Study,
  trainAro,
} from "./study/study.js";
export { chooseTasks } from "./study/tasks.js";
export {
  setupName,
  summarizeTuning,
  tuneAro,
  tunedSettings,
  tuningReferences,
  tuningSpace,
} from "./study/tuning.js";
export { type Run, readRun } from "./train/folder.js";
export { createProgress } from "./train/progress.js";
export { type RunResult, trainRun } from "./train/run.js";
export { type Dimension, PAPER_SPACE } from "./train/space.js";
export { type Epoch, train } from "./train/train.js";
