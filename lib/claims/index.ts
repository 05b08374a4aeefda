// The door "aro/claims": the paper's claims beside our results.

// The paper's claims, judged.

export { readEvidence } from "./evidence.js";
export { besidePaper, countByGround, describeVerdicts, judgeClaims } from "./judge.js";
export { compareBlocks, compareLosses } from "./tables.js";
