// Outcomes from embeddings: a signal is found, noise and shuffled outcomes are not, and nothing leaks between folds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import {
  compareOutcomes,
  encodeCovariates,
  type OutcomeOptions,
} from "../../lib/evaluate/outcomes.js";

const N = 90;
const random = createRandom(5, "outcomes");
const factor = Array.from({ length: N }, () => random.normal());
/** More columns than samples, the first few of which follow the factor. */
const columnsOf = (informed: number, columns: number): Rows => ({
  rows: N,
  columns,
  values: Float32Array.from(
    { length: N * columns },
    (_, at) => (at % columns < informed ? factor[Math.floor(at / columns)] : 0) + random.normal(),
  ),
});
const groups = factor.map((_, i) => `P${Math.floor(i / 1.2)}`); // some patients give two samples
const representations = { informed: columnsOf(12, 120), noise: columnsOf(0, 120) };
const time = factor.map((f) => -Math.log(random.uniform()) * Math.exp(-1.2 * f) + 0.01);
const died = factor.map(() => random.uniform() < 0.8);
const values = factor.map((f, i) => (i === 7 ? null : 25 + 5 * f + random.normal()));

test("a number is read from the columns that follow it, and not from noise", () => {
  const rows = compareOutcomes({
    outcome: { kind: "number", values },
    representations,
    groups,
    draws: 100,
  });
  const [informed, noise] = rows;
  assert.deepEqual(
    [informed.representation, informed.measure, informed.samples, informed.deaths],
    ["informed", "R2", N - 1, null],
  );
  assert.ok(informed.score.value > 0.5 && informed.score.low > 0.3, JSON.stringify(informed));
  assert.ok(noise.score.value < 0.15 && noise.lambda > informed.lambda, JSON.stringify(noise));
  assert.ok(informed.difference === null && noise.difference!.high < 0);
});

test("survival is read from the columns that follow it, and shuffled survival is not", () => {
  const outcome = { kind: "survival", time, died } as const;
  const options = { outcome, representations, groups, draws: 100, folds: 4, repeats: 2 };
  const [informed, noise] = compareOutcomes(options);
  assert.equal(informed.measure, "concordance");
  assert.equal(informed.deaths, died.filter(Boolean).length);
  assert.ok(informed.score.low > 0.6, JSON.stringify(informed));
  assert.ok(noise.score.low < 0.5 && noise.score.value < 0.62, JSON.stringify(noise));
  const moved = (list: readonly number[]) => list.map((_, i) => list[(i + 41) % N]);
  const shuffled = { kind: "survival", time: moved(time), died } as const;
  const [canary] = compareOutcomes({ ...options, outcome: shuffled });
  assert.ok(canary.score.low < 0.5 && canary.score.high > 0.4, JSON.stringify(canary));
});

test("covariates become columns: numbers with a mark of what is missing, texts as 0 and 1", () => {
  const rows = encodeCovariates({
    age: [50, null, 70],
    stage: ["I", "II", null],
    size: [1, 2, 3],
  });
  assert.deepEqual([rows.rows, rows.columns], [3, 6]);
  assert.deepEqual([...rows.values], [50, 1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 2, 70, 1, 0, 0, 1, 3]);
  assert.throws(() => encodeCovariates({}), /expected a covariate, got none/);
  assert.throws(() => encodeCovariates({ a: [1], b: [] }), /1 values of b, got 0/);
});

test("what cannot be judged is refused", () => {
  const refuse = (changed: Partial<OutcomeOptions>, message: RegExp) => {
    const outcome = { kind: "number", values } as const;
    assert.throws(() => compareOutcomes({ outcome, representations, groups, ...changed }), message);
  };
  const dead = died.map((_, i) => i < 3);
  refuse({ outcome: { kind: "survival", time, died: dead } }, /at least 10 patients, as many/);
  refuse({ outcome: { kind: "number", values: [1, 2] } }, /90 outcomes, one a sample, got 2/);
  const zero = { kind: "survival", time: time.with(3, 0), died } as const;
  refuse({ outcome: zero }, /positive times, got 0 at row 3/);
  const infinite = values.map((value, i) => (i === 3 ? Number.NaN : value));
  refuse({ outcome: { kind: "number", values: infinite } }, /finite outcomes, got NaN at row 3/);
  const short = { short: { rows: 2, columns: 1, values: new Float32Array(2) } };
  refuse({ representations: short }, /90 rows of short, got 2/);
});
