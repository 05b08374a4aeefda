// Clusters in the latent space: k-means, how well they are separated, and whether they agree with labels.
import { kmeans } from "ml-kmeans";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkPoints, pointsAsArrays, visitDistances } from "./points.js";

export interface KMeansOptions {
  /** How often to start anew; the start with the least inertia is kept. */
  readonly starts?: number;
  readonly maxIterations?: number;
  readonly seed?: number;
}

export interface Clusters {
  /** One cluster a row, in [0, k), numbered in order of first appearance. */
  readonly assignments: readonly number[];
  /** `[k, columns]`, row-major. */
  readonly centroids: Float64Array;
  /** Sum of squared distances to the own centroid. */
  readonly inertia: number;
  /** The inertia of each start: when they differ much, the clusters depend on chance. */
  readonly inertiaOfStarts: readonly number[];
  /** Whether the kept start came to rest before its iterations ran out. */
  readonly converged: boolean;
}

/**
 * Parts the points into `k` clusters by k-means from seeded k-means++ starts; `k` is the caller's to choose.
 * Source: Lloyd 1982; Arthur and Vassilvitskii 2007.
 * @throws RangeError if `k` is not a whole number in [1, distinct points], or there is no start.
 */
export function kMeans(
  points: Rows,
  k: number,
  { starts = 10, maxIterations = 300, seed = 42 }: KMeansOptions = {},
): Clusters {
  checkPoints("kMeans", points);
  if (!Number.isInteger(starts) || starts < 1) {
    throw new RangeError(`kMeans: expected at least one start, got ${starts}`);
  }
  if (!Number.isInteger(maxIterations) || maxIterations < 1) {
    throw new RangeError(`kMeans: expected at least one iteration, got ${maxIterations}`);
  }
  const rows = pointsAsArrays(points);
  const distinct = new Set(rows.map((row) => row.join())).size;
  if (!Number.isInteger(k) || k < 1 || k > distinct) {
    throw new RangeError(
      `kMeans: expected k in [1, ${distinct}], the number of distinct points, got ${k}`,
    );
  }
  const random = createRandom(seed, "k-means");
  const runs = Array.from({ length: starts }, () => {
    const { clusters, centroids, converged } = kmeans(rows, k, {
      seed: random.uint32(),
      maxIterations,
    });
    const inertia = rows.reduce(
      (sum, row, i) => sum + squaredDistance(row, centroids[clusters[i]]),
      0,
    );
    return { clusters, centroids, converged, inertia };
  });
  const best = runs.reduce((least, run) => (run.inertia < least.inertia ? run : least));
  const order = [...new Set(best.clusters)];
  // A cluster that lost its last point keeps its place at the end.
  for (let c = 0; c < k; c++) if (!order.includes(c)) order.push(c);
  return {
    assignments: best.clusters.map((c) => order.indexOf(c)),
    centroids: Float64Array.from(order.flatMap((c) => best.centroids[c])),
    inertia: best.inertia,
    inertiaOfStarts: runs.map((run) => run.inertia),
    converged: best.converged,
  };
}

export interface Silhouette {
  /** Mean over the samples, in [-1, 1]. */
  readonly mean: number;
  /** One a row: `(b - a) / max(a, b)`; 0 for a cluster of one. */
  readonly samples: Float64Array;
}

/**
 * Compares each point's mean distance `a` to its own group with the least mean distance `b` to another;
 * the groups may be clusters or labels.
 * Source: Rousseeuw 1987, Euclidean distance.
 * @throws RangeError if there is not one group a row, or there are not 2 to rows - 1 groups.
 */
export function silhouette(
  points: Rows,
  groups: readonly (string | number | boolean)[],
): Silhouette {
  checkPoints("silhouette", points);
  const { rows } = points;
  const { indexes, count } = indexGroups(groups);
  if (groups.length !== rows || count < 2 || count > rows - 1) {
    throw new RangeError(
      `silhouette: expected one group a row and 2 to ${rows - 1} different ones for ${rows} rows, ` +
        `got ${count} among ${groups.length}`,
    );
  }
  const sizes = new Int32Array(count);
  for (const index of indexes) sizes[index]++;
  const samples = new Float64Array(rows);
  const sums = new Float64Array(count);
  visitDistances(points, points, (i, squared) => {
    const own = indexes[i];
    if (sizes[own] === 1) return;
    sums.fill(0);
    for (let j = 0; j < rows; j++) sums[indexes[j]] += Math.sqrt(squared[j]);
    const a = sums[own] / (sizes[own] - 1);
    let b = Number.POSITIVE_INFINITY;
    for (let g = 0; g < count; g++) if (g !== own) b = Math.min(b, sums[g] / sizes[g]);
    const larger = Math.max(a, b);
    samples[i] = larger === 0 ? 0 : (b - a) / larger;
  });
  return { mean: samples.reduce((sum, value) => sum + value, 0) / rows, samples };
}

/**
 * Gives the adjusted Rand index of two groupings of the same samples: 1 if they agree in every pair, about 0 by chance.
 * Source: Hubert and Arabie 1985.
 * @throws RangeError if the groupings differ in length or are empty.
 */
export function adjustedRandIndex(
  one: readonly (string | number | boolean)[],
  other: readonly (string | number | boolean)[],
): number {
  if (one.length !== other.length || one.length === 0) {
    throw new RangeError(
      `adjustedRandIndex: expected two groupings of the same samples, got ${one.length} and ${other.length}`,
    );
  }
  const pairsOf = (sizes: Iterable<number>) => {
    let pairs = 0;
    for (const size of sizes) pairs += (size * (size - 1)) / 2;
    return pairs;
  };
  const a = indexGroups(one);
  const b = indexGroups(other);
  const table = new Float64Array(a.count * b.count);
  const sizesA = new Float64Array(a.count);
  const sizesB = new Float64Array(b.count);
  for (let i = 0; i < one.length; i++) {
    table[a.indexes[i] * b.count + b.indexes[i]]++;
    sizesA[a.indexes[i]]++;
    sizesB[b.indexes[i]]++;
  }
  const together = pairsOf(table);
  const inOne = pairsOf(sizesA);
  const inOther = pairsOf(sizesB);
  // The same pairs on both sides, also when there are none or all: nothing left to disagree on.
  if (together === inOne && together === inOther) return 1;
  const expected = (inOne * inOther) / pairsOf([one.length]);
  return (together - expected) / ((inOne + inOther) / 2 - expected);
}

function indexGroups(groups: readonly (string | number | boolean)[]): {
  indexes: number[];
  count: number;
} {
  const seen = new Map<string | number | boolean, number>();
  const indexes = groups.map((group) => {
    const known = seen.get(group);
    if (known !== undefined) return known;
    seen.set(group, seen.size);
    return seen.size - 1;
  });
  return { indexes, count: seen.size };
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
}
