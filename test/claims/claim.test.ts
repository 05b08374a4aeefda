// Printed digits and the arithmetic behind claims: what agrees, and what only nearly does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { roundsTo, short } from "../../lib/claims/claim.js";
import { correctOf } from "../../lib/claims/downstream.js";

test("a number agrees with a printed one to the digits that were printed, no more and no less", () => {
  for (const [value, printed] of [
    [0.1449, "0.14"],
    [0.135, "0.14"],
    [0.0696, "0.070"],
    [71_094, "71,094"],
    [3.14e-30, "3.1e-30"],
    [72.4138, "72.41"],
  ] as const) {
    assert.ok(roundsTo(value, printed), `${value} is ${printed}`);
  }
  for (const [value, printed] of [
    [0.146, "0.14"],
    [0.0689, "0.070"],
    [74_002, "71,094"],
    [2e-12, "3.1e-30"],
    [72.4138, "72.4138793"],
  ] as const) {
    assert.ok(!roundsTo(value, printed), `${value} is not ${printed}`);
  }
});

test("short writes three decimals, and what they would make nothing as a power", () => {
  assert.deepEqual([0.1122, 0, -0.00017, 5.9e-31].map(short), [
    "0.112",
    "0.000",
    "-1.7e-4",
    "5.9e-31",
  ]);
});

test("the printed accuracies are whole counts of 29 samples, and not of the 17 or 18 test rows", () => {
  assert.deepEqual(
    ["100", "72.4", "72.41", "58.62"].map((printed) => correctOf(printed, 29)),
    [29, 21, 21, 17],
  );
  for (const n of [17, 18]) {
    assert.deepEqual([correctOf("72.41", n), correctOf("58.62", n)], [null, null], String(n));
  }
});
