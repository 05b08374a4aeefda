// The reference of the package: every exported name has its place in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { placesOf } from "./docs.js";

const lib = join(import.meta.dirname, "..", "lib");

test("placesOf reads the group and the file of each name", () => {
  const text = [
    "// The package.",
    "",
    "// First things.",
    "",
    'export { a, type B } from "./room/a.js";',
    'export { c } from "./room/c.js";',
    "",
    "// Last things.",
    "",
    'export { d } from "./d.js";',
  ].join("\n");
  assert.deepEqual(
    placesOf(text),
    new Map([
      ["a", { group: "First things", file: "room/a.ts" }],
      ["B", { group: "First things", file: "room/a.ts" }],
      ["c", { group: "First things", file: "room/c.ts" }],
      ["d", { group: "Last things", file: "d.ts" }],
    ]),
  );
});

test("placesOf refuses exports without names or without a group", () => {
  assert.throws(() => placesOf('// All.\nexport * from "./a.js";'), /expected exports by name/);
  assert.throws(() => placesOf('export { a } from "./a.js";'), /a stands in no group/);
});

test("lib/API.md has a heading for each exported name, below its group's", () => {
  const places = placesOf(readFileSync(join(lib, "index.ts"), "utf8"));
  const lines = readFileSync(join(lib, "API.md"), "utf8").replaceAll("\\_", "_").split("\n");
  for (const [name, { group }] of places) {
    const at = lines.findIndex((line) => line === `### ${name}` || line === `### ${name}()`);
    assert.ok(at > 0, `lib/API.md has no heading for ${name}: run \`npm run docs\``);
    const above = lines.slice(0, at).findLast((line) => line.startsWith("## "));
    assert.equal(above, `## ${group}`, name);
  }
});
