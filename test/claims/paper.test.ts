// The claims as data: every table and figure of the paper is there, and every line is whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findClaim, numberOf, paperClaims, printed, roundsTo } from "../../lib/claims/paper.js";

test("every table and every figure of the paper has claims", () => {
  const places = paperClaims()
    .map(({ where }) => where)
    .join("; ");
  for (const table of ["1 and 4", "2 and 5", "3", "4", "5", "6"]) {
    assert.match(places, new RegExp(`\\bTables? ${table}\\b`));
  }
  for (const figure of ["1", "2a", "2b", "2c", "3", "4a", "4b", "5", "6a", "6b"]) {
    assert.match(places, new RegExp(`Figure ${figure}\\b`));
  }
  const countOf = (rule: string) => paperClaims().filter((claim) => claim.rule === rule).length;
  assert.deepEqual(
    ["loss", "deviation", "size", "block"].map(countOf),
    [18, 12, 12, 10], // PCA has no deviation
  );
});

test("a link names a file of the authors' code, with its lines but for a notebook, not an address", () => {
  const files = new Set(paperClaims().map(({ file }) => file));
  files.delete("");
  const named = /^(src\/|configs\/|notebooks\/)?\w+\.(ipynb|(py|yaml)#L\d+(-L\d+)?)$/;
  for (const file of files) assert.match(file, named);
});

test("a claim is found by its rule and what the rule is about", () => {
  assert.equal(findClaim("loss", "huber", "PCA, sees all", "test")?.id, "huber-pca-test");
  assert.equal(printed("deviation", "mse", "ARO masked", "train"), "56.0e-04");
  assert.equal(findClaim("loss", "huber", "zero", "test"), undefined);
  assert.throws(
    () => printed("loss", "huber", "zero", "test"),
    /expected a claim "loss" about huber; zero; test/,
  );
});

test("every claim has an id of its own, a known kind, and what each claim needs", () => {
  const claims = paperClaims();
  assert.equal(new Set(claims.map(({ id }) => id)).size, claims.length);
  for (const { id, where, what, paper, kind, rule, about } of claims) {
    assert.ok(
      [id, where, what, paper, rule, ...about].every((text) => text !== ""),
      id,
    );
    assert.match(kind, /^(arithmetic|consistency|code|cohort|data)$/, id);
  }
});

test("printed numbers are read with their groups, exponents and percent signs", () => {
  assert.deepEqual(["71,094", "28.0e-04", "72.4 %"].map(numberOf), [71_094, 28e-4, 72.4]);
});

test("a number agrees with a printed one to the digits that were printed, no more and no less", () => {
  for (const [value, text] of [
    [0.1449, "0.14"],
    [0.135, "0.14"],
    [0.165, "0.16"],
    [0.0696, "0.070"],
    [71_094, "71,094"],
    [3.14e-30, "3.1e-30"],
    [72.4138, "72.41 %"],
  ] as const) {
    assert.ok(roundsTo(value, text), `${value} is ${text}`);
  }
  for (const [value, text] of [
    [0.146, "0.14"],
    [0.145001, "0.14"],
    [0.0689, "0.070"],
    [74_002, "71,094"],
    [2e-12, "3.1e-30"],
    [72.4138, "72.4138793"],
  ] as const) {
    assert.ok(!roundsTo(value, text), `${value} is not ${text}`);
  }
});
