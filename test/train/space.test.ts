// The search space: the unit cube and back, the paper's ranges, and what is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import {
  checkSpace,
  decodePoint,
  drawPoint,
  encodePoint,
  PAPER_SPACE,
  type Space,
} from "../../lib/train/space.js";
import { assertInside, mixed } from "./objectives.js";

test("every drawn point is in its space, and comes back from the cube as it was", () => {
  const random = createRandom(1);
  for (let i = 0; i < 500; i++) {
    const point = drawPoint(mixed.space, random);
    assertInside(mixed, point);
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

test("a space that makes no sense is refused by the dimension's name", () => {
  const width = { name: "width", kind: "integer", low: 1, high: 4, scale: "linear" } as const;
  const cases: [Space, RegExp][] = [
    [[{ ...width, high: 1 }], /width to have a range from low to high, got 1 to 1/],
    [[{ ...width, high: Number.NaN }], /width to have a range/],
    [[{ ...width, low: 1.5 }], /width to range over whole numbers, got 1.5 to 4/],
    [[{ ...width, low: 0, scale: "log" }], /width to be above 0 on a log scale, got 0/],
  ];
  for (const [space, message] of cases) assert.throws(() => checkSpace(space), message);
});
