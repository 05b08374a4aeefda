// The door "aro/course": the exercises, planted defects that a sound analysis must notice, and a known truth.

// The exercises of the course.

export { check } from "./check.js";
export { openPipelines } from "./pipelines.js";

// Canaries: changes of the data that a sound analysis must notice.

export {
  duplicateSample,
  findSharedPatients,
  permuteLabels,
  permuteRows,
} from "../evaluate/canaries.js";

// A known truth: how much of what generated a simulated cohort a model recovers.

export { recoverFactors } from "../evaluate/canonical.js";
export { fitLinearOracle, fitNoiseFloor, scoreHidden } from "../evaluate/oracle.js";
