// Experiments: which runs follow from variants and seeds, and what a table makes of those that are finished.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { chooseEngine } from "../../lib/engine/choose.js";
import { tabulateSeeds } from "../../lib/study/experiment-scores.js";
import { collectScores, type Experiment, planExperiment } from "../../lib/study/experiments.js";
import { carryOut, listRuns } from "../../lib/study/planned-runs.js";
import { readProfile } from "../../lib/study/profile.js";
import { reduceStudy } from "../../lib/study/reduced.js";
import { describeAro, openStudy, readAro, trainAro } from "../../lib/study/study.js";
import {
  ARO_CONVERGED,
  AUTHORS,
  DIFFERENCES,
  MODIS_CONVERGED,
  SHARED,
  SPLIT_CONTROLS,
  STACK,
  VAE_CONVERGED,
} from "../../lib/study/variants.js";

// A seed of its own, so that its folders are nobody else's.
const SEED = 1000 + process.pid;
const profile = readProfile({
  ARO_PROFILE: "course",
  ARO_SET:
    `training.seed=${SEED},training.epochs=3,model.width=8,experiments.seeds=3,` +
    "experiments.features=60,experiments.width=6,experiments.epochs=2",
});
const study = await openStudy(profile);
const { engine } = await chooseEngine();
const seeds = planExperiment(study, "seeds");
const authors = planExperiment(study, "authors");
// 60 features, and room for MODIS, which may have as many parameters as ARO.
const wide = { ...profile, experiments: { ...profile.experiments, width: 24 } };
const splits = planExperiment(reduceStudy({ ...study, profile: wide }), "splits");

after(() => {
  for (const { folder } of [...seeds.runs, ...authors.runs, ...splits.runs]) {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("runs are numbered seed by seed, each variant in its order", () => {
  assert.deepEqual(
    seeds.runs.map(({ number, name, epochs }) => [number, name, epochs]),
    [0, 1, 2, 3, 4, 5].map((i) => {
      const name = i % 2 === 0 ? "ARO unmasked" : "ARO masked";
      return [i, `${name}, seed ${SEED + Math.floor(i / 2)}`, 3];
    }),
  );
});

test("the first runs of the seeds are those that notebook 3 trains", () => {
  for (const [i, setting] of (["unmasked", "masked"] as const).entries()) {
    const { folder, hash, config } = describeAro(study, setting);
    assert.equal(seeds.runs[i].folder, folder);
    assert.equal(seeds.runs[i].hash, hash);
    assert.deepEqual(seeds.runs[i].config, config);
  }
});

test("variants that do other things with one model share its run, every other has its own", () => {
  const trained = DIFFERENCES.filter(({ judgedBy = ["losses"] }) => judgedBy.includes("losses"));
  assert.equal(authors.runs.length, 3 * trained.length);
  assert.equal(new Set(authors.runs.map(({ folder }) => folder)).size, authors.runs.length);
  assert.equal(authors.cells.length, 3 * DIFFERENCES.length);
  const runOf = (name: string) =>
    authors.cells.find(({ variant, seed }) => variant.name === name && seed === SEED)?.run;
  assert.equal(runOf("embedding without ReLU"), runOf("paper, unmasked"));
  assert.equal(runOf("tested on a new quarter"), runOf("paper, unmasked"));
  assert.equal(runOf("ReLU output")?.config.spec.output, "relu");
  assert.equal(runOf("dropout after hidden layers")?.config.spec.hiddenDropout, 0.2);
  assert.equal(runOf("plateau stepped twice")?.config.training.plateau?.stepsPerEpoch, 2);
  const column = runOf("one masked column")!;
  assert.deepEqual(column.config.spec.zeroed, [column.study.prepared.modalities[1].start]);
  assert.equal(column.config.spec.visible, null);
  assert.equal(runOf("split by sample")?.study.profile.split.by, "sample");
});

test("all together has every difference that a training can have", () => {
  const { config, study: own } = authors.runs.find(({ name }) => /^authors/.test(name))!;
  assert.deepEqual(
    [config.spec.output, config.spec.hiddenDropout, config.spec.zeroed.length, config.spec.visible],
    [AUTHORS.model.output, AUTHORS.model.hiddenDropout, 1, null],
  );
  assert.equal(config.training.plateau?.stepsPerEpoch, 2);
  const patients = (rows: readonly number[]) => rows.map((row) => own.cohort.samples[row].patient);
  const trained = new Set(patients(own.split.train));
  assert.ok(patients(own.split.test).some((patient) => trained.has(patient)));
});

test("a reduced study keeps its split, and the values of the features that it keeps", () => {
  const { prepared, cohort, split } = reduceStudy(study);
  assert.equal(split, study.split);
  assert.deepEqual(
    prepared.modalities.map(({ name }) => name),
    study.prepared.modalities.map(({ name }) => name),
  );
  const column = cohort.features.length - 1;
  const place = study.cohort.features.indexOf(cohort.features[column]);
  const at = ({ matrix }: typeof prepared.test, j: number) => matrix.values[matrix.columns + j];
  assert.equal(at(prepared.test, column), at(study.prepared.test, place));
});

test("an unknown experiment is refused by name", () => {
  assert.throws(
    () => planExperiment(study, "authours"),
    /expected one of seeds, splits, splits-quick, splits-30, rates, decoder, authors, authors-full, got "authours"/,
  );
});

test("finished runs are scored, the others named, and nothing is trained twice or written over", async () => {
  const [first, second, third, fourth] = seeds.runs;
  const trained = await trainAro(study, "unmasked", engine);
  assert.equal(trained.folder, first.folder);
  const weights = readFileSync(join(first.folder, "weights.safetensors"));
  // The second is killed at its first epoch, the third's folder holds a run of other settings, the fourth is missing.
  await carryOut([second, third], engine);
  rmSync(join(second.folder, "result.json"));
  const metrics = readFileSync(join(second.folder, "metrics.jsonl"), "utf8");
  writeFileSync(
    join(second.folder, "metrics.jsonl"),
    `${metrics.split("\n").slice(0, 1).join("\n")}\n`,
  );
  const other = JSON.parse(readFileSync(join(third.folder, "config.json"), "utf8"));
  const foreign = JSON.stringify({ ...other, hash: "0".repeat(64), cohort: "another" });
  writeFileSync(join(third.folder, "config.json"), foreign);

  assert.deepEqual(
    (await listRuns(seeds.runs)).map(({ state, epoch }) => [state, epoch]),
    [["done", 3], ["partial", 1], ["other", 0], ...Array(3).fill(["missing", 0])],
  );
  assert.equal(existsSync(fourth.folder), false, "listing must not make folders");
  const { scores: found, unfinished } = await collectScores(seeds, engine);
  const scores = found.filter(({ modality }) => modality === "all");
  assert.deepEqual(unfinished, [
    `${second.name} (partial at epoch 1)`,
    `${third.name} (other)`,
    ...seeds.runs.slice(3).map(({ name }) => `${name} (missing)`),
  ]);
  assert.deepEqual(
    scores.map(({ variant, part, seed }) => [variant, part, seed]),
    ["train", "validation", "test"].map((part) => ["ARO unmasked", part, SEED]),
  );
  const held = scores.find(({ part }) => part === "validation")!;
  const said = (await readAro(study, "unmasked")).result!.final!.validation;
  assert.ok(
    Math.abs(held.mse / said.mse - 1) < 1e-5 && Math.abs(held.huber / said.huber - 1) < 1e-5,
  );
  assert.deepEqual(
    tabulateSeeds(scores).map(({ seeds: n, mseDeviation }) => [n, mseDeviation]),
    Array(3).fill([1, null]),
  );

  await assert.rejects(
    carryOut(seeds.runs, engine),
    /expected the settings of the run in .*another/,
  );
  assert.equal(readFileSync(join(third.folder, "config.json"), "utf8"), foreign);
  rmSync(third.folder, { recursive: true });
  assert.equal(await carryOut(seeds.runs, engine), true);
  assert.deepEqual(readFileSync(join(first.folder, "weights.safetensors")), weights);
  const states = (await listRuns(seeds.runs)).map(({ state }) => state);
  assert.deepEqual(states, Array(6).fill("done"));
  const tested = planExperiment(study, { ...seeds.experiment, parts: ["test"] });
  const all = await collectScores(tested, engine);
  assert.deepEqual(all.unfinished, []);
  assert.deepEqual(
    tabulateSeeds(all.scores).map(({ predictor, seeds: n }) => [predictor, n]),
    [
      ["ARO unmasked", 3],
      ["ARO masked", 3],
    ],
  );
});

test("a damaged file of a run is named with its folder", async () => {
  const [run] = authors.runs;
  mkdirSync(run.folder, { recursive: true });
  writeFileSync(join(run.folder, "config.json"), "{");
  await assert.rejects(
    listRuns(authors.runs),
    new RegExp(`${basename(run.folder)}.*expected an object`),
  );
  rmSync(run.folder, { recursive: true });
});

test("embeddings are classified by the paper's way and the authors', each on its own samples", async () => {
  const few: Experiment = {
    ...authors.experiment,
    variants: DIFFERENCES.filter(({ setting }) => setting === "unmasked"),
    seeds: authors.experiment.seeds.slice(0, 1),
  };
  const plan = planExperiment(study, few);
  assert.equal(plan.runs.length, 1);
  await carryOut(plan.runs, engine);
  const { scores, accuracies } = await collectScores(plan, engine);
  const all = scores.filter(({ modality }) => modality === "all");
  assert.equal(all.length, 1, "variants that only use a model have no losses of their own");
  const samples = study.cohort.samples.length;
  assert.deepEqual(
    accuracies.map((row) => [row.variant, row.samples]),
    [
      ["paper, unmasked", study.split.test.length],
      ["embedding without ReLU", study.split.test.length],
      ["tested on a new quarter", Math.ceil(samples / 4)],
    ],
  );
  for (const { accuracy } of accuracies) assert.ok(accuracy >= 0 && accuracy <= 1);
});

test("splits are planned without being made: the controls share a run, and every split has its own", () => {
  const [first] = splits.experiment.seeds;
  assert.deepEqual(
    splits.runs.slice(0, 8).map(({ name }) => name),
    [
      "linear controls",
      STACK,
      SHARED,
      "further controls",
      "ARO masked",
      ARO_CONVERGED,
      VAE_CONVERGED,
      MODIS_CONVERGED,
    ].map((name) => `${name}, seed ${first}`),
  );
  assert.equal(splits.runs.length, 8 * 3 - 2, "VAE and MODIS on two splits");
  assert.equal(new Set(splits.runs.map(({ hash }) => hash)).size, 22);
  const small = reduceStudy(study);
  const renamed = {
    ...small.cohort,
    features: ["another gene", ...small.cohort.features.slice(1)],
  };
  const [other] = planExperiment({ ...small, cohort: renamed }, "splits").runs;
  assert.notEqual(other.hash, splits.runs[0].hash);
});

test("each run of a split leaves its scores, of test rows that no training saw, and is not repeated", async () => {
  const runs = splits.runs.slice(0, 8);
  assert.equal(await carryOut(runs, engine), true);
  const { scores, unfinished } = await collectScores({ ...splits, runs }, engine);
  assert.deepEqual(unfinished, []);
  const ofSpace = (asked: string) =>
    scores.filter(({ modality, space = "paper" }) => modality === "protein" && space === asked);
  const proteins = ofSpace("paper");
  for (const space of ["z", "measured"]) {
    assert.deepEqual(
      ofSpace(space).map(({ variant }) => variant),
      [...SPLIT_CONTROLS, STACK, SHARED],
    );
  }
  const [mean] = ofSpace("z");
  assert.ok(Math.abs(mean.skill!) < 1e-6 && mean.mse > 0.5);
  assert.deepEqual(
    proteins.map(({ variant, steps }) => [variant, steps !== null]),
    splits.experiment.variants.map(({ name }) => [name, /ARO|VAE|MODIS/.test(name)]),
  );
  for (const { trainSamples, samples, mse, part } of proteins) {
    assert.deepEqual(
      [trainSamples, samples, part],
      [study.split.train.length, study.split.test.length, "test"],
    );
    assert.ok(mse > 0);
  }
  const batches = Math.ceil(study.split.train.length / profile.training.batchSize);
  const { epochs } = profile.experiments;
  assert.equal(proteins.find(({ variant }) => variant === "ARO masked")?.steps, epochs * batches);
  const before = runs.map(({ folder }) => readFileSync(join(folder, "scores.json"), "utf8"));
  assert.equal(await carryOut(runs, engine), true);
  assert.deepEqual(
    runs.map(({ folder }) => readFileSync(join(folder, "scores.json"), "utf8")),
    before,
  );
  const [run] = runs;
  const file = join(run.folder, "scores.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(before[0]), hash: "another" }));
  assert.deepEqual(await run.state(), { state: "missing", epoch: 0 });
  writeFileSync(file, "{");
  await assert.rejects(run.state(), /expected JSON in .*scores\.json, got "\{"/);
});
