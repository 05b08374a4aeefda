// Measurements are made once and read again, made anew when what they depend on changes, and recorded on demand.
import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { dropEmptyFeatures } from "../../lib/cohort/cohort.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import {
  type Measurement,
  openMeasurement,
  planMeasurement,
  recordMeasurement,
} from "../../lib/study/measurement.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { recordFile } from "../../lib/study/record-file.js";
import type { Study } from "../../lib/study/study.js";
import { judgeVerdicts, UNCERTAINTY } from "../../lib/study/uncertainty.js";

const { engine } = await chooseEngine();

function openSmall(seed: number): Study {
  const profile = { ...readProfile({ ARO_PROFILE: "course" }), name: "measurement-test" };
  const { cohort: whole } = simulateCohort({
    seed,
    patients: 60,
    features: { RNA: 60, protein: 24 },
  });
  const cohort = dropEmptyFeatures(whole);
  const split = splitSamples(cohort.samples);
  return { profile, cohort, split, prepared: prepareCohort(cohort, split) };
}

const study = openSmall(1);
const { runs, records } = foldersOf(study.profile);
after(() => {
  for (const folder of [runs, records]) rmSync(folder, { recursive: true, force: true });
});

test("a measurement is made once, read from where it was kept, and then from its record", async () => {
  let made = 0;
  const counting = (version: number): Measurement<{ share: number; made: number }> => ({
    name: "counting",
    about: "counts",
    version,
    settings: () => null,
    measure: async () => ({ share: 1 / 3, made: ++made }),
  });
  await assert.rejects(recordMeasurement(counting(1), study), /got none; npx aro train counting/);
  const first = await openMeasurement(counting(1), study, engine);
  assert.match(first.about, /measured here/);
  assert.deepEqual(first.result, { share: 0.333333, made: 1 }); // six digits, as in the file
  const second = await openMeasurement(counting(1), study, engine);
  assert.deepEqual(second.result, first.result);
  assert.match(second.about, /counting\.json: npx aro train counting, \d{4}-\d\d-\d\d, engine/);
  await recordMeasurement(counting(1), study);
  const file = recordFile(study.profile, "counting");
  rmSync(runs, { recursive: true });
  assert.equal((await openMeasurement(counting(1), study, engine)).result.made, 1);

  // Another version, other data: made anew, and not recorded in place of the first.
  assert.equal((await openMeasurement(counting(2), study, engine)).result.made, 2);
  assert.equal((await openMeasurement(counting(1), openSmall(2), engine)).result.made, 3);
  await assert.rejects(recordMeasurement(counting(1), study), /got none/);
  writeFileSync(file, "{");
  await assert.rejects(openMeasurement(counting(1), study, engine), /counting\.json, got "{"/);
  rmSync(file);
  writeFileSync(join(runs, "counting.json"), "[]");
  await assert.rejects(openMeasurement(counting(1), study, engine), /delete it/);
});

test("a measurement that was interrupted resumes with its first unfinished part", async () => {
  const made: string[] = [];
  const stops = new AbortController();
  const twoParts: Measurement<string[]> = {
    name: "two-parts",
    about: "two parts",
    version: 1,
    settings: () => null,
    measure: async (_study, { part }) => {
      const make = (name: string) => async () => {
        made.push(name);
        stops.abort();
        return name;
      };
      return [await part("a 1", make("a 1")), await part("b/2", make("b/2"))];
    },
  };
  const run = planMeasurement(twoParts, study);
  assert.equal(await run.carryOut({ engine, signal: stops.signal }), false);
  assert.deepEqual([made, (await run.state()).state], [["a 1"], "missing"]);
  const told: string[] = [];
  const progress = { update() {}, note: (text: string) => told.push(text), finish() {} };
  const { signal } = new AbortController();
  assert.equal(await run.carryOut({ engine, signal, progress }), true);
  assert.equal((await run.state()).state, "done");
  const { result } = await openMeasurement(twoParts, study, engine);
  assert.deepEqual([made, told, result], Array(3).fill(["a 1", "b/2"]));
  assert.deepEqual(
    readdirSync(runs).filter((file) => file.startsWith("two-parts-")),
    [],
  );
});

test("uncertainty is measured on held-out samples, for decoder and ridge at four levels", async () => {
  const parts: string[] = [];
  const found = await UNCERTAINTY.measure(study, {
    engine,
    signal: new AbortController().signal,
    part: async (part, make) => {
      parts.push(part);
      return await make();
    },
  });
  assert.deepEqual(parts, ["shared decoder", "dual ridge"]);
  assert.equal(found.samples, study.split.validation.length + study.split.test.length);
  assert.equal(found.coverage.length, 2 * 4);
  for (const { level, coverage, width, factor } of found.coverage) {
    assert.ok(Math.abs(coverage - level) < 0.15, `${level}: ${coverage}`);
    assert.ok(width !== null && width > 0 && factor > 0);
  }
  const shares = found.verdicts.reduce((sum, { share }) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9);
});

test("verdicts stand beside held-out correlations; features without one are left out", () => {
  const feature = (verdict: "strong" | "weak", outOfFold: number) => ({
    modality: "protein",
    verdict,
    outOfFold,
  });
  const features = [feature("strong", 0.8), feature("strong", 0.6), feature("weak", 0.1)];
  const rows = judgeVerdicts(
    [...features, feature("weak", 0.2)],
    Float64Array.of(0.5, 0.2, 0.4, Number.NaN),
  );
  const strong = { modality: "protein", verdict: "strong", features: 2, share: 2 / 3 };
  assert.deepEqual(rows[0], { ...strong, outOfFold: 0.7, heldOut: 0.35, holds: 0.5 });
  assert.deepEqual([rows[1].verdict, rows[1].features, rows[1].holds], ["weak", 1, 1]);
});
