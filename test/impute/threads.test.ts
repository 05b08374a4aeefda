// Folds and networks are the same on threads of their own as on the one that asks, and a thread's failure is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulateCohort } from "../../lib/cohort/simulate.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { crossFit } from "../../lib/impute/fit.js";
import { describeFolds } from "../../lib/impute/fold.js";
import { specOf } from "../../lib/impute/infer.js";
import { takeApart } from "../../lib/impute/material.js";
import { trainNetworks } from "../../lib/impute/network.js";
import { PATHS } from "../../lib/impute/paths.js";

const { cohort } = simulateCohort({ seed: 5, patients: 40 });
const rows = cohort.samples.map((_, row) => row);

test("folds described on two threads are those of one thread, in their order", async () => {
  const shared = { material: takeApart(cohort), seed: 1 };
  const parts = [
    { train: rows, test: [] },
    ...[0, 1, 2].map((fold) => ({
      train: rows.filter((row) => row % 3 !== fold),
      test: rows.filter((row) => row % 3 === fold),
    })),
  ];
  const told: number[] = [];
  const onPart = (part: number) => told.push(part);
  const here = await describeFolds(shared, parts, { threads: 1 });
  const there = await describeFolds(shared, parts, { threads: 2, onPart });
  assert.deepEqual(there, here);
  assert.deepEqual(told.sort(), [0, 1, 2, 3]);
  assert.ok(there[0].paths && !there[1].paths, "paths are kept where nothing is described");
  const wrong = [...parts.slice(1), { train: [0, 1, 2], test: [] }];
  for (const threads of [1, 2]) {
    await assert.rejects(describeFolds(shared, wrong, { threads }), {
      name: "RangeError",
      message: /at least 10 training samples measured/,
    });
  }
});

test("networks trained on two threads are those of one thread", async (t) => {
  const { engine } = await chooseEngine();
  if (engine.name !== "native") return t.skip("the native engine cannot be compiled here");
  const options = { rows, folds: 4, networks: 2, seed: 1 };
  const { paths, described, pairs } = await crossFit(cohort, options);
  const spec = specOf(paths, { hidden: 4, objective: "preprocessed" });
  const gates = {
    trained: new Uint8Array(described.features).fill(1),
    fixed: new Float32Array(described.features * (PATHS.length + 3)),
  };
  const shared = { spec, described, pairs, paths, gates, mostSteps: 60 };
  const parts = [0, 1, 2].map((seed) => ({ seed, held: rows.filter((row) => row % 3 === seed) }));
  const here = await trainNetworks({ ...shared, engine }, parts, { threads: 1 });
  assert.deepEqual(await trainNetworks(shared, parts, { threads: 3 }), here);
  assert.equal(here[1].inference.mean.rows, parts[1].held.length);
});
