// Maps and clusters of points: scikit-learn's trustworthiness, exact small cases, determinism, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import { adjustedRandIndex, kMeans, silhouette } from "../../lib/evaluate/cluster.js";
import { trustworthiness, tsne, umap } from "../../lib/evaluate/latent.js";
import { goldenCases } from "../golden.js";

interface Golden {
  trustworthiness: { high: number[][]; low: number[][]; k5: number };
}

const pointsOf = (table: number[][]): Rows => ({
  rows: table.length,
  columns: table[0].length,
  values: Float64Array.from(table.flat()),
});

/** Three clouds of 15 points in 10 dimensions, far apart. */
const labels = Array.from({ length: 45 }, (_, i) => "abc"[i % 3]);
const random = createRandom(1);
const clouds = pointsOf(
  labels.map((label) =>
    Array.from({ length: 10 }, (_, j) => random.normal() + ("abc".indexOf(label) === j ? 12 : 0)),
  ),
);

for (const { folder, data } of goldenCases<Golden>("statistics")) {
  const { high, low, k5 } = data.trustworthiness;
  test(`trustworthiness agrees with scikit-learn (${folder})`, () => {
    const actual = trustworthiness(pointsOf(high), pointsOf(low), 5);
    assert.ok(Math.abs(actual - k5) < 1e-6, `expected ${k5} up to 1e-6, got ${actual}`);
  });

  test(`t-SNE and UMAP keep neighbors better than the first two columns of noise do (${folder})`, () => {
    const points = pointsOf(high);
    const noise = pointsOf(high.map(() => [random.normal(), random.normal()]));
    assert.ok(trustworthiness(points, noise) < 0.7);
    assert.ok(trustworthiness(points, tsne(points)) > 0.9);
    assert.ok(trustworthiness(points, umap(points)) > 0.85);
  });
}

test("trustworthiness is 1 for the points themselves, and refuses too many neighbors", () => {
  assert.equal(trustworthiness(clouds, clouds), 1);
  assert.throws(() => trustworthiness(clouds, clouds, 23), /below half of the 45 points/);
  assert.throws(() => trustworthiness(clouds, pointsOf([[1, 2]])), /a map of 45 points, got 1/);
});

for (const [name, layOut] of [
  ["tsne", tsne],
  ["umap", umap],
] as const) {
  test(`${name} gives the same map for the same seed, without Math.random, and another for another`, () => {
    const unseeded = Math.random;
    Math.random = () => assert.fail(`${name} called Math.random`);
    try {
      const once = layOut(clouds, { seed: 7 });
      assert.deepEqual([once.rows, once.columns, once.values.length], [45, 2, 90]);
      assert.deepEqual(layOut(clouds, { seed: 7 }), once);
      assert.notDeepEqual(layOut(clouds, { seed: 8 }).values, once.values);
    } finally {
      Math.random = unseeded;
    }
  });

  test(`${name} keeps three far clouds apart`, () => {
    const map = layOut(clouds);
    assert.ok(silhouette(map, labels).mean > 0.5);
    assert.equal(adjustedRandIndex(kMeans(map, 3).assignments, labels), 1);
  });

  test(`${name} refuses NaN`, () => {
    const broken = { ...clouds, values: clouds.values.slice() };
    broken.values[13] = Number.NaN;
    assert.throws(() => layOut(broken), /got NaN at row 1, column 3/);
  });
}

test("tsne does not see the scale of its points", () => {
  const [one, same] = [1e-6, 1e6].map((factor) =>
    tsne({ ...clouds, values: clouds.values.map((value) => value * factor) }, { iterations: 50 }),
  );
  one.values.forEach((value, i) => {
    assert.ok(Math.abs(value - same.values[i]) < 1e-4);
  });
});

test("tsne ends where the divergence of the map from the points has no slope", () => {
  const points = { ...clouds, rows: 16, values: clouds.values.slice(0, 160) };
  const [perplexity, rows] = [6, 16]; // three times six neighbors: all others
  const affinities = pairAffinities(points, perplexity);
  const map = tsne(points, { perplexity, iterations: 3000 });
  const divergence = (values: Float64Array) => {
    const kernel = Float64Array.from({ length: rows * rows }, (_, at) => {
      const [i, j] = [Math.floor(at / rows), at % rows];
      const squared =
        (values[2 * i] - values[2 * j]) ** 2 + (values[2 * i + 1] - values[2 * j + 1]) ** 2;
      return i === j ? 0 : 1 / (1 + squared);
    });
    const sum = kernel.reduce((total, value) => total + value, 0);
    return affinities.reduce(
      (total, p, at) => (p > 0 ? total + p * Math.log((p * sum) / kernel[at]) : total),
      0,
    );
  };
  const slopes = (values: Float64Array) =>
    Array.from(values, (value, at) => {
      const [up, down] = [1e-4, -1e-4].map((step) => divergence(values.with(at, value + step)));
      return Math.abs(up - down) / 2e-4;
    });
  const end = Float64Array.from(map.values);
  const steepest = Math.max(...slopes(end));
  assert.ok(steepest < 1e-5, `${steepest}`);
  assert.ok(Math.max(...slopes(end.map((value) => 1.05 * value))) > 1e-3);
});

test("tsne refuses what would take hours, and says how many points would not", () => {
  const many = {
    rows: 10_001,
    columns: 1,
    values: Float32Array.from(Array(10_001).keys()),
  };
  assert.throws(() => tsne(many), /at most 10000 points for 1000 iterations, got 10001; draw/);
});

test("maps refuse neighborhoods that do not fit", () => {
  assert.throws(
    () => tsne(clouds, { perplexity: 44 }),
    /perplexity of at least 1 and below 44 for 45 points, got 44/,
  );
  assert.throws(() => tsne(pointsOf([[1], [2], [3]])), /at least 4 points, got 3/);
  assert.throws(() => tsne(pointsOf(Array(20).fill([1, 2]))), /points that differ/);
  assert.throws(() => tsne(clouds, { iterations: 0 }), /iterations/);
  assert.throws(() => tsne(clouds, { learningRate: 0 }), /learningRate/);
  assert.throws(() => tsne(clouds, { learningRate: 1e305 }), /lower the learning rate/);
  assert.throws(() => umap(clouds, { neighbors: 45 }), /ask for at most 44/);
  assert.throws(() => umap(pointsOf(Array(30).fill([1, 2]))), /umap: expected points that differ/);
  assert.throws(() => tsne(clouds, { perplexity: 0.5 }), /perplexity of at least 1 .*, got 0.5/);
  assert.equal(tsne(clouds, { perplexity: 1, iterations: 20 }).rows, 45);
  assert.throws(() => umap(clouds, { minimumDistance: -1 }), /minimumDistance/);
});

test("kMeans finds clouds, reports each start, and numbers clusters in order of appearance", () => {
  const found = kMeans(clouds, 3, 4);
  assert.deepEqual(
    found.assignments,
    labels.map((label) => "abc".indexOf(label)),
  );
  assert.equal(found.inertia, Math.min(...found.inertiaOfStarts));
  assert.equal(found.inertiaOfStarts.length, 4);
  assert.ok(found.converged);
  assert.deepEqual(found, kMeans(clouds, 3, 4));
  let inertia = 0;
  for (let i = 0; i < clouds.values.length; i++) {
    const own = found.assignments[Math.floor(i / 10)];
    inertia += (clouds.values[i] - found.centroids[own * 10 + (i % 10)]) ** 2;
  }
  assert.ok(Math.abs(inertia - found.inertia) < 1e-9 * inertia);
});

test("kMeans keeps the best of starts that end differently", () => {
  const { inertia, inertiaOfStarts } = kMeans(clouds, 9, 8);
  assert.ok(new Set(inertiaOfStarts).size > 1);
  assert.equal(inertia, Math.min(...inertiaOfStarts));
});

test("kMeans refuses more clusters than distinct points", () => {
  const twins = pointsOf([[1], [1], [2], [2]]);
  assert.equal(kMeans(twins, 2).inertia, 0);
  assert.throws(() => kMeans(twins, 3), /k in \[1, 2\].*got 3/);
  assert.throws(() => kMeans(twins, 2, 0), RangeError);
});

test("silhouette matches a case worked by hand", () => {
  // Points 0 and 1 against 4: a = 1, b = 4 and 3; the group of one gets 0.
  const { mean, samples } = silhouette(pointsOf([[0], [1], [4]]), ["x", "x", "y"]);
  assert.deepEqual(Array.from(samples), [3 / 4, 2 / 3, 0]);
  assert.ok(Math.abs(mean - (3 / 4 + 2 / 3) / 3) < 1e-15);
  assert.deepEqual(Array.from(silhouette(pointsOf([[1], [1], [1]]), [0, 0, 1]).samples), [0, 0, 0]);
  assert.throws(() => silhouette(pointsOf([[0], [1]]), ["x", "x"]), RangeError);
  assert.throws(() => silhouette(pointsOf([[0], [1]]), ["x", "y"]), RangeError);
});

test("adjustedRandIndex matches a case worked by hand, and is 1 whatever the names", () => {
  assert.equal(adjustedRandIndex([0, 0, 1, 1], ["b", "b", "a", "a"]), 1);
  // Pairs together: both 1, left 2, right 2 of 6; expected 2/3: (1 - 2/3) / (2 - 2/3).
  assert.ok(Math.abs(adjustedRandIndex([0, 0, 1, 1], [0, 0, 1, 2]) - 4 / 7) < 1e-12);
  assert.ok(Math.abs(adjustedRandIndex([0, 0, 1, 1], [0, 1, 0, 1]) + 0.5) < 1e-12);
  assert.equal(adjustedRandIndex([0, 1, 2], [5, 6, 7]), 1);
  assert.throws(() => adjustedRandIndex([0], [0, 1]), RangeError);
  assert.throws(() => adjustedRandIndex([], []), RangeError);
});

/** Of each pair, as van der Maaten and Hinton define it; row-major, they sum to 1. */
function pairAffinities({ rows, columns, values }: Rows, perplexity: number): Float64Array {
  const out = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    const squared = Array.from({ length: rows }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < columns; k++) {
        sum += (values[i * columns + k] - values[j * columns + k]) ** 2;
      }
      return sum;
    });
    let [low, high] = [0, 1e3];
    let shares: number[] = [];
    for (let step = 0; step < 200; step++) {
      const precision = (low + high) / 2;
      const weights = squared.map((value, j) => (i === j ? 0 : Math.exp(-precision * value)));
      const sum = weights.reduce((total, value) => total + value, 0);
      shares = weights.map((value) => value / sum);
      const entropy = shares.reduce((total, p) => (p > 0 ? total - p * Math.log(p) : total), 0);
      if (entropy > Math.log(perplexity)) low = precision;
      else high = precision;
    }
    shares.forEach((share, j) => {
      out[i * rows + j] += share / (2 * rows);
      out[j * rows + i] += share / (2 * rows);
    });
  }
  return out;
}
