// A study in one picture: what is drawn follows the profile and the cohort.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dropEmptyFeatures } from "../../lib/cohort/cohort.js";
import { overviewFigure } from "../../lib/figures/overview.js";
import { ARO } from "../../lib/model/aro.js";
import { countParameters } from "../../lib/model/model.js";
import { describeStudy } from "../../lib/study/overview.js";
import { readProfile } from "../../lib/study/profile.js";
import { openCohort } from "../../lib/study/study.js";

test("describeStudy takes its numbers from the profile and the cohort", async () => {
  const profile = readProfile({ ARO_PROFILE: "course", ARO_SET: "model.width=32" });
  const cohort = dropEmptyFeatures(await openCohort(profile));
  const study = describeStudy(profile, cohort);
  assert.deepEqual(
    study.modalities.map(({ name, features }) => [name, features]),
    cohort.modalities.map(({ name, start, end }) => [name, end - start]),
  );
  assert.deepEqual(
    study.modalities.map(({ seen }) => seen),
    cohort.modalities.map((_, i) => i === 0),
  );
  assert.equal(study.model.width, 32);
  const spec = { ...profile.model, features: cohort.features.length, visible: null };
  assert.equal(study.model.parameters, countParameters(ARO, spec));
  assert.deepEqual(study.steps, [
    "fill missing values with the training median",
    "clamp to percentiles 1 and 99 of training rows",
    "z-score by training mean and deviation",
    "clamp at 0, then log1p",
  ]);
  assert.doesNotThrow(() => overviewFigure(study));
});
