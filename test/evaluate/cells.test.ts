// Hidden cells: which are hidden, and predictors from all measured cells beside scikit-learn and least squares.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cohort } from "../../lib/cohort/cohort.js";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import {
  fitCellNeighbors,
  foldInCells,
  hideCells,
  holdOutCells,
} from "../../lib/evaluate/cells.js";
import { fitProbabilisticPca } from "../../lib/evaluate/probabilistic-pca.js";
import { fitSoftImpute } from "../../lib/evaluate/soft-impute.js";
import { type Prepared, prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import { goldenCases, relativeError } from "../golden.js";

const table = matrixFrom(4, 2, [1, 5, 2, Number.NaN, 3, 7, 4, 6]);

test("below a limit the lowest measured values of each column are hidden, at random any", () => {
  const below = hideCells(table, { mechanism: "below a limit", share: 0.5 });
  assert.deepEqual([...below.observed], [0, 0, 0, 0, 1, 1, 1, 0]);
  const second = { start: 1, end: 2 };
  const one = hideCells(table, { mechanism: "below a limit", share: 0.4, columns: second });
  assert.deepEqual([...one.observed], [1, 0, 1, 0, 1, 1, 1, 1]);
  const hiddenBy = (seed: number) =>
    hideCells(
      matrixFrom(
        200,
        1,
        Array.from({ length: 200 }, (_, i) => i),
      ),
      {
        mechanism: "at random",
        share: 0.3,
        seed,
      },
    ).observed;
  assert.equal(
    hiddenBy(1).reduce((sum, is) => sum + is, 0),
    140,
  );
  assert.deepEqual(hiddenBy(1), hiddenBy(1));
  assert.notDeepEqual(hiddenBy(1), hiddenBy(2));
  assert.ok(hiddenBy(1).subarray(0, 60).includes(1));
  assert.deepEqual([...table.observed], [1, 1, 1, 0, 1, 1, 1, 1]);
});

const { cohort } = simulateCohort({
  seed: 3,
  patients: 50,
  features: { RNA: 30, protein: 20 },
  missingAtRandom: 0,
  detectionLimit: 0,
});
const split = splitSamples(cohort.samples);
const hidden: Cohort = {
  ...cohort,
  matrix: hideCells(cohort.matrix, {
    mechanism: "at random",
    share: 0.3,
    columns: cohort.modalities[1],
  }),
};
const prepared = prepareCohort(hidden, split, { space: "z" });

test("cells that choose a setting are measured, of inferred columns, and not seen", () => {
  const { seen, heldOut } = holdOutCells(prepared);
  const { observed } = prepared.validation.matrix;
  let held = 0;
  observed.forEach((is, at) => {
    assert.equal(seen.matrix.observed[at] + heldOut.matrix.observed[at], is);
    held += heldOut.matrix.observed[at];
    if (at % prepared.features.length < 30) assert.equal(heldOut.matrix.observed[at], 0);
  });
  assert.ok(held > 0);
});

test("where a tenth of the validation rows is no cell, half of them choose a setting", () => {
  const few = prepareCohort(hidden, { ...split, validation: split.validation.slice(0, 3) });
  const { heldOut } = holdOutCells(few);
  assert.ok(heldOut.matrix.observed.includes(1));
  assert.doesNotThrow(() => fitCellNeighbors(few));
});

test("each predictor errs less than the mean on hidden cells, and does not read their filled values", async () => {
  const { test: rows } = prepared;
  const [truth, masked] = [prepareCohort(cohort, split, { space: "z" }).test, rows.matrix.observed];
  const scrambled: Prepared = {
    ...rows,
    matrix: {
      ...rows.matrix,
      values: rows.matrix.values.map((value, at) => (masked[at] ? value : 1e3)),
    },
  };
  const fits = [
    fitCellNeighbors(prepared),
    fitSoftImpute(prepared, { given: "cells" }),
    fitProbabilisticPca(prepared, { given: "cells", counts: [3, 6] }),
  ];
  for (const predictor of fits) {
    const predicted = await predictor.predict(rows);
    assert.deepEqual(await predictor.predict(scrambled), predicted, predictor.name);
    let [errors, constant] = [0, 0];
    predicted.forEach((value, at) => {
      if (masked[at]) return;
      errors += (value - truth.matrix.values[at]) ** 2;
      constant += truth.matrix.values[at] ** 2;
    });
    assert.ok(errors < 0.9 * constant, `${predictor.name}: ${errors / constant}`);
    assert.equal(predictor.sees, "all");
  }
});

interface Golden {
  readonly train: readonly (readonly (number | null)[])[];
  readonly test: readonly (readonly (number | null)[])[];
  readonly neighbors: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly factors: readonly (readonly number[])[];
  readonly mean: readonly number[];
  readonly penalty: number;
  readonly folded: readonly (readonly number[])[];
}

const TOLERANCE = 1e-5; // values are float32
const cases = goldenCases<Golden>("cells");
const matrixOf = (rows: readonly (readonly (number | null)[])[]) =>
  matrixFrom(
    rows.length,
    rows[0].length,
    rows.flat().map((value) => value ?? Number.NaN),
  );

for (const { folder, data } of cases) {
  const own = matrixOf(data.test);

  test(`nearest neighbors over shared cells are those of scikit-learn's KNNImputer (${folder})`, () => {
    const rows = { ...prepared.test, matrix: own, zScores: own };
    const made = {
      ...prepared,
      features: data.mean.map((_, j) => `f${j}`),
      train: { ...prepared.train, matrix: matrixOf(data.train) },
    };
    for (const [count, expected] of Object.entries(data.neighbors)) {
      const found = fitCellNeighbors(made, [Number(count)]).predict(rows);
      // scikit-learn leaves what was measured as it is.
      const filled = (found as Float32Array).map((value, at) =>
        own.observed[at] ? own.values[at] : value,
      );
      assert.ok(relativeError(filled, expected.flat()) < TOLERANCE);
    }
  });

  test(`folding in is a ridge on each row's own cells (${folder})`, () => {
    const values = Float64Array.from(data.factors.flat());
    const factors = { rows: data.factors.length, columns: data.mean.length, values };
    const found = foldInCells(own, factors, Float64Array.from(data.mean), data.penalty);
    assert.ok(relativeError(found, data.folded.flat()) < TOLERANCE);
  });
}
