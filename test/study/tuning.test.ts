// Tuning a profile: test rows stay away, every dimension in use reaches the training, and the best can be trained.
import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseEngine } from "../../lib/engine/choose.js";
import type { Engine } from "../../lib/engine/engine.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import type { Study } from "../../lib/study/study.js";
import { openStudy } from "../../lib/study/study.js";
import {
  compareSpaces,
  requestOf,
  thinFeatures,
  tuneAro,
  tuningReferences,
  tuningSpace,
} from "../../lib/study/tuning.js";
import { completeConfig } from "../../lib/train/config.js";
import { decodePoint } from "../../lib/train/space.js";

// Its own seed, so that its folder is nobody else's.
const SETTINGS = "tuning.trials=2,tuning.epochs=2,tuning.features=60,tuning.maxWidth=16";
const profile = readProfile({
  ARO_PROFILE: "course",
  ARO_SET: `${SETTINGS},tuning.seed=${process.pid}`,
});
const study = await openStudy(profile);

test("thinned features are evenly spaced, and every modality keeps its share", () => {
  const { prepared } = study;
  const data = thinFeatures(prepared, 60);
  const { modalities } = data;
  const stride = Math.round(prepared.features.length / 60);
  const { columns, rows, values } = data.train.matrix;
  assert.equal(columns, Math.ceil(prepared.features.length / stride));
  assert.equal(rows, prepared.train.matrix.rows);
  for (const column of [0, 1, columns - 1]) {
    assert.equal(values[columns + column], at(prepared.train.matrix, 1, stride * column));
  }
  modalities.forEach(({ name, start, end }, i) => {
    const whole = prepared.modalities[i];
    assert.equal(name, whole.name);
    assert.ok(Math.abs(end - start - (whole.end - whole.start) / stride) <= 1, name);
  });
  assert.equal(modalities.at(-1)?.end, columns);
  const all = thinFeatures(prepared, 1e6);
  assert.deepEqual(all.train.matrix, prepared.train.matrix);
});

test("every dimension in use changes the run that a point stands for", () => {
  const data = thinFeatures(study.prepared, 60);
  const space = tuningSpace(profile, true);
  const hashAt = (place: number[]) =>
    completeConfig(requestOf(profile, data, decodePoint(space, place)), data).hash;
  const low = space.map(() => 0);
  for (let i = 0; i < space.length; i++) {
    assert.notEqual(hashAt(low.with(i, 1)), hashAt(low), space[i].name);
  }
  assert.equal(space.length, tuningSpace(profile, false).length + 1);
  const { spec } = requestOf(
    profile,
    data,
    decodePoint(
      space,
      low.map(() => 1),
    ),
  );
  assert.deepEqual([spec.batchNorm, spec.visible], [true, { ...spec.visible }]);
  assert.equal(requestOf(profile, data, decodePoint(space, low)).spec.batchNorm, false);
});

test("tuning never reads the test rows, and its best point can be trained by its settings", async (t) => {
  const { train, validation, name, modalities, features, scaler, space } = study.prepared;
  const prepared = {
    train,
    validation,
    name,
    modalities,
    features,
    scaler,
    space,
    get test(): never {
      throw new Error("the test rows were read");
    },
  };
  const blind: Study = { ...study, prepared };
  const { engine } = await chooseEngine({ prefer: "cpu" });
  const tuning = await tuneAro(blind, { method: "bayes", inputDropout: true }, engine);
  after(() => rmSync(tuning.folder, { recursive: true }));
  t.diagnostic(tuning.folder.replace(/.*[\\/]/, ""));
  assert.deepEqual(
    tuning.trials.map(({ status }) => status),
    ["finished", "finished"],
  );
  const { summary } = tuning;
  assert.deepEqual([summary.setup, tuning.setup], Array(2).fill("with input dropout"));
  assert.deepEqual([summary.trials, summary.epochs, summary.loss], [2, 4, tuning.best?.loss]);
  const best = tuning.best!.point;
  const chosen = readProfile({ ARO_SET: tuning.settings! });
  assert.equal(chosen.model.width, best.width);
  assert.equal(chosen.model.hiddenLayers, best.hiddenLayers);
  assert.equal(chosen.model.batchNorm, best.batchNorm);
  assert.ok(Math.abs(chosen.training.learningRate / Number(best.learningRate) - 1) < 0.01);
  const references = await tuningReferences(blind, engine);
  assert.deepEqual(
    references.map(({ setup, name }) => [setup, name]),
    ["with input dropout", "without input dropout"].flatMap((setup) => [
      [setup, "constant"],
      [setup, "setting of notebook 3"],
    ]),
  );
  for (const at of [0, 2]) {
    const [constant, untuned] = references.slice(at, at + 2).map(({ loss }) => loss);
    assert.ok(constant > 0.03 && constant < 0.12, `${constant}`);
    assert.ok(untuned > constant, "two epochs teach nothing");
  }
});

test("references that are interrupted have no loss, and resume", async (t) => {
  const { runs } = foldersOf(profile);
  const before = readdirSync(runs);
  t.after(() => {
    for (const name of readdirSync(runs)) {
      if (/^untuned-/.test(name) && !before.includes(name)) {
        rmSync(join(runs, name), { recursive: true });
      }
    }
  });
  const { engine } = await chooseEngine({ prefer: "cpu" });
  const other = { ...profile, training: { ...profile.training, seed: process.pid } };
  const own: Study = { ...study, profile: other };
  let isSent = false;
  const interrupted: Engine = {
    ...engine,
    run(work) {
      if (!isSent) process.kill(process.pid, "SIGINT");
      isSent = true;
      return engine.run(work);
    },
  };
  await assert.rejects(tuningReferences(own, interrupted), {
    message: "tuningReferences: interrupted; call it again to resume",
  });
  assert.ok(isSent);
  const references = await tuningReferences(own, engine);
  assert.ok(references.every(({ loss }) => Number.isFinite(loss)));
});

test("a setup of another kind is refused by name", async () => {
  const { engine } = await chooseEngine({ prefer: "cpu" });
  const setup = { method: "grid", inputDropout: true } as unknown as Parameters<typeof tuneAro>[1];
  const message = 'tuneAro: expected method to be "bayes" or "random", got "grid"';
  await assert.rejects(tuneAro(study, setup, engine), { name: "RangeError", message });
});

test("compareSpaces lists the paper's settings, with what the profile searches", () => {
  const rows = compareSpaces(profile);
  const { minWidth, maxWidth } = profile.tuning;
  assert.deepEqual(
    rows.find(({ setting }) => setting === "width"),
    { setting: "width", paper: "512 to 4096", ours: `${minWidth} to ${maxWidth}` },
  );
});

function at({ columns, values }: { columns: number; values: Float32Array }, i: number, j: number) {
  return values[i * columns + j];
}
