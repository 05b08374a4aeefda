// The search space: the unit cube and back, the paper's ranges, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import {
  checkPoint,
  checkSpace,
  chooseDimensions,
  decodePoint,
  drawPoint,
  encodePoint,
  PAPER_SPACE,
  type Space,
} from "../../lib/train/space.js";
import { mixed } from "./objectives.js";

test("every drawn point is in its space, and comes back from the cube as it was", () => {
  const random = createRandom(1);
  for (let i = 0; i < 500; i++) {
    const point = drawPoint(mixed.space, random);
    checkPoint(mixed.space, point);
    const place = encodePoint(mixed.space, point);
    assert.ok(place.every((share) => share >= 0 && share <= 1));
    const back = decodePoint(mixed.space, place);
    for (const { name, kind } of mixed.space) {
      if (kind !== "number") assert.equal(back[name], point[name], name);
      else assert.ok(Math.abs(Number(back[name]) / Number(point[name]) - 1) < 1e-12, name);
    }
  }
});

test("whole numbers come back from the cube on either scale, both ends included", () => {
  for (const scale of ["linear", "log"] as const) {
    const space: Space = [{ name: "width", kind: "integer", low: 1, high: 300, scale }];
    for (let width = 1; width <= 300; width++) {
      assert.deepEqual(decodePoint(space, encodePoint(space, { width })), { width });
    }
  }
});

test("whole numbers, booleans and powers of ten are drawn evenly", () => {
  const random = createRandom(2);
  const points = Array.from({ length: 4000 }, () => drawPoint(mixed.space, random));
  const shareOf = (holds: (point: (typeof points)[0]) => boolean) =>
    points.filter(holds).length / points.length;
  for (let layers = 1; layers <= 5; layers++) {
    assert.ok(Math.abs(shareOf((point) => point.layers === layers) - 0.2) < 0.03, `${layers}`);
  }
  assert.ok(Math.abs(shareOf(({ masked }) => masked === true) - 0.5) < 0.03);
  assert.ok(Math.abs(shareOf(({ rate }) => Number(rate) < 1e-3) - 0.5) < 0.03);
});

test("the paper's space has the seven settings that it names", () => {
  checkSpace(PAPER_SPACE);
  assert.deepEqual(
    PAPER_SPACE.map(({ name }) => name),
    "inputDropout width learningRate masked hiddenLayers batchNorm weightDecay".split(" "),
  );
});

test("chooseDimensions takes dimensions by name, with other ranges", () => {
  const chosen = chooseDimensions(PAPER_SPACE, ["masked", "width"], {
    width: { low: 8, high: 16 },
  });
  assert.deepEqual(chosen, [
    { name: "width", kind: "integer", low: 8, high: 16, scale: "linear" },
    { name: "masked", kind: "boolean" },
  ]);
  assert.throws(() => chooseDimensions(PAPER_SPACE, ["depth"]), /hiddenLayers.*got "depth"/);
  assert.throws(
    () => chooseDimensions(PAPER_SPACE, ["width"], { widht: { low: 1 } }),
    /got "widht"/,
  );
});

test("a space that makes no sense is refused by the dimension's name", () => {
  const width = { name: "width", kind: "integer", low: 1, high: 4, scale: "linear" } as const;
  const cases: [Space, RegExp][] = [
    [[], /expected dimensions, got none/],
    [[width, width], /expected width once/],
    [[{ ...width, high: 1 }], /width to have a range from low to high, got 1 to 1/],
    [[{ ...width, high: Number.NaN }], /width to have a range/],
    [[{ ...width, low: 1.5 }], /width to range over whole numbers, got 1.5 to 4/],
    [[{ ...width, low: 0, scale: "log" }], /width to be above 0 on a log scale, got 0/],
  ];
  for (const [space, message] of cases) assert.throws(() => checkSpace(space), message);
});

test("a point outside its space is refused by the value's name", () => {
  const point = { rate: 1e-3, layers: 2, masked: true, decay: 0.1, width: 64 };
  checkPoint(mixed.space, point);
  const cases: [object, RegExp][] = [
    [{ rate: 1 }, /rate to be a number in \[0.00001, 0.1\], got 1/],
    [{ layers: 2.5 }, /layers to be a whole number in \[1, 5\], got 2.5/],
    [{ masked: 1 }, /masked to be true or false, got 1/],
    [{ decay: Number.NaN }, /decay .* got NaN/],
    [{ width: undefined }, /width .* got nothing/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => checkPoint(mixed.space, { ...point, ...change }), message);
  }
});
