// The native engine's kernels beyond what the parity tests see: threads, vectors, and a machine without a compiler.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type CompileOptions, compileAddon } from "../../lib/engine/compile.js";
import { scratchFolder } from "../scratch.js";
import { contenders } from "./engines.js";

const { skip } = contenders.find(({ name }) => name === "native")!;
const folder = scratchFolder();
const compile = (options: CompileOptions) => compileAddon("kernels", options);

describe("the native engine", { skip }, () => {
  /** Trains in a process of its own and returns the engine's name with the sums of the losses and of the output. */
  function trainApart(env: Readonly<Record<string, string>>): string {
    const url = (file: string) =>
      JSON.stringify(new URL(`../../lib/${file}`, import.meta.url).href);
    const script = `
      const { nativeEngine } = await import(${url("engine/native.ts")});
      const { ARO, PAPER_MODEL } = await import(${url("model/aro.ts")});
      const { buildAutoencoder } = await import(${url("model/autoencoder.ts")});
      const { initializeWeights } = await import(${url("model/model.ts")});
      const spec = { ...PAPER_MODEL, features: 997, width: 43, hiddenLayers: 2, inputDropout: 0, visible: null };
      const engine = await nativeEngine();
      const numbers = [];
      for (const rows of [5, 37]) { // of 5 rows and 43 units, the last tile of a product is a single vector
        const model = buildAutoencoder(engine, ARO, spec, initializeWeights(ARO, spec, 1));
        const values = Float32Array.from({ length: 997 * rows }, (_, i) => Math.max(0, Math.sin(i)));
        const batch = { rows, columns: 997, values, observed: new Uint8Array(values.length).fill(1) };
        let losses = 0;
        for (let i = 0; i < 30; i++) losses += (await model.step(batch, { learningRate: 1e-3 })).huber;
        numbers.push(losses, (await model.reconstruct(batch)).reduce((sum, value) => sum + value, 0));
      }
      console.log(engine.backend + ": " + numbers.join(" "));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", script],
      { encoding: "utf8", env: { ...process.env, ...env } },
    );
    assert.equal(stderr, "");
    return stdout.trim();
  }
  const numbersOf = (text: string) => text.split(": ")[1];

  test("gives the same bits again, and on any number of threads", () => {
    const [one, ...more] = ["1", "2", "3", "7"].map((ARO_THREADS) => trainApart({ ARO_THREADS }));
    assert.match(more.at(-1)!, /, 7 threads: /);
    assert.equal(trainApart({ ARO_THREADS: "1" }), one);
    for (const other of more) assert.equal(numbersOf(other), numbersOf(one));
  });

  const has512 =
    process.platform === "linux" && /avx512f/.test(readFileSync("/proc/cpuinfo", "utf8"));
  test("gives the same bits with shorter vectors", {
    skip: !has512 && "this processor has no vectors of 512 bits",
  }, () => {
    const dist = join(import.meta.dirname, "..", "..", "lib", "dist");
    const compiler = join(folder, "shorter");
    const { CXX = "g++" } = process.env;
    const script = `case $1 in --version) ${CXX} --version; echo shorter;; *) ${CXX} "$@" -mno-avx512f;; esac`;
    writeFileSync(compiler, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const addons = () => readdirSync(dist).filter((file) => file.startsWith("kernels-"));
    const long = trainApart({});
    const before = addons();
    const short = trainApart({ CXX: compiler });
    rmSync(compiler);
    for (const file of addons()) if (!before.includes(file)) rmSync(join(dist, file));
    assert.match(long, /^512-bit/);
    assert.match(short, /^256-bit/);
    assert.equal(numbersOf(short), numbersOf(long));
  });

  test("is compiled once, and leaves nothing half done", () => {
    const file = compile({ folder });
    assert.deepEqual(readdirSync(folder), [file.slice(folder.length + 1)]);
    const lines: string[] = [];
    assert.equal(compile({ folder, onProgress: (line) => lines.push(line) }), file);
    assert.deepEqual(lines, []);
  });
});

test("a machine without a compiler is told what to install", () => {
  assert.throws(() => compile({ folder, compilers: ["no-such-compiler"] }), {
    message: /expected a C\+\+ compiler \(no-such-compiler\), got none; install one, /,
  });
});

test("a compiler that fails is named with its reason, and leaves nothing", {
  skip: process.platform === "win32" && "no /bin/false here",
}, () => {
  // It answers --version, and then compiles nothing.
  const before = readdirSync(folder);
  assert.throws(() => compile({ folder, compilers: ["node"] }), {
    message: /expected node to compile lib\/engine\/kernels\.cc, got exit status \d+ /,
  });
  assert.deepEqual(readdirSync(folder), before);
});

test("a number of threads that is none is refused", async () => {
  process.env.ARO_THREADS = "many";
  const { threadCount } = await import("../../lib/engine/compile.js");
  assert.throws(threadCount, { name: "RangeError", message: /from 1 to 1024, got "many"/ });
  delete process.env.ARO_THREADS;
});
