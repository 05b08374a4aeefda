// `aro train` as a reader and as a task of an array meets it: lists, trains, goes on, and its exit status tells which.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { projectRoot } from "../../lib/cohort/root.js";

const ARO = join(projectRoot(), "lib", "aro.mjs");
const { ARO_PROFILE: _, ARO_SET: __, ...env } = process.env;
// A seed of its own, so that its folders are nobody else's.
const SETTINGS = `training.seed=${2000 + process.pid},split.seed=${2000 + process.pid},experiments.seeds=1,model.width=4`;
const options = (epochs: number) => [
  "--profile",
  "course",
  "--set",
  `${SETTINGS},training.epochs=${epochs}`,
];

function aro(...args: string[]) {
  return spawnSync(process.execPath, [ARO, "train", ...args], { encoding: "utf8", env });
}

interface Listed {
  readonly number: number;
  readonly state: string;
  readonly epoch: number;
  readonly folder: string;
}

const folders = new Set<string>();
function listed(text: string): Listed[] {
  const { runs } = JSON.parse(text) as { runs: Listed[] };
  for (const { folder } of runs) folders.add(folder);
  return runs;
}
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test("it lists every experiment with its runs and their states, and trains nothing", () => {
  const { status, stdout } = aro(...options(2), "--json");
  assert.equal(status, 0);
  const { profile, experiments } = JSON.parse(stdout) as {
    profile: string;
    experiments: { name: string; runs: Listed[] }[];
  };
  assert.equal(profile, "course");
  assert.deepEqual(
    experiments.map(({ name, runs }) => [name, runs.length]),
    [
      ["seeds", 2],
      ["splits", 22],
      ["splits-quick", 12],
      ["splits-30", 9],
      ["rates", 3],
      ["decoder", 12],
      ["authors", 8],
      ["authors-full", 1],
      ["uncertainty", 1],
      ["sets", 1],
      ["cells", 1],
    ],
  );
  for (const { runs } of experiments) {
    for (const [i, { number, state, folder }] of runs.entries()) {
      assert.deepEqual([number, state], [i, "missing"]);
      // A measurement of other settings may stand where this one would.
      if (!folder.endsWith(".json")) assert.equal(existsSync(folder), false, folder);
    }
  }
});

test("one run is trained alone, then the rest, and what is done is not trained again", () => {
  const alone = aro("seeds", "--run", "1", ...options(2), "--json");
  assert.equal(alone.status, 0, alone.stderr);
  assert.deepEqual(
    listed(alone.stdout).map(({ number, state, epoch }) => [number, state, epoch]),
    [[1, "done", 2]],
  );
  const rest = aro("seeds", ...options(2), "--json");
  assert.equal(rest.status, 0, rest.stderr);
  const runs = listed(rest.stdout);
  assert.deepEqual(
    runs.map(({ state }) => state),
    ["done", "done"],
  );
  assert.match(rest.stderr, /seeds 0 of 2/);
  assert.doesNotMatch(rest.stderr, /seeds 1 of 2/);
  const before = runs.map(({ folder }) => readFileSync(join(folder, "result.json"), "utf8"));
  assert.equal(aro("seeds", "--run", "0", ...options(2)).status, 0);
  assert.deepEqual(
    runs.map(({ folder }) => readFileSync(join(folder, "result.json"), "utf8")),
    before,
  );
});

test("an interrupted run ends with status 75 and says how far it is; the same command goes on", async () => {
  const args = ["seeds", "--run", "0", ...options(1000), "--json"];
  const child = spawn(process.execPath, [ARO, "train", ...args], { env });
  let out = "";
  let said = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  for (let i = 0; i < 600 && !/epoch 100\/1000/.test(said); i++) await wait(50);
  child.kill("SIGINT");
  assert.equal(await ended, 75, said);
  const [run] = listed(out);
  assert.equal(run.state, "partial");
  assert.ok(run.epoch >= 100 && run.epoch < 1000, `${run.epoch}`);
  const again = aro(...args);
  assert.equal(again.status, 0, again.stderr);
  assert.match(again.stderr, /resumed/);
  assert.deepEqual(
    listed(again.stdout).map(({ state, epoch }) => [state, epoch]),
    [["done", 1000]],
  );
});
