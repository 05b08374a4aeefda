// The matrix: values and mask move together, and wrong sizes are refused.
import assert from "node:assert/strict";
import test from "node:test";
import {
  countObserved,
  emptyMatrix,
  joinColumns,
  type Matrix,
  matrixFrom,
  selectColumns,
  selectRows,
  transposeMatrix,
} from "../../lib/cohort/matrix.js";

/** 1 2 3 / NaN 0 6 */
const SMALL = matrixFrom(2, 3, [1, 2, 3, Number.NaN, 0, 6]);

/** Row-major, with null where nothing was observed. */
function entries({ values, observed }: Matrix): (number | null)[] {
  return [...values].map((value, i) => (observed[i] ? value : null));
}

test("matrixFrom reads NaN as not observed, and zero as data", () => {
  assert.deepEqual(entries(SMALL), [1, 2, 3, null, 0, 6]);
  assert.equal(SMALL.values[3], 0);
  assert.deepEqual([SMALL.rows, SMALL.columns], [2, 3]);
});

test("matrixFrom refuses a wrong length and what float32 cannot hold, with its place", () => {
  assert.throws(() => matrixFrom(2, 2, [1, 2, 3]), /expected 2 x 2 = 4 numbers, got 3/);
  for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e39]) {
    assert.throws(() => matrixFrom(2, 2, [1, 2, 3, value]), RangeError);
    assert.throws(() => matrixFrom(2, 2, [1, 2, 3, value]), /at row 1, column 1/);
  }
});

test("emptyMatrix has nothing observed, and may have no rows or columns", () => {
  assert.deepEqual(entries(emptyMatrix(1, 2)), [null, null]);
  assert.equal(emptyMatrix(0, 5).values.length, 0);
});

test("selectRows and selectColumns copy in the order given, also twice, also none", () => {
  assert.deepEqual(entries(selectRows(SMALL, [1, 0, 1])), [null, 0, 6, 1, 2, 3, null, 0, 6]);
  assert.deepEqual(entries(selectColumns(SMALL, [2, 0])), [3, 1, 6, null]);
  assert.deepEqual([selectRows(SMALL, []).rows, selectRows(SMALL, []).columns], [0, 3]);
  assert.deepEqual([selectColumns(SMALL, []).rows, selectColumns(SMALL, []).columns], [2, 0]);
  const copy = selectRows(SMALL, [0]);
  copy.values[0] = 9;
  assert.equal(SMALL.values[0], 1);
});

test("selectRows and selectColumns refuse indexes that are not there", () => {
  for (const index of [-1, 3, 0.5, Number.NaN]) {
    assert.throws(() => selectRows(SMALL, [index]), /selectRows: expected a row index in \[0, 2\)/);
    assert.throws(() => selectColumns(SMALL, [index]), /expected a column index in \[0, 3\)/);
  }
});

test("transposeMatrix swaps rows and columns, beyond one tile too, and undoes itself", () => {
  assert.deepEqual(entries(transposeMatrix(SMALL)), [1, null, 2, 0, 3, 6]);
  const numbers = Array.from({ length: 65 * 130 }, (_, i) => (i % 7 === 0 ? Number.NaN : i));
  const big = matrixFrom(65, 130, numbers);
  const turned = transposeMatrix(big);
  assert.deepEqual([turned.rows, turned.columns], [130, 65]);
  for (const [row, column] of [
    [0, 0],
    [64, 129],
    [63, 64],
    [1, 0],
  ]) {
    assert.equal(turned.values[column * 65 + row], big.values[row * 130 + column]);
    assert.equal(turned.observed[column * 65 + row], big.observed[row * 130 + column]);
  }
  assert.deepEqual(transposeMatrix(turned), big);
});

test("joinColumns puts matrices side by side, and refuses different numbers of rows", () => {
  const joined = joinColumns([SMALL, emptyMatrix(2, 0), matrixFrom(2, 1, [7, Number.NaN])]);
  assert.deepEqual(entries(joined), [1, 2, 3, 7, null, 0, 6, null]);
  assert.deepEqual([joinColumns([]).rows, joinColumns([]).columns], [0, 0]);
  assert.throws(() => joinColumns([SMALL, emptyMatrix(3, 1)]), /expected 2 rows, got 3/);
});

test("countObserved counts all columns or a range of them", () => {
  assert.equal(countObserved(SMALL), 5);
  assert.equal(countObserved(SMALL, 0, 1), 1);
  assert.equal(countObserved(SMALL, 1, 3), 4);
  assert.equal(countObserved(SMALL, 2, 2), 0);
});
