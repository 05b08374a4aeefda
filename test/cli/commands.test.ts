// The command line as a reader meets it: what is wrong is said in one line, and the exit status tells.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { projectRoot } from "../../lib/cohort/root.js";

function aro(...args: string[]) {
  const { ARO_PROFILE: _, ARO_SET: __, ...env } = process.env;
  return spawnSync(process.execPath, [join(projectRoot(), "lib", "aro.mjs"), ...args], {
    encoding: "utf8",
    env,
  });
}

test("without a command it prints how it is used", () => {
  const { status, stdout } = aro();
  assert.equal(status, 0);
  assert.match(stdout, /usage: npx aro COMMAND/);
});

test("an unknown command, profile, setting or cohort is refused by name in one line", () => {
  const cases: [string[], RegExp][] = [
    [["trian"], /expected a command of start, .*, got "trian"/],
    [["start", "--profile", "gmb"], /expected a profile of ucec, course, gbm, paper, got "gmb"/],
    [["start", "--set", "training.epoch=3"], /training\.epochs.*got "training\.epoch=3"/],
    [["data", "get", "tcga"], /expected one of ucec, gbm, got "tcga"/],
    [["data", "put"], /expected nothing or "get NAME", got "put"/],
    [["tune", "--method", "grid"], /--method to be bayes or random, got "grid"/],
    [["tune", "--input-dropout", "0.1"], /--input-dropout to be on or off, got "0\.1"/],
    [["tune", "--trials", "many"], /--trials to be a positive whole number, got "many"/],
    [["tune", "ucec"], /expected options alone, got "ucec"/],
    [["tune", "--shared", "yes"], /--shared to be on or off, got "yes"/],
    [["submit"], /expected one experiment or "tune", got ""/],
    [["submit", "seed", "--profile", "course"], /expected one of seeds, .*, got "seed"/],
    [["submit", "seeds", "--local", "0"], /--local to be a positive whole number, got "0"/],
    [["submit", "tune", "--workers", "x", "--profile", "course"], /--workers to be .* got "x"/],
    [["submit", "seeds", "--profile", "course", "--time", "1"], /--time to be 4 minutes or more/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = aro(...args);
    assert.equal(status, 1, args.join(" "));
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

test("data lists what can be fetched, and what is placed by hand with size and address", () => {
  const { status, stdout } = aro("data");
  assert.equal(status, 0);
  assert.match(stdout, /^ucec .* Apache-2\.0 .* 37$/m);
  assert.match(stdout, /^to be placed by hand in data\/raw\/paper:$/m);
  assert.match(stdout, /^1-s2\.0-S1535610821000507-mmc3\.xlsx +129,239,538 +https:/m);
  assert.match(stdout, /^name_map\.csv \(optional\) +not recorded +https:/m);
});

test("doctor says of each engine why it can run or not, which is chosen, and what the machine has", () => {
  const { status, stdout } = aro("doctor", "--json");
  assert.equal(status, 0);
  const report = JSON.parse(stdout);
  assert.deepEqual(
    report.engines.map(({ name }: { name: string }) => name),
    ["native", "tensorflow", "webgpu", "wasm", "cpu"],
  );
  for (const { reason } of report.engines) assert.ok(reason.length > 0);
  assert.equal(report.engines.find((e: { name: string }) => e.name === "cpu").usable, true);
  assert.ok(report.chosen.version && report.chosen.threads >= 1);
  assert.ok(report.node.fits && report.python.fits && report.memory.total > 0);
});

test("plan reckons the paper's shape", () => {
  const { stdout } = aro("plan", "--paper", "--no-measure", "--json");
  const planned = JSON.parse(stdout);
  assert.equal(planned.parameters, 303_863_222);
  assert.equal(planned.weightsBytes, 4 * 303_863_222);
  assert.equal(planned.diskBytes, 28 * 303_863_222);
  assert.equal(planned.steps, 200);
  assert.equal(planned.secondsPerStep, null);
  assert.equal(planned.fits, planned.remedy === null);
});

test("plan says what would fit where a training does not, and ends with status 1", () => {
  const { status, stdout } = aro("plan", "--paper", "--width", "60000", "--no-measure", "--json");
  assert.equal(status, 1);
  const { fits, remedy } = JSON.parse(stdout);
  assert.equal(fits, false);
  assert.match(remedy, /a width of \d+ fits/);
});

test("plan refuses a size that is none", () => {
  const { status, stderr } = aro("plan", "--width", "wide", "--no-measure");
  assert.equal(status, 1);
  assert.match(stderr, /--width to be a whole number of at least 1, got "wide"/);
});

test("claims gives the ledger as JSON with its counts", () => {
  const { status, stdout } = aro("claims", "--json");
  assert.equal(status, 0);
  const { claims, counts } = JSON.parse(stdout);
  const total = Object.values<number>(counts).reduce((sum, count) => sum + count, 0);
  assert.equal(claims.length, total);
  for (const claim of claims) {
    for (const key of ["id", "where", "what", "value", "kind", "ours", "verdict", "judgedOn"]) {
      assert.ok(claim[key], key);
    }
  }
});
