// Maps and clusters of points: scikit-learn's trustworthiness, exact small cases, determinism, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import type { Rows } from "../../lib/engine/linear-algebra.js";
import {
  adjustedRandIndex,
  clusterPoints,
  separation,
  silhouette,
} from "../../lib/evaluate/cluster.js";
import { mapPoints, trustworthiness, umap } from "../../lib/evaluate/maps.js";
import { tsne } from "../../lib/evaluate/tsne.js";
import { goldenCases } from "../golden.js";
import { pointsOf } from "./synthetic.js";

interface Golden {
  trustworthiness: { high: number[][]; low: number[][]; k5: number };
}

/** Three clouds of 15 points in 10 dimensions, far apart. */
const groups = Array.from({ length: 45 }, (_, i) => "abc"[i % 3]);
const random = createRandom(1);
const clouds = pointsOf(
  groups.map((group) =>
    Array.from({ length: 10 }, (_, j) => random.normal() + ("abc".indexOf(group) === j ? 12 : 0)),
  ),
);
const group = { name: "group", values: groups };

for (const { folder, data } of goldenCases<Golden>("statistics")) {
  const { high, low, k5 } = data.trustworthiness;
  test(`trustworthiness agrees with scikit-learn (${folder})`, () => {
    const actual = trustworthiness(pointsOf(high), pointsOf(low));
    assert.ok(Math.abs(actual - k5) < 1e-6, `expected ${k5} up to 1e-6, got ${actual}`);
  });

  test(`t-SNE and UMAP keep neighbors better than the first two columns of noise do (${folder})`, () => {
    const points = pointsOf(high);
    const noise = pointsOf(high.map(() => [random.normal(), random.normal()]));
    assert.ok(trustworthiness(points, noise) < 0.7);
    assert.ok(trustworthiness(points, tsne(points, { perplexity: 10, seed: 42 })) > 0.9);
    assert.ok(trustworthiness(points, umap(points, 42)) > 0.85);
  });
}

test("maps are the same for the same seed, without Math.random, keep clouds apart, and can be trusted", () => {
  const unseeded = Math.random;
  Math.random = () => assert.fail("Math.random was called");
  try {
    const once = mapPoints(clouds, [group], { seed: 7 });
    assert.deepEqual(mapPoints(clouds, [group], { seed: 7 }), once);
    const [pca, ...drawn] = mapPoints(clouds, [], { seed: 8 }).maps;
    assert.deepEqual(pca, once.maps[0]);
    for (const [i, { method, x }] of drawn.entries()) {
      assert.notDeepEqual(x, once.maps[i + 1].x, method);
    }
    const [{ name, silhouettes }] = once.colorings;
    assert.equal(name, "group");
    for (const [i, map] of once.maps.entries()) {
      assert.equal(map.x.length, 45);
      assert.ok(map.trustworthiness > 0.7, `${map.method} ${map.trustworthiness}`);
      assert.ok(silhouettes[i] > 0.5, `${map.method} ${silhouettes[i]}`);
    }
    assert.deepEqual(
      once.maps.map(({ method }) => method),
      ["PCA", "t-SNE", "UMAP"],
    );
  } finally {
    Math.random = unseeded;
  }
});

test("tsne does not see the scale of its points", () => {
  const [one, same] = [1e-6, 1e6].map((factor) =>
    tsne(
      { ...clouds, values: clouds.values.map((value) => value * factor) },
      { perplexity: 10, seed: 42, iterations: 50 },
    ),
  );
  one.values.forEach((value, i) => {
    assert.ok(Math.abs(value - same.values[i]) < 1e-4);
  });
});

test("tsne ends where the divergence of the map from the points has no slope", () => {
  const points = { ...clouds, rows: 16, values: clouds.values.slice(0, 160) };
  const [perplexity, rows] = [6, 16]; // three times six neighbors: all others
  const affinities = pairAffinities(points, perplexity);
  const map = tsne(points, { perplexity, seed: 42, iterations: 3000 });
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

test("tsne refuses what would take hours, and says how many points would not and what minutes they take", (t) => {
  const map = (rows: number) => {
    const points = { rows, columns: 1, values: Float32Array.from(Array(rows).keys()) };
    return tsne(points, { perplexity: 10, seed: 42 });
  };
  assert.throws(() => map(10_001), /at most 10000 points for 1000 iterations, got 10001; draw/);
  t.mock.method(console, "warn", (line: string) => {
    throw new Error(line); // before it starts
  });
  assert.throws(() => map(5000), { message: "tsne: 5,000 points take about 1 min 15 s" });
});

test("clusterPoints finds clouds, numbers clusters in order of appearance, and compares them with labels", () => {
  const half = groups.map((_, i) => (i < 15 ? null : Math.floor(i / 15)));
  const found = clusterPoints(clouds, 3, [group, { name: "half", values: half }]);
  assert.deepEqual(
    found.assignments,
    groups.map((name) => "abc".indexOf(name)),
  );
  const centroids = [0, 1, 2].map((c) =>
    Array.from({ length: 10 }, (_, j) => {
      const own = [...groups.keys()].filter((row) => row % 3 === c);
      return own.reduce((sum, row) => sum + clouds.values[row * 10 + j] / own.length, 0);
    }),
  );
  const inertia = clouds.values.reduce(
    (sum, value, at) => sum + (value - centroids[Math.floor(at / 10) % 3][at % 10]) ** 2,
    0,
  );
  assert.ok(Math.abs(inertia - found.inertia) < 1e-9 * inertia);
  const [own, other] = found.labels;
  assert.deepEqual([own.label, own.adjustedRand, own.silhouette], ["group", 1, found.silhouette]);
  assert.ok((found.silhouette ?? 0) > 0.5);
  assert.equal(other.label, "half");
  assert.ok(Math.abs(other.adjustedRand) < 0.2 && Math.abs(other.silhouette ?? 1) < 0.2);
  assert.equal(clusterPoints(clouds, 1).silhouette, null);
});

test("clusterPoints refuses more clusters than distinct points", () => {
  const twins = pointsOf([[1], [1], [2], [2]]);
  assert.equal(clusterPoints(twins, 2).inertia, 0);
  assert.throws(() => clusterPoints(twins, 3), /k in \[1, 2\].*got 3/);
});

test("silhouette matches a case worked by hand", () => {
  // Points 0 and 1 against 4: a = 1, b = 4 and 3; the group of one gets 0.
  const mean = silhouette(pointsOf([[0], [1], [4]]), ["x", "x", "y"]);
  assert.ok(Math.abs(mean - (3 / 4 + 2 / 3) / 3) < 1e-15);
  assert.equal(silhouette(pointsOf([[1], [1], [1]]), [0, 0, 1]), 0);
});

test("separation leaves unrecorded rows and classes of one sample out, and is null where one class is left", () => {
  const withOne = { name: "group", values: groups.map((name, i) => (i === 3 ? "d" : name)) };
  const without = { name: "group", values: groups.map((name, i) => (i === 3 ? null : name)) };
  assert.ok((separation(clouds, without) ?? 0) > 0.5);
  assert.equal(separation(clouds, withOne), separation(clouds, without));
  const [{ leftOut }] = mapPoints(clouds, [withOne]).colorings;
  assert.deepEqual(leftOut, ["d"]);
  assert.equal(separation(clouds, { name: "id", values: groups.map((_, i) => i) }), null);
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

test("points that cannot be mapped are refused, and labels that do not fit", () => {
  const short = { name: "grade", values: [1, 2] };
  assert.throws(
    () => mapPoints(clouds, [short]),
    /mapPoints: expected 45 values of "grade", got 2/,
  );
  assert.throws(() => clusterPoints(clouds, 2, [short]), /clusterPoints: expected 45 values/);
  const unknown = { name: "grade", values: groups.map(() => null) };
  assert.throws(() => clusterPoints(clouds, 2, [unknown]), /got 0 and 0/);
  assert.throws(() => mapPoints(pointsOf([[1], [2], [3]]), []), /at least 25 rows, got 3/);
  assert.throws(() => mapPoints(pointsOf(Array(30).fill([1, 2])), []), /rows that differ/);
  const broken = { ...clouds, values: clouds.values.with(13, Number.NaN) };
  assert.throws(() => mapPoints(broken, []), /got NaN at row 1, column 3/);
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
