// Tables of ours beside the paper's: each number stands beside the one of the same predictor, block or sheet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PAPER_SHAPE } from "../../lib/claims/paper.js";
import { compareBlocks, compareLosses, comparePaperSizes } from "../../lib/claims/tables.js";
import { emptyMatrix } from "../../lib/cohort/matrix.js";
import type { PaperCohort, PartSize } from "../../lib/cohort/paper.js";

test("losses over seeds stand beside the paper's of the same part, controls beside none", () => {
  const row = { part: "test", seeds: 5, mse: 0.1283, mseDeviation: 4.9e-4, huber: 0.0641 };
  const alone = { ...row, seeds: null, mseDeviation: null, huberDeviation: null };
  const rows = compareLosses([
    { ...row, predictor: "ARO masked", huberDeviation: 2.4e-4 },
    { ...alone, predictor: "PCA, sees all", part: "train", mse: 2.8e-30, huber: 1.4e-30 },
    { ...alone, predictor: "dual ridge" },
    {
      ...alone,
      predictor: "PCA",
      mse: 4e-4,
      mseDeviation: 1e-5,
      huber: 5e-4,
      huberDeviation: 1e-5,
    },
  ]);
  assert.deepEqual(
    rows.map(({ paperMse, mse, paperHuber, huber }) => [paperMse, mse, paperHuber, huber]),
    [
      ["0.14 ± 21.0e-05", "0.1283 ± 0.00049", "0.068 ± 20.0e-05", "0.0641 ± 0.00024"],
      ["3.1e-30", "2.8e-30", "1.5e-30", "1.4e-30"],
      ["–", "0.1283", "–", "0.0641"],
      ["–", "4.0e-4", "–", "0.0005 ± 0.000010"],
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

const MODALITIES = ["RNA", "protein", "metabolite"];

function cohortOf(sizes: readonly [PartSize["cohort"], string, number, number][]): PaperCohort {
  const matrix = emptyMatrix(115, 3);
  matrix.values[0] = 1;
  matrix.observed.fill(1);
  return {
    name: "paper",
    samples: Array.from({ length: 115 }, (_, i) => ({ id: `s${i}`, patient: `s${i}`, labels: {} })),
    modalities: MODALITIES.map((name, i) => ({ name, start: i, end: i + 1 })),
    features: ["a", "b", "c"],
    matrix,
    drops: [],
    notes: [],
    parts: sizes.map(([cohort, modality, samples, features]) => ({
      cohort,
      modality,
      samples,
      features,
    })),
  };
}

test("tells a size that is printed for the other cohort from one that is printed nowhere", () => {
  const rows = comparePaperSizes(
    cohortOf([
      ["GBM", "protein", 109, 10_998],
      ["RCC", "protein", 109, 10_998],
      ["GBM", "metabolite", 87, 75],
      ["RCC", "RNA", 240, 26_941],
    ]),
  );
  assert.deepEqual(rows, [
    {
      what: "Table 6: GBM, protein",
      ours: "109 x 10,998",
      paper: "333 x 12,309",
      verdict: "as printed for the other cohort",
    },
    {
      what: "Table 6: RCC, protein",
      ours: "109 x 10,998",
      paper: "109 x 10,998",
      verdict: "the same",
    },
    {
      what: "Table 6: GBM, metabolite",
      ours: "87 x 75",
      paper: "36 x 216",
      verdict: "different",
    },
    {
      what: "Table 6: RCC, RNA",
      ours: "240 x 26,941",
      paper: "108 x 45,886",
      verdict: "as printed for the other cohort",
    },
    { what: "joined", ours: "115 x 3", paper: "115 x 74,002", verdict: "different" },
    { what: "without empty columns", ours: "115 x 1", paper: "115 x 71,094", verdict: "different" },
  ]);
});
