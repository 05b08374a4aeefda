// A search space: named dimensions with ranges, and its map onto the unit cube.
import type { Random } from "../cohort/random.js";

export interface NumberDimension {
  readonly name: string;
  /** "integer" takes whole numbers, both ends included. */
  readonly kind: "number" | "integer";
  readonly low: number;
  readonly high: number;
  /** "log" gives each factor of ten the same share and needs `low` above 0. */
  readonly scale: "linear" | "log";
}

export type Dimension = NumberDimension | { readonly name: string; readonly kind: "boolean" };

export type Space = readonly Dimension[];

/** One value per dimension, by name. */
export type Point = Readonly<Record<string, number | boolean>>;

/**
 * What the paper tuned, with the ranges of the authors' sweep.
 * Source: paper appendix B and Figure 4; sweep.yaml in ccdderc/ARO@e3bb22a, every range uniform.
 */
export const PAPER_SPACE = [
  { name: "inputDropout", kind: "number", low: 0, high: 0.2, scale: "linear" },
  { name: "width", kind: "integer", low: 512, high: 4096, scale: "linear" },
  { name: "learningRate", kind: "number", low: 1e-6, high: 1e-4, scale: "linear" },
  { name: "masked", kind: "boolean" },
  { name: "hiddenLayers", kind: "integer", low: 1, high: 5, scale: "linear" },
  { name: "batchNorm", kind: "boolean" },
  { name: "weightDecay", kind: "number", low: 0, high: 0.2, scale: "linear" },
] as const satisfies Space;

/** @throws RangeError naming the first dimension that makes no sense, and what it may be. */
export function checkSpace(space: Space): void {
  for (const dimension of space) {
    const refuse = (expected: string, got: unknown) => {
      throw new RangeError(`checkSpace: expected ${dimension.name} ${expected}, got ${got}`);
    };
    if (dimension.kind === "boolean") continue;
    const { kind, low, high, scale } = dimension;
    if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
      refuse("to have a range from low to high", `${low} to ${high}`);
    }
    if (kind === "integer" && !(Number.isInteger(low) && Number.isInteger(high))) {
      refuse("to range over whole numbers", `${low} to ${high}`);
    }
    if (scale === "log" && low <= 0) refuse("to be above 0 on a log scale", low);
  }
}

/** Draws a point, each dimension uniform on its scale. */
export function drawPoint(space: Space, random: Random): Point {
  return decodePoint(
    space,
    space.map(() => random.uniform()),
  );
}

/** Maps a point into the unit cube, `[dimensions]`: numbers by their scale, false to 0 and true to 1. */
export function encodePoint(space: Space, point: Point): Float64Array {
  return Float64Array.from(space, (dimension) => {
    const value = point[dimension.name];
    if (dimension.kind === "boolean") return value ? 1 : 0;
    const { low, high, scale } = dimension;
    return (warp(scale, Number(value)) - warp(scale, low)) / (warp(scale, high) - warp(scale, low));
  });
}

/** Maps a place in the unit cube to its point; every whole number, and either boolean, has its own share of the side. */
export function decodePoint(space: Space, place: ArrayLike<number>): Point {
  const values = space.map((dimension, i): [string, number | boolean] => {
    const share = Math.min(1, Math.max(0, place[i]));
    if (dimension.kind === "boolean") return [dimension.name, share >= 0.5];
    const { kind, scale } = dimension;
    const isWhole = kind === "integer";
    const low = warp(scale, dimension.low);
    const high = warp(scale, isWhole ? dimension.high + 1 : dimension.high);
    const warped = low + share * (high - low);
    const value = scale === "log" ? Math.exp(warped) : warped;
    const settled = isWhole ? Math.floor(value) : value;
    return [dimension.name, Math.min(dimension.high, Math.max(dimension.low, settled))];
  });
  return Object.fromEntries(values);
}

function warp(scale: NumberDimension["scale"], value: number): number {
  return scale === "log" ? Math.log(value) : value;
}
