// Linear algebra, compiled and in JavaScript alike: NumPy's numbers, what must hold of any matrix, and what is refused.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { createRandom, type Random } from "../../lib/cohort/random.js";
import {
  decomposeSymmetric,
  factorCholesky,
  gatherRows,
  gram,
  multiply,
  multiplyTransposed,
  type Rows,
  squaredDistances,
  transposeMultiply,
} from "../../lib/engine/linear-algebra.js";
import { type Algebra, portableAlgebra } from "../../lib/engine/linear-algebra-portable.js";
import { nativeAlgebra } from "../../lib/engine/platform.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  products: {
    rows: number;
    others: number;
    columns: number;
    gram: number[];
    transposed: number[];
    squaredDistances: number[];
  }[];
  cholesky: { size: number; logDeterminant: number; solved: number[] }[];
  eigen: { size: number; values: number[]; first: number[]; last: number[] }[];
}

const SIZES = [1, 2, 3, 17, 31, 33, 64, 65, 129]; // around what vectors, tiles and blocks are cut at

const contenders: { name: string; algebra: Algebra; skip: string | false }[] = [
  { name: "portable", algebra: portableAlgebra, skip: false },
  { name: "native", ...nativeOrReason() },
];

function nativeOrReason(): { algebra: Algebra; skip: string | false } {
  try {
    return { algebra: nativeAlgebra(), skip: false };
  } catch (error) {
    return { algebra: portableAlgebra, skip: (error as Error).message };
  }
}

for (const { name, algebra, skip } of contenders) {
  describe(`${name} linear algebra`, { skip }, () => {
    for (const { folder, data } of goldenCases<Golden>("linear_algebra")) {
      test(`products and distances agree with NumPy (${folder})`, () => {
        for (const { rows, others, columns, ...expected } of data.products) {
          const a = table(rows, columns, entry);
          const b = table(others, columns, (i, j) => entry(others - 1 - i, j));
          const center = table(1, columns, entry).values;
          close(gram(a, { center }, algebra), expected.gram);
          close(multiplyTransposed(a, b, { leftCenter: center }, algebra), expected.transposed);
          close(squaredDistances(a, b, algebra), expected.squaredDistances);
        }
      });

      test(`Cholesky factors agree with NumPy and SciPy (${folder})`, () => {
        for (const { size, logDeterminant, solved } of data.cholesky) {
          const factor = factorCholesky(definite(table(size, size, entry)), algebra);
          const right = table(size > 1 ? 2 : 1, size, entry).values;
          assert.ok(Math.abs(factor.logDeterminant - logDeterminant) < 1e-11, `size ${size}`);
          close(factor.solve(right), solved, 1e-10);
        }
      });

      test(`eigenvalues and outermost eigenvectors agree with NumPy's eigh (${folder})`, () => {
        for (const { size, values, first, last } of data.eigen) {
          const matrix = table(size, size, (i, j) => entry(i, j) + entry(j, i)).values;
          const found = decomposeSymmetric(matrix, {}, algebra);
          close(found.values, values);
          close(found.vectors.subarray(0, size).map(Math.abs), first, 1e-10);
          close(found.vectors.subarray((size - 1) * size).map(Math.abs), last, 1e-10);
        }
      });
    }

    test("products are sums written out, for every way to call them and shapes that fill no block", () => {
      const random = createRandom(6, "products");
      const shapes = [
        ...SIZES.map((n, i) => [n, SIZES[(i + 4) % SIZES.length], SIZES[(i + 7) % 9]]),
      ];
      shapes.push([97, 5, 517], [5, 2055, 3], [0, 3, 2], [2, 3, 0]);
      for (const [n, m, p] of shapes) {
        const a = normal(n, p, random);
        const b = single(normal(m, p, random)); // of the other precision
        const [leftCenter, rightCenter] = [
          normal(1, p, random).values,
          normal(1, p, random).values,
        ];
        const [start, end] = [Math.floor(p / 3), p - Math.floor(p / 5)];
        const range = { start, end };
        const centers = { leftCenter, rightCenter };
        const sums = (rows: number, columns: number, count: number, term: Term) =>
          table(rows, columns, (i, j) => {
            let sum = 0;
            for (let k = 0; k < count; k++) sum += term(i, j, k);
            return sum;
          }).values;
        close(
          multiplyTransposed(a, b, { ...range, ...centers }, algebra),
          sums(n, m, end - start, (i, j, k) => {
            const at = start + k;
            return (
              (a.values[i * p + at] - leftCenter[at]) * (b.values[j * p + at] - rightCenter[at])
            );
          }),
        );
        const square = gram(b, { ...range, center: leftCenter }, algebra);
        const options = { ...range, leftCenter, rightCenter: leftCenter };
        close(square, multiplyTransposed(b, { ...b }, options, algebra));
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < i; j++) assert.equal(square[i * m + j], square[j * m + i]);
        }
        const c = normal(m, n, random);
        close(
          multiply(c, a, range, algebra),
          sums(m, end - start, n, (i, j, k) => c.values[i * n + k] * a.values[k * p + start + j]),
        );
        const d = single(normal(n, m, random));
        close(
          transposeMultiply(a, d, algebra),
          sums(p, m, n, (i, j, k) => a.values[k * p + i] * d.values[k * m + j]),
        );
        close(
          squaredDistances(a, b, algebra),
          sums(n, m, p, (i, j, k) => (a.values[i * p + k] - b.values[j * p + k]) ** 2),
        );
      }
    });

    test("a factored matrix solves its systems, of any number of rows", () => {
      const random = createRandom(7, "systems");
      for (const size of [...SIZES, 200, 257]) {
        const matrix = definite(normal(size, size, random));
        const factor = factorCholesky(matrix, algebra);
        for (const rows of [0, 1, 5, 130]) {
          const right = normal(rows, size, random);
          const solved = { rows, columns: size, values: factor.solve(right.values) };
          const back = multiply(solved, { rows: size, columns: size, values: matrix }, {}, algebra);
          close(back, right.values, 1e-10, 1);
        }
      }
    });

    for (const [what, make] of Object.entries(matrices())) {
      test(`eigenvectors of ${what} are orthonormal, and leave no residual`, () => {
        for (const size of what.startsWith("a random") ? [...SIZES, 257, 300] : [31, 64, 300]) {
          const matrix = make(size);
          const { values, vectors } = decomposeSymmetric(matrix.values, {}, algebra);
          const norm = Math.max(Math.abs(values[0]), Math.abs(values[size - 1]));
          const rows = { rows: size, columns: size, values: vectors };
          const images = multiply(rows, matrix, {}, algebra);
          const identity = gram(rows, {}, algebra);
          let [residual, deviation, last] = [0, 0, Number.POSITIVE_INFINITY];
          for (let i = 0; i < size; i++) {
            assert.ok(values[i] <= last, "largest first");
            last = values[i];
            for (let j = 0; j < size; j++) {
              const at = i * size + j;
              residual = Math.max(residual, Math.abs(images[at] - values[i] * vectors[at]));
              deviation = Math.max(deviation, Math.abs(identity[at] - (i === j ? 1 : 0)));
            }
          }
          assert.ok(deviation < 1e-12, `size ${size}: ${deviation}`);
          assert.ok(residual <= 1e-13 * Math.sqrt(size) * norm, `size ${size}: ${residual / norm}`);
        }
      });
    }

    test("as many eigenvectors as are asked for are the first of all", () => {
      for (const size of [3, 33, 129, 300]) {
        const matrix = table(size, size, (i, j) => entry(i, j) + entry(j, i)).values;
        const all = decomposeSymmetric(matrix, {}, algebra);
        for (const count of [0, 1, size >> 1]) {
          const some = decomposeSymmetric(matrix, { count }, algebra);
          assert.equal(some.vectors.length, count * size);
          close(some.values, all.values);
          close(
            some.vectors.map(Math.abs),
            all.vectors.subarray(0, count * size).map(Math.abs),
            1e-9,
            1,
          );
        }
      }
    });

    test("numbers near the ends of the range are neither lost nor overflow", () => {
      for (const factor of [1e-300, 1e300]) {
        const small = Float64Array.of(2, 1, 1, 2).map((value) => value * factor);
        close(decomposeSymmetric(small, {}, algebra).values, [3 * factor, factor]);
      }
    });

    test("a matrix that is not positive definite is refused with the row that shows it", () => {
      const random = createRandom(8, "deficient");
      for (const [size, rank] of [
        [3, 2],
        [65, 40],
        [129, 100],
      ]) {
        // The last rows are sums of others, less a bit: the pivots are negative, whatever the rounding.
        const matrix = gram(normal(size, rank, random), {}, algebra);
        for (let i = 0; i < size; i++) matrix[i * (size + 1)] -= 1e-6;
        assert.throws(
          () => factorCholesky(matrix, algebra),
          new RegExp(`positive definite.*of ${size} rows.*first ${rank + 1};.*diagonal`),
        );
      }
      const negative = Float64Array.of(-1);
      assert.throws(
        () => factorCholesky(negative, algebra),
        /of 1 rows that is not, by its first 1;/,
      );
      assert.throws(() => factorCholesky(new Float64Array(4), algebra), /positive definite/);
    });

    test("NaN and infinity are refused wherever they come in, and where they come up", () => {
      const good = table(3, 3, entry);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const bad = { ...good, values: good.values.with(4, value) };
        const refused = /expected finite numbers, got (NaN|Infinity) at row \d, column \d; fill/;
        for (const call of [
          () => gram(bad, {}, algebra),
          () => multiply(good, bad, {}, algebra),
          () => multiplyTransposed(bad, good, {}, algebra),
          () => transposeMultiply(good, bad, algebra),
          () => squaredDistances(bad, good, algebra),
          () => factorCholesky(bad.values, algebra),
          () => factorCholesky(definite(good), algebra).solve(bad.values),
          () => decomposeSymmetric(bad.values, {}, algebra),
        ]) {
          assert.throws(call, { name: "RangeError", message: refused });
        }
      }
      const huge = table(2, 2, () => 1e200);
      assert.throws(() => gram(huge, {}, algebra), /got Infinity at row 0, column 0/);
      const largest = Float64Array.of(0, 1, 1, 0).map((value) => value * Number.MAX_VALUE);
      largest[0] = Number.MAX_VALUE;
      assert.throws(() => decomposeSymmetric(largest, {}, algebra), /got Infinity/);
    });

    test("shapes that do not fit are refused before anything is read", () => {
      const [a, b] = [table(3, 4, entry), table(2, 5, entry)];
      const short = { ...a, values: a.values.subarray(1) };
      const whole = { rows: 2, columns: 2, values: new Int32Array(4) as unknown as Float64Array };
      for (const [call, message] of [
        [() => gram(short, {}, algebra), /gram: expected 3 x 4 = 12 values, got 11/],
        [() => gram(whole, {}, algebra), /Float32Array or Float64Array/],
        [() => gram(a, { center: new Float64Array(3) }, algebra), /expected 4 columns, got 3/],
        [() => gram(a, { start: 3, end: 2 }, algebra), /within the 4 columns, got \[3, 2\)/],
        [() => gram(a, { end: 5 }, algebra), /within the 4 columns, got \[0, 5\)/],
        [() => multiply(a, b, {}, algebra), /each of the 2 rows of the second, got 4/],
        [() => multiplyTransposed(a, b, {}, algebra), /expected 4 columns, got 5/],
        [() => transposeMultiply(a, b, algebra), /expected 3 rows, got 2/],
        [() => squaredDistances(a, b, algebra), /expected 4 columns, got 5/],
        [() => factorCholesky(new Float64Array(5), algebra), /square matrix, got 5/],
        [() => decomposeSymmetric(new Float64Array(0), {}, algebra), /square matrix, got 0/],
        [
          () => factorCholesky(Float64Array.of(1, 0, 0, 1), algebra).solve(new Float64Array(3)),
          /rows of 2 numbers, got 3/,
        ],
        [() => decomposeSymmetric(Float64Array.of(1), { count: 2 }, algebra), /in \[0, 1\], got 2/],
        [() => decomposeSymmetric(Float64Array.of(1), { count: 0.5 }, algebra), /got 0\.5/],
      ] as const) {
        assert.throws(call, message);
      }
    });

    test("what comes in stays as it is", () => {
      const matrix = definite(table(65, 65, entry));
      const before = matrix.slice();
      const right = table(2, 65, entry).values;
      factorCholesky(matrix, algebra).solve(right);
      decomposeSymmetric(matrix, {}, algebra);
      assert.deepEqual(matrix, before);
      assert.deepEqual(right, table(2, 65, entry).values);
    });
  });
}

test("the native one gives the same numbers to the bit again, and to rounding on other threads", {
  skip: contenders[1].skip,
}, () => {
  const place = new URL("../../lib/engine/linear-algebra.ts", import.meta.url).href;
  const script = `
    const { decomposeSymmetric, factorCholesky, gram } = await import(${JSON.stringify(place)});
    const values = Float32Array.from({ length: 300 * 411 }, (_, i) => Math.sin(i * i));
    const products = gram({ rows: 300, columns: 411, values });
    for (let i = 0; i < 300; i++) products[i * 301] += 1;
    const { values: found } = decomposeSymmetric(products);
    const solved = factorCholesky(products).solve(values.subarray(0, 3000));
    console.log(JSON.stringify([...found, ...solved]));`;
  const [one, three, again] = ["1", "3", "3"].map((threads) =>
    run(script, { ARO_THREADS: threads }),
  );
  assert.equal(again, three);
  close(JSON.parse(one) as number[], JSON.parse(three) as number[], 1e-10);
});

for (const { name, algebra, skip } of contenders) {
  test(`${name}: columns of rows are gathered in any order, wherever they go`, { skip }, () => {
    const values = Float32Array.from({ length: 3000 * 7 }, (_, i) => i);
    const rows = Int32Array.from({ length: 2500 }, (_, i) => (i * 1237) % 3000).fill(5, 10, 20);
    const out = new Float32Array(2500 * 4).fill(-1);
    const source = { values, start: 2, width: 3, stride: 7 };
    gatherRows(source, rows, { values: out, start: 1, stride: 4 }, algebra);
    const expected = Array.from(rows, (row) => [-1, row * 7 + 2, row * 7 + 3, row * 7 + 4]);
    assert.deepEqual([...out], expected.flat());
    const wrong = (row: number, from = source, into = { values: out, start: 1, stride: 4 }) =>
      assert.throws(
        () => gatherRows(from, Int32Array.of(0, row), into, algebra),
        /gatherRows: expected rows of a table of 21000 numbers into one of \d+, got numbers up to/,
      );
    wrong(3000);
    wrong(-1);
    wrong(2999, { ...source, start: 5 });
    wrong(1, { ...source, start: -1 });
    wrong(1, source, { values: new Float32Array(7), start: 1, stride: 4 });
  });
}

test("distances are the same to the bit in JavaScript and compiled", {
  skip: contenders[1].skip,
}, () => {
  const random = createRandom(10, "distances");
  for (const columns of [1, 7, 8, 65, 2047, 2049, 4100]) {
    const [a, b] = [normal(5, columns, random), single(normal(7, columns, random))];
    for (const [one, other] of [
      [a, b],
      [b, a],
    ]) {
      assert.deepEqual(
        squaredDistances(one, other, nativeAlgebra()),
        squaredDistances(one, other, portableAlgebra),
      );
    }
  }
});

test("a machine without a compiler computes in JavaScript, and says why once", () => {
  const place = new URL("../../lib/engine/linear-algebra.ts", import.meta.url).href;
  const script = `
    const { fastestAlgebra, gram } = await import(${JSON.stringify(place)});
    const rows = { rows: 2, columns: 2, values: Float64Array.of(1, 2, 3, 4) };
    console.log(fastestAlgebra().name, gram(rows).join(" "));`;
  const { stdout, stderr } = runApart(script, { CXX: "no-such-compiler" });
  assert.equal(stdout.trim(), "portable 5 11 11 25");
  assert.match(
    stderr,
    /^linear algebra runs in JavaScript, which is slow: .* \(no-such-compiler\), got none.*\n$/,
  );
  const refused = runApart(script, { ARO_THREADS: "many" });
  assert.match(refused.stderr, /RangeError: ARO_THREADS: expected .* from 1 to 1024, got "many"/);
  assert.throws(() => nativeAlgebra({ compilers: ["no-such-compiler"] }), /no-such-compiler/);
});

function run(script: string, env: NodeJS.ProcessEnv): string {
  const { stdout, stderr } = runApart(script, env);
  assert.equal(stderr, "");
  return stdout.trim();
}

function runApart(script: string, env: NodeJS.ProcessEnv) {
  const args = ["--import", "tsx", "--input-type=module", "--eval", script];
  const options = { encoding: "utf8", env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, args, options);
}

type Term = (i: number, j: number, k: number) => number;

/** The golden numbers' own formula. */
function entry(i: number, j: number): number {
  return ((7919 * i + 104729 * j + 31 * i * j) % 1021) / 1021 - 0.5;
}

function table(rows: number, columns: number, value: (i: number, j: number) => number) {
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) values[i * columns + j] = value(i, j);
  }
  return { rows, columns, values };
}

function normal(rows: number, columns: number, random: Random) {
  return table(rows, columns, random.normal);
}

function single({ rows, columns, values }: Rows) {
  return { rows, columns, values: Float32Array.from(values) };
}

/** The rows' inner products and the identity; written out, so that nothing tested makes it. */
function definite({ rows, columns, values }: Rows): Float64Array {
  return table(rows, rows, (i, j) => {
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < columns; k++) sum += values[i * columns + k] * values[j * columns + k];
    return sum;
  }).values;
}

/** Symmetric matrices that are hard on an algorithm, each in its own way. */
function matrices(): Record<string, (size: number) => Rows & { values: Float64Array }> {
  const random = createRandom(9, "matrices");
  const mirrored = ({ rows, columns, values }: Rows) =>
    table(rows, columns, (i, j) => values[Math.min(i, j) * columns + Math.max(i, j)]);
  const products = (size: number, rank: number) => {
    const rows = normal(size, rank, random);
    return { rows: size, columns: size, values: gram(rows, {}, portableAlgebra) };
  };
  return {
    "a random matrix": (size) => mirrored(normal(size, size, random)),
    "a matrix of zeros": (size) => table(size, size, () => 0),
    "the identity": (size) => table(size, size, (i, j) => (i === j ? 1 : 0)),
    "a matrix of ones": (size) => table(size, size, () => 1),
    "a matrix of rank 5": (size) => products(size, 5),
    "a centered matrix of products": (size) => products(size, size - 1),
    "a diagonal matrix with equal entries": (size) =>
      table(size, size, (i, j) => (i === j ? i % 3 : 0)),
    "a matrix graded over sixty orders": (size) =>
      mirrored(table(size, size, (i, j) => random.normal() * 10 ** ((-30 * (i + j)) / size))),
    // Pairs of eigenvalues that agree to all digits, with vectors that do not.
    "Wilkinson's matrix": (size) =>
      table(size, size, (i, j) =>
        i === j ? Math.abs(i - (size - 1) / 2) : Math.abs(i - j) === 1 ? 1 : 0,
      ),
    "a chain": (size) =>
      table(size, size, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)),
  };
}

/** Relative to the larger of each expected number and `floor` times the largest. */
function close(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-12,
  floor = 0.1,
): void {
  const error = relativeError(actual, expected, floor);
  assert.ok(error < tolerance, `off by ${error}`);
}
