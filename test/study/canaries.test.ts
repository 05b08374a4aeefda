// The canaries of a study: on a sound evaluation every one is noticed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseEngine } from "../../lib/engine/choose.js";
import { runCanaries } from "../../lib/study/canaries.js";
import { readProfile } from "../../lib/study/profile.js";
import { openStudy } from "../../lib/study/study.js";

const study = await openStudy(
  readProfile({ ARO_PROFILE: "course", ARO_SET: "experiments.features=60,evaluation.folds=4" }),
);
const { engine } = await chooseEngine();

test("every break of a sound evaluation is noticed, each in a row that says what was found", async () => {
  const rows = await runCanaries(study, engine);
  assert.deepEqual(
    rows.map(({ canary, noticed }) => [
      canary.replace(/^(permuted) (?!RNA).*/, "$1 task"),
      noticed,
    ]),
    [
      ["permuted RNA, dual ridge", "yes"],
      ["permuted RNA, shared decoder", "yes"],
      ["permuted task", "yes"],
      ...study.profile.labels.covariates.map((name) => [
        `${study.profile.labels.tasks[0]} from ${name} alone`,
        "yes",
      ]),
      ["duplicated patient", "yes"],
      ["scaler of all rows", "yes"],
    ],
  );
  const [ridge] = rows;
  const [broken, sound] = ridge.found.match(/-?\d+\.\d+/g)!.map(Number);
  assert.ok(sound > 0.1 && broken < sound, ridge.found);
});
