// Maps of an embedding: three of them, repeatable, and groups that are apart look apart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { clusterPoints, separation } from "../../lib/evaluate/cluster.js";
import { mapPoints } from "../../lib/evaluate/maps.js";

const random = createRandom(5);
const rows = 40;
const columns = 6;
const groups = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? "a" : "b"));
const values = Float32Array.from(
  { length: rows * columns },
  (_, i) => random.normal() + (Math.floor(i / columns) % 2) * 6,
);
const points = { rows, columns, values };
const group = { name: "group", values: groups };

test("each map shows two distant groups apart and can be trusted", () => {
  const { maps, colorings } = mapPoints(points, [group]);
  assert.deepEqual(
    maps.map(({ method }) => method),
    ["PCA", "t-SNE", "UMAP"],
  );
  const [{ name, silhouettes }] = colorings;
  assert.equal(name, "group");
  for (const [i, map] of maps.entries()) {
    assert.ok(map.trustworthiness > 0.7, `${map.method} ${map.trustworthiness}`);
    assert.ok(silhouettes[i] > 0.5, `${map.method} ${silhouettes[i]}`);
  }
  assert.deepEqual(mapPoints(points, []).maps, maps);
});

test("separation leaves unrecorded rows out, and is null where one class is left", () => {
  const some = groups.map((group, i) => (i < 10 ? null : group));
  assert.ok((separation(points, { name: "group", values: some }) ?? 0) > 0.5);
  assert.equal(separation(points, { name: "group", values: groups.map(() => "a") }), null);
});

test("a class of one sample has no silhouette: it is left out, and named", () => {
  const withOne = { name: "group", values: groups.map((group, i) => (i === 3 ? "c" : group)) };
  const without = { name: "group", values: groups.map((group, i) => (i === 3 ? null : group)) };
  assert.equal(separation(points, withOne), separation(points, without));
  const [{ silhouettes, leftOut }] = mapPoints(points, [withOne]).colorings;
  assert.deepEqual(leftOut, ["c"]);
  assert.deepEqual(silhouettes, mapPoints(points, [without]).colorings[0].silhouettes);
  assert.equal(separation(points, { name: "id", values: groups.map((_, i) => i) }), null);
});

test("clusterPoints finds the groups, and compares them with labels where these are recorded", () => {
  const half = groups.map((_, i) => (i < 20 ? null : Math.floor(i / 10)));
  const found = clusterPoints(points, 2, [group, { name: "half", values: half }]);
  assert.ok((found.silhouette ?? 0) > 0.5);
  const [own, other] = found.labels;
  assert.deepEqual([own.label, own.adjustedRand, own.silhouette], ["group", 1, found.silhouette]);
  assert.equal(other.label, "half");
  assert.ok(Math.abs(other.adjustedRand) < 0.2 && Math.abs(other.silhouette ?? 1) < 0.2);
  assert.equal(clusterPoints(points, 1).silhouette, null);
});

test("a label of another length is refused, and one that is recorded nowhere", () => {
  const short = { name: "grade", values: [1, 2] };
  assert.throws(
    () => mapPoints(points, [short]),
    /mapPoints: expected 40 values of "grade", got 2/,
  );
  assert.throws(() => clusterPoints(points, 2, [short]), /clusterPoints: expected 40 values/);
  const unknown = { name: "grade", values: groups.map(() => null) };
  assert.throws(() => clusterPoints(points, 2, [unknown]), /got 0 and 0/);
});

test("too few rows for neighborhoods are refused", () => {
  const few = { rows: 3, columns, values: values.slice(0, 3 * columns) };
  assert.throws(() => mapPoints(few, []), /at least 25 rows, got 3/);
});
