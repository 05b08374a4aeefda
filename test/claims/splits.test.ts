// The library's own claims: an id for each modality and control, and verdicts by corrected intervals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeDifferences } from "../../lib/claims/splits.js";
import type { RepeatedScore } from "../../lib/evaluate/repeated-splits.js";
import { ARO_PAPER, SHARED, SPLIT_CONTROLS } from "../../lib/study/variants.js";
import { nothing } from "./made-up.js";

const judgeSplits = (name: string, splits: readonly RepeatedScore[]) =>
  judgeDifferences({ ...nothing, profile: { ...nothing.profile, name }, splits });

/** Scores of four splits; `gain` is what the decoder's median r is above every control's. */
function scoresWith(gain: (seed: number) => number): RepeatedScore[] {
  const about = {
    part: "test" as const,
    modality: "phosphoprotein",
    trainSamples: 80,
    samples: 18,
    observed: 9,
    unmeasured: 0,
    huber: 0,
    skill: null,
    varianceRatio: null,
    steps: null,
  } as const;
  return [1, 2, 3, 4].flatMap((seed) => [
    ...SPLIT_CONTROLS.map((variant, i) => ({
      seed,
      variant,
      mse: 0.2 + seed / 100,
      r: i === 0 ? null : 0.4,
      ...about,
    })),
    { seed, variant: SHARED, mse: 0.1 + seed / 90, r: 0.4 + gain(seed), ...about },
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
  assert.ok(ours.mse.estimate < 0 && ours.mse.high < 0 && (ours.r?.low ?? 0) > 0);
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

test("ARO is judged against a constant by its MSE alone, and against controls by both", () => {
  const scores = scoresWith(() => 0);
  const aro = scores
    .filter(({ variant }) => variant === SHARED)
    .map((score) => ({ ...score, variant: ARO_PAPER, mse: score.mse + 0.2, r: 0.3 }));
  const claims = judgeSplits("mine", [...scores, ...aro]).filter(({ id }) => /aro/.test(id));
  assert.deepEqual(
    claims.map(({ id, verdict }) => [id, verdict]),
    ["mean", "ridge", "ridge-cis", "ridge-cis-offset"].map((name) => [
      `mine-phospho-aro-vs-${name}`,
      "worse",
    ]),
  );
  assert.equal(claims[0].ours.r, null);
  assert.ok(claims[1].ours.r);
});

test("without recorded scores nothing is claimed", () => {
  assert.deepEqual(judgeDifferences(nothing), []);
});
