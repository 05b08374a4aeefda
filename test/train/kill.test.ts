// Killed with SIGKILL again and again, a run ends with the weights of one that was never stopped, bit by bit.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createRandom, shuffle } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import type { RunRequest } from "../../lib/train/config.js";
import { trainRun } from "../../lib/train/run.js";
import { contenders } from "../engine/engines.js";
import { scratchFolder } from "../scratch.js";
import { compile } from "./compile.js";
import { CONFIGS, DATA, type Fate, MOMENTS, startEngine } from "./mortal.js";

const root = scratchFolder();

const program = compile("test/train/mortal.ts");

const FILES = ["config.json", "environment.json", "metrics.jsonl", "result.json"];
const EVENTS = "events.out.tfevents.aro";

/** Every moment once, then more of them as far as the kills go; each soon after the start, at a place of its own. */
function fatesOf(kills: number, seed: number): Fate[] {
  const random = createRandom(seed, "kills");
  const most = { step: 8, "write checkpoint": 60, "sync folder": 9, "link lock": 1 };
  return Array.from({ length: Math.ceil(kills / MOMENTS.length) })
    .flatMap(() => shuffle(MOMENTS, random))
    .slice(0, kills)
    .map((moment) => ({
      moment,
      count: 1 + random.integer((most as Record<string, number>)[moment] ?? 3),
    }));
}

/** Trains in a process of its own until its fate; gives what it said in its last moment. */
async function trainAndDie(
  folder: string,
  { engine, kind }: { readonly engine: string; readonly kind: keyof typeof CONFIGS },
  fate: Fate,
): Promise<string> {
  const child = spawn(process.execPath, [program, folder, engine, kind, JSON.stringify(fate)]);
  const said = { out: "", error: "" };
  child.stdout.on("data", (data) => {
    said.out += data;
  });
  child.stderr.on("data", (data) => {
    said.error += data;
  });
  const signal = await new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
  assert.equal(signal, "SIGKILL", `${JSON.stringify(fate)} ${said.error}`);
  return said.out;
}

function contentsOf(folder: string): Record<string, string> {
  const { seconds, ...result } = JSON.parse(readFileSync(join(folder, "result.json"), "utf8"));
  assert.ok(seconds > 0);
  return {
    names: readdirSync(folder).toSorted().join(),
    result: JSON.stringify(result),
    environment: readFileSync(join(folder, "environment.json"), "utf8"),
    metrics: readFileSync(join(folder, "metrics.jsonl"), "utf8"),
    weights: readFileSync(join(folder, "weights.safetensors"), "base64"),
  };
}

/** Each started once, because two starts at a time get in each other's way. */
const engines: Record<string, Promise<Engine>> = {};

describe("a run", { concurrency: 2 }, () => {
  for (const { name, kind, kills } of [
    { name: "wasm", kind: "ARO", kills: 11 },
    { name: "native", kind: "ARO", kills: 12 },
    { name: "native", kind: "VAE", kills: 11 },
    { name: "native", kind: "MODIS", kills: 11 },
  ] as const) {
    const { skip } = contenders.find((one) => one.name === name)!;
    test(`of ${kind} killed ${kills} times on ${name} ends as one that was never stopped`, {
      skip,
    }, async () => {
      engines[name] ??= startEngine(name);
      const engine = await engines[name];
      const [whole, killed] = ["whole", "killed"].map((what) =>
        join(root, `${name}-${kind}-${what}`),
      );
      const config = CONFIGS[kind] as RunRequest<unknown>;
      await trainRun({ folder: whole, config, data: DATA, engine });
      for (const fate of fatesOf(kills, kills)) {
        const said = await trainAndDie(killed, { engine: name, kind }, fate);
        assert.ok(said.startsWith(fate.moment), said);
      }
      const lines = readFileSync(join(killed, "metrics.jsonl"), "utf8").split("\n").length;
      const run = await trainRun({ folder: killed, config, data: DATA, engine });
      assert.match(run.notes.join("; "), /^resumed after epoch \d+$/);
      assert.ok(lines > 5 && lines < 45, `${lines} lines when it was killed last`);
      assert.deepEqual(contentsOf(killed), contentsOf(whole));
      assert.equal(
        contentsOf(killed).names,
        [...FILES, EVENTS, "weights.safetensors"].sort().join(),
      );
    });
  }
});
