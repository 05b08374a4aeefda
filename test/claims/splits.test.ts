// The shared decoder's claims: an id for each modality and control, and verdicts by corrected intervals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeSplits } from "../../lib/claims/splits.js";
import type { SplitScore } from "../../lib/evaluate/repeated-splits.js";
import { SHARED, SPLIT_CONTROLS } from "../../lib/study/splits.js";

/** Scores of four splits; `gain` is what the decoder's median r is above every control's. */
function scoresWith(gain: (seed: number) => number): SplitScore[] {
  const about = {
    modality: "phosphoprotein",
    space: "paper",
    trainRows: 80,
    testRows: 18,
  } as const;
  const rest = { observed: 9, unmeasured: 0, huber: 0, skill: null, varianceRatio: null };
  return [1, 2, 3, 4].flatMap((seed) => [
    ...SPLIT_CONTROLS.map((predictor) => ({
      ...{ seed, predictor, mse: 0.2 + seed / 100, r: 0.4, ...about, ...rest },
    })),
    { seed, predictor: SHARED, mse: 0.1 + seed / 90, r: 0.4 + gain(seed), ...about, ...rest },
  ]);
}

test("each control has a claim with both differences and the number of splits", () => {
  const claims = judgeSplits(
    "ucec",
    scoresWith((seed) => 0.1 + seed / 1000),
  );
  assert.deepEqual(
    claims.map(({ id }) => id),
    ["ucec-phospho-vs-ridge", "ucec-phospho-vs-ridge-cis", "ucec-phospho-vs-ridge-cis-offset"],
  );
  const [{ ours, verdict }] = claims;
  assert.equal(ours.repeats, 4);
  assert.ok(ours.mse.estimate < 0 && ours.mse.high < 0 && ours.r.low > 0);
  assert.equal(verdict, "better");
});

test("a claim is undecided while an interval contains 0, and lost where one favors the control", () => {
  const verdictOf = (gain: (seed: number) => number) =>
    judgeSplits("ucec", scoresWith(gain))[0].verdict;
  assert.equal(
    verdictOf((seed) => (seed % 2 ? 0.1 : -0.1)),
    "undecided",
  );
  assert.equal(
    verdictOf((seed) => -0.1 - seed / 1000),
    "worse",
  );
});
