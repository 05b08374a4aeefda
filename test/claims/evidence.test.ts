// The evidence that is there: all of it for the default profile of a clone, nothing before a first run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mayReplicate, readEvidence } from "../../lib/claims/evidence.js";
import { judgeClaims } from "../../lib/claims/judge.js";
import { readProfile } from "../../lib/study/profile.js";
import { nothing } from "./made-up.js";

test("the tables of the default profile come with the repository, and decide what any cohort can answer", async () => {
  const evidence = await readEvidence(readProfile({}));
  assert.equal(evidence.replicates, false);
  const cohort = judgeClaims(evidence).filter(({ kind }) => kind === "cohort");
  assert.ok(cohort.length >= 5);
  for (const { id, judgedOn, ours } of cohort) {
    assert.equal(judgedOn, "ucec", id);
    assert.match(ours, /^on ucec/, id);
  }
});

test("numbers may replicate only on the paper's own cohorts, from models trained as it states", async () => {
  const { runs } = await readEvidence(readProfile({}));
  assert.ok(runs && runs.length > 0);
  const stated = runs.map((run) => ({ ...run, departures: "none" }));
  const paper = readProfile({ ARO_PROFILE: "paper" });
  assert.equal(mayReplicate(paper, stated), true);
  const narrower = { ...stated[0], departures: "width 256 for 2,048" };
  assert.equal(mayReplicate(paper, [narrower, stated[1]]), false);
  assert.equal(mayReplicate(paper, null), false);
  assert.equal(mayReplicate(readProfile({}), stated), false);
});

test("a profile that was never run has no evidence, and its ledger says how to make some", async () => {
  const profile = { ...readProfile({}), name: "never-run" };
  const evidence = await readEvidence(profile);
  assert.deepEqual(evidence, { ...nothing, profile });
  const open = judgeClaims(evidence).filter(({ ours }) => /npm start/.test(ours));
  assert.equal(open.length, 18 + 1 + 3 + 5); // losses, runs behind them, the comparator's, the questions for any cohort
});
