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
    [["start", "--profile", "gmb"], /expected a profile of ucec, course, got "gmb"/],
    [["start", "--set", "training.epoch=3"], /training\.epochs.*got "training\.epoch=3"/],
    [["data", "get", "tcga"], /expected one of ucec, got "tcga"/],
    [["data", "put"], /expected nothing or "get NAME", got "put"/],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = aro(...args);
    assert.equal(status, 1, args.join(" "));
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

test("engines says which one runs and why the others do not", () => {
  const { status, stdout } = aro("engines", "--json");
  assert.equal(status, 0);
  const { chosen, considered } = JSON.parse(stdout);
  assert.ok(considered.length >= 2);
  assert.equal(considered.at(-1).usable, true);
  assert.ok(chosen.version);
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
