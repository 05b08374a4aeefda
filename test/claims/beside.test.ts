// Ours beside a printed number: never called the same on another cohort.
import assert from "node:assert/strict";
import { test } from "node:test";
import { besidePaper } from "../../lib/claims/beside.js";
import { readProfile } from "../../lib/study/profile.js";

test("a number is the same only on the paper's own cohorts, to the digits printed", () => {
  const paper = readProfile({ ARO_PROFILE: "paper" });
  assert.equal(besidePaper(paper, 0.1449, "0.14"), "the same");
  assert.equal(besidePaper(paper, 0.146, "0.14"), "different");
  assert.equal(besidePaper(paper, 71_094, "71,094"), "the same");
  for (const name of ["ucec", "gbm", "course"]) {
    assert.equal(besidePaper(readProfile({ ARO_PROFILE: name }), 0.14, "0.14"), "another cohort");
  }
});
