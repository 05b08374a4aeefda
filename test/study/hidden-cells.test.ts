// Hidden cells: the measurement on a small simulated cohort, scored on the cells that were hidden.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { HIDDEN_CELLS } from "../../lib/study/hidden-cells.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { prepareStudy } from "../../lib/study/study.js";

const { engine } = await chooseEngine();
const base = readProfile({ ARO_PROFILE: "course" });
const profile = {
  ...base,
  name: "cells-test",
  experiments: { ...base.experiments, width: 4 },
  training: { ...base.training, epochs: 1 },
  evaluation: { ...base.evaluation, cellSplits: 2, setFeatures: 45 },
};
after(() => rmSync(foldersOf(profile).runs, { recursive: true, force: true }));

test("hidden cells are scored by mechanism and share, those of the second modality alone", async () => {
  const { cohort } = simulateCohort({ seed: 1, patients: 12, features: { RNA: 9, protein: 6 } });
  const parts: string[] = [];
  const result = await HIDDEN_CELLS.measure(prepareStudy(profile, cohort), {
    engine,
    signal: new AbortController().signal,
    part: (part, make) => {
      parts.push(part);
      return /split 42, 0.3/.test(part) ? make() : Promise.resolve([] as never);
    },
  });
  assert.equal(parts.length, 2 * 2 * 3);
  assert.equal(parts[0], "simulated, complete, split 42, 0.1 at random");
  assert.deepEqual(result.targets, { "simulated, complete": "protein" });
  assert.deepEqual(result.features, { "simulated, complete": 30 });
  // Five predictors in both spaces, ARO in the paper's alone.
  assert.equal(result.scores.length, 2 * 11);
  for (const { samples, cells, mse, skill, predictor } of result.scores) {
    assert.ok(Math.abs(cells / (0.3 * samples * 15) - 1) < 0.35, `${cells}`);
    assert.ok(mse > 0 && (predictor === "training mean, observed") === (skill === 0));
  }
  const of = (mechanism: string) =>
    result.scores.filter((row) => row.mechanism === mechanism && row.space === "z");
  assert.ok(of("below a limit").every(({ bias }) => bias > 0.5));
  assert.ok(of("at random").every(({ bias }) => Math.abs(bias) < 0.4));
});
