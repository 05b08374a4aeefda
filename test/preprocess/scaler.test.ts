// The scaler: the paper's preprocessing stage by stage, with statistics of the training rows and of no others.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Matrix, matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { applyScaler, fitScaler, type Scaler, type Stage } from "../../lib/preprocess/scaler.js";
import { goldenCases, relativeError } from "../golden.js";

const TOLERANCE = 1e-5;

type Statistic = Exclude<keyof Scaler, "trainedOn">;

interface PreprocessGolden extends Readonly<Record<Statistic, readonly number[]>> {
  readonly input: readonly (readonly (number | null)[])[];
  readonly train: readonly number[];
  readonly rest: readonly number[];
  readonly observed: readonly (readonly number[])[];
  readonly imputed: readonly (readonly number[])[];
  readonly winsorized: readonly (readonly number[])[];
  readonly z: readonly (readonly number[])[];
  readonly output: readonly (readonly number[])[];
}

const STAGES = [
  ["imputed", "imputed"],
  ["winsorized", "winsorized"],
  ["standardized", "z"],
  ["log", "output"],
] as const satisfies readonly (readonly [Stage, keyof PreprocessGolden])[];

const STATISTICS = ["median", "low", "high", "mean", "std"] as const;

const idsOf = (rows: readonly number[]) => rows.map((row) => `s${row}`);

const columnOf = ({ values, rows, columns }: Matrix, column: number): number[] =>
  Array.from({ length: rows }, (_, row) => values[row * columns + column]);

/** A matrix from rows in which null was not measured. */
function matrixOf(rows: readonly (readonly (number | null)[])[]): Matrix {
  const numbers = rows.flat().map((value) => value ?? Number.NaN);
  return matrixFrom(rows.length, rows[0].length, numbers);
}

const everyRow = ({ rows }: Matrix) => Array.from({ length: rows }, (_, row) => row);

function fitAll(matrix: Matrix): Scaler {
  const rows = everyRow(matrix);
  return fitScaler(matrix, rows, idsOf(rows));
}

for (const { folder, data } of goldenCases<PreprocessGolden>("preprocess")) {
  const matrix = matrixOf(data.input);
  const scaler = fitScaler(matrix, data.train, idsOf(data.train));

  for (const name of STATISTICS) {
    test(`fitScaler's ${name} of each column equals NumPy's within 1e-5 in ${folder}`, () => {
      data[name].forEach((expected, column) => {
        const error = relativeError([scaler[name][column]], [expected]);
        assert.ok(error < TOLERANCE, `column ${column}: ${scaler[name][column]} for ${expected}`);
      });
    });
  }

  for (const [stage, key] of STAGES) {
    test(`applyScaler until "${stage}" equals NumPy's within 1e-5 in ${folder}`, () => {
      const out = applyScaler(scaler, matrix, everyRow(matrix), stage);
      // Column by column: a huge one would hide what is wrong in the others.
      for (let column = 0; column < matrix.columns; column++) {
        const expected = data[key].map((row) => row[column]);
        const error = relativeError(columnOf(out, column), expected);
        assert.ok(error < TOLERANCE, `column ${column} is off by ${error}`);
      }
    });
  }

  test(`applyScaler keeps the mask of what was measured in ${folder}`, () => {
    const out = applyScaler(scaler, matrix, everyRow(matrix));
    assert.deepEqual([...out.observed], data.observed.flat());
  });

  test(`held-out rows may change as they like without changing a statistic in ${folder}`, () => {
    const changed = { ...matrix, values: matrix.values.slice(), observed: matrix.observed.slice() };
    const random = createRandom(1);
    for (const row of data.rest) {
      for (let i = row * matrix.columns; i < (row + 1) * matrix.columns; i++) {
        changed.values[i] = 1e6 * random.normal();
        changed.observed[i] = 1;
      }
    }
    assert.deepEqual(fitScaler(changed, data.train, idsOf(data.train)), scaler);
    const apply = (from: Matrix) => applyScaler(scaler, from, data.train);
    assert.deepEqual(apply(changed), apply(matrix));
  });
}

test("a small column by hand: median 2, percentiles between neighbors, z of the clamped values", () => {
  const matrix = matrixOf([[1], [2], [null], [4], [100]]);
  const { median, low, high, mean, std } = fitAll(matrix);
  assert.equal(median[0], 3); // of 1, 2, 4, 100
  const sorted = [1, 2, 3, 4, 100];
  const p1 = 1 + 0.04 * (sorted[1] - sorted[0]);
  const p99 = 4 + 0.96 * (sorted[4] - sorted[3]);
  assert.ok(relativeError([low[0], high[0]], [p1, p99]) < 1e-12);
  const clamped = [p1, 2, 3, 4, p99];
  const center = clamped.reduce((sum, value) => sum + value) / 5;
  const deviation = Math.sqrt(clamped.reduce((sum, value) => sum + (value - center) ** 2, 0) / 5);
  assert.ok(relativeError([mean[0], std[0]], [center, deviation]) < 1e-12);
  const out = applyScaler(fitAll(matrix), matrix, [4, 0]);
  assert.ok(Math.abs(out.values[0] - Math.log1p((p99 - center) / deviation)) < 1e-6);
  assert.equal(out.values[1], 0, "a value below the mean becomes 0");
});

test("a constant column becomes 0, whatever its constant and whatever held-out rows hold", () => {
  for (const constant of [0, 2.5, 0.1, -7, 1e30]) {
    const matrix = matrixOf([[constant], [constant], [constant], [constant * 3 + 5], [null]]);
    const scaler = fitScaler(matrix, [0, 1, 2], ["a", "b", "c"]);
    assert.equal(scaler.std[0], 0, `deviation of ${constant}`);
    for (const stage of ["standardized", "log"] as const) {
      assert.deepEqual(
        [...applyScaler(scaler, matrix, everyRow(matrix), stage).values],
        Array(5).fill(0),
      );
    }
  }
});

test("a column that no training row measured becomes 0 at every stage, and keeps its mask", () => {
  const matrix = matrixOf([[null], [null], [5], [-5]]);
  const scaler = fitScaler(matrix, [0, 1], ["a", "b"]);
  assert.equal(scaler.median[0], 0);
  for (const [stage] of STAGES.slice(1)) {
    const out = applyScaler(scaler, matrix, everyRow(matrix), stage);
    assert.deepEqual([...out.values], [0, 0, 0, 0]);
    assert.deepEqual([...out.observed], [0, 0, 1, 1]);
  }
});

test("a measured zero is data: it counts in the median, a missing value does not", () => {
  assert.equal(fitAll(matrixOf([[0], [0], [6]])).median[0], 0);
  assert.equal(fitAll(matrixOf([[null], [null], [6]])).median[0], 6);
});

test("columns are independent: a wide matrix gives what its columns give alone", () => {
  // 300 columns cross the block in which the scaler gathers them.
  const random = createRandom(4);
  const draw = () => (random.uniform() < 0.2 ? Number.NaN : random.normal());
  const wide = matrixFrom(9, 300, Array.from({ length: 2_700 }, draw));
  const scaler = fitAll(wide);
  for (const column of [0, 127, 128, 255, 256, 299]) {
    const alone = matrixOf(
      everyRow(wide).map((row) => {
        const at = row * wide.columns + column;
        return [wide.observed[at] ? wide.values[at] : null];
      }),
    );
    const single = fitAll(alone);
    for (const name of STATISTICS) assert.equal(scaler[name][column], single[name][0], name);
  }
});

test("rows come out in the order asked for, as often as asked for, and the input stays as it was", () => {
  const matrix = matrixOf([
    [1, 9],
    [2, 7],
    [6, null],
  ]);
  const before = matrix.values.slice();
  const out = applyScaler(fitAll(matrix), matrix, [2, 0, 2], "imputed");
  assert.deepEqual([...out.values], [6, 8, 1, 9, 6, 8]);
  assert.deepEqual([...out.observed], [1, 0, 1, 1, 1, 0]);
  assert.deepEqual(matrix.values, before);
});

test("the output is finite, non-negative and free of NaN for any finite input", () => {
  const random = createRandom(8);
  const numbers = Array.from({ length: 400 }, () => random.normal() * 10 ** random.integer(38));
  const matrix = matrixFrom(20, 20, numbers);
  const out = applyScaler(fitAll(matrix), matrix, everyRow(matrix));
  assert.ok(out.values.every((value) => Number.isFinite(value) && value >= 0));
});

test("the scaler remembers the ids it was fitted on, apart from the caller's list", () => {
  const ids = ["a", "b"];
  const scaler = fitScaler(matrixOf([[1], [2]]), [0, 1], ids);
  ids[0] = "changed";
  assert.deepEqual(scaler.trainedOn, ["a", "b"]);
});

test("fitScaler refuses no rows, ids that do not fit the rows, and rows that are not there", () => {
  const matrix = matrixOf([[1], [2]]);
  assert.throws(() => fitScaler(matrix, [], []), {
    name: "RangeError",
    message: "fitScaler: expected one id per row and at least one row, got 0 rows and 0 ids",
  });
  assert.throws(() => fitScaler(matrix, [0, 1], ["a"]), /got 2 rows and 1 ids/);
  for (const row of [2, -1, 0.5]) {
    const message = `fitScaler: expected rows in [0, 2), got ${row}`;
    assert.throws(() => fitScaler(matrix, [0, row], ["a", "b"]), { name: "RangeError", message });
  }
});

test("applyScaler refuses a matrix of other columns, and rows that are not there", () => {
  const scaler = fitAll(
    matrixOf([
      [1, 2],
      [2, 3],
    ]),
  );
  assert.throws(() => applyScaler(scaler, matrixOf([[1], [2]]), [0]), {
    name: "RangeError",
    message: "applyScaler: expected 2 columns, got 1",
  });
  const message = "applyScaler: expected rows in [0, 1), got 1";
  assert.throws(() => applyScaler(scaler, matrixOf([[1, 2]]), [0, 1]), {
    name: "RangeError",
    message,
  });
});
