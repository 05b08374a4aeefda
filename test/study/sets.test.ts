// Any set to any target: which sets, in which order of columns, and what one small measurement holds.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { dropEmptyFeatures, keepFeatures } from "../../lib/cohort/cohort.js";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { ARO } from "../../lib/model/aro.js";
import { prepareCohort } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { thinStudy } from "../../lib/study/reduced.js";
import {
  compareSets,
  observedSets,
  observeFirst,
  recordedSets,
  SETS,
  type SetScore,
} from "../../lib/study/sets.js";
import { prepareStudy, type Study } from "../../lib/study/study.js";

const { engine } = await chooseEngine();
const { cohort: whole } = simulateCohort({
  seed: 1,
  patients: 60,
  features: { RNA: 60, protein: 24, metabolite: 12 },
});
const cohort = dropEmptyFeatures(whole);
const split = splitSamples(cohort.samples);
const base = readProfile({ ARO_PROFILE: "course" });
const study: Study = {
  profile: {
    ...base,
    name: "sets-test",
    experiments: { ...base.experiments, width: 4, epochs: 3 },
    evaluation: { ...base.evaluation, setSplits: 2, setFeatures: 60 },
  },
  cohort,
  split,
  prepared: prepareCohort(cohort, split),
};
after(() => rmSync(foldersOf(study.profile).runs, { recursive: true, force: true }));

test("recorded sets are those of other cohorts, with the shared decoder beside the ridge", async () => {
  const found = await recordedSets({ name: "ucec" });
  assert.ok(found.length > 0);
  for (const { profile, skills, differences } of found) {
    assert.notEqual(profile, "ucec");
    assert.ok(skills.some(({ predictor }) => predictor === "shared decoder"));
    assert.ok(differences.some(({ second }) => second === "dual ridge"));
  }
});

test("three modalities have six observed sets that leave one to infer, two have two", () => {
  assert.deepEqual(observedSets(3), [[0], [1], [2], [0, 1], [0, 2], [1, 2]]);
  assert.deepEqual(observedSets(2), [[0], [1]]);
  assert.equal(observedSets(5).length, 10);
});

test("observed modalities come first as one, and every column keeps its values", () => {
  const { cohort: seen, columns } = observeFirst(cohort, [0, 2], "RNA + metabolite");
  const [rna, protein, metabolite] = cohort.modalities;
  const first = rna.end + metabolite.end - metabolite.start;
  assert.deepEqual(seen.modalities, [
    { name: "RNA + metabolite", start: 0, end: first },
    { name: "protein", start: first, end: first + protein.end - protein.start },
  ]);
  assert.deepEqual(
    [...columns].sort((a, b) => a - b),
    [...cohort.features.keys()],
  );
  assert.equal(seen.features[rna.end], cohort.features[metabolite.start]);
  assert.equal(
    seen.matrix.values[3 * seen.matrix.columns + first],
    cohort.matrix.values[3 * cohort.matrix.columns + protein.start],
  );
});

test("a thinned study keeps as many features of each modality, shared ones first", () => {
  const thin = thinStudy(study).cohort;
  assert.deepEqual(
    thin.modalities.map(({ start, end }) => end - start),
    [20, 20, 12],
  );
  const { end } = cohort.modalities[1];
  const genes = keepFeatures(cohort, (column) => column < end, "no gene");
  const two = prepareStudy(study.profile, { ...genes, modalities: cohort.modalities.slice(0, 2) });
  const { modalities, features } = thinStudy(two).cohort;
  const [rna, protein] = modalities.map(({ start, end }) => features.slice(start, end));
  assert.equal(rna.length, 30);
  const shared = protein.filter((gene) => rna.includes(gene));
  assert.ok(shared.length > 0 && shared.length < 30);
  assert.deepEqual(
    shared,
    genes.features.slice(cohort.modalities[1].start).filter((gene) => rna.includes(gene)),
  );
});

test("each set infers what it leaves, by controls, the shared decoder and one ARO, on each split", async () => {
  const parts: string[] = [];
  const { scores, width, modalities, seeds } = await SETS.measure(study, {
    engine,
    signal: new AbortController().signal,
    part: (part, make) => {
      parts.push(part);
      return part === "split 42" ? make() : Promise.resolve([] as never);
    },
  });
  assert.deepEqual(parts, ["split 42", "split 43"]);
  assert.deepEqual([width, modalities, seeds], [4, ["RNA", "protein", "metabolite"], [42, 43]]);
  const of = (observed: string) => scores.filter((row) => row.observed === observed);
  assert.deepEqual(
    new Set(of("RNA").map(({ target }) => target)),
    new Set(["protein", "metabolite"]),
  );
  assert.equal(of("RNA").length, 2 * 6);
  assert.equal(of("protein + metabolite").length, 5);
  assert.equal(scores.length, 12 + 2 * 10 + 3 * 5);
  const ridge = of("RNA").find(({ predictor }) => predictor === "dual ridge")!;
  assert.ok(ridge.skill! > 0.1 && ridge.mse > 0);
});

test("the decoder's difference from a control is that of their scores, one table corrected as a whole", () => {
  const score = (predictor: string, seed: number, mse: number): SetScore => ({
    observed: "a",
    target: "b",
    predictor,
    seed,
    trainSamples: 40,
    samples: 10,
    mse,
    skill: 1 - mse,
    r: null,
  });
  const names = ["training mean, observed", "dual ridge", "ridge + cis of its residual + offset"];
  const scores = [1, 2, 3].flatMap((seed) => [
    ...names.map((name, i) => score(name, seed, 1 - 0.1 * i + 0.01 * seed)),
    score("shared decoder", seed, 0.5 + 0.012 * seed),
    score("ARO, any set", seed, 0.99),
  ]);
  const rows = compareSets(scores);
  const [first] = rows;
  assert.deepEqual([first.observed, first.target, first.second], ["a", "b", "dual ridge"]);
  assert.ok(Math.abs(first.difference - -0.396) < 1e-9);
  assert.ok(rows.every(({ p, adjusted }) => adjusted >= p));
  assert.equal(rows.find(({ first }) => first === "ARO, any set")!.better, "dual ridge");
});

test("an ARO refuses to mask blocks that it does not see", () => {
  const spec = { ...study.profile.model, features: 12, visible: { start: 0, end: 8 } };
  ARO.check({ ...spec, randomlyMasked: [{ start: 0, end: 8 }] });
  assert.throws(
    () => ARO.check({ ...spec, randomlyMasked: [{ start: 6, end: 10 }] }),
    /randomlyMasked to be ranges of visible columns \[0, 8\), got \[6, 10\)/,
  );
});
