// The profiles of the paper's cohorts, on made-up files of their shapes: what is read, asked, refused and drawn.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { countLabels, labelValues } from "../../lib/cohort/labels.js";
import { gbmSamples, readGbmClinical } from "../../lib/cohort/paper.js";
import { compareClassifiers } from "../../lib/evaluate/compare.js";
import { PAPER_MODEL } from "../../lib/model/aro.js";
import { modisSpec } from "../../lib/study/modis.js";
import { profitsFromNative, readProfile, replicatesPaper } from "../../lib/study/profile.js";
import { openCohort, openStudy } from "../../lib/study/study.js";
import { chooseTasks } from "../../lib/study/tasks.js";
import { scratchFolder } from "../scratch.js";
import { type MadeUpOptions, writeGbm, writePaper } from "./made-up.js";

const root = scratchFolder();

const SIZE: MadeUpOptions = { tumors: 24, pairs: 8, genes: 40, proteins: 20 };
/** What tasks say of the one bilateral tumor. */
const RARE = "laterality: left out 1 sample of 1 class with fewer than 5 patients: bilateral";
const paper = readProfile({ ARO_PROFILE: "paper" });
const gbm = readProfile({ ARO_PROFILE: "gbm" });

let count = 0;
async function placePaper(changes: Partial<MadeUpOptions> = {}) {
  const place = join(root, `paper${count++}`);
  const options = await writePaper(place, { ...SIZE, ...changes });
  return { ...options, cache: { folder: join(place, "kept") } };
}
const placeGbm = (changes: Partial<MadeUpOptions> = {}) =>
  writeGbm(join(root, `gbm${count++}`), { ...SIZE, ...changes });

test("both profiles train the paper's model at the paper's rate, narrower on wasm", () => {
  for (const name of ["gbm", "paper"]) {
    const { model, training } = readProfile({ ARO_PROFILE: name }, { name: "native", backend: "" });
    assert.deepEqual(model, PAPER_MODEL);
    assert.deepEqual([training.learningRate, training.epochs, training.batchSize], [1e-5, 200, 80]);
    const portable = readProfile({ ARO_PROFILE: name }, { name: "tfjs", backend: "wasm" });
    assert.deepEqual([portable.model.width, portable.training.learningRate], [256, 5e-4]);
    assert.ok(profitsFromNative(portable));
  }
  assert.deepEqual([paper, gbm, readProfile({})].map(replicatesPaper), [true, false, false]);
});

test("profile paper stacks both cohorts and asks for tissue and laterality, with the cohort as covariate", async () => {
  const study = await openStudy(paper, await placePaper());
  const { cohort, prepared } = study;
  assert.deepEqual(
    cohort.modalities.map(({ name, end, start }) => [name, end - start]),
    [
      ["RNA", 40],
      ["protein", 20],
      ["metabolite", 20],
    ],
  );
  assert.equal(cohort.samples.length, 24 + 4 + 2 * 8);
  const rows =
    prepared.train.ids.length + prepared.validation.ids.length + prepared.test.ids.length;
  assert.equal(rows, cohort.samples.length);
  assert.deepEqual(chooseTasks(study), { asked: ["tissue", "laterality"], refused: [RARE] });
  assert.deepEqual(
    countLabels(cohort.samples, ["laterality"]).map(({ value, samples }) => [value, samples]),
    [
      ["right", 12],
      ["non-cancerous", 12],
      ["left", 11],
      ["bilateral", 1],
      [null, 8],
    ],
  );
  assert.doesNotThrow(() => countLabels(cohort.samples, paper.labels.described));
  assert.equal(modisSpec(study).classes, 2);
  const columns = 3;
  const values = Float32Array.from({ length: columns * rows }, (_, i) => (i * 7919) % 13);
  const [majority, alone] = await compareClassifiers({
    embeddings: { rows, columns, values },
    labels: labelValues(cohort.samples, "laterality", { atLeast: paper.evaluation.folds }),
    groups: cohort.samples.map(({ patient }) => patient),
    covariates: { cohort: labelValues(cohort.samples, paper.labels.covariates[0]) },
    classifiers: [],
  });
  assert.equal(majority.samples, 24 - 1 + 4 + 8);
  assert.equal(alone.classifier, "cohort alone");
  assert.ok(alone.accuracy > majority.accuracy, "normals of RCC are told by their cohort");
});

test("without the clinical workbook laterality has one class, and the refusal says so", async () => {
  const options = await placePaper({ laterality: false });
  const cohort = await openCohort(paper, options);
  const { asked, refused } = chooseTasks({ profile: paper, cohort });
  assert.deepEqual(asked, ["tissue"]);
  assert.deepEqual(refused, [
    'laterality cannot be asked of paper: only "non-cancerous" has 5 patients or more, and a task needs two such classes',
  ]);
  assert.ok(cohort.notes.some((note) => /no clinical workbook/.test(note)));
});

test("workbooks that are not placed are named, each with where to get it", async () => {
  const { manifest } = await placePaper();
  await assert.rejects(
    openCohort(paper, { folder: join(root, "nowhere"), manifest }),
    /expected the files of "paper", got 3 problems.*mmc3.xlsx, got no such file; download it from/s,
  );
});

test("profile gbm reads cBioPortal's study, whose tumors are asked for sex and laterality", async () => {
  const study = await openStudy(gbm, placeGbm());
  const { cohort } = study;
  assert.deepEqual(
    cohort.modalities.map(({ name, end, start }) => [name, end - start]),
    [
      ["RNA", 40],
      ["protein", 20],
      ["metabolite", 20],
    ],
  );
  assert.deepEqual(cohort.samples[1].labels, { laterality: "right", sex: "male", age: 41 });
  assert.deepEqual(chooseTasks(study), { asked: ["sex", "laterality"], refused: [RARE] });
  assert.equal(modisSpec(study).classes, 2);
});

test("what cBioPortal does not record is null and noted, and not asked", async () => {
  const cohort = await openCohort(gbm, placeGbm({ laterality: false }));
  assert.ok(labelValues(cohort.samples, "laterality").every((value) => value === null));
  assert.deepEqual(cohort.notes, [
    "gbm: the clinical files do not record laterality; they have SEX, AGE",
  ]);
  assert.deepEqual(chooseTasks({ profile: gbm, cohort }), {
    asked: ["sex"],
    refused: ["laterality cannot be asked of gbm: no sample records it"],
  });
});

test("no task left is an error with the reason for each", async () => {
  const cohort = await openCohort(gbm, placeGbm({ laterality: false }));
  const samples = cohort.samples.map(({ labels, ...sample }) => ({
    ...sample,
    labels: { age: labels.age },
  }));
  assert.throws(
    () => chooseTasks({ profile: gbm, cohort: { name: "mine", samples } }),
    /expected a label with two classes for profile gbm, got none; sex cannot be asked of mine: no such label, there are age; lat/,
  );
});

const clinical = join(process.env.ARO_TEST_DATA ?? "../shared/data", "gbm87", "clinical.xlsx");
const real = existsSync(clinical) ? {} : { skip: `no real workbook ${clinical}` };

test("the real clinical workbook has what profile paper asks for", real, async () => {
  const cases = await readGbmClinical(clinical);
  const samples = gbmSamples([...cases.keys()], cases);
  const cohort = { name: "paper", samples };
  assert.deepEqual(chooseTasks({ profile: paper, cohort }), {
    asked: ["tissue", "laterality"],
    refused: ["laterality: left out 3 samples of 1 class with fewer than 5 patients: bilateral"],
  });
  const { folds } = paper.evaluation;
  const classes = new Set(labelValues(samples, "laterality", { atLeast: folds }));
  assert.deepEqual(classes, new Set(["left", "right", "non-cancerous", null])); // three are bilateral
});
