// The clustering term of MODIS agrees with PyTorch, loss and slopes, where clusters are far from alike.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clusteringLoss } from "../../lib/model/modis-losses.js";
import { goldenCases, relativeError } from "../golden.js";

interface Golden {
  readonly clusters: {
    readonly rows: number;
    readonly hidden: readonly number[];
    readonly logits: readonly number[];
    readonly loss: number;
    readonly onHidden: readonly number[];
    readonly onLogits: readonly number[];
  };
}

test("clusteringLoss and its slopes agree with PyTorch", () => {
  for (const { data } of goldenCases<Golden>("modis")) {
    const { rows, hidden, logits, loss, onHidden, onLogits } = data.clusters;
    const found = clusteringLoss(hidden, logits, rows);
    // Float64 on both sides, ten digits written down.
    assert.ok(relativeError([found.loss], [loss]) < 1e-9);
    assert.ok(relativeError(found.hidden, onHidden) < 1e-8);
    assert.ok(relativeError(found.logits, onLogits) < 1e-8);
  }
});

test("clusteringLoss stays finite where all rows are alike, and pulls no row from another", () => {
  const found = clusteringLoss(new Float64Array(12).fill(2), new Float64Array(8).fill(-1), 4);
  assert.ok(Number.isFinite(found.loss));
  assert.ok([...found.hidden, ...found.logits].every((slope) => Math.abs(slope) < 1e-12));
});
