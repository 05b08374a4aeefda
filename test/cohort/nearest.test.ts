// The nearest known name: a likely one is offered, and an unlikely one is not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "../../lib/cohort/nearest.js";

const KNOWN = ["ucec", "gbm", "paper", "training.epochs", "training.learningRate", "go"];

test("a name that is a few letters off, or in other case, is offered as it is written", () => {
  for (const [got, meant] of [
    ["gmb", "gbm"],
    ["UCEC", "ucec"],
    ["papre", "paper"],
    ["training.epoch", "training.epochs"],
    ["training.lerningrat", "training.learningRate"],
    ["g", "go"],
  ]) {
    assert.equal(didYouMean(got, KNOWN), `; did you mean "${meant}"?`);
  }
});

test("the longer a name, the more letters may differ: one, two from three letters on, three from nine on", () => {
  for (const [got, known, isNear] of [
    ["ab", "xb", true],
    ["ab", "xy", false],
    ["abc", "xyc", true],
    ["abc", "xyz", false],
    ["abcdefgh", "xycdefgh", true],
    ["abcdefgh", "xyzdefgh", false],
    ["abcdefghi", "xyzdefghi", true],
    ["abcdefghi", "wxyzefghi", false],
  ] as const) {
    assert.equal(didYouMean(got, [known]) !== "", isNear, `${got} ${known}`);
  }
});

test("a name that is nothing like a known one, or empty, or without known names, gets no offer", () => {
  for (const got of ["tcga", "kidney", "", "training", "xy"]) {
    assert.equal(didYouMean(got, KNOWN), "", got);
  }
  assert.equal(didYouMean("gbm", []), "");
});
