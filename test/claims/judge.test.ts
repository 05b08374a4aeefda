// The judge: verdicts follow from rules, and a number from another cohort is never a replication.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  besidePaper,
  countByGround,
  countVerdicts,
  describeVerdicts,
  judgeClaims,
  type Verdict,
} from "../../lib/claims/judge.js";
import { type Claim, type Kind, paperClaims } from "../../lib/claims/paper.js";
import { readProfile } from "../../lib/study/profile.js";
import { entryOf, evidence, nothing } from "./made-up.js";

const paper = readProfile({ ARO_PROFILE: "paper" });

test("every claim is judged once, under an id of its own, and says what it was judged on", () => {
  const entries = judgeClaims(evidence);
  assert.equal(entries.length, paperClaims().length);
  for (const { id, ours, verdict, judgedOn } of entries) {
    assert.ok(ours.length > 0, id);
    assert.equal(verdict === "needs the data", judgedOn === "nothing", id);
  }
});

const claim: Claim = {
  id: "a",
  where: "Table 1",
  what: "a claim",
  paper: "1",
  kind: "code",
  rule: "setting",
  about: [],
  code: "1",
  here: "1",
  file: "",
};

/** By a setting, which holds where the code does what is stated, and the interval of the paper's own accuracies. */
const judged = (kind: Kind, holds: boolean | "undecided" | null, own = false) => {
  const rules = {
    true: claim,
    false: { ...claim, code: "2" },
    undecided: { ...claim, rule: "accuraciesApart", about: ["laterality"] },
    null: { ...claim, rule: "unmeasured" },
  };
  const on = own ? { ...evidence, profile: paper, replicates: true } : evidence;
  const [{ verdict, judgedOn }] = judgeClaims(on, [{ ...rules[`${holds}`], kind }]);
  return `${verdict} (${judgedOn})`;
};

test("a verdict follows from the kind of the claim and from whether it holds", () => {
  const expected: [Kind, holds: string, fails: string][] = [
    ["arithmetic", "reproduced (the paper)", "not reproduced (the paper)"],
    ["consistency", "reproduced (the paper)", "contradicts itself (the paper)"],
    ["code", "paper and code agree (its code)", "contradicts itself (its code)"],
    ["cohort", "reproduced (ucec)", "not reproduced (ucec)"],
    ["data", "needs the data (nothing)", "needs the data (nothing)"],
  ];
  for (const [kind, holds, fails] of expected) {
    assert.deepEqual([judged(kind, true), judged(kind, false)], [holds, fails], kind);
    assert.equal(judged(kind, null), "needs the data (nothing)", kind);
  }
  assert.equal(judged("cohort", "undecided"), "undecided (ucec)");
  assert.equal(judged("arithmetic", "undecided"), "undecided (the paper)");
  assert.equal(judged("data", "undecided"), "needs the data (nothing)");
});

test("on the paper's own cohorts, what needs the data is decided", () => {
  assert.equal(judged("data", true, true), "reproduced (its cohorts)");
  assert.equal(judged("data", false, true), "not reproduced (its cohorts)");
  assert.equal(judged("data", "undecided", true), "undecided (its cohorts)");
  assert.equal(judged("data", null, true), "needs the data (nothing)");
  assert.equal(judged("cohort", true, true), "reproduced (its cohorts)");
});

test("a claim that rests on the authors' code links to its lines, of a notebook to the file", () => {
  assert.equal(
    entryOf("output-activation").source,
    "https://github.com/ccdderc/ARO/blob/7170eed/src/models.py#L182-L184",
  );
  assert.equal(entryOf("samples-joined").source, null);
  const onCode = judgeClaims(evidence).filter(({ kind }) => kind === "code");
  for (const { id, source } of onCode) assert.match(source ?? "", /\.ipynb$|#L\d+(-L\d+)?$/, id);
});

test("the paper and its code agree on the learning rate and differ in the output", () => {
  assert.equal(entryOf("learning-rate").verdict, "paper and code agree");
  for (const id of [
    "output-activation",
    "hidden-dropout",
    "masked-block",
    "leakage",
    "split-unit",
  ]) {
    assert.equal(entryOf(id).verdict, "contradicts itself", id);
  }
});

test("without a run, what needs one is not decided, and arithmetic is", () => {
  const entries = judgeClaims(nothing);
  const cohort = entries.filter(({ kind }) => kind === "cohort");
  assert.ok(cohort.length >= 5 && cohort.every(({ verdict }) => verdict === "needs the data"));
  assert.equal(entries.find(({ id }) => id === "parameters")?.verdict, "reproduced");
});

test("verdicts are counted, in their order and by what they were reached on", () => {
  const [entry] = judgeClaims(evidence, [claim]);
  const entries = (
    [
      ["needs the data", "nothing"],
      ["reproduced", "ucec"],
      ["reproduced", "the paper"],
      ["reproduced", "ucec"],
    ] as [Verdict, string][]
  ).map(([verdict, judgedOn]) => ({ ...entry, verdict, judgedOn }));
  assert.deepEqual(countVerdicts(entries), {
    reproduced: 3,
    "paper and code agree": 0,
    "not reproduced": 0,
    "contradicts itself": 0,
    undecided: 0,
    "needs the data": 1,
  });
  assert.equal(
    describeVerdicts(entries),
    "Of 4 claims, 3 hold (3 reproduced) and 1 needs the paper's data.",
  );
  const all = (["undecided", "not reproduced", "contradicts itself"] as const).map((verdict) => ({
    ...entry,
    verdict,
  }));
  assert.equal(
    describeVerdicts([...entries, ...all]),
    "Of 7 claims, 3 hold (3 reproduced), 2 do not (1 not reproduced, 1 that contradicts the paper or its code), " +
      "1 is undecided, and 1 needs the paper's data.",
  );
  assert.equal(describeVerdicts([]), "No claim was judged.");
  assert.deepEqual(countByGround(entries), [
    { verdict: "reproduced", judgedOn: "ucec", claims: 2 },
    { verdict: "reproduced", judgedOn: "the paper", claims: 1 },
    { verdict: "needs the data", judgedOn: "nothing", claims: 1 },
  ]);
});

test("a number is the same only on the paper's own cohorts, to the digits printed", () => {
  assert.equal(besidePaper(paper, 0.1449, "0.14"), "the same");
  assert.equal(besidePaper(paper, 0.146, "0.14"), "different");
  assert.equal(besidePaper(paper, 71_094, "71,094"), "the same");
  for (const name of ["ucec", "gbm", "course"]) {
    assert.equal(besidePaper(readProfile({ ARO_PROFILE: name }), 0.14, "0.14"), "another cohort");
  }
});
