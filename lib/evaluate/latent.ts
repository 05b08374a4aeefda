// Maps of the latent space in two dimensions, t-SNE and UMAP, and how far they can be trusted.
import { UMAP } from "umap-js";
import { createRandom } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { checkOptions } from "../options.js";
import { checkPoints, nearestRows, visitDistances } from "./points.js";
import { descend, findAffinities } from "./tsne.js";

export interface TsneOptions {
  /** Effective number of neighbors, in [1, rows - 1). By default 10, as in the authors' code. */
  readonly perplexity?: number;
  /** By default 1,000. */
  readonly iterations?: number;
  /** By default 10. */
  readonly learningRate?: number;
  /** By default 42. */
  readonly seed?: number;
}

const MOST_PAIRS = 1e11; // over all iterations: some five minutes

/**
 * Maps points to a plane by t-SNE, which keeps neighborhoods, not large distances. The same seed gives the same map.
 * Time grows with the square of the number of points: 5,000 take about a minute.
 *
 * Source: van der Maaten and Hinton 2008, the exact gradient; affinities as van der Maaten 2014.
 * @param options.learningRate by default 10, and `rows / 48` from 480 points on (Belkina et al. 2019).
 * @returns `[rows, 2]`.
 * @throws RangeError if there are fewer than 4 points, all are equal, an option is out of range, or
 * `rows² · iterations` exceeds 1e11.
 */
export function tsne(points: Rows, options: TsneOptions = {}): Rows {
  const {
    perplexity = 10,
    iterations = 1000,
    learningRate = Math.max(10, points.rows / 48),
    seed = 42,
  } = checkOptions("tsne", options, {
    perplexity: "number",
    iterations: "number",
    learningRate: "number",
    seed: "number",
  });
  checkPoints("tsne", points);
  const { rows } = points;
  if (rows < 4) throw new RangeError(`tsne: expected at least 4 points, got ${rows}`);
  if (!(perplexity >= 1 && perplexity < rows - 1)) {
    throw new RangeError(
      `tsne: expected a perplexity of at least 1 and below ${rows - 1} for ${rows} points, got ${perplexity}`,
    );
  }
  checkWhole("tsne", "iterations", iterations, 1);
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new RangeError(`tsne: expected a positive learningRate, got ${learningRate}`);
  }
  if (rows * rows * iterations > MOST_PAIRS) {
    const most = Math.floor(Math.sqrt(MOST_PAIRS / iterations));
    throw new RangeError(
      `tsne: expected at most ${most} points for ${iterations} iterations, got ${rows}; draw a sample of the rows`,
    );
  }
  refuseEqual("tsne", points);
  const random = createRandom(seed, "tsne");
  const map = descend(findAffinities(points, perplexity), { iterations, learningRate, random });
  return finiteMap("tsne", rows, Float32Array.from(map));
}

/** @throws RangeError if all points are equal, so that no map of them means anything. */
function refuseEqual(where: string, { columns, values }: Rows): void {
  if (values.every((value, at) => value === values[at % columns])) {
    throw new RangeError(`${where}: expected points that differ, got all equal`);
  }
}

export interface UmapOptions {
  /** Size of a neighborhood, in [2, rows). By default 15. */
  readonly neighbors?: number;
  /** The least distance between points of the map, in [0, 1]. By default 0.1. */
  readonly minimumDistance?: number;
  /** Passes over the graph. By default 500, fewer from 2,500 points on. */
  readonly epochs?: number;
  /** By default 42. */
  readonly seed?: number;
}

/**
 * Maps points to a plane by UMAP, from exact nearest neighbors and a random start. The same seed gives the same map.
 *
 * Source: McInnes, Healy and Melville 2018. Defaults are those of umap-learn, which the authors' notebook uses.
 * @returns `[rows, 2]`.
 * @throws RangeError if all points are equal, or an option is out of range.
 */
export function umap(points: Rows, options: UmapOptions = {}): Rows {
  const {
    neighbors = 15,
    minimumDistance = 0.1,
    epochs,
    seed = 42,
  } = checkOptions("umap", options, {
    neighbors: "number",
    minimumDistance: "number",
    epochs: "number",
    seed: "number",
  });
  checkPoints("umap", points);
  const { rows } = points;
  checkWhole("umap", "neighbors", neighbors, 2);
  if (neighbors >= rows) {
    throw new RangeError(
      `umap: expected fewer neighbors than the ${rows} points, got ${neighbors}; ask for at most ${rows - 1}`,
    );
  }
  if (!(minimumDistance >= 0 && minimumDistance <= 1)) {
    throw new RangeError(`umap: expected a minimumDistance in [0, 1], got ${minimumDistance}`);
  }
  refuseEqual("umap", points);
  if (epochs !== undefined) checkWhole("umap", "epochs", epochs, 1);
  const random = createRandom(seed, "umap");
  const library = new UMAP({
    nComponents: 2,
    nNeighbors: neighbors,
    minDist: minimumDistance,
    nEpochs: epochs ?? 0, // 0 lets the library choose by the number of points
    random: random.uniform,
  });
  // It counts each point as its own first neighbor.
  const others = neighbors - 1;
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
  return finiteMap("umap", rows, Float32Array.from(map.flat()));
}

/**
 * Measures how far neighbors in the map are neighbors in the original space, in [0, 1]:
 * `1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_{j in U_k(i)} (rank(i, j) - k)`, where `U_k(i)` are the k nearest in the map
 * that are not among the k nearest in the original. A perfect map has 1, a random one about 0.5.
 *
 * Source: Venna and Kaski 2001, as scikit-learn computes it.
 * @throws RangeError if the rows differ in number, or `neighbors` is not in [1, rows / 2).
 */
export function trustworthiness(original: Rows, map: Rows, neighbors = 5): number {
  checkPoints("trustworthiness", original);
  checkPoints("trustworthiness", map);
  const { rows } = original;
  if (map.rows !== rows) {
    throw new RangeError(`trustworthiness: expected a map of ${rows} points, got ${map.rows}`);
  }
  checkWhole("trustworthiness", "neighbors", neighbors, 1);
  if (neighbors >= rows / 2) {
    throw new RangeError(
      `trustworthiness: expected neighbors below half of the ${rows} points, got ${neighbors}`,
    );
  }
  const near = nearestRows(map, map, neighbors, { others: true });
  let penalty = 0;
  visitDistances(original, original, (i, squared) => {
    for (const j of near.indexes.subarray(i * neighbors, (i + 1) * neighbors)) {
      let rank = 1; // of equally far ones the earlier is nearer
      for (let m = 0; m < rows; m++) {
        if (m !== i && (squared[m] < squared[j] || (squared[m] === squared[j] && m < j))) rank++;
      }
      penalty += Math.max(0, rank - neighbors);
    }
  });
  return 1 - (2 * penalty) / (rows * neighbors * (2 * rows - 3 * neighbors - 1));
}

function finiteMap(where: string, rows: number, values: Float32Array): Rows {
  if (values.some((value) => !Number.isFinite(value))) {
    throw new RangeError(
      `${where}: expected a finite map, got one that diverged; lower the learning rate, or scale the points`,
    );
  }
  return { rows, columns: 2, values };
}

function checkWhole(where: string, what: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(
      `${where}: expected ${what} to be a whole number of at least ${least}, got ${value}`,
    );
  }
}
