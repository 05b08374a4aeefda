// Three maps of one embedding for comparison, PCA, t-SNE and UMAP, each with how far it can be trusted.
import { UMAP } from "umap-js";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions } from "../options.js";
import { checkLabeling, type Labeling, separation, singleClasses } from "./cluster.js";
import { fitPca } from "./pca.js";
import { checkPoints, nearestRows, visitDistances } from "./points.js";
import { tsne } from "./tsne.js";

/** A map of points in a plane; one x and y per point. */
export interface PlaneMap {
  /** "PCA", "t-SNE" or "UMAP". */
  readonly method: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** How far neighbors on the map are neighbors in the embedding, in [0, 1]. */
  readonly trustworthiness: number;
  /** Of PCA: each axis's share of the variance, in [0, 1]. */
  readonly explained?: readonly number[];
  /** Of the others: "perplexity 10, seed 42". */
  readonly settings?: string;
}

/** A label to color maps by. */
export interface MapColoring extends Labeling {
  /** The mean silhouette of the label's classes on each map, in [-1, 1]; 0 with fewer than two classes. */
  readonly silhouettes: readonly number[];
  /** Classes of one sample, which the silhouettes leave out. */
  readonly leftOut: readonly (string | number)[];
}

/**
 * Maps an embedding to a plane by PCA, t-SNE and UMAP, and measures how well each map separates the classes of labels.
 * Perplexity and neighbors are 10, as in the authors' code for t-SNE.
 * @throws RangeError if there are fewer than 25 points, all are equal, or a label does not have one value per point; and as
 * `tsne`.
 */
export function mapPoints(
  points: Rows,
  labels: readonly Labeling[],
  options: { readonly seed?: number } = {},
): { readonly maps: readonly PlaneMap[]; readonly colorings: readonly MapColoring[] } {
  const { seed = 42 } = checkOptions("mapPoints", options, { seed: "number" });
  checkPoints("mapPoints", points);
  if (points.rows < 25) {
    throw new RangeError(`mapPoints: expected at least 25 rows, got ${points.rows}`);
  }
  for (const label of labels) checkLabeling("mapPoints", points, label);
  const { rows } = points;
  const neighborhoods = tsne(points, { perplexity: 10, seed }); // first, since it refuses too many points
  const pca = fitPca(points, 2);
  const explained = [0, 1].map((axis) => pca.explainedVarianceRatio[axis] ?? 0);
  const planes: [method: string, plane: Rows, about: Partial<PlaneMap>][] = [
    ["PCA", { rows, columns: pca.count, values: pca.scores }, { explained }],
    ["t-SNE", neighborhoods, { settings: `perplexity 10, seed ${seed}` }],
    ["UMAP", umap(points, seed), { settings: `10 neighbors, seed ${seed}` }],
  ];
  return {
    maps: planes.map(([method, plane, about]) => ({
      method,
      ...about,
      x: Float64Array.from({ length: rows }, (_, row) => plane.values[row * plane.columns]),
      y: Float64Array.from(
        { length: rows },
        (_, row) => plane.values[row * plane.columns + 1] ?? 0,
      ),
      trustworthiness: trustworthiness(points, plane),
    })),
    colorings: labels.map((label) => ({
      ...label,
      silhouettes: planes.map(([, plane]) => separation(plane, label) ?? 0),
      leftOut: singleClasses(label),
    })),
  };
}

const NEIGHBORS = 10; // of UMAP, each point its own first one

/**
 * Maps points to a plane by UMAP, from exact nearest neighbors and a random start. The same seed gives the same map.
 *
 * Source: McInnes, Healy and Melville 2018. Least distance and epochs are the defaults of umap-learn, which the authors'
 * notebook uses.
 * @returns `[rows, 2]`.
 */
export function umap(points: Rows, seed: number): Rows {
  const { rows } = points;
  const library = new UMAP({
    nComponents: 2,
    nNeighbors: NEIGHBORS,
    random: createRandom(seed, "umap").uniform,
  });
  const others = NEIGHBORS - 1;
  const { indexes, squared } = nearestRows(points, points, others, { others: true });
  const neighborsOf = (first: number, all: ArrayLike<number>, row: number) => [
    first,
    ...Array.from({ length: others }, (_, n) => all[row * others + n]),
  ];
  const distances = squared.map(Math.sqrt);
  const places = Array.from({ length: rows }, (_, row) => row);
  library.setPrecomputedKNN(
    places.map((row) => neighborsOf(row, indexes, row)),
    places.map((row) => neighborsOf(0, distances, row)),
  );
  const map = library.fit(places.map((row) => [row])); // of which it reads the number alone
  return { rows, columns: 2, values: Float32Array.from(map.flat()) };
}

const NEAR = 5;

/**
 * Measures how far the `k = 5` nearest in the map are neighbors in the original space, in [0, 1]:
 * `1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_{j in U_k(i)} (rank(i, j) - k)`, where `U_k(i)` are the k nearest in the map
 * that are not among the k nearest in the original. A perfect map has 1, a random one about 0.5.
 *
 * Source: Venna and Kaski 2001, as scikit-learn computes it.
 */
export function trustworthiness(original: Rows, map: Rows): number {
  const { rows } = original;
  const near = nearestRows(map, map, NEAR, { others: true });
  let penalty = 0;
  visitDistances(original, original, (i, squared) => {
    for (const j of near.indexes.subarray(i * NEAR, (i + 1) * NEAR)) {
      let rank = 1; // of equally far ones the earlier is nearer
      for (let m = 0; m < rows; m++) {
        if (m !== i && (squared[m] < squared[j] || (squared[m] === squared[j] && m < j))) rank++;
      }
      penalty += Math.max(0, rank - NEAR);
    }
  });
  return 1 - (2 * penalty) / (rows * NEAR * (2 * rows - 3 * NEAR - 1));
}
