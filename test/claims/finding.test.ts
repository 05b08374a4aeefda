// Intervals that decide or do not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { allBelowZero, subtract } from "../../lib/claims/finding.js";

const below = { low: -0.3, high: -0.1 };
const around = { low: -0.1, high: 0.1 };
const above = { low: 0.1, high: 0.3 };

test("differences lie below zero, one lies above, or an interval includes both", () => {
  assert.equal(allBelowZero([below, below]), true);
  assert.equal(allBelowZero([below, around]), "undecided");
  assert.equal(allBelowZero([below, above]), false);
  assert.equal(allBelowZero([around, above]), false);
  assert.equal(allBelowZero([{ low: -1, high: 0 }]), "undecided");
  assert.equal(allBelowZero([{ low: 0, high: 1 }]), "undecided");
});

test("the difference of two intervals includes zero where they overlap", () => {
  assert.deepEqual(subtract({ low: 1, high: 2 }, { low: 5, high: 9 }), { low: -8, high: -3 });
  assert.equal(allBelowZero([subtract(around, above)]), "undecided"); // they touch
  assert.equal(allBelowZero([subtract(below, above)]), true);
  assert.equal(allBelowZero([subtract(above, below)]), false);
});
