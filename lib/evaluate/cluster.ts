// Clusters of points: k-means, how well clusters are separated, and whether they agree with labels.
import { kmeans } from "ml-kmeans";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkPoints, pointsAsArrays, selectPoints, visitDistances } from "./points.js";
import { checkCount } from "./statistics.js";

const MOST_ITERATIONS = 300;

/** A clustering of points. */
export interface Clusters {
  /** The cluster of each row, in [0, k), numbered in order of first appearance. */
  readonly assignments: readonly number[];
  /** `[k, columns]`, row-major. */
  readonly centroids: Float64Array;
  /** Sum of squared distances from each point to its centroid. */
  readonly inertia: number;
  /** The inertia of each start. If they differ much, the clusters depend on chance. */
  readonly inertiaOfStarts: readonly number[];
  /** Whether the kept start converged within 300 iterations. */
  readonly converged: boolean;
}

/**
 * Clusters points into `k` groups by k-means, from seeded k-means++ starts, of which the one with the least inertia is kept.
 *
 * Source: Lloyd 1982; Arthur and Vassilvitskii 2007.
 * @throws RangeError if `k` is not a whole number in [1, distinct points], or there is no start.
 */
export function kMeans(points: Rows, k: number, starts = 10): Clusters {
  checkPoints("kMeans", points);
  checkCount("kMeans", "starts", starts);
  const rows = pointsAsArrays(points);
  const distinct = new Set(rows.map((row) => row.join())).size;
  if (!Number.isInteger(k) || k < 1 || k > distinct) {
    throw new RangeError(
      `kMeans: expected k in [1, ${distinct}], the number of distinct points, got ${k}`,
    );
  }
  const random = createRandom(42, "k-means");
  const runs = Array.from({ length: starts }, () => {
    const { clusters, centroids, converged } = kmeans(rows, k, {
      seed: random.uint32(),
      maxIterations: MOST_ITERATIONS,
    });
    const inertia = rows.reduce(
      (sum, row, i) => sum + squaredDistance(row, centroids[clusters[i]]),
      0,
    );
    return { clusters, centroids, converged, inertia };
  });
  const best = runs.reduce((least, run) => (run.inertia < least.inertia ? run : least));
  const order = [...new Set(best.clusters)];
  // A cluster that lost its last point comes last.
  for (let c = 0; c < k; c++) if (!order.includes(c)) order.push(c);
  return {
    assignments: best.clusters.map((c) => order.indexOf(c)),
    centroids: Float64Array.from(order.flatMap((c) => best.centroids[c])),
    inertia: best.inertia,
    inertiaOfStarts: runs.map((run) => run.inertia),
    converged: best.converged,
  };
}

/** A label of points. */
export interface Labeling {
  readonly name: string;
  /** One value per point; null is "not recorded". */
  readonly values: readonly (string | number | null)[];
}

/** How the classes of a label are arranged in a space, over the points whose label is recorded. */
export interface LabelAgreement {
  readonly label: string;
  /** The mean silhouette of its classes of two samples or more, in [-1, 1]; null with fewer than two such classes. */
  readonly silhouette: number | null;
  /** The adjusted Rand index of clusters and classes: 1 if they agree, about 0 by chance. */
  readonly adjustedRand: number;
}

/** Clusters of points, and how they agree with labels. */
export interface LabeledClusters extends Clusters {
  /** The mean silhouette of the clusters, in [-1, 1]; null for a single cluster. */
  readonly silhouette: number | null;
  readonly labels: readonly LabelAgreement[];
}

/**
 * Clusters points by `kMeans`, and compares the clusters with labels.
 * @throws RangeError as `kMeans`, or if a label does not have one value per point, or is recorded for none.
 */
export function clusterPoints(
  points: Rows,
  k: number,
  labels: readonly Labeling[] = [],
): LabeledClusters {
  for (const label of labels) checkLabeling("clusterPoints", points, label);
  const clusters = kMeans(points, k);
  const { assignments } = clusters;
  return {
    ...clusters,
    silhouette: separation(points, { name: "cluster", values: assignments }),
    labels: labels.map((label) => {
      const known = recordedRows(label);
      return {
        label: label.name,
        silhouette: separation(points, label),
        adjustedRand: adjustedRandIndex(
          known.map((row) => assignments[row]),
          known.map((row) => String(label.values[row])),
        ),
      };
    }),
  };
}

/** @throws RangeError unless the label has one value per point. */
export function checkLabeling(where: string, { rows }: Rows, { name, values }: Labeling): void {
  if (values.length !== rows) {
    throw new RangeError(`${where}: expected ${rows} values of "${name}", got ${values.length}`);
  }
}

/**
 * The mean silhouette of a label's classes over the recorded points, without classes of one point, which have none;
 * null with fewer than two classes.
 */
export function separation(points: Rows, label: Labeling): number | null {
  const alone = singleClasses(label);
  const known = recordedRows(label).filter((row) => !alone.includes(label.values[row]!));
  const classes = known.map((row) => label.values[row]!);
  if (new Set(classes).size < 2) return null;
  return silhouette(selectPoints(points, known), classes).mean;
}

/** The classes that a single point has. */
export function singleClasses({ values }: Labeling): (string | number)[] {
  const seen = new Map<string | number, number>();
  for (const value of values) if (value !== null) seen.set(value, (seen.get(value) ?? 0) + 1);
  return [...seen].flatMap(([value, count]) => (count === 1 ? [value] : []));
}

function recordedRows({ values }: Labeling): number[] {
  return values.flatMap((value, row) => (value === null ? [] : [row]));
}

/** How well each point fits its group. */
export interface Silhouette {
  /** Mean over the points, in [-1, 1]. */
  readonly mean: number;
  /** Of each point, `(b - a) / max(a, b)`; 0 in a group of one. */
  readonly samples: Float64Array;
}

/**
 * Compares each point's mean distance `a` to its own group with the least mean distance `b` to another group.
 * Groups may be clusters or labels.
 *
 * Source: Rousseeuw 1987, Euclidean distance.
 * @throws RangeError unless each row has a group and there are 2 to rows - 1 groups.
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
 * Computes the adjusted Rand index of two groupings of the same samples: 1 if they agree on every pair, about 0 by
 * chance.
 *
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
  // The same pairs on both sides, even if none or all: the groupings agree.
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
