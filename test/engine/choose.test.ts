// The choice of an engine: the first that runs, a preferred one, and why the others do not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { chooseEngine, surveyEngines } from "../../lib/engine/choose.js";
import { hasWebGpu } from "../../lib/engine/platform.js";
import { noWebGpu } from "./engines.js";

test("chooseEngine takes the first engine that runs, and surveyEngines says of each whether it does", async () => {
  const found = await surveyEngines();
  const { engine } = await chooseEngine();
  const first = found.find(({ name, usable }) => usable && (name !== "webgpu" || hasWebGpu()))!;
  assert.ok([engine.name, engine.backend].includes(first.name));
  assert.ok(found.every(({ reason }) => reason.length > 0));
});

test("chooseEngine leaves the process's handling of errors as it was", async () => {
  const count = () =>
    ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
  const script = `
    const count = ${count};
    const before = count();
    const { chooseEngine } = await import(${JSON.stringify(
      new URL("../../lib/engine/choose.ts", import.meta.url).href,
    )});
    await chooseEngine({ prefer: "wasm" });
    if (String(count()) !== String(before)) process.exit(3);
  `;
  // A process of its own, since tfjs starts a backend only once.
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--eval", script],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
});

test("chooseEngine takes the engine that is asked for", async () => {
  assert.equal((await chooseEngine({ prefer: "cpu" })).engine.backend, "cpu");
});

test("chooseEngine refuses a wrong number of threads, and does not take a slower engine", async (t) => {
  const before = process.env.ARO_THREADS;
  t.after(() => {
    if (before === undefined) delete process.env.ARO_THREADS;
    else process.env.ARO_THREADS = before;
  });
  for (const threads of ["many", "0", "1.5"]) {
    process.env.ARO_THREADS = threads;
    const message = `ARO_THREADS: expected a whole number from 1 to 1024, got "${threads}"`;
    await assert.rejects(() => chooseEngine(), { name: "RangeError", message });
  }
});

test("chooseEngine refuses an option that it does not know", async () => {
  await assert.rejects(() => chooseEngine({ preferred: "cpu" } as object), {
    name: "TypeError",
    message: /only the options prefer, got "preferred"/,
  });
});

test("chooseEngine refuses a name that no engine has", async () => {
  await assert.rejects(() => chooseEngine({ prefer: "wsam" }), {
    name: "RangeError",
    message: /wasm, cpu, got "wsam"/,
  });
});

test("chooseEngine gives the reason when the preferred engine cannot run", {
  skip: !noWebGpu && "WebGPU runs here",
}, async () => {
  await assert.rejects(
    () => chooseEngine({ prefer: "webgpu" }),
    ({ message }: Error) => message.includes(String(noWebGpu)),
  );
  // The failure left nothing behind.
  assert.equal((await chooseEngine({ prefer: "wasm" })).engine.backend, "wasm");
});

test("chooseEngine leaves WebGPU out of its own choice where the process does not offer it", {
  skip: noWebGpu || (hasWebGpu() && "this process offers navigator.gpu"),
}, async () => {
  assert.equal((await chooseEngine({ prefer: "webgpu" })).engine.backend, "webgpu");
  assert.notEqual((await chooseEngine()).engine.backend, "webgpu");
});
