// Maps of an embedding: three of them, repeatable, with groups that are apart told as apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { colorMaps, mapPoints, separation } from "../../lib/evaluate/maps.js";

const random = createRandom(5);
const rows = 40;
const columns = 6;
const groups = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? "a" : "b"));
const values = Float32Array.from(
  { length: rows * columns },
  (_, i) => random.normal() + (Math.floor(i / columns) % 2) * 6,
);
const points = { rows, columns, values };

test("each map shows two distant groups apart and can be trusted", () => {
  const maps = mapPoints(points);
  assert.deepEqual(
    maps.map(({ method }) => method),
    ["PCA", "t-SNE", "UMAP"],
  );
  const [{ silhouettes }] = colorMaps([{ name: "group", values: groups }], maps);
  for (const [i, map] of maps.entries()) {
    assert.ok(map.trustworthiness > 0.7, `${map.method} ${map.trustworthiness}`);
    assert.ok(silhouettes[i] > 0.5, `${map.method} ${silhouettes[i]}`);
  }
  assert.deepEqual(mapPoints(points)[2].x, maps[2].x);
});

test("separation leaves unrecorded rows out, and is null where one class is left", () => {
  const some = groups.map((group, i) => (i < 10 ? null : group));
  assert.ok((separation(points, { name: "group", values: some }) ?? 0) > 0.5);
  assert.equal(separation(points, { name: "group", values: groups.map(() => "a") }), null);
});

test("too few rows for neighborhoods are refused", () => {
  const few = { rows: 3, columns, values: values.slice(0, 3 * columns) };
  assert.throws(() => mapPoints(few), /at least 25 rows, got 3/);
});
