// Seeded randomness: repeatable, independent by stream, and NumPy's own where the paper's split needs it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, numpyPermutation, restoreRandom, shuffle } from "../../lib/cohort/random.js";
import { goldenCases } from "../golden.js";

interface SplitGolden {
  readonly cases: readonly {
    readonly n: number;
    readonly random_state: number;
    readonly permutation: readonly number[];
  }[];
}

const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next);

const mean = (numbers: readonly number[]) =>
  numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

const moment = (numbers: readonly number[], power: number) =>
  mean(numbers.map((value) => value ** power));

/** Pearson's correlation of two lists whose means are near the given one. */
function correlation(a: readonly number[], b: readonly number[], center: number): number {
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + (value - center) * (y[i] - center), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

test("the same seed and stream give the same numbers", () => {
  assert.deepEqual(
    draw(50, createRandom(7, "dropout").uint32),
    draw(50, createRandom(7, "dropout").uint32),
  );
});

test("fillUint32 gives what uint32 would, and goes on from there", () => {
  const [filled, drawn] = [createRandom(7, "dropout"), createRandom(7, "dropout")];
  const words = new Uint32Array(50);
  filled.fillUint32(words);
  assert.deepEqual([...words], draw(50, drawn.uint32));
  assert.deepEqual(filled.state(), drawn.state());
  filled.fillUint32(new Uint32Array(0));
  assert.equal(filled.uint32(), drawn.uint32());
});

test("createRandom gives these words for this seed, on every machine and in every version", () => {
  // Written down once: saved weights and figures depend on them.
  assert.deepEqual(
    draw(4, createRandom(42).uint32),
    [4033562076, 4217816316, 1801343274, 4240502818],
  );
  assert.deepEqual(
    draw(4, createRandom(42, "inp_lin.weight").uint32),
    [87330396, 2910404156, 3478803307, 1912981486],
  );
});

test("sfc32 from known words gives the sequence of its definition", () => {
  // By hand: out = a + b + d; d + 1; a = b ^ b >>> 9; b = c + (c << 3); c = rotate(c, 21) + out.
  const random = restoreRandom([1, 2, 3, 4]);
  assert.equal(random.uint32(), 7);
  assert.deepEqual(random.state(), [2, 27, 3 * 2 ** 21 + 7, 5]);
  assert.equal(random.uint32(), 34);
});

test("other seeds and other streams give other, uncorrelated numbers", () => {
  const count = 20_000;
  const base = draw(count, createRandom(3, "weights").uniform);
  const others = [
    createRandom(4, "weights"),
    createRandom(3, "dropout"),
    createRandom(3),
    createRandom(3, "weights2"),
  ];
  for (const other of others) {
    const numbers = draw(count, other.uniform);
    assert.notDeepEqual(numbers.slice(0, 5), base.slice(0, 5));
    const r = correlation(base, numbers, 0.5);
    assert.ok(Math.abs(r) < 5 / Math.sqrt(count), `correlation ${r}`);
  }
});

test("neighboring seeds give first numbers that spread over [0, 1)", () => {
  const firsts = Array.from({ length: 2_000 }, (_, seed) => createRandom(seed).uniform());
  assert.ok(Math.abs(mean(firsts) - 0.5) < 5 * Math.sqrt(1 / 12 / firsts.length));
  const bins = new Set(firsts.map((value) => Math.floor(value * 50)));
  assert.equal(bins.size, 50);
});

test("restoreRandom goes on where the generator stood", () => {
  const random = createRandom(11, "batches");
  draw(137, random.normal);
  const restored = restoreRandom(random.state());
  assert.deepEqual(draw(40, restored.uint32), draw(40, random.uint32));
  assert.deepEqual(restored.state(), random.state());
});

test("uniform stays in [0, 1), with the mean and variance of the uniform distribution", () => {
  const count = 100_000;
  const numbers = draw(count, createRandom(1).uniform);
  assert.ok(numbers.every((value) => value >= 0 && value < 1));
  assert.ok(Math.abs(mean(numbers) - 1 / 2) < 5 * Math.sqrt(1 / 12 / count));
  const variance = moment(numbers, 2) - mean(numbers) ** 2;
  assert.ok(Math.abs(variance - 1 / 12) < 5 * Math.sqrt(1 / 180 / count), `variance ${variance}`);
});

test("normal has the first four moments of the normal distribution, and is always finite", () => {
  const count = 200_000;
  const numbers = draw(count, createRandom(2).normal);
  assert.ok(numbers.every(Number.isFinite));
  // [power, expected moment, variance of one draw's power]
  for (const [power, expected, variance] of [
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ]) {
    const error = Math.abs(moment(numbers, power) - expected);
    assert.ok(error < 5 * Math.sqrt(variance / count), `moment ${power} is off by ${error}`);
  }
  const beyond = numbers.filter((value) => Math.abs(value) > 3).length / count;
  assert.ok(Math.abs(beyond - 0.0026998) < 6e-4, `share beyond 3 deviations: ${beyond}`);
});

test("integer reaches each number below its bound about equally often", () => {
  const random = createRandom(9);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.integer(7)]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert.ok(chiSquare < 30, `chi-square with 6 degrees of freedom: ${chiSquare}`);
});

test("integer of bound 1 is 0, and of bound 2^32 is a whole word", () => {
  const random = createRandom(9);
  assert.deepEqual(
    draw(20, () => random.integer(1)),
    new Array(20).fill(0),
  );
  const twin = restoreRandom(random.state());
  assert.equal(random.integer(2 ** 32), twin.uint32());
});

test("integer refuses a bound that is not a whole number in [1, 2^32]", () => {
  const random = createRandom(9);
  for (const bound of [0, -3, 1.5, Number.NaN, 2 ** 33]) {
    assert.throws(() => random.integer(bound), { name: "RangeError", message: /got (-|\d|NaN)/ });
  }
});

test("seeds that are not whole numbers in [0, 2^32) are refused, with the seed in the message", () => {
  for (const seed of [-1, 0.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]) {
    const expected = { name: "RangeError", message: new RegExp(`got ${seed}`) };
    assert.throws(() => createRandom(seed), expected);
    assert.throws(() => numpyPermutation(5, seed), expected);
  }
});

test("shuffle keeps every item, leaves the original alone and favors no place", () => {
  const items = ["a", "b", "c", "d"];
  const random = createRandom(21);
  const firsts = new Map<string, number>();
  for (let i = 0; i < 8_000; i++) {
    const shuffled = shuffle(items, random);
    assert.deepEqual([...shuffled].sort(), items);
    firsts.set(shuffled[0], (firsts.get(shuffled[0]) ?? 0) + 1);
  }
  assert.deepEqual(items, ["a", "b", "c", "d"]);
  for (const [item, count] of firsts) {
    assert.ok(Math.abs(count - 2_000) < 200, `"${item}" came first ${count} times of 8,000`);
  }
});

for (const { folder, data } of goldenCases<SplitGolden>("split")) {
  test(`numpyPermutation equals RandomState(seed).permutation in ${folder}`, () => {
    assert.ok(data.cases.length > 0);
    for (const { n, random_state, permutation } of data.cases) {
      assert.deepEqual(numpyPermutation(n, random_state), permutation, `${n} of ${random_state}`);
    }
  });
}

test("numpyPermutation of nothing is nothing, and of one item is that item", () => {
  assert.deepEqual(numpyPermutation(0, 1), []);
  assert.deepEqual(numpyPermutation(1, 1), [0]);
});
