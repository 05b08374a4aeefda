// Skills over splits: their means and intervals, and when a predictor counts as clearly best.
import assert from "node:assert/strict";
import { test } from "node:test";
import { averageSkills, type SplitSkill } from "../../lib/study/skills.js";

const score = (predictor: string, seed: number, mse: number): SplitSkill => ({
  predictor,
  seed,
  trainSamples: 40,
  samples: 10,
  mse,
  skill: 1 - mse,
});

/** Scores of the same predictors on as many splits as there are errors. */
const scoresOf = (errors: Readonly<Record<string, readonly number[]>>) =>
  Object.entries(errors).flatMap(([name, own]) => own.map((mse, i) => score(name, 42 + i, mse)));

const averaged = (errors: Readonly<Record<string, readonly number[]>>) =>
  averageSkills(scoresOf(errors), () => ({ cell: "x" }));

test("a skill is averaged over splits, with an interval wider than Student's by the shared samples", () => {
  const [row] = averaged({ a: [0.5, 0.6, 0.7] });
  assert.deepEqual([row.cell, row.predictor, row.splits], ["x", "a", 3]);
  assert.ok(Math.abs(row.skill - 0.4) < 1e-12);
  // t(2) = 4.302653 times sqrt(1/3 + 10/40) times 0.1
  assert.ok(Math.abs(row.high - row.skill - 4.302653 * Math.sqrt(1 / 3 + 0.25) * 0.1) < 1e-6);
  assert.ok(Math.abs(row.high + row.low - 2 * row.skill) < 1e-12);
});

test("a predictor is clearly best only if it errs less than every other beyond doubt", () => {
  const rankOf = (errors: Readonly<Record<string, readonly number[]>>) =>
    averaged(errors).map(({ predictor, rank }) => `${predictor}: ${rank}`);
  const [a, far, near] = [
    [0.5, 0.51, 0.52],
    [0.8, 0.812, 0.819],
    [0.49, 0.53, 0.522],
  ];
  assert.deepEqual(rankOf({ a, far }), ["a: clearly best", "far: "]);
  assert.deepEqual(rankOf({ far, a, near }), ["far: ", "a: best", "near: "]);
});

test("each cell has a best predictor of its own; a single split is refused", () => {
  const scores = [
    ...scoresOf({ a: [0.5, 0.52], b: [0.7, 0.71] }).map((one) => ({ ...one, cell: "x" })),
    ...scoresOf({ a: [0.9, 0.92], b: [0.7, 0.71] }).map((one) => ({ ...one, cell: "y" })),
  ];
  const best = averageSkills(scores, ({ cell }) => ({ cell })).filter(({ rank }) => rank !== "");
  assert.deepEqual(
    best.map(({ cell, predictor }) => cell + predictor),
    ["xa", "yb"],
  );
  assert.throws(() => averaged({ a: [0.5] }), /at least 2 splits with a skill of "a".*got 1/);
});
