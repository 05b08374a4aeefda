// Golden numbers are compared with: a changed number in a golden file makes a test that reads it fail.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSources } from "./architecture.js";
import { goldenFolders } from "./golden.js";
import { goldenReaders } from "./golden-readers.js";

const ROOT = join(import.meta.dirname, "..");

const readers = goldenReaders(readSources("test"));

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Runs a test file with ARO_GOLDEN at `folder`, up to its first failure. */
function fails(path: string, folder: string, signal: AbortSignal): Promise<boolean> {
  // NODE_TEST_CONTEXT would make a test file report to this process instead of in TAP.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--test-reporter=tap", join(ROOT, path)],
    { cwd: ROOT, env: { ...env, ARO_GOLDEN: folder }, stdio: ["ignore", "pipe", "ignore"] },
  );
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  return new Promise((resolve, reject) => {
    let seen = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
      if (!/^\s*not ok /m.test(seen)) return;
      resolve(true);
      kill();
    });
    child.on("error", reject).on("close", (code) => resolve(code !== 0));
  }).finally(() => signal.removeEventListener("abort", kill)) as Promise<boolean>;
}

/** Whether one of the readers of NAME.json fails with `data` in it. */
async function someReaderFails(name: string, data: Json): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "aro-golden-"));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(data));
  const others = new AbortController();
  const running = readers.get(name)!.map((path) => fails(path, folder, others.signal));
  const one = Promise.any(running.map(async (failed) => (await failed) || Promise.reject()));
  const found = await one.then(
    () => true,
    () => false,
  );
  others.abort();
  await Promise.all(running);
  rmSync(folder, { recursive: true });
  return found;
}

/** A copy in which the number in the middle of the file is 1 more. */
function changeMiddle(data: Json): Json {
  let left = Math.floor(countNumbers(data) / 2);
  const copy = (value: Json): Json => {
    if (typeof value === "number") return left-- === 0 ? value + 1 : value;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(copy);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copy(part)]));
  };
  return copy(data);
}

function countNumbers(data: Json): number {
  if (typeof data === "number") return 1;
  if (data === null || typeof data !== "object") return 0;
  return Object.values(data).reduce<number>((sum, part) => sum + countNumbers(part), 0);
}

for (const folder of goldenFolders()) {
  for (const file of readdirSync(folder).filter((path) => path.endsWith(".json"))) {
    const name = file.replace(/\.json$/, "");
    const data = JSON.parse(readFileSync(join(folder, file), "utf8")) as Json;
    if (countNumbers(data) === 0) continue;

    test(`a changed number in ${file} makes a test fail (${folder})`, async () => {
      assert.ok(readers.has(name), `no test file reads ${file}`);
      const changed = changeMiddle(data);
      assert.notDeepEqual(changed, data);
      assert.ok(await someReaderFails(name, changed), `no reader of ${file} noticed`);
    });
  }
}

test("a golden file that is copied unchanged makes no test fail", async () => {
  const [folder] = goldenFolders();
  const data = JSON.parse(readFileSync(join(folder, "split.json"), "utf8")) as Json;
  assert.equal(await someReaderFails("split", data), false);
});

test("goldenReaders follows imports to goldenCases, and no others", () => {
  const sources = new Map([
    ["test/a.test.ts", 'goldenCases<A>("a");'],
    ["test/engine/b.test.ts", 'import { runs } from "./runs.js";'],
    ["test/engine/runs.ts", 'import "../golden.js"; goldenCases("a"); goldenCases("b");'],
    ["test/golden.ts", "export function goldenCases() {} export const relativeError = 0;"],
    ["test/c.test.ts", 'import { relativeError } from "./golden.js";'],
    ["test/d.test.ts", 'import type { Run } from "./engine/runs.js"; // goldenCases("a")'],
  ]);
  assert.deepEqual(
    goldenReaders(sources),
    new Map([
      ["a", ["test/a.test.ts", "test/engine/b.test.ts"]],
      ["b", ["test/engine/b.test.ts"]],
    ]),
  );
});

test("goldenReaders refuses a name that it cannot read", () => {
  const sources = new Map([["test/a.test.ts", "goldenCases(name);"]]);
  assert.throws(
    () => goldenReaders(sources),
    /a\.test\.ts: goldenCases: expected a literal name, got goldenCases\(name\)/,
  );
});
