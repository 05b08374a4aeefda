// The package "aro": everything that notebooks and users may import, and nothing else.
export {
  type Cohort,
  dropEmptyFeatures,
  type Sample,
  summarizeModalities,
} from "./cohort/cohort.js";
export { type PreparedCohort, prepareCohort } from "./preprocess/prepare.js";
export { splitSamples } from "./preprocess/split.js";
export { foldersOf, type Profile, readProfile } from "./study/profile.js";
