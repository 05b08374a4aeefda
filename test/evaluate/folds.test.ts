// Folds: patients stay whole, classes stay even, and what cannot be split is refused with a remedy.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import {
  type Fold,
  groupFolds,
  stratifiedGroupFolds,
  stratifiedHoldout,
} from "../../lib/evaluate/folds.js";

/** Every sample is tested once, and never by what learned from it. */
const assertPartition = (folds: readonly Fold[], count: number) => {
  const everyone = Array.from({ length: count }, (_, i) => i);
  assert.deepEqual(
    folds.flatMap(({ test: held }) => held).sort((a, b) => a - b),
    everyone,
  );
  for (const { train, test: held } of folds) {
    assert.deepEqual(
      [...train, ...held].sort((a, b) => a - b),
      everyone,
    );
  }
};

test("stratifiedGroupFolds without shared patients holds each class's share in every fold, to one sample", () => {
  const labels = Array.from({ length: 53 }, (_, i) => (i % 5 === 0 ? "normal" : "tumor"));
  const groups = labels.map((_, i) => `p${i}`);
  for (let seed = 0; seed < 20; seed++) {
    const folds = stratifiedGroupFolds(labels, groups, { folds: 4, seed });
    assertPartition(folds, 53);
    for (const { test: held } of folds) {
      const normal = held.filter((i) => labels[i] === "normal").length;
      assert.ok(normal === 2 || normal === 3, `11 normals in 4 folds: got ${normal}`);
      assert.ok([10, 11].includes(held.length - normal), `42 tumors: got ${held.length - normal}`);
    }
  }
});

test("stratifiedGroupFolds never parts a patient, and keeps shares even where patients bring several samples", () => {
  const random = createRandom(4);
  const labels: string[] = [];
  const groups: string[] = [];
  for (let patient = 0; patient < 60; patient++) {
    const samples = 1 + random.integer(3);
    for (let s = 0; s < samples; s++) {
      labels.push(s > 0 && patient % 2 === 0 ? "normal" : patient % 3 === 0 ? "left" : "right");
      groups.push(`p${patient}`);
    }
  }
  for (let seed = 0; seed < 10; seed++) {
    const folds = stratifiedGroupFolds(labels, groups, { folds: 5, seed });
    assertPartition(folds, labels.length);
    for (const { train, test: held } of folds) {
      const patients = new Set(held.map((i) => groups[i]));
      assert.ok(train.every((i) => !patients.has(groups[i])));
      for (const name of ["normal", "left", "right"]) {
        const total = labels.filter((label) => label === name).length;
        const share = held.filter((i) => labels[i] === name).length / total;
        assert.ok(Math.abs(share - 0.2) < 0.08, `share of ${name}: ${share}`);
      }
    }
  }
});

test("groupFolds keeps patients whole and folds even, has as many folds as patients at most, and refuses one", () => {
  const patients = Array.from({ length: 40 }, (_, i) => `P${i % 23}`);
  const folds = groupFolds(patients, { folds: 8, seed: 3 });
  assert.equal(folds.length, 8);
  assertPartition(folds, patients.length);
  for (const { train, test: held } of folds) {
    assert.ok(Math.abs(held.length - 5) <= 1, `${held.length}`);
    const seen = new Set(train.map((row) => patients[row]));
    assert.ok(held.every((row) => !seen.has(patients[row])));
  }
  assert.equal(groupFolds(["a", "b", "a", "c"], { folds: 5 }).length, 3);
  assert.throws(
    () => groupFolds(["a", "a"], { folds: 5 }),
    /expected at least 2 groups, got 1; add patients/,
  );
});

test("stratifiedGroupFolds repeats with its seed and differs with another", () => {
  const labels = Array.from({ length: 30 }, (_, i) => i % 2);
  const groups = labels.map((_, i) => i);
  const draw = (seed: number) => stratifiedGroupFolds(labels, groups, { folds: 3, seed });
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test("stratifiedGroupFolds refuses a class in fewer patients than folds, and says what to do", () => {
  const labels = [..."aaaaaaaaaabbbc"];
  const groups = labels.map((_, i) => `p${i}`);
  assert.throws(
    () => stratifiedGroupFolds(labels.slice(0, 13), groups.slice(0, 13), { folds: 5 }),
    /class "b" in 3; ask for at most 3 folds, or leave/,
  );
  assert.throws(() => stratifiedGroupFolds(labels, groups, { folds: 2 }), /class "c" in 1; leave/);
  // Six samples of one patient are one group.
  const shared = groups.map((group, i) => (labels[i] === "a" ? "one" : group));
  assert.throws(() => stratifiedGroupFolds(labels, shared, { folds: 2 }), /class "a" in 1/);
  assert.throws(() => stratifiedGroupFolds(labels, groups, { folds: 1 }), RangeError);
  assert.throws(() => stratifiedGroupFolds(labels, groups.slice(1)), RangeError);
});

test("stratifiedHoldout holds 29 of 115 with the classes in proportion", () => {
  const labels = Array.from({ length: 115 }, (_, i) => (i < 14 ? "normal" : i < 60 ? "L" : "R"));
  const drawn = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const fold = stratifiedHoldout(labels, seed);
    assert.deepEqual([fold.test.length, fold.train.length], [29, 86]);
    assert.equal(new Set([...fold.test, ...fold.train]).size, 115);
    const normal = fold.test.filter((i) => labels[i] === "normal").length;
    const left = fold.test.filter((i) => labels[i] === "L").length;
    assert.ok(normal === 3 || normal === 4); // 3.53
    assert.ok(left === 11 || left === 12); // 11.6
    drawn.add(fold.test.join());
  }
  assert.equal(drawn.size, 20);
  assert.deepEqual(stratifiedHoldout(labels, 3), stratifiedHoldout(labels, 3));
});

test("stratifiedHoldout refuses a class of one and parts too small for all classes", () => {
  assert.throws(() => stratifiedHoldout(["a", "a", "b"]), /got 1 of "b"; leave the class out/);
  assert.throws(() => stratifiedHoldout(["a", "a", "b", "b"]), /one a class/);
});
