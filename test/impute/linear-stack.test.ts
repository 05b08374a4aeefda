// The pooled linear stack agrees with NumPy, predicts held-out samples, and refuses what it cannot be fitted on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keepFeatures } from "../../lib/cohort/cohort.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { scoreRepeat } from "../../lib/evaluate/repeated-splits.js";
import { crossFit, fitSharedDecoder } from "../../lib/impute/fit.js";
import type { FeatureTable } from "../../lib/impute/infer.js";
import { sharedDecoderPredictor } from "../../lib/impute/infer.js";
import { fitLinearStack, weighPaths } from "../../lib/impute/linear-stack.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  readonly stack: {
    readonly ranges: readonly (readonly [number, number])[];
    /** Of each sample. */
    readonly folds: readonly number[];
    /** `[folds, features]`. */
    readonly units: readonly (readonly number[])[];
    /** `[samples, features, paths]`. */
    readonly values: readonly (readonly (readonly number[])[])[];
    /** `[samples, features]`. */
    readonly targets: readonly (readonly (number | null)[])[];
    readonly expected: readonly { weights: readonly number[]; deviations: readonly number[] }[];
  };
}

for (const { data } of goldenCases<Golden>("shared_decoder")) {
  test("weighPaths agrees with NumPy to 1e-5 on each modality", () => {
    const { ranges, folds, units, values, targets, expected } = data.stack;
    const features = targets[0].length;
    const tables = folds.map(
      (fold) => ({ unit: Float64Array.from(units[fold]) }) as unknown as FeatureTable,
    );
    const described = { values: Float32Array.from(values.flat(2)), features, tables };
    const seen = targets
      .flat()
      .flatMap((target, code) => (target === null ? [] : [{ code, target }]));
    const pairs = {
      codes: Int32Array.from(seen, ({ code }) => code),
      targets: Float32Array.from(seen, ({ target }) => target),
    };
    ranges.forEach(([start, end], m) => {
      const { weights, deviations } = weighPaths(described, pairs, { start, end });
      assert.ok(relativeError(weights, expected[m].weights) <= 1e-5);
      assert.ok(relativeError(deviations, expected[m].deviations) <= 1e-5);
    });
  });
}

const { cohort: whole } = simulateCohort({ seed: 3 });
const cohort = keepFeatures(whole, (column) => column % 12 === 0, "not every twelfth");
const split = splitSamples(cohort.samples, { seed: 3 });

test("a pooled linear stack predicts held-out samples better than their mean", async () => {
  const prepared = prepareCohort(cohort, split);
  const stack = await fitLinearStack(cohort, split.train);
  const predictor = sharedDecoderPredictor(stack, prepared, cohort, { name: "stack" });
  const scores = await scoreRepeat([predictor], prepared, { seed: 3, parts: ["test"] });
  for (const { modality, skill, r } of scores.filter(({ modality }) => modality !== "all")) {
    assert.ok(skill! > 0.1, `${modality}: expected a skill above 0.1, got ${skill}`);
    assert.ok(r! > 0.2, `${modality}: expected a median r above 0.2, got ${r}`);
  }
});

test("a pooled linear stack refuses samples of too few patients, and rows that do not exist", async () => {
  await assert.rejects(fitLinearStack(cohort, [0]), /at least 2 patients, got 1/);
  await assert.rejects(fitLinearStack(cohort, [-1]), /expected rows in \[0/);
});

test("a shared decoder takes paths that come ready made, and still refuses a single network", async () => {
  const rows = split.train;
  const crossFitted = await crossFit(cohort, { rows, folds: 2, networks: 2, seed: 42 });
  const ready = { rows, crossFitted, mostSteps: 1 };
  const shares: number[] = [];
  const onProgress = (share: number) => shares.push(share);
  await fitSharedDecoder(cohort, { ...ready, networks: 2, onProgress });
  assert.deepEqual(shares, [0.5, 1]);
  await assert.rejects(
    fitSharedDecoder(cohort, { ...ready, networks: 1 }),
    /expected at least 2 networks and as many folds, got 1 and 8/,
  );
});
