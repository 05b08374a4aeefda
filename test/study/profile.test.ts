// The profiles: one typed place, and a clear refusal of what is not in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foldersOf, readProfile } from "../../lib/study/profile.js";

test("the default profile is the real cohort", () => {
  assert.equal(readProfile({}).name, "ucec");
  assert.equal(readProfile({ ARO_PROFILE: "course" }).cohort, "simulate");
});

test("an unknown profile is refused by name, with those that there are", () => {
  assert.throws(() => readProfile({ ARO_PROFILE: "gmb" }), /course, gbm, paper, ucec, got "gmb"/);
  assert.throws(() => readProfile({ ARO_PROFILE: "toString" }), /got "toString"/);
});

test("settings change one value each and leave the profile as it was", () => {
  const changed = readProfile({ ARO_SET: "training.epochs=20, model.width=128" });
  assert.equal(changed.training.epochs, 20);
  assert.equal(changed.model.width, 128);
  assert.equal(changed.training.batchSize, readProfile({}).training.batchSize);
  assert.equal(readProfile({}).training.epochs, 200);
});

test("a setting that is on or off is told so in words, and nothing else", () => {
  assert.equal(readProfile({}).model.batchNorm, false);
  assert.equal(readProfile({ ARO_SET: "model.batchNorm=true" }).model.batchNorm, true);
  assert.throws(() => readProfile({ ARO_SET: "model.batchNorm=1" }), /true or false, got "1"/);
  assert.throws(() => readProfile({ ARO_SET: "model.zeroed=1" }), /got "model\.zeroed=1"/);
});

test("an unknown setting or a wrong value is refused by name", () => {
  assert.throws(
    () => readProfile({ ARO_SET: "traning.epochs=3" }),
    /training\.epochs.*got "traning\.epochs=3"/,
  );
  assert.throws(() => readProfile({ ARO_SET: "training.epochs" }), /KEY=VALUE/);
  assert.throws(
    () => readProfile({ ARO_SET: "training.epochs=many" }),
    /number for training\.epochs, got "many"/,
  );
  assert.throws(
    () => readProfile({ ARO_SET: "split.by=family" }),
    /patient or sample, got "family"/,
  );
});

test("only the default profile publishes into the tracked folders", () => {
  assert.match(foldersOf(readProfile({})).figures, /[/\\]figures$/);
  assert.match(
    foldersOf(readProfile({ ARO_PROFILE: "course" })).figures,
    /data.runs.course.figures$/,
  );
});

test("the native engine trains the paper's model, the portable one a narrower, and settings override both", () => {
  const [native, portable] = [
    { name: "native", backend: "" },
    { name: "tfjs", backend: "wasm" },
  ] as const;
  const ofUcec = (engine?: typeof native | typeof portable, set = "") => {
    const { model, training } = readProfile({ ARO_SET: set }, engine);
    return [model.width, training.learningRate];
  };
  assert.deepEqual(ofUcec(native), [2048, 1e-5]);
  assert.deepEqual(ofUcec(), [2048, 1e-5]);
  assert.deepEqual(ofUcec(portable), [256, 5e-4]);
  assert.deepEqual(ofUcec(portable, "model.width=512"), [512, 5e-4]);
  const course = { ARO_PROFILE: "course" };
  assert.deepEqual(readProfile(course, portable), readProfile(course, native));
});
