// Finding the repository's root.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../lib/cohort/root.js";
import { scratchFolder } from "../scratch.js";

test("finds the repository that holds this test", () => {
  assert.equal(projectRoot(), join(import.meta.dirname, "..", ".."));
});

test("passes by packages of another name and broken ones on the way up", () => {
  const root = scratchFolder();
  const inner = join(root, "lib", "dist", "cohort");
  mkdirSync(inner, { recursive: true });
  writeFileSync(join(root, "package.json"), '{ "name": "aro-notebooks" }');
  writeFileSync(join(root, "lib", "package.json"), '{ "name": "aro" }');
  writeFileSync(join(root, "lib", "dist", "package.json"), "{ half a pack");
  assert.equal(projectRoot(inner), root);
  assert.throws(() => projectRoot(tmpdir()), /expected a package.json named "aro-notebooks"/);
});
