// Features that no training row measured: marked, counted, and left out of what losses and scores count.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { countedMatrix, countUnmeasured, measuredFeatures } from "../../lib/preprocess/counted.js";

const NONE = Number.NaN;
// The second feature is measured in the test row alone.
const train = { matrix: matrixFrom(2, 3, [1, NONE, NONE, NONE, NONE, 2]) };
const held = { matrix: matrixFrom(1, 3, [NONE, 5, 6]) };

test("a feature is measured if any training row has it", () => {
  const measured = measuredFeatures({ train });
  assert.deepEqual([...measured], [1, 0, 1]);
  assert.equal(countUnmeasured(measured, { start: 0, end: 3 }), 1);
  assert.equal(countUnmeasured(measured, { start: 0, end: 1 }), 0);
});

test("a part's mask loses the unmeasured features, and its values stay", () => {
  const counted = countedMatrix(held.matrix, measuredFeatures({ train }));
  assert.deepEqual([...counted.observed], [0, 0, 1]);
  assert.equal(counted.values, held.matrix.values);
  const whole = { matrix: matrixFrom(1, 3, [1, 2, 3]) };
  assert.equal(countedMatrix(held.matrix, measuredFeatures({ train: whole })), held.matrix);
});
