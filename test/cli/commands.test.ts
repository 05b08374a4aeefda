// The command line as a reader meets it: what is wrong is said in one line, and the exit status tells.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { mock, test } from "node:test";
import { main } from "../../lib/cli/main.js";
import { projectRoot } from "../../lib/cohort/root.js";
import { entriesOf } from "../../lib/study/catalog.js";
import { readProfile } from "../../lib/study/profile.js";
import { importsOf, readSources } from "../architecture.js";
import { scratchFolder } from "../scratch.js";

/** Runs a command as a reader does. */
function aro(...args: string[]) {
  const { ARO_PROFILE: _, ARO_SET: __, ...env } = process.env;
  const program = join(projectRoot(), "lib", "aro.mjs");
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8", env });
}

/** Runs a command in this process, with what it prints. */
async function aroHere(...args: string[]) {
  const lines: string[] = [];
  const log = mock.method(console, "log", (text: string) => lines.push(text));
  try {
    return { status: await main(args), stdout: lines.join("\n") };
  } finally {
    log.mock.restore();
  }
}

test("without a command, with help and with --help it prints how it is used, and --version the version", async () => {
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    const { status, stdout } = await aroHere(...args);
    assert.equal(status, 0);
    assert.match(stdout, /^usage: npx aro COMMAND/);
  }
  for (const args of [
    ["help", "train"],
    ["train", "--help"],
    ["train", "seeds", "-h"],
  ]) {
    const { status, stdout } = await aroHere(...args);
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^usage: npx aro train \[EXPERIMENT\] \[options\][\s\S]*example: npx aro train/,
    );
    assert.match(stdout, /exit status: 0 done, 75 stopped .*, 1 an error/);
    const names = entriesOf(readProfile({})).map(({ name }) => name);
    const last = names.pop();
    const text = stdout.replaceAll(/\s+/g, " "); // long lists wrap
    assert.ok(text.includes(`EXPERIMENT is ${names.join(", ")} or ${last};`));
  }
  assert.match((await aroHere("--version")).stdout, /^\d+\.\d+\.\d+$/);
});

test("help of a command does nothing else", async () => {
  const file = join(projectRoot(), "README.md");
  const before = readFileSync(file, "utf8");
  const { status, stdout } = await aroHere("readme", "--help");
  assert.equal(status, 0);
  assert.match(stdout, /^usage: npx aro readme\n/);
  assert.equal(readFileSync(file, "utf8"), before);
});

test("an export of a model that was not trained says how to train it, and writes nothing", async () => {
  const file = join(scratchFolder(), "latent.tsv");
  const rare = "model.width=7,training.epochs=3"; // of which no run lies about
  await assert.rejects(
    aroHere("export", "embeddings", "--profile", "course", "--set", rare, "--output", file),
    /expected a trained ARO masked .*, got none in .*; npx aro notebooks --only 03 trains it/,
  );
  assert.ok(!existsSync(file));
});

test("what is asked for wrongly is refused by name in one line, with the nearest name, before anything is done", async () => {
  const fitAro = ["fit", "--method", "aro", "--profile", "course", "--output", "no"];
  const cases: [string[], RegExp][] = [
    [["trian"], /expected a command of start, .*, got "trian"; did you mean "train"\?/],
    [["help", "claim"], /got "claim"; did you mean "claims"\?/],
    [["--profile", "course"], /expected a command of start, .*, got "--profile"; see npx aro help/],
    [["start", "--profile", "gmb"], /got "gmb"; did you mean "gbm"\?/],
    [
      ["start", "--set", "training.epoch=3"],
      /got "training\.epoch=3"; did you mean "training\.epochs"/,
    ],
    [
      ["start", "--set", "training.epochs=0.5"],
      /training\.epochs to be a whole number .* got 0\.5/,
    ],
    [["notebooks", "--only", "99"], /expected one of 00-aro-from-scratch, .*, got "99"/],
    [
      ["fit", "--profile", "course", "--output", "no-such", "--set", "model.width=64"],
      /expected --set only with --method aro, got "model\.width=64"/,
    ],
    [
      [...fitAro, "--set", "tuning.trials=2"],
      /expected settings of model or training, got "tuning\.trials=2"; leave it out/,
    ],
    [[...fitAro, "--set", "training.seed=2"], /got "training\.seed=2"; give the seed by --seed/],
    [["data", "get", "tcga"], /expected one of ucec, gbm, paper, got "tcga"$/],
    [["data", "get", "uecc"], /got "uecc"; did you mean "ucec"\?/],
    [["data", "put", "ucec"], /expected get COHORT, got "put"/],
    [["submit", "seed"], /expected one of seeds, .*, tune, got "seed"; did you mean "seeds"\?/],
    [["submit", "seeds", "--workers", "2"], /expected --workers with "tune" alone/],
    [
      ["submit", "seeds", "--local", "2", "--time", "9"],
      /expected --time without --local, got both/,
    ],
    [["submit", "seeds", "--time", "1"], /--time to be 4 minutes or more/],
    [["submit", "seeds", "--memory", "8 GB"], /--memory to be a number with K, M, G or T/],
    [["submit", "seeds", "--partition", "a; rm"], /--partition to be the name of a partition/],
    [["train", "sed"], /expected one of seeds, .*, got "sed"; did you mean "seeds"\?/],
    [["train", "toString"], /expected one of seeds, .*, got "toString"/],
    [
      ["train", "seeds", "--run", "10"],
      /--run to be a whole number from 0 to 9 for seeds, got "10"/,
    ],
    [["train", "sets", "--run", "1"], /--run to be a whole number from 0 to 0 for sets, got "1"/],
    [["train", "--run", "0"], /expected the name of an experiment beside --run, got none/],
  ];
  const before = { ...process.env };
  const empty = scratchFolder();
  // Nothing could be fetched from there, installed or compiled.
  Object.assign(process.env, { ARO_MIRROR: "http://127.0.0.1:9", PATH: empty, HOME: empty });
  for (const name of ["ARO_PROFILE", "ARO_SET"]) delete process.env[name];
  try {
    for (const [args, message] of cases) {
      const error = await aroHere(...args).then(
        () => assert.fail(`${args.join(" ")} was accepted`),
        (refusal: Error) => refusal,
      );
      assert.match(error.message, message);
      assert.equal(error.message.split("\n").length, 1, error.message);
    }
  } finally {
    process.env = before;
  }
});

test("a refusal is one line of the error output, with exit status 1", () => {
  const { status, stderr, stdout } = aro("trian");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^aro: expected a command of .*, got "trian"; did you mean "train"\?\n$/);
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

test("claims gives the ledger as JSON with its counts", () => {
  const { status, stdout } = aro("claims", "--json");
  assert.equal(status, 0);
  const { claims, counts } = JSON.parse(stdout);
  const total = Object.values<number>(counts).reduce((sum, count) => sum + count, 0);
  const own = claims.filter(({ kind }: { kind: string }) => kind === "own"); // not the paper's
  assert.equal(claims.length - own.length, total);
  for (const claim of claims) {
    for (const key of ["id", "where", "what", "value", "kind", "ours", "verdict", "judgedOn"]) {
      assert.ok(claim[key], key);
    }
  }
});

test("the commands' table loads no reader of files, so that help comes at once", () => {
  const sources = readSources("lib");
  const files = new Set(["lib/cli/main.ts"]);
  const packages = new Set<string>();
  // The set grows while it is walked.
  for (const file of files) {
    for (const { specifier, kind } of importsOf(file, sources.get(file)!)) {
      if (kind !== "static" || specifier.startsWith("node:")) continue;
      if (!specifier.startsWith(".")) packages.add(specifier);
      else files.add(posix.join(posix.dirname(file), specifier.replace(/\.js$/, ".ts")));
    }
  }
  assert.deepEqual([...packages].sort(), ["leven", "simple-statistics"]);
});
