// The choice of the next trial: random, or by expected improvement under a Gaussian process.
import { errorFunction } from "simple-statistics";
import type { Random } from "../cohort/random.js";
import { fitProcess, type GaussianProcess } from "./gaussian-process.js";
import { decodePoint, drawPoint, encodePoint, type Point, type Space } from "./space.js";

/** "random" is the control: it ignores earlier trials. */
export type SearchMethod = "bayes" | "random";

/** The result of a trial; lower is better. */
export interface Observation {
  readonly point: Point;
  readonly value: number;
}

const CANDIDATES = 300; // places drawn at random
const AROUND = 30; // places drawn around each of the best trials, and in each round of refinement
const ROUNDS = 3; // each with half the spread of the one before

/**
 * Suggests the next trial's point, determined by the earlier trials and the state of `random`. "bayes" maximizes expected
 * improvement under a Gaussian process, over places rounded to valid whole numbers and booleans.
 * Source: Jones et al. 1998; Garrido-Merchán and Hernández-Lobato 2020 for the rounding; W&B's Bayesian sweep, which the
 * paper used, works alike (wandb/sweeps@03dbd51, bayes_search.py).
 */
export function suggest(
  method: SearchMethod,
  space: Space,
  trials: readonly Observation[],
  random: Random,
): Point {
  const startup = space.length + 2; // random trials before "bayes" uses its model
  if (method === "random" || trials.length < startup) return drawPoint(space, random);
  const order = trials.toSorted((a, b) => a.value - b.value);
  const tried = order.map(({ point }) => encodePoint(space, point));
  const values = standardize(order.map(({ value }) => value));
  const process = fitProcess(tried, values);
  const settle = (place: ArrayLike<number>) => encodePoint(space, decodePoint(space, place));
  const around = (center: ArrayLike<number>, spread: number) =>
    Array.from({ length: AROUND }, () => settle(step(space, center, spread, random)));
  const fresh = (places: Float64Array[]) =>
    places.filter((place) => !tried.some((other) => place.every((x, k) => x === other[k])));
  const drawn = Array.from({ length: CANDIDATES }, () =>
    encodePoint(space, drawPoint(space, random)),
  );
  const near = tried.slice(0, 3).flatMap((place) => around(place, 0.1));
  let best = pick(process, values[0], fresh([...drawn, ...near]));
  for (let round = 0; round < ROUNDS && best !== null; round++) {
    best = pick(process, values[0], [best, ...fresh(around(best, 0.1 / 2 ** round))]);
  }
  // If no untried place is left, repeat one.
  return best === null ? drawPoint(space, random) : decodePoint(space, best);
}

/** Expected improvement on `best` of a normal value, `(best - mean) Φ(z) + deviation φ(z)`, where lower is better. */
export function expectedImprovement(mean: number, deviation: number, best: number): number {
  const gain = best - mean;
  if (deviation <= 0) return Math.max(0, gain);
  const z = gain / deviation;
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  const below = 0.5 * (1 + errorFunction(z / Math.SQRT2));
  return Math.max(0, gain * below + deviation * density);
}

function pick(process: GaussianProcess, best: number, places: Float64Array[]): Float64Array | null {
  const { mean, deviation } = process.predict(places);
  let chosen: Float64Array | null = null;
  let highest = Number.NEGATIVE_INFINITY;
  places.forEach((place, i) => {
    const improvement = expectedImprovement(mean[i], deviation[i], best);
    if (improvement <= highest) return;
    highest = improvement;
    chosen = place;
  });
  return chosen;
}

/** Moves along a random half of the axes, within the cube; whole numbers move by about one or more, booleans may flip. */
function step(
  space: Space,
  center: ArrayLike<number>,
  spread: number,
  random: Random,
): Float64Array {
  return Float64Array.from(space, (dimension, k) => {
    if (random.uniform() < 0.5) return center[k];
    if (dimension.kind === "boolean") return random.uniform() < 0.5 ? center[k] : 1 - center[k];
    const gap = dimension.kind === "integer" ? 1 / (dimension.high - dimension.low) : 0;
    return Math.min(1, Math.max(0, center[k] + Math.max(spread, gap) * random.normal()));
  });
}

/** Standardizes values to mean 0 and variance 1; a constant becomes 0. */
function standardize(values: readonly number[]): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  return Float64Array.from(values, (value) => (deviation > 0 ? (value - mean) / deviation : 0));
}
