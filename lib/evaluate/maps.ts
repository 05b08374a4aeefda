// The three maps of one embedding that a reader compares: PCA, t-SNE and UMAP, each with what can be said of it.

import type { Rows } from "../engine/linear-algebra.js";
import { silhouette } from "./cluster.js";
import { trustworthiness, tsne, umap } from "./latent.js";
import { fitPca } from "./pca.js";
import { selectPoints } from "./points.js";

export interface PlaneMap {
  readonly method: string;
  /** `[rows, 2]`. */
  readonly points: Rows;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** How far neighbors on the map are neighbors in the embedding, in [0, 1]. */
  readonly trustworthiness: number;
}

export interface Coloring {
  readonly name: string;
  /** One value a row; null is "not recorded". */
  readonly values: readonly (string | number | null)[];
}

/**
 * Lays an embedding out in a plane three times. Perplexity and neighbors are 10, as in the authors' code for t-SNE.
 * @throws RangeError if there are fewer than 25 rows, too few for neighborhoods of 10.
 */
export function mapPoints(
  points: Rows,
  { seed = 42 }: { readonly seed?: number } = {},
): PlaneMap[] {
  if (points.rows < 25)
    throw new RangeError(`mapPoints: expected at least 25 rows, got ${points.rows}`);
  const pca = fitPca(points, 2);
  const flat = (values: Float64Array): Rows => ({ rows: points.rows, columns: pca.count, values });
  const maps: [string, Rows][] = [
    ["PCA", flat(pca.scores)],
    ["t-SNE", tsne(points, { perplexity: 10, seed })],
    ["UMAP", umap(points, { neighbors: 10, seed })],
  ];
  return maps.map(([method, map]) => ({
    method,
    points: map,
    x: Float64Array.from({ length: map.rows }, (_, row) => map.values[row * map.columns]),
    y: Float64Array.from({ length: map.rows }, (_, row) => map.values[row * map.columns + 1] ?? 0),
    trustworthiness: trustworthiness(points, map),
  }));
}

/** Measures how far classes are apart in a space, over the rows whose class is recorded; null with fewer than two classes. */
export function separation(points: Rows, { values }: Coloring): number | null {
  const known = values.flatMap((value, row) => (value === null ? [] : [row]));
  const classes = known.map((row) => values[row] as string | number);
  if (new Set(classes).size < 2) return null;
  return silhouette(selectPoints(points, known), classes).mean;
}

/** Adds to each coloring the mean silhouette of its classes on each map, which stands above the panels. */
export function colorMaps<T extends Coloring>(
  colorings: readonly T[],
  maps: readonly PlaneMap[],
): (T & { readonly silhouettes: number[] })[] {
  return colorings.map((coloring) => ({
    ...coloring,
    silhouettes: maps.map(({ points }) => separation(points, coloring) ?? 0),
  }));
}
