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

export interface BooleanDimension {
  readonly name: string;
  readonly kind: "boolean";
}

export type Dimension = NumberDimension | BooleanDimension;

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

/**
 * Takes dimensions of a space, in the space's order, with other ranges where they are given.
 * @throws RangeError if a name is not in the space, or a range makes no sense.
 */
export function chooseDimensions(
  space: Space,
  names: readonly string[],
  ranges: Readonly<Record<string, Partial<Omit<NumberDimension, "name" | "kind">>>> = {},
): Space {
  const known = space.map(({ name }) => name);
  const unknown = [...names, ...Object.keys(ranges)].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `chooseDimensions: expected dimensions of ${known.join(", ")}, got "${unknown}"`,
    );
  }
  const chosen = space
    .filter(({ name }) => names.includes(name))
    .map((dimension) => ({ ...dimension, ...ranges[dimension.name] }));
  checkSpace(chosen);
  return chosen;
}

/** @throws RangeError naming the first dimension that makes no sense, and what it may be. */
export function checkSpace(space: Space): void {
  if (space.length === 0) throw new RangeError("checkSpace: expected dimensions, got none");
  const names = new Set<string>();
  for (const dimension of space) {
    const refuse = (expected: string, got: unknown) => {
      throw new RangeError(`checkSpace: expected ${dimension.name} ${expected}, got ${got}`);
    };
    if (names.has(dimension.name)) refuse("once", "it twice");
    names.add(dimension.name);
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

/** @throws RangeError naming the first value that is not in the space. */
export function checkPoint(space: Space, point: Point): void {
  for (const dimension of space) {
    const value = point[dimension.name];
    const fits =
      dimension.kind === "boolean"
        ? typeof value === "boolean"
        : typeof value === "number" &&
          value >= dimension.low &&
          value <= dimension.high &&
          (dimension.kind === "number" || Number.isInteger(value));
    if (!fits) {
      const range =
        dimension.kind === "boolean"
          ? "true or false"
          : `${dimension.kind === "integer" ? "a whole number" : "a number"} in [${dimension.low}, ${dimension.high}]`;
      throw new RangeError(
        `checkPoint: expected ${dimension.name} to be ${range}, got ${value ?? "nothing"}`,
      );
    }
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
    const [low, high] = warpedRange(dimension, dimension.high);
    return (warp(dimension, Number(value)) - low) / (high - low);
  });
}

/** Maps a place in the unit cube to its point; every whole number, and either boolean, has its own share of the side. */
export function decodePoint(space: Space, place: ArrayLike<number>): Point {
  const values = space.map((dimension, i): [string, number | boolean] => {
    const share = Math.min(1, Math.max(0, place[i]));
    if (dimension.kind === "boolean") return [dimension.name, share >= 0.5];
    const whole = dimension.kind === "integer";
    const [low, high] = warpedRange(dimension, whole ? dimension.high + 1 : dimension.high);
    const warped = low + share * (high - low);
    const value = dimension.scale === "log" ? Math.exp(warped) : warped;
    const settled = whole ? Math.floor(value) : value;
    return [dimension.name, Math.min(dimension.high, Math.max(dimension.low, settled))];
  });
  return Object.fromEntries(values);
}

function warp({ scale }: NumberDimension, value: number): number {
  return scale === "log" ? Math.log(value) : value;
}

function warpedRange(dimension: NumberDimension, end: number): [low: number, high: number] {
  return [warp(dimension, dimension.low), warp(dimension, end)];
}
