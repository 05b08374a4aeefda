// The door "aro/study": a profile's cohort, the runs trained on it, experiments over many runs, and published results.

// A study: a profile's cohort, prepared, with its trained models.

export { embedSamples, encodeSamples } from "./embeddings.js";
export { exportStudy } from "./export.js";
export { openGeneSets } from "./gene-sets.js";
export { modisSpec, openModis, trainModis } from "./modis.js";
export { describeStudy } from "./overview.js";
export { type Profile, readProfile } from "./profile.js";
export { openAro, openCohort, openStudy, readAro, trainAro } from "./study.js";
export { chooseTasks } from "./tasks.js";

// Searches, experiments and measurements: many runs of a study, compared.

export { runCanaries } from "./canaries.js";
export { compareVariants, tabulateSeeds, tabulateSplits } from "./experiment-scores.js";
export { planExperiment } from "./experiments.js";
export { openHiddenCells } from "./hidden-cells.js";
export { readRecords, scoreExperiment } from "./record.js";
export { openSets, recordedSets } from "./sets.js";
export { compareSpaces, tuneAro, tuningReferences } from "./tuning.js";
export { openUncertainty } from "./uncertainty.js";

// Results: published figures and tables, and the sentences that state them.

export { publishFigure, publishTable } from "./results.js";
export { describeRuns, summarizeRuns } from "./runs.js";
export {
  describeAccuracies,
  describeClusters,
  describeComparisons,
  describeDifferences,
  describeEffects,
  describeScores,
  describeSearches,
  describeTraining,
  findLowest,
} from "./sentences.js";
