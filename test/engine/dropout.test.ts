// Dropout: the same masks from the same seed, survivors scaled, and columns that are always 0.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyMatrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { dropoutInput, hiddenDropout } from "../../lib/engine/dropout.js";
import { type AutoencoderSpec, PAPER_MODEL } from "../../lib/model/autoencoder.js";

const spec: AutoencoderSpec = {
  ...PAPER_MODEL,
  ...{ features: 5, width: 2, hiddenLayers: 0 },
  ...{ inputDropout: 0.25, visible: { start: 1, end: 4 } },
};
const batch = { ...emptyMatrix(2, 5), values: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) };

test("dropoutInput copies the visible columns when it has no randomness", () => {
  assert.deepEqual([...dropoutInput(batch, spec)], [1, 2, 3, 6, 7, 8]);
  assert.deepEqual([...dropoutInput(batch, { ...spec, visible: null })], [...batch.values]);
});

test("dropoutInput draws once for each visible entry, row by row", () => {
  const random = createRandom(5);
  const draws = Array.from({ length: 6 }, () => random.uint32());
  const kept = [1, 2, 3, 6, 7, 8].map((value, i) =>
    draws[i] < 0.25 * 2 ** 32 ? 0 : Math.fround(value / 0.75),
  );
  const again = createRandom(5);
  assert.deepEqual([...dropoutInput(batch, spec, again)], kept);
  assert.deepEqual(again.state(), random.state());
});

test("dropoutInput sets zeroed columns to 0, and draws for them as for the others", () => {
  const zeroed = { ...spec, zeroed: [0, 2, 4] };
  assert.deepEqual([...dropoutInput(batch, zeroed)], [1, 0, 3, 6, 0, 8]);
  assert.deepEqual([...batch.values], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const [one, other] = [createRandom(5), createRandom(5)];
  const expected = [...dropoutInput(batch, spec, one)].map((value, i) => (i % 3 === 1 ? 0 : value));
  assert.deepEqual([...dropoutInput(batch, zeroed, other)], expected);
  assert.deepEqual(one.state(), other.state());
});

test("hiddenDropout draws layer by layer, each row by row, and stands its masks with a column a sample", () => {
  const random = createRandom(5);
  const draws = Array.from({ length: 12 }, () => random.uint32());
  const again = createRandom(5);
  const drop = hiddenDropout({ ...spec, width: 3, hiddenDropout: 0.25 }, 2, again)!;
  for (const layer of [draws.slice(0, 6), draws.slice(6)]) {
    const masks = layer.map((draw) => (draw < 0.25 * 2 ** 32 ? 0 : drop.scale));
    assert.deepEqual(
      [...drop.next()],
      [0, 3, 1, 4, 2, 5].map((i) => masks[i]),
    );
  }
  assert.equal(drop.scale, Math.fround(1 / 0.75));
  assert.deepEqual(again.state(), random.state());
  assert.equal(hiddenDropout(spec, 2, again), null);
  assert.equal(hiddenDropout({ ...spec, hiddenDropout: 0.25 }, 2), null);
});

test("dropoutInput draws nothing when nothing is to be dropped", () => {
  const random = createRandom(5);
  dropoutInput(batch, { ...spec, inputDropout: 0 }, random);
  assert.deepEqual(random.state(), createRandom(5).state());
});

test("dropoutInput drops the asked share and keeps the mean", () => {
  const large = { ...emptyMatrix(100, 1000), values: new Float32Array(100_000).fill(1) };
  const wide = { ...spec, features: 1000, visible: null };
  const out = dropoutInput(large, wide, createRandom(1));
  const dropped = out.reduce((count, value) => count + (value === 0 ? 1 : 0), 0) / out.length;
  assert.ok(Math.abs(dropped - 0.25) < 0.005, `expected a quarter, got ${dropped}`);
  assert.ok(Math.abs(out.reduce((sum, value) => sum + value, 0) / out.length - 1) < 0.01);
});
