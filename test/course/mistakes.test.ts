// The course's hints: every exercise knows typical mistakes, and gives each of them its own hint.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXERCISES, judgeAnswer } from "../../lib/course/check.js";

for (const [name, { mistakes }] of Object.entries(EXERCISES)) {
  if (mistakes === undefined) continue; // answers.test.ts tries answers to those with many right ones
  test(`${name} knows at least two mistakes, and tells each by its hint`, () => {
    assert.ok(new Set(mistakes.map(([hint]) => hint)).size >= 2);
    for (const [hint, answer] of mistakes) {
      assert.deepEqual(judgeAnswer(name, answer), { right: false, message: `not yet: ${hint}` });
    }
  });
}

test("an answer of the wrong kind is told what was expected", () => {
  const message = (name: string, answer: unknown) => judgeAnswer(name, answer).message;
  assert.equal(message("00.1", null), "no answer yet; replace null by a function");
  assert.equal(message("00.1", 3), "not yet: expected a function, got 3");
  assert.equal(message("02.6", "a lot"), 'not yet: expected a number, got "a lot"');
  assert.equal(
    message("03.5", [1, Number.NaN]),
    "not yet: expected an array of numbers, got an array of 2",
  );
  assert.equal(
    message("00.1", () => Number.NaN),
    "not yet: your function should return a number, and returned NaN",
  );
  assert.equal(
    message("00.2", () => 3),
    "not yet: your function should return an array, and returned 3",
  );
  assert.equal(
    message("00.1", async () => 3),
    "not yet: your function should return a number, and returned a promise (leave out async)",
  );
  assert.equal(
    message("06.1", () => ({ low: 0 })),
    "not yet: your function should return an object with low, high, and returned an object with low",
  );
  assert.equal(
    message("01.3", () => {
      throw new Error("oops");
    }),
    'not yet: your function threw "oops"',
  );
});

test("a function that returns nothing useful is never right", () => {
  const useless = [() => undefined, () => null, () => Number.NaN, () => [], () => ({}), () => "x"];
  for (const [name, { expects }] of Object.entries(EXERCISES)) {
    if (expects !== "a function") continue;
    for (const answer of useless) {
      const { right, message } = judgeAnswer(name, answer);
      assert.ok(!right && !/threw|undefined is/.test(message), `${name}: ${message}`);
    }
  }
});

test("answers may change what they are given, and may return typed arrays", () => {
  const sorted = (train: number[], values: number[]) => {
    train.sort((a, b) => a - b);
    const known = train.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
    const half = (known.length - 1) / 2;
    const median = (known[Math.floor(half)] + known[Math.ceil(half)]) / 2;
    return Float64Array.from(values, (value) => (Number.isNaN(value) ? median : value));
  };
  for (let time = 0; time < 2; time++) assert.ok(judgeAnswer("02.1", sorted).right);
});

test("a wrong answer that makes no known mistake is shown inputs on which it fails", () => {
  const { message } = judgeAnswer("04.1", (u: number) => u);
  assert.match(message, /it fails for 0\.5, 0\.0001, 0\.01$/);
});
