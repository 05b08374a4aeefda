// Clusters of points: k-means, how well clusters are separated, and whether they agree with labels.
import { kmeans } from "ml-kmeans";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkPoints, selectPoints, visitDistances } from "./points.js";

const MOST_ITERATIONS = 300;
const STARTS = 10;

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
export interface LabeledClusters {
  /** The cluster of each row, in [0, k), numbered in order of first appearance. */
  readonly assignments: readonly number[];
  /** Sum of squared distances from each point to its centroid. */
  readonly inertia: number;
  /** The mean silhouette of the clusters, in [-1, 1]; null for a single cluster. */
  readonly silhouette: number | null;
  readonly labels: readonly LabelAgreement[];
}

/**
 * Clusters points into `k` groups by k-means, from ten seeded k-means++ starts, of which the one with the least inertia is
 * kept, and compares the clusters with labels.
 *
 * Source: Lloyd 1982; Arthur and Vassilvitskii 2007.
 * @throws RangeError if `k` is not a whole number in [1, distinct points], or a label does not have one value per point, or
 * is recorded for none.
 */
export function clusterPoints(
  points: Rows,
  k: number,
  labels: readonly Labeling[] = [],
): LabeledClusters {
  checkPoints("clusterPoints", points);
  for (const label of labels) checkLabeling("clusterPoints", points, label);
  const { assignments, inertia } = kMeans(points, k);
  return {
    assignments,
    inertia,
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

function kMeans({ rows: count, columns, values }: Rows, k: number) {
  const rows = Array.from({ length: count }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns)),
  );
  const distinct = new Set(rows.map((row) => row.join())).size;
  if (!Number.isInteger(k) || k < 1 || k > distinct) {
    throw new RangeError(
      `clusterPoints: expected k in [1, ${distinct}], the number of distinct points, got ${k}`,
    );
  }
  const random = createRandom(42, "k-means");
  const runs = Array.from({ length: STARTS }, () => {
    const { clusters, centroids } = kmeans(rows, k, {
      seed: random.uint32(),
      maxIterations: MOST_ITERATIONS,
    });
    const squares = rows.map((row, i) => squaredDistance(row, centroids[clusters[i]]));
    return { clusters, inertia: squares.reduce((sum, one) => sum + one, 0) };
  });
  const { clusters, inertia } = runs.reduce((a, b) => (b.inertia < a.inertia ? b : a));
  return { assignments: indexGroups(clusters).indexes, inertia };
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
  return silhouette(selectPoints(points, known), classes);
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

/**
 * The mean over points of `(b - a) / max(a, b)`, in [-1, 1], with the mean distance `a` to a point's own group and the
 * least mean distance `b` to another group; 0 in a group of one. There are at least two groups.
 *
 * Source: Rousseeuw 1987, Euclidean distance.
 */
export function silhouette(points: Rows, groups: readonly (string | number)[]): number {
  const { rows } = points;
  const { indexes, count } = indexGroups(groups);
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
  return samples.reduce((sum, value) => sum + value, 0) / rows;
}

/**
 * Computes the adjusted Rand index of two groupings of the same samples: 1 if they agree on every pair, about 0 by
 * chance.
 *
 * Source: Hubert and Arabie 1985.
 * @throws RangeError if the groupings differ in length or are empty.
 */
export function adjustedRandIndex(
  one: readonly (string | number)[],
  other: readonly (string | number)[],
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

function indexGroups(groups: readonly (string | number)[]): {
  indexes: number[];
  count: number;
} {
  const seen = new Map<string | number, number>();
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
