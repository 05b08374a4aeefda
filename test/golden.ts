// Golden numbers, this repository's own and those of the folder that ARO_GOLDEN names, and how near ours must come.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface GoldenCase<T> {
  readonly folder: string;
  readonly data: T;
}

/** The folders to compare with; the second only where ARO_GOLDEN is set. */
export function goldenFolders(): string[] {
  const named = process.env.ARO_GOLDEN;
  if (named && !existsSync(named)) throw new Error(`ARO_GOLDEN: expected a folder, got "${named}"`);
  return [join(import.meta.dirname, "golden"), ...(named ? [named] : [])];
}

/** Reads NAME.json of every golden folder that has it; at least one must. */
export function goldenCases<T>(name: string): GoldenCase<T>[] {
  const cases = goldenFolders()
    .map((folder) => ({ folder, file: join(folder, `${name}.json`) }))
    .filter(({ file }) => existsSync(file))
    .map(({ folder, file }) => ({ folder, data: JSON.parse(readFileSync(file, "utf8")) as T }));
  if (cases.length === 0)
    throw new Error(`goldenCases: expected test/golden/${name}.json, got none`);
  return cases;
}

/**
 * The largest error relative to the larger of the expected value and `floor` times the largest expected
 * magnitude, so that a rounding error beside a zero does not count as infinite.
 */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  floor = 1e-3,
): number {
  if (actual.length !== expected.length) {
    throw new RangeError(
      `relativeError: expected ${expected.length} numbers, got ${actual.length}`,
    );
  }
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const scale = Math.max(Math.abs(expected[i]), floor * largest, Number.MIN_VALUE);
    const error = Math.abs(actual[i] - expected[i]) / scale;
    if (Number.isNaN(error)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, error);
  }
  return worst;
}

/** Numbers in lists of lists, as JSON holds a tensor. */
export type Nested = readonly (number | Nested)[];
export type Tensors = Readonly<Record<string, Nested>>;

export function flatten(values: Nested): number[] {
  return (values as number[]).flat(Number.POSITIVE_INFINITY) as number[];
}

/** Reads tensors as a model takes them. */
export function weightsOf(tensors: Tensors): Map<string, Float32Array> {
  const entries = Object.entries(tensors);
  return new Map(entries.map(([name, values]) => [name, Float32Array.from(flatten(values))]));
}

/**
 * Holds numbers to a relative error, those below a tenth of the largest to a tenth of it: golden numbers are float64, and
 * the rounding of one float32 term as large as the largest is 6e-8 of it.
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number> | Nested,
  what: string,
  tolerance = 1e-5,
): void {
  const numbers = Array.isArray(expected) ? flatten(expected) : (expected as ArrayLike<number>);
  const error = relativeError(actual, numbers, 0.1);
  assert.ok(error <= tolerance, `${what}: expected an error of at most ${tolerance}, got ${error}`);
}

/** Holds each tensor, and its name, to the golden ones. */
export function assertTensors(
  actual: ReadonlyMap<string, Float32Array>,
  expected: Tensors,
  what: string,
): void {
  assert.deepEqual([...actual.keys()].sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    assertClose(actual.get(name)!, values, `${what} ${name}`);
  }
}
