// What a training costs: counted by hand at a small shape, and refused where the disk is too small.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { estimateDisk, flopsPerStep, measureStep, requireDisk } from "../../lib/model/cost.js";
import { estimateMemory } from "../../lib/model/memory.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();
const small = { ...PAPER_MODEL, features: 5, width: 2, hiddenLayers: 1, visible: null };

test("flopsPerStep counts each product of a step once", () => {
  // 3 rows: 5x2 forward and for its weights, 2x2 and 2x5 also for their inputs; 2 operations an entry.
  assert.equal(flopsPerStep(small, 3), 2 * 3 * (2 * 10 + 3 * 4 + 3 * 10));
});

test("batch normalization costs the slope of the input, and a run two parameters and two statistics a feature", () => {
  const normalized = { ...small, batchNorm: true };
  assert.equal(flopsPerStep(normalized, 3) - flopsPerStep(small, 3), 2 * 3 * 10);
  assert.equal(estimateDisk(ARO, normalized) - estimateDisk(ARO, small), 4 * (7 * 10 + 3 * 10));
  const totalOf = (spec: AroSpec) => estimateMemory(ARO, spec, "wasm").total;
  assert.ok(totalOf(normalized) > totalOf(small));
});

test("requireDisk names the need and the room where a run would fill the disk", async () => {
  assert.equal(estimateDisk(ARO, small), 28 * 33); // 12 + 6 + 15 parameters
  await requireDisk(ARO, small, join(folder, "not", "there", "yet"));
  await assert.rejects(
    requireDisk(ARO, { ...small, features: 1e9, width: 1e5 }, folder),
    /expected [\d.]+ GiB on the disk.*got [\d.]+ GiB; free some disk space/,
  );
});

test("measureStep times the model itself where it is small, fewer features where it is not, none where nothing fits", async () => {
  const engine = await tfjsEngine({ backend: "wasm" });
  const tiny = await measureStep(engine, small, 3);
  const other = await measureStep(engine, { ...small, batchNorm: true, zeroed: [4] }, 3);
  assert.deepEqual([tiny?.measuredAt, other?.measuredAt], [5, 5]);
  assert.ok(tiny!.secondsPerStep > 0);
  assert.equal(await measureStep(engine, { ...small, features: 1e5, width: 1e6 }, 3), null);
});
