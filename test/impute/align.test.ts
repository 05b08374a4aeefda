// Alignment and the paper's space, feature by feature, where the right answer is known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { selectRows, sliceColumns } from "../../lib/cohort/matrix.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { alignTable } from "../../lib/impute/align.js";
import { toUnits } from "../../lib/impute/clamped.js";
import { fitImputer } from "../../lib/impute/imputer.js";
import { findPlaces } from "../../lib/impute/new-table.js";

const { cohort } = simulateCohort({
  seed: 4,
  patients: 40,
  features: { RNA: 20, protein: 10, metabolite: 6 },
});
const { end } = cohort.modalities[0];
const table = {
  samples: cohort.samples.map(({ id }) => id),
  features: cohort.features.slice(0, end),
  matrix: sliceColumns(cohort.matrix, 0, end),
};
const imputer = await fitImputer(cohort, { method: "ridge" });
const places = findPlaces(imputer, table, 1);
const { scaler } = imputer.decoder.paths;

test("the training samples' quantiles are their own values, clamped as training clamps them", () => {
  const { table: aligned, left } = alignTable(imputer, table, places, "quantile");
  assert.equal(left, 0);
  table.matrix.values.forEach((value, at) => {
    const g = at % end;
    if (!table.matrix.observed[at]) return;
    const clamped = Math.min(Math.max(value, scaler.low[g]), scaler.high[g]);
    assert.ok(
      Math.abs(aligned.matrix.values[at] - clamped) < 1e-5 * (1 + Math.abs(clamped)),
      `${aligned.matrix.values[at]} for ${clamped}`,
    );
  });
});

test("z gives each feature the training mean and deviation, in any units", () => {
  const values = table.matrix.values.map((value) => 7 * value - 3);
  const moved = { ...table, matrix: { ...table.matrix, values } };
  const { matrix } = alignTable(imputer, moved, places, "z").table;
  for (let g = 0; g < end; g++) {
    const own = Array.from({ length: matrix.rows }, (_, i) => matrix.values[i * end + g]);
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length;
    assert.ok(Math.abs(mean - scaler.mean[g]) < 1e-4 * (1 + Math.abs(mean)));
    assert.ok(Math.abs(Math.sqrt(variance) - scaler.std[g]) < 1e-4 * (1 + scaler.std[g]));
  }
});

test("a feature that fewer than 10 samples measured is left out and counted", () => {
  const matrix = selectRows(
    table.matrix,
    table.samples.map((_, i) => i),
  );
  for (let i = 9; i < matrix.rows; i++) matrix.observed[i * end + 3] = 0;
  const { left, table: aligned } = alignTable(imputer, { ...table, matrix }, places, "z");
  assert.equal(left, 1);
  assert.equal(aligned.matrix.observed[3], 0);
});

test("a value in the paper's space is undone to measured units, its 0 to the training mean", () => {
  assert.equal(toUnits(scaler, 5, 0), scaler.mean[5]);
  assert.equal(toUnits(scaler, 5, -1), scaler.mean[5]);
  const expected = scaler.mean[5] + 2 * scaler.std[5];
  assert.ok(Math.abs(toUnits(scaler, 5, Math.log1p(2)) - expected) < 1e-9 * Math.abs(expected));
});
