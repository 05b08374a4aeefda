// The Gaussian process: scikit-learn's numbers, a fit that finds what matters, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { conditionProcess, fitProcess } from "../../lib/train/gaussian-process.js";
import { expectedImprovement } from "../../lib/train/search.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  places: number[][];
  values: number[];
  targets: number[][];
  fits: {
    lengths: number[];
    noise: number;
    log_likelihood: number;
    mean: number[];
    deviation: number[];
  }[];
  improvement: { mean: number; deviation: number; best: number; expected: number }[];
}

for (const { folder, data } of goldenCases<Golden>("gaussian_process")) {
  for (const { lengths, noise, log_likelihood, mean, deviation } of data.fits) {
    test(`conditionProcess agrees with scikit-learn at noise ${noise} (${folder})`, () => {
      const process = conditionProcess(data.places, data.values, { lengths, noise });
      assert.ok(relativeError([process.logLikelihood], [log_likelihood]) < 1e-7);
      const found = process.predict(data.targets);
      assert.ok(relativeError(found.mean, mean) < 1e-7);
      assert.ok(relativeError(found.deviation, deviation) < 1e-7);
    });
  }

  test(`expectedImprovement agrees with SciPy (${folder})`, () => {
    for (const { mean, deviation, best, expected } of data.improvement) {
      const found = expectedImprovement(mean, deviation, best);
      assert.ok(Math.abs(found - expected) < 1e-6, `${found} ${expected}`);
    }
  });
}

test("without doubt, the expected improvement is the improvement, or none", () => {
  assert.equal(expectedImprovement(1, 0, 3), 2);
  assert.equal(expectedImprovement(3, 0, 1), 0);
  assert.ok(expectedImprovement(100, 0.1, 0) >= 0);
});

test("fitProcess gives a dimension without influence a longer length than one with", () => {
  const random = createRandom(4, "places");
  const places = Array.from({ length: 30 }, () => [random.uniform(), random.uniform()]);
  const values = places.map(([x]) => Math.sin(9 * x));
  const { kernel, logLikelihood } = fitProcess(places, values);
  assert.ok(kernel.lengths[1] > 4 * kernel.lengths[0], `${kernel.lengths}`);
  // As when searches were recorded, whose points depend on it.
  assert.ok(relativeError(kernel.lengths, [0.32974425414002567, 170.8117525052303]) < 1e-9);
  const flat = conditionProcess(places, values, { lengths: [1, 1], noise: 0.02 });
  assert.ok(logLikelihood > flat.logLikelihood);
});
