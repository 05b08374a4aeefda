// Enrichment agrees with SciPy and statsmodels, counts genes once, and refuses sets of other identifiers.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  adjustBenjaminiHochberg,
  enrichGeneSets,
  hypergeometricTail,
} from "../../lib/evaluate/enrichment.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  readonly enrichment: {
    readonly tails: readonly {
      readonly total: number;
      readonly marked: number;
      readonly drawn: number;
      readonly found: number;
      readonly p: number;
    }[];
    readonly p: readonly number[];
    readonly adjusted: readonly number[];
  };
}

for (const { data } of goldenCases<Golden>("reading")) {
  test("tails of the hypergeometric distribution are SciPy's", () => {
    for (const { total, marked, drawn, found, p } of data.enrichment.tails) {
      const error = relativeError([hypergeometricTail(found, total, marked, drawn)], [p]);
      assert.ok(error < 1e-8, `${found} of ${marked}: ${error.toExponential(1)}`);
    }
  });

  test("adjusted p values are those of statsmodels' fdr_bh", () => {
    const error = relativeError(
      adjustBenjaminiHochberg(data.enrichment.p),
      data.enrichment.adjusted,
    );
    assert.ok(error < 1e-12, error.toExponential(1));
  });
}

const universe = Array.from({ length: 40 }, (_, i) => `G${i}`);

test("a set full of chosen genes comes first, and genes outside of the universe do not count", () => {
  const rows = enrichGeneSets(universe.slice(0, 8), universe, [
    { name: "spread", genes: ["G0", "G10", "G20", "G30", "G39"] },
    { name: "full", genes: ["G1", "G1", "G2", "G3", "G4", "G5", "elsewhere"] },
    { name: "small", genes: ["G1", "G2"] },
  ]);
  assert.deepEqual(
    rows.map(({ set, size, found, expected, genes }) => ({ set, size, found, expected, genes })),
    [
      { set: "full", size: 5, found: 5, expected: 1, genes: ["G1", "G2", "G3", "G4", "G5"] },
      { set: "spread", size: 5, found: 1, expected: 1, genes: ["G0"] },
    ],
  );
  assert.ok(rows[0].adjusted === 2 * rows[0].p && rows[1].p > 0.5);
});

test("chosen genes from elsewhere and sets of other identifiers are refused", () => {
  assert.throws(
    () => enrichGeneSets(["ENSG1"], universe, [{ name: "a", genes: universe }]),
    /chosen genes to be of the universe, got "ENSG1"/,
  );
  assert.throws(
    () => enrichGeneSets(["G1"], universe, [{ name: "a", genes: ["ENSG1", "G1", "G2"] }]),
    /set of 5 to 500 genes of the universe, got none among 1 sets; the largest shares 2 genes/,
  );
});
