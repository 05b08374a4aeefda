// What made the numbers: read from a run's config and environment, with each departure from the paper named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PAPER_MODEL } from "../../lib/model/aro.js";
import { describeRuns, type NamedRun, summarizeRuns } from "../../lib/study/runs.js";
import { completeSettings } from "../../lib/train/settings.js";

function made(name: string, width: number, learningRate: number, engine: object): NamedRun {
  const config = {
    spec: { ...PAPER_MODEL, features: 10, width, visible: null },
    training: completeSettings({ seed: 7, learningRate }),
  };
  return { name, run: { config, environment: { engine } } as unknown as NamedRun["run"] };
}

const native = { name: "native", backend: "256-bit vectors, 2 threads", version: "0" };
const wasm = { name: "portable", backend: "wasm", version: "4.22.0" };

test("a run with the paper's settings departs in nothing; runs alike share a sentence", () => {
  const rows = describeRuns([made("A", 2048, 1e-5, native), made("B", 2048, 1e-5, native)]);
  assert.equal(rows[0].departures, "none");
  const text = summarizeRuns(rows);
  assert.match(text, /^A and B: engine native, 2,048 units wide/);
  assert.match(text, /settings are the paper's\.$/);
});

test("every departure is named, and runs of different engines are told apart", () => {
  const rows = describeRuns([made("A", 256, 5e-4, wasm), made("B", 2048, 1e-5, native)]);
  assert.equal(rows[0].departures, "width 256 for 2,048, learning rate 5e-4 for 1e-5");
  assert.match(
    summarizeRuns(rows),
    /A: engine portable \(wasm 4\.22\.0\), 256 .* B: engine native/,
  );
});
