// t-SNE: which points belong together, and where they go for it.
import { createRandom, type Random } from "../cohort/random.js";
import type { Rows } from "../engine/linear-algebra.js";
import { formatDuration } from "../train/progress.js";
import { nearestRows } from "./points.js";

const MOST_PAIRS = 1e11; // over all iterations: some five minutes
const MANY_PAIRS = 1e10; // half a minute

/**
 * Maps points to a plane by t-SNE, which keeps neighborhoods, not large distances. The same seed gives the same map.
 * Time grows with the square of the number of points: 5,000 take about a minute, which is said first. The learning rate
 * is 10, and `rows / 48` from 480 points on (Belkina et al. 2019).
 *
 * Source: van der Maaten and Hinton 2008, the exact gradient; affinities as van der Maaten 2014.
 * @param settings.perplexity effective number of neighbors, in [1, rows - 1).
 * @returns `[rows, 2]`.
 * @throws RangeError if `rows² · iterations` exceeds 1e11.
 */
export function tsne(
  points: Rows,
  {
    perplexity,
    seed,
    iterations = 1000,
  }: { readonly perplexity: number; readonly seed: number; readonly iterations?: number },
): Rows {
  const { rows } = points;
  if (rows * rows * iterations > MOST_PAIRS) {
    const most = Math.floor(Math.sqrt(MOST_PAIRS / iterations));
    throw new RangeError(
      `tsne: expected at most ${most} points for ${iterations} iterations, got ${rows}; draw a sample of the rows`,
    );
  }
  if (rows * rows * iterations > MANY_PAIRS) {
    const time = formatDuration(3e-9 * rows * rows * iterations);
    console.warn(`tsne: ${rows.toLocaleString("en-US")} points take about ${time}`);
  }
  const learningRate = Math.max(10, rows / 48);
  const random = createRandom(seed, "tsne");
  const map = descend(findAffinities(points, perplexity), iterations, learningRate, random);
  return { rows, columns: 2, values: Float32Array.from(map) };
}

/** How strongly pairs of points belong together: row i has entries `[starts[i], starts[i + 1])`; all sum to 1. */
interface Affinities {
  readonly starts: Int32Array;
  readonly others: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Weighs each point's nearest `3 · perplexity` others by a Gaussian whose entropy is `log(perplexity)`, and takes the mean
 * of both directions; farther ones weigh nothing. Only ratios of distances matter.
 * Source: van der Maaten 2014, section 4.1.
 */
function findAffinities(points: Rows, perplexity: number): Affinities {
  const { rows } = points;
  const count = Math.min(rows - 1, Math.floor(3 * perplexity));
  const { indexes, squared } = nearestRows(points, points, count, { others: true });
  const pairs = Array.from({ length: rows }, () => new Map<number, number>());
  const add = (i: number, j: number, weight: number) =>
    pairs[i].set(j, (pairs[i].get(j) ?? 0) + weight / (2 * rows));
  for (let i = 0; i < rows; i++) {
    const weights = weighNeighbors(squared.subarray(i * count, (i + 1) * count), perplexity);
    weights.forEach((weight, n) => {
      const j = indexes[i * count + n];
      add(i, j, weight);
      add(j, i, weight);
    });
  }
  const starts = new Int32Array(rows + 1);
  for (let i = 0; i < rows; i++) starts[i + 1] = starts[i] + pairs[i].size;
  return {
    starts,
    others: Int32Array.from(pairs.flatMap((row) => [...row.keys()])),
    weights: Float64Array.from(pairs.flatMap((row) => [...row.values()])),
  };
}

/** Finds the width of the Gaussian by bisection, and returns its weights, which sum to 1. */
function weighNeighbors(squared: Float64Array, perplexity: number): Float64Array {
  const nearest = squared[0];
  const mean = squared.reduce((sum, value) => sum + value - nearest, 0) / squared.length || 1;
  const weights = new Float64Array(squared.length);
  let [low, high, precision] = [0, Number.POSITIVE_INFINITY, 1 / mean];
  for (let step = 0; step < 100; step++) {
    let sum = 0;
    let along = 0;
    for (let n = 0; n < squared.length; n++) {
      const distance = squared[n] - nearest;
      weights[n] = Math.exp(-precision * distance);
      sum += weights[n];
      along += weights[n] * distance;
    }
    for (let n = 0; n < squared.length; n++) weights[n] /= sum;
    const excess = Math.log(sum) + (precision * along) / sum - Math.log(perplexity);
    if (Math.abs(excess) < 1e-5) break;
    if (excess > 0) low = precision;
    else high = precision;
    precision = high === Number.POSITIVE_INFINITY ? 2 * precision : (low + high) / 2;
  }
  return weights;
}

/**
 * Moves points in the plane down the exact gradient of the divergence between affinities and the map, from a start near
 * 0; attraction counts four times in the first 100 iterations.
 * Source: van der Maaten and Hinton 2008, with momentum and gains as there.
 * @returns `[rows, 2]`, centered.
 */
function descend(
  { starts, others, weights }: Affinities,
  iterations: number,
  learningRate: number,
  random: Random,
): Float64Array {
  const rows = starts.length - 1;
  const [x, y] = [0, 1].map(() =>
    Float64Array.from({ length: rows }, () => 1e-4 * random.normal()),
  );
  const [forceX, forceY] = [new Float64Array(rows), new Float64Array(rows)];
  const [moveX, moveY] = [makeMoves(rows), makeMoves(rows)];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const sum = repel(x, y, forceX, forceY);
    const attraction = iteration < 100 ? 4 : 1;
    for (let i = 0; i < rows; i++) {
      let fx = -forceX[i] / sum;
      let fy = -forceY[i] / sum;
      for (let at = starts[i]; at < starts[i + 1]; at++) {
        const dx = x[i] - x[others[at]];
        const dy = y[i] - y[others[at]];
        const pull = (attraction * weights[at]) / (1 + dx * dx + dy * dy);
        fx += pull * dx;
        fy += pull * dy;
      }
      forceX[i] = 4 * fx;
      forceY[i] = 4 * fy;
    }
    const momentum = iteration < 250 ? 0.5 : 0.8;
    move(x, forceX, moveX, learningRate, momentum);
    move(y, forceY, moveY, learningRate, momentum);
  }
  return Float64Array.from({ length: 2 * rows }, (_, at) => (at % 2 === 0 ? x : y)[at >> 1]);
}

/** Sums `q² (y_i - y_j)` over all others j into the forces, `q = 1 / (1 + ‖y_i - y_j‖²)`; returns the sum of q. */
function repel(
  x: Float64Array,
  y: Float64Array,
  forceX: Float64Array,
  forceY: Float64Array,
): number {
  forceX.fill(0);
  forceY.fill(0);
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    const [xi, yi] = [x[i], y[i]];
    let [fx, fy] = [0, 0];
    for (let j = i + 1; j < x.length; j++) {
      const dx = xi - x[j];
      const dy = yi - y[j];
      const q = 1 / (1 + dx * dx + dy * dy);
      sum += q;
      const push = q * q;
      fx += push * dx;
      fy += push * dy;
      forceX[j] -= push * dx;
      forceY[j] -= push * dy;
    }
    forceX[i] += fx;
    forceY[i] += fy;
  }
  return 2 * sum;
}

/** Of one coordinate: the last steps, and how each point's rate has grown or shrunk. */
interface Moves {
  readonly steps: Float64Array;
  readonly gains: Float64Array;
}

function makeMoves(rows: number): Moves {
  return { steps: new Float64Array(rows), gains: new Float64Array(rows).fill(1) };
}

function move(
  values: Float64Array,
  gradient: Float64Array,
  { steps, gains }: Moves,
  learningRate: number,
  momentum: number,
): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const onward = Math.sign(gradient[i]) !== Math.sign(steps[i]);
    gains[i] = Math.max(0.01, onward ? gains[i] + 0.2 : 0.8 * gains[i]);
    steps[i] = momentum * steps[i] - learningRate * gains[i] * gradient[i];
    values[i] += steps[i];
    sum += values[i];
  }
  for (let i = 0; i < values.length; i++) values[i] -= sum / values.length;
}
