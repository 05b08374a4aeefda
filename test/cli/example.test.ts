// The README's example from files to imputed tables, command by command as it stands there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../lib/cohort/root.js";
import { readProfile } from "../../lib/study/profile.js";
import { scratchFolder } from "../scratch.js";

const folder = scratchFolder();

function aro(args: readonly string[]) {
  return spawnSync(process.execPath, [join(projectRoot(), "lib", "aro.mjs"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
}

test("the README's example runs from files to imputed tables", () => {
  const readme = readFileSync(join(projectRoot(), "README.md"), "utf8");
  const block = readme.split("```sh\n").find((text) => text.startsWith("npx aro example "));
  const commands = block?.split("```")[0].trim().split("\n") ?? [];
  assert.equal(commands.length, 3);
  for (const command of commands) {
    const [npx, program, ...args] = command.split(" ");
    assert.deepEqual([npx, program], ["npx", "aro"]);
    const { status, stderr } = aro(args);
    assert.equal(status, 0, `${command}\n${stderr}`);
  }
  const values = readFileSync(join(folder, "mine", "imputed", "values.tsv"), "utf8").trim();
  const [header, ...rows] = values.split("\n").map((line) => line.split("\t"));
  assert.deepEqual(header, ["sample", "modality", "feature", "value", "low", "high"]);
  assert.equal(rows.length, 8 * 60);
  for (const row of rows) {
    const [value, low, high] = row.slice(3).map(Number);
    assert.ok(low < value && value < high, row.join(" "));
  }
  assert.match(readFileSync(join(folder, "mine", "model", "README.md"), "utf8"), /example/);
});

test("the example's cohort has labels for the notebooks, and is not written over", () => {
  const { labels } = readProfile({ ARO_COHORT: join(folder, "mine", "cohort.json") });
  assert.ok(labels.tasks.length > 0, JSON.stringify(labels));
  const { status, stderr } = aro(["example", "mine"]);
  assert.equal(status, 1);
  assert.match(stderr, /mine/);
});
