// Functions whose minimum is known, over spaces of their own, for tests of the search.
import assert from "node:assert/strict";
import { createRandom } from "../../lib/cohort/random.js";
import { type Observation, type SearchMethod, suggest } from "../../lib/train/search.js";
import type { NumberDimension, Point, Space } from "../../lib/train/space.js";

export interface Objective {
  readonly space: Space;
  readonly value: (point: Point) => number;
}

const number = (name: string, low: number, high: number): NumberDimension => ({
  name,
  kind: "number",
  low,
  high,
  scale: "linear",
});

/** Three equal minima, 0.398. Source: Branin 1972. */
export const branin: Objective = {
  space: [number("x", -5, 10), number("y", 0, 15)],
  value: (point) => {
    const [x, y] = [Number(point.x), Number(point.y)];
    const curve = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6;
    return curve ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10;
  },
};

const WEIGHTS = [1, 1.2, 3, 3.2];
const SHARPNESS = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const CENTERS = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];

/** One minimum in six dimensions, -3.322. Source: Hartman 1973. */
export const hartmann: Objective = {
  space: Array.from({ length: 6 }, (_, i) => number(`x${i}`, 0, 1)),
  value: (point) =>
    -WEIGHTS.reduce((sum, weight, row) => {
      const distance = SHARPNESS[row].reduce(
        (total, sharp, i) => total + sharp * (Number(point[`x${i}`]) - CENTERS[row][i] / 1e4) ** 2,
        0,
      );
      return sum + weight * Math.exp(-distance);
    }, 0),
};

/** Like a tuning: a rate by powers of ten whose best place depends on a boolean, whole numbers; minimum 0, unmasked. */
export const mixed: Objective = {
  space: [
    { name: "rate", kind: "number", low: 1e-5, high: 1e-1, scale: "log" },
    { name: "layers", kind: "integer", low: 1, high: 5, scale: "linear" },
    { name: "masked", kind: "boolean" },
    { name: "decay", kind: "number", low: 0, high: 0.2, scale: "linear" },
    { name: "width", kind: "integer", low: 16, high: 512, scale: "log" },
  ],
  value: ({ rate, layers, masked, decay, width }) =>
    (Math.log10(Number(rate)) + (masked ? 2 : 2.5)) ** 2 +
    0.1 * (Number(layers) - 2) ** 2 +
    (masked ? 0.3 : 0) +
    4 * Number(decay) ** 2 +
    0.05 * (Math.log2(Number(width)) - 7) ** 2,
};

/** Runs a search for so many trials. */
export function search(
  { space, value }: Objective,
  method: SearchMethod,
  seed: number,
  count: number,
): Observation[] {
  const trials: Observation[] = [];
  for (let i = 0; i < count; i++) {
    const point = suggest(method, space, trials, createRandom(seed, `trial ${i}`));
    trials.push({ point, value: value(point) });
  }
  return trials;
}

/** Fails unless every value of a point is in its dimension's range. */
export function assertInside({ space }: Objective, point: Point): void {
  for (const dimension of space) {
    const value = point[dimension.name];
    if (dimension.kind === "boolean") assert.equal(typeof value, "boolean");
    else {
      assert.ok(Number(value) >= dimension.low && Number(value) <= dimension.high);
      assert.ok(dimension.kind === "number" || Number.isInteger(value));
    }
  }
}

export function lowest(trials: readonly Observation[]): number {
  return Math.min(...trials.map(({ value }) => value));
}
