// The paper's sizes beside ours: what agrees, what agrees with the other cohort's row, and what does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { comparePaperSizes } from "../../lib/claims/paper-sizes.js";
import { emptyMatrix } from "../../lib/cohort/matrix.js";
import type { PaperCohort, PartSize } from "../../lib/cohort/paper.js";

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
      ...{ cohort, modality, samples, features },
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
