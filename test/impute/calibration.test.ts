// Calibration: factors make intervals cover what they say, and others are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { calibrateSpread, LEVELS, measureCoverage } from "../../lib/impute/calibration.js";

const modalities = [
  { name: "protein", start: 0, end: 30 },
  { name: "metabolite", start: 30, end: 40 },
];

/** Means, spreads that are too small by a factor of each modality, and measured values with gaps. */
function draw(seed: number, samples = 60) {
  const random = createRandom(seed, "calibration");
  const columns = 40;
  const [mean, measured] = [[] as number[], [] as number[]];
  const deviation = new Float32Array(samples * columns);
  for (let at = 0; at < samples * columns; at++) {
    const spread = 0.5 + random.uniform();
    mean.push(random.normal());
    deviation[at] = spread / (at % columns < 30 ? 2 : 3);
    const value = mean[at] + spread * random.normal();
    measured.push(random.uniform() < 0.2 ? Number.NaN : value);
  }
  return {
    inference: { mean: matrixFrom(samples, columns, mean), deviation },
    measured: matrixFrom(samples, columns, measured),
  };
}

test("factors undo a spread that is too small, each modality's own", () => {
  const { inference, measured } = draw(1, 400);
  const factors = calibrateSpread(inference, measured, modalities);
  assert.deepEqual(
    factors.map(({ modality, level }) => `${modality} ${level}`),
    ["protein", "metabolite"].flatMap((name) => LEVELS.map((level) => `${name} ${level}`)),
  );
  const normal = [0.6745, 1.2816, 1.6449, 1.96];
  factors.forEach(({ factor }, i) => {
    const expected = (i < 4 ? 2 : 3) * normal[i % 4];
    assert.ok(Math.abs(factor / expected - 1) < 0.05, `${factor} for ${expected}`);
  });
});

test("intervals cover new samples as often as they say, and a factor of another modality does not", () => {
  const fitted = draw(2, 200);
  const factors = calibrateSpread(fitted.inference, fitted.measured, modalities);
  const { inference, measured } = draw(3, 200);
  for (const row of measureCoverage(inference, measured, modalities, factors)) {
    assert.ok(Math.abs(row.coverage - row.level) < 0.03, `${row.modality} ${row.coverage}`);
    assert.ok(row.percentile5! <= row.coverage && row.coverage <= row.percentile95!);
  }
  const swapped = factors.map((row) => ({
    ...row,
    modality: row.modality === "protein" ? "metabolite" : "protein",
  }));
  const [half] = measureCoverage(inference, measured, modalities, swapped);
  assert.ok(half.coverage > 0.6);
});

test("coverage by hand: entries inside, and width in the feature's deviations", () => {
  const column = (values: number[]) => matrixFrom(values.length, 1, values);
  const inference = {
    mean: column(new Array(10).fill(0)),
    deviation: new Float32Array(10).fill(2),
  };
  const measured = column([-2, -1, 0, 1, 2, -2, -1, 0, 1, 2]);
  const range = [{ name: "protein", start: 0, end: 1 }];
  const factors = [{ modality: "protein", level: 0.5, factor: 0.75, entries: 10 }];
  const [row] = measureCoverage(inference, measured, range, factors);
  assert.equal(row.coverage, 0.6);
  assert.ok(Math.abs(row.width! - 3 / Math.SQRT2) < 1e-9);
});

test("a modality without a measured entry is refused", () => {
  const { inference, measured } = draw(5, 12);
  const nothing = { ...measured, observed: new Uint8Array(measured.observed.length) };
  assert.throws(() => calibrateSpread(inference, nothing, modalities), /entries of protein/);
});
