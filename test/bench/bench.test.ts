// The bench itself: what its rows say, that it notices two sides that differ, and one short run of it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { findPython } from "../../lib/cohort/python.js";
import { scratchFolder } from "../scratch.js";
import { CONTESTS, type Contest, measure, requireSame } from "./contests.js";
import { writeSettings } from "./inputs.js";
import { readOptions } from "./options.js";
import { referenceEnvironment } from "./python.js";
import { quantile, type Row, rowOf } from "./rows.js";
import { Side } from "./side.js";

const folder = scratchFolder();

const contest = { name: "step-paper", unit: "ms" } as Contest;
const measured = (...values: number[]) => ({ with: "x", values });

test("quantile interpolates as numpy.percentile does", () => {
  const values = [40, 10, 20, 30];
  assert.deepEqual(
    [0, 0.25, 0.5, 0.75, 1].map((q) => quantile(values, q)),
    [10, 17.5, 25, 32.5, 40],
  );
  assert.deepEqual(values, [40, 10, 20, 30]);
  assert.equal(quantile([7], 0.25), 7);
});

test("a row's ratio is ours by the reference, of medians", () => {
  const row = rowOf(contest, { ours: measured(3, 1, 100), reference: measured(6, 12, 12) });
  assert.deepEqual([row.ours, row.reference, row.ratio], [3, 12, 0.25]);
  assert.deepEqual(row.quartiles, { ours: [2, 51.5], reference: [9, 12] });
});

test("without a reference there is no ratio", () => {
  const row = rowOf(contest, { ours: measured(3) });
  assert.deepEqual([row.reference, row.ratio, row.quartiles.reference], [null, null, null]);
});

test("a part of our step has its share of the whole, measured in the same turns", () => {
  const row = rowOf(contest, { ours: measured(6, 7), reference: measured(1), whole: measured(8) });
  assert.equal(row.shareOfStep, 6.5 / 8);
  assert.ok(!("shareOfStep" in rowOf(contest, { ours: measured(6) })));
});

test("two sides that do not compute the same are not compared", () => {
  const said = (...answer: number[]) => ({ with: "other", answer });
  requireSame({ name: "x", tolerance: 0.01 }, said(1, 200), said(1.005, 199));
  requireSame({ name: "x", tolerance: 0.01 }, said(1), undefined);
  for (const other of [said(1, 210), said(1), said(1, Number.NaN)]) {
    assert.throws(
      () => requireSame({ name: "x", tolerance: 0.01 }, said(1, 200), other),
      /both sides of x to compute the same within 0\.01, got 1, 200 here and 1.* from other/,
    );
  }
});

test("a side that dies says why", async () => {
  const script = "console.log('[1]'); setTimeout(() => { throw new Error('out of eggs'); }, 50)";
  const { side, ready } = await Side.start(
    process.execPath,
    ["-e", script, "cook", "here"],
    process.env,
  );
  assert.deepEqual(ready, [1]);
  await assert.rejects(side.ask("run"), /expected cook to answer, got:\n[\s\S]*out of eggs/);
  await side.end();
  await assert.rejects(Side.start(join(folder, "none"), ["cook", "here"], process.env), /ENOENT/);
});

test("the reference is free of settings that slow its BLAS down", () => {
  process.env.OPENBLAS_CORETYPE = "Prescott";
  assert.equal(referenceEnvironment().OPENBLAS_CORETYPE, undefined);
  assert.equal(referenceEnvironment().PATH, process.env.PATH);
  delete process.env.OPENBLAS_CORETYPE;
});

test("a short run without Python writes its rows", async () => {
  const file = join(folder, "rows.json");
  const script = join(import.meta.dirname, "bench.ts");
  const options = `--without-python --only step-small --rounds 1 --json ${file}`.split(" ");
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    "tsx",
    script,
    ...options,
  ]);
  assert.match(stdout, /without Python/);
  const [row, ...more] = JSON.parse(readFileSync(file, "utf8")) as Row[];
  assert.deepEqual(more, []);
  assert.deepEqual(
    [row.name, row.unit, row.reference, row.ratio],
    ["step-small", "ms", null, null],
  );
  assert.ok(row.ours > 0);
});

test("a reference whose Python lacks a package is skipped, with the package and the remedy", async (t) => {
  const python = await findPython().catch(() => null);
  if (python === null) return t.skip("no Python");
  writeSettings(folder);
  // Stubs stand before what is installed: NumPy is there, and openpyxl is not.
  const stubs = join(folder, "stubs");
  mkdirSync(stubs, { recursive: true });
  writeFileSync(join(stubs, "numpy.py"), "");
  writeFileSync(join(stubs, "openpyxl.py"), "raise ModuleNotFoundError('gone', name='openpyxl')");
  const args = [join(import.meta.dirname, "reference.py"), "xlsx", folder];
  const { side, ready } = await Side.start(python, args, { ...process.env, PYTHONPATH: stubs });
  await side.end();
  assert.match(
    ready.skip ?? "",
    /^expected openpyxl in .*: install test\/bench\/requirements\.txt/,
  );
});

test("options choose contests and rounds; those that make no sense are refused with what would", () => {
  assert.equal(readOptions([]).contests.length, CONTESTS.length);
  const { contests, rounds } = readOptions(["--only", "load", "--only", "pca", "--rounds", "3"]);
  assert.deepEqual(
    contests.map(({ name }) => name),
    ["load", "pca"],
  );
  assert.equal(rounds, 3);
  assert.throws(
    () => readOptions(["--only", "lunch"]),
    /expected --only load, xlsx, preprocess, .* got "lunch"/,
  );
  for (const rounds of ["0", "1.5", "few"]) {
    assert.throws(() => readOptions(["--rounds", rounds]), /at least 1 whole round/);
  }
  assert.throws(() => readOptions(["--fast"]), /Unknown option '--fast'/);
});

test("a contest for which memory lacks is skipped, and says how much it needs", async () => {
  const huge = { ...CONTESTS[0], memory: 1e18 };
  const settings = { folder, python: null, env: {}, rounds: 1 };
  assert.match(
    String(await measure(huge, settings)),
    /expected 1000000000\.0 GB of free memory, got/,
  );
});
