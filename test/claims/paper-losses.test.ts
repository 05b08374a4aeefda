// Tables of ours beside the paper's: each number stands beside the one of the same predictor and part.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareLosses } from "../../lib/claims/paper-losses.js";
import { compareBlocks, PAPER_SHAPE } from "../../lib/claims/parameters.js";

test("losses over seeds stand beside the paper's of the same part, controls beside none", () => {
  const row = { part: "test", seeds: 5, mse: 0.1283, mseDeviation: 4.9e-4, huber: 0.0641 };
  const alone = { ...row, seeds: null, mseDeviation: null, huberDeviation: null };
  const rows = compareLosses([
    { ...row, predictor: "ARO masked", huberDeviation: 2.4e-4 },
    { ...alone, predictor: "PCA, sees all", part: "train", mse: 2.8e-30, huber: 1.4e-30 },
    { ...alone, predictor: "dual ridge" },
  ]);
  assert.deepEqual(
    rows.map(({ paperMse, mse, paperHuber, huber }) => [paperMse, mse, paperHuber, huber]),
    [
      ["0.14 ± 21.0e-05", "0.1283 ± 0.00049", "0.068 ± 20.0e-05", "0.0641 ± 0.00024"],
      ["3.1e-30", "2.8e-30", "1.5e-30", "1.4e-30"],
      ["–", "0.1283", "–", "0.0641"],
    ],
  );
});

test("Table 3 is the paper's own shape block by block, and a block that it lacks has no number", () => {
  const blocks = compareBlocks(PAPER_SHAPE);
  assert.equal(blocks.length, 11);
  for (const { block, paper, parameters } of blocks) assert.equal(parameters, paper, block);
  const deeper = compareBlocks({ ...PAPER_SHAPE, hiddenLayers: 4 });
  const extra = deeper.find(({ block }) => block === "encoder_layers.3.weight");
  assert.deepEqual([extra?.paper, extra?.shape], [null, "2048 x 2048"]);
});
