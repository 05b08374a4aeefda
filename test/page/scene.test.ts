// The page's scene: what each predictor sees decides what an edit moves, on the page's engine as on the fastest.
import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseEngine } from "../../lib/engine/choose.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { type Edit, openScene } from "../../lib/page/scene.js";
import { trainScene } from "../../lib/page/training.js";

const { engine } = await chooseEngine();
const packed = await trainScene(engine, 30);
const scene = await openScene(engine, packed);

const edit = (changed: Partial<Edit> = {}): Edit => ({
  sample: 0,
  hidden: [],
  feature: null,
  value: 0,
  ...changed,
});

/** The predictors whose values an edit moves. */
async function movedBy(changed: Partial<Edit>): Promise<string[]> {
  const [before, after] = [await scene.read(edit()), await scene.read(edit(changed))];
  return after.readings
    .filter(({ values }, i) => values.some((value, j) => value !== before.readings[i].values[j]))
    .map(({ predictor }) => predictor);
}

test("an edit moves the predictors that see it, and no other", async () => {
  const protein = scene.modalities[1];
  const RNA = ["ridge", "ARO masked", "ARO unmasked"];
  assert.deepEqual(await movedBy({}), []);
  assert.deepEqual(await movedBy({ hidden: ["RNA"] }), RNA);
  assert.deepEqual(await movedBy({ hidden: ["protein"] }), ["ARO unmasked"]);
  for (const feature of [0, 3]) assert.deepEqual(await movedBy({ feature, value: 1.6 }), RNA);
  assert.deepEqual(await movedBy({ feature: protein.start, value: 1.6 }), ["ARO unmasked"]);
  assert.deepEqual(await movedBy({ feature: 3, value: 1.6, hidden: ["RNA"] }), RNA);
});

test("a value that is pulled in a masked modality is not seen", async () => {
  for (const { name, start, end } of scene.modalities) {
    const masked = await scene.read(edit({ hidden: [name] }));
    for (const feature of [start, end - 1]) {
      const pulled = await scene.read(edit({ hidden: [name], feature, value: 1.6 }));
      assert.deepEqual(pulled, masked);
    }
  }
});

test("an unedited sample lies where the map has it, and an error is over measured entries", async () => {
  const { places, readings } = await scene.read(edit({ sample: 7 }));
  for (const name of ["ARO masked", "ARO unmasked"] as const) {
    assert.ok(Math.abs(places[name][0] - scene.maps[name][7][0]) < 1e-4);
    assert.ok(Math.abs(places[name][1] - scene.maps[name][7][1]) < 1e-4);
  }
  const { start, end } = scene.modalities[1];
  const { columns, values, observed } = scene.measured;
  const squares = Array.from({ length: end - start }, (_, k) => start + k)
    .filter((j) => observed[7 * columns + j])
    .map((j) => (readings[0].values[j] - values[7 * columns + j]) ** 2);
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  assert.ok(squares.length < end - start, "some are missing");
  assert.ok(Math.abs(readings[0].errors[1]! - mean) < 1e-6);
});

test("packed weights give the same readings in plain JavaScript, the page's engine", async () => {
  const inPage = await openScene(await tfjsEngine({ backend: "cpu" }), packed);
  const here = await scene.read(edit({ sample: 5, feature: 2, value: 1 }));
  const there = await inPage.read(edit({ sample: 5, feature: 2, value: 1 }));
  here.readings.forEach(({ values }, i) => {
    const gap = Math.max(
      ...values.map((value, j) => Math.abs(value - there.readings[i].values[j])),
    );
    assert.ok(gap < 1e-5, `${here.readings[i].predictor}: ${gap}`);
  });
});
