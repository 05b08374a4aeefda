// Oracles bound what a model can reach, and complete measurements show what a score over observed entries cannot.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { type SimulateOptions, simulateCohort } from "../../lib/cohort/simulate.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { fitControls } from "../../lib/evaluate/controls.js";
import { fitLinearOracle, fitNoiseFloor, scoreHidden } from "../../lib/evaluate/oracle.js";
import { modelPredictor, type Predictor } from "../../lib/evaluate/predictor.js";
import { reconstructionTable } from "../../lib/evaluate/summary.js";
import { ARO, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { type PreparedCohort, prepareCohort, type Space } from "../../lib/preprocess/prepare.js";
import { splitSamples } from "../../lib/preprocess/split.js";

function prepare(options: SimulateOptions, space: Space = "paper") {
  const simulation = simulateCohort(options);
  const split = splitSamples(simulation.cohort.samples);
  return { ...simulation, prepared: prepareCohort(simulation.cohort, split, { space }) };
}

async function skillsOf(predictors: readonly Predictor[], prepared: PreparedCohort) {
  const rows = await reconstructionTable(predictors, prepared, { parts: ["test"], draws: 2 });
  const own = rows.filter(({ modality }) => modality === prepared.modalities[1].name);
  return new Map(own.map(({ predictor, skill }) => [predictor, skill!]));
}

/** Independent factors, everything observed, little noise; the inferred features follow them by this link. */
const factorsAlone = (link: "product" | "linear", seed: number): SimulateOptions => ({
  seed,
  patients: 400,
  normalShare: 0,
  classSeparation: 0,
  latentFactors: 3,
  cisShare: 0,
  features: { RNA: 80, protein: 40 },
  scales: { RNA: "ratio" },
  links: { RNA: "linear", protein: link },
  noise: 0.3,
  missingAtRandom: 0,
  detectionLimit: 0,
});

test("the linear oracle explains noiseless linear features but for what clamping bends", async () => {
  const { prepared, truth } = prepare({ ...factorsAlone("linear", 1), noise: 0 }, "z");
  const skills = await skillsOf([fitLinearOracle(prepared, truth.factors)], prepared);
  const skill = skills.get("linear oracle, true factors")!;
  assert.ok(skill > 0.95 && skill < 1, `${skill}`);
});

test("the linear oracle gives a feature with few observed entries their mean", async () => {
  const { prepared, truth } = prepare({ seed: 3, missingAtRandom: { protein: 0.95 } });
  const predicted = await fitLinearOracle(prepared, truth.factors).predict(prepared.test);
  assert.ok(predicted.every(Number.isFinite));
  const { start } = prepared.modalities[1];
  const { columns } = prepared.test.matrix;
  assert.equal(predicted[start], predicted[columns + start]);
});

test("no model errs less than the noise floor, and the floor's error is the noise's", async () => {
  const { prepared, truth, remeasure } = prepare({ seed: 42 });
  const floor = fitNoiseFloor(prepared, remeasure);
  const predictors = [
    ...fitControls(prepared, { only: ["dual ridge", "PCA, sees all"] }),
    fitLinearOracle(prepared, truth.factors),
    floor,
  ];
  const skills = await skillsOf(predictors, prepared);
  for (const [name, skill] of skills) {
    if (name !== floor.name) assert.ok(skill < skills.get(floor.name)!, `${name}: ${skill}`);
  }
  const quiet = prepare({ ...factorsAlone("product", 1), noise: 0, patients: 40 });
  const exact = await skillsOf([fitNoiseFloor(quiet.prepared, quiet.remeasure)], quiet.prepared);
  assert.ok(exact.get("noise floor")! > 1 - 1e-9);
});

test("a nonlinear model must win where proteins are products of factors, and has no edge where they are linear", async () => {
  const { engine } = await chooseEngine();
  const compare = async (link: "product" | "linear", seed: number) => {
    const { prepared, truth } = prepare(factorsAlone(link, seed));
    const { start, end } = prepared.modalities[0];
    const features = prepared.features.length;
    const spec = { ...PAPER_MODEL, features, visible: { start, end }, width: 64 };
    const model = buildAutoencoder(engine, ARO, spec, initializeWeights(ARO, spec, 0));
    const random = createRandom(0, "dropout");
    for (let epoch = 1; epoch <= 300; epoch++) {
      await model.step(prepared.train.matrix, { learningRate: 3e-3, random, epoch });
    }
    const linear = ["dual ridge, clamped RNA", "dual ridge"];
    const predictors = [
      ...fitControls(prepared, { only: linear }),
      fitLinearOracle(prepared, truth.factors),
      modelPredictor("ARO", model),
    ];
    const skills = await skillsOf(predictors, prepared);
    model.dispose();
    return skills;
  };
  for (const seed of [4, 5]) {
    const won = await compare("product", seed);
    assert.ok(won.get("dual ridge")! < 0.05, `ridge: ${won.get("dual ridge")}`);
    assert.ok(won.get("linear oracle, true factors")! < 0.05);
    assert.ok(won.get("ARO")! > 0.7, `ARO: ${won.get("ARO")}`);
    assert.ok(won.get("ARO")! > won.get("dual ridge, clamped RNA")! + 0.05);
  }
  const even = await compare("linear", 1);
  assert.ok(Math.abs(even.get("ARO")! - even.get("dual ridge, clamped RNA")!) < 0.03);
});

test("missing at random a score over observed entries is fair; below a limit it hides bias and error", async () => {
  const hide = async (options: Partial<SimulateOptions>) => {
    const features = { RNA: 200, protein: 100 };
    const { prepared, truth } = prepare({ seed: 42, features, ...options }, "z");
    const predictors = fitControls(prepared, { only: ["dual ridge"] });
    const rows = await scoreHidden(predictors, prepared, prepared.test, truth.complete);
    return rows.find(({ modality }) => modality === "protein")!;
  };
  const none = await hide({ missingAtRandom: 0, detectionLimit: 0 });
  assert.deepEqual([none.hidden, none.mseHidden, none.biasHidden], [0, null, null]);
  const random = await hide({ missingAtRandom: { protein: 0.3 }, detectionLimit: 0 });
  assert.ok(Math.abs(random.mseHidden! / random.mseObserved! - 1) < 0.1);
  assert.ok(Math.abs(random.biasHidden!) < 0.05);
  const limit = await hide({ missingAtRandom: 0, detectionLimit: { protein: 0.3 } });
  assert.equal(limit.observed + limit.hidden, none.observed);
  assert.ok(limit.mseHidden! > 1.5 * limit.mseObserved!);
  assert.ok(limit.biasHidden! > 1, `${limit.biasHidden}`);
});

test("in units of complete values nothing is clamped, so that what lies below a limit counts in full", async () => {
  const features = { RNA: 60, protein: 30 };
  const made = { seed: 42, features, missingAtRandom: 0, detectionLimit: { protein: 0.3 } };
  const { prepared, truth } = prepare(made, "z");
  const units = Float64Array.from(prepared.features, () => 2);
  const constant = fitControls(prepared, { only: ["training mean, observed"] });
  const complete = { ...truth.complete, observed: truth.complete.observed.slice() };
  const { columns } = complete;
  const { rows } = prepared.test;
  const [first] = [...prepared.test.matrix.observed.keys()].filter(
    (at) => !prepared.test.matrix.observed[at],
  );
  const cell = rows[Math.floor(first / columns)] * columns + (first % columns);
  complete.observed[cell] = 0; // not even the more complete measurements have it
  const score = async (options: { readonly units?: Float64Array }) =>
    (await scoreHidden(constant, prepared, prepared.test, complete, options))[1];
  const [clamped, full] = [await score({}), await score({ units })];
  const hidden = [...prepared.test.matrix.observed].filter((is) => !is).length;
  assert.deepEqual([clamped.hidden, full.hidden], [hidden - 1, hidden - 1]);
  let [errors, bias] = [0, 0];
  const [predicted] = await Promise.all(constant.map((one) => one.predict(prepared.test)));
  prepared.test.matrix.observed.forEach((is, at) => {
    if (is || at === first) return;
    const j = at % columns;
    const own = predicted[at] * prepared.scaler.std[j] + prepared.scaler.mean[j];
    const error = (own - complete.values[rows[Math.floor(at / columns)] * columns + j]) / 2;
    errors += error ** 2;
    bias += error;
  });
  assert.ok(Math.abs(full.mseHidden! / (errors / (hidden - 1)) - 1) < 1e-6);
  assert.ok(Math.abs(full.biasHidden! / (bias / (hidden - 1)) - 1) < 1e-6);
  const paper = prepare(made, "paper").prepared;
  await assert.rejects(
    scoreHidden(constant, paper, paper.test, complete, { units }),
    /units and a cohort of z-scores, got 90 units and one in the space "paper"/,
  );
});
