// Three maps of one embedding for comparison, PCA, t-SNE and UMAP, each with how far it can be trusted.
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions } from "../options.js";
import { checkLabeling, type Labeling, separation, singleClasses } from "./cluster.js";
import { trustworthiness, tsne, umap } from "./latent.js";
import { fitPca } from "./pca.js";

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
 * @throws RangeError if there are fewer than 25 points, or a label does not have one value per point.
 */
export function mapPoints(
  points: Rows,
  labels: readonly Labeling[],
  options: { readonly seed?: number } = {},
): { readonly maps: readonly PlaneMap[]; readonly colorings: readonly MapColoring[] } {
  const { seed = 42 } = checkOptions("mapPoints", options, { seed: "number" });
  if (points.rows < 25) {
    throw new RangeError(`mapPoints: expected at least 25 rows, got ${points.rows}`);
  }
  for (const label of labels) checkLabeling("mapPoints", points, label);
  const { rows } = points;
  const pca = fitPca(points, 2);
  const explained = [0, 1].map((axis) => pca.explainedVarianceRatio[axis] ?? 0);
  const planes: [method: string, plane: Rows, about: Partial<PlaneMap>][] = [
    ["PCA", { rows, columns: pca.count, values: pca.scores }, { explained }],
    ["t-SNE", tsne(points, { perplexity: 10, seed }), { settings: `perplexity 10, seed ${seed}` }],
    ["UMAP", umap(points, { neighbors: 10, seed }), { settings: `10 neighbors, seed ${seed}` }],
  ];
  return {
    maps: planes.map(([method, plane, about]) => ({
      ...{ method, ...about },
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
