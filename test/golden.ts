// Finds the golden numbers: this repository's own, and those of the folder that ARO_GOLDEN names.
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
