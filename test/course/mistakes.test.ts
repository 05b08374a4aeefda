// The course's hints: every exercise knows typical mistakes, and gives each of them its own hint.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXERCISES, judgeAnswer } from "../../lib/course/check.js";

for (const [name, { mistakes }] of Object.entries(EXERCISES)) {
  test(`${name} knows at least two mistakes, and tells each by its hint`, () => {
    assert.ok(new Set(mistakes.map(([hint]) => hint)).size >= 2);
    for (const [hint, answer] of mistakes) {
      assert.deepEqual(judgeAnswer(name, answer), { right: false, message: `not yet: ${hint}` });
    }
  });
}
