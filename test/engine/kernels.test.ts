// The native engine's kernels beyond what the parity tests see: odd sizes, threads, and a machine without a compiler.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { emptyMatrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type CompileOptions, compileAddon } from "../../lib/engine/compile.js";
import { nativeEngine } from "../../lib/engine/native.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { relativeError } from "../golden.js";
import { scratchFolder } from "../scratch.js";
import { contenders } from "./engines.js";

const { skip } = contenders.find(({ name }) => name === "native")!;
const folder = scratchFolder();
const compile = (options: CompileOptions) => compileAddon("kernels", options);

function rowsOf(rows: number, columns: number) {
  const random = createRandom(5, "rows");
  const batch = emptyMatrix(rows, columns);
  for (let i = 0; i < batch.values.length; i++) {
    batch.values[i] = Math.max(0, random.normal());
    batch.observed[i] = random.uniform() < 0.8 ? 1 : 0;
  }
  return batch;
}

describe("the native engine", { skip }, () => {
  // Around every size that the kernels cut at: vectors, strips, tiles, bands, panels and groups.
  for (const [features, width, rows] of [
    [1, 1, 1],
    [7, 3, 2],
    [31, 17, 15],
    [49, 33, 16],
    [97, 47, 17],
    [259, 131, 33],
    [300, 253, 81],
  ] as const) {
    test(`agrees with wasm on ${features} features, ${width} wide, ${rows} rows`, async () => {
      await compare({ inputDropout: 0.2 });
      if (rows > 2) await compare({ inputDropout: 0.2, hiddenDropout: 0.3, batchNorm: true });
    });

    async function compare(settings: Partial<AroSpec>) {
      const spec: AroSpec = {
        ...PAPER_MODEL,
        ...{ features, width, hiddenLayers: 1, ...settings },
        visible: features > 10 ? { start: 3, end: features - 4 } : null,
      };
      const batch = rowsOf(rows, features);
      batch.observed[0] = 1;
      const weights = initializeWeights(ARO, spec, 2);
      const engines = [await tfjsEngine({ backend: "wasm" }), await nativeEngine()];
      const [expected, actual] = await Promise.all(
        engines.map(async (engine) => {
          const model = buildAutoencoder(engine, ARO, spec, weights);
          const random = createRandom(1, "dropout");
          const gradients = await model.gradients(batch);
          const { huber, mse } = await model.step(batch, { learningRate: 1e-3, random });
          const after = await model.step(batch, { learningRate: 1e-3, weightDecay: 0.1, random });
          const out = await model.reconstruct(batch);
          const latent = await model.encode(batch);
          model.dispose();
          return { gradients, losses: [huber, mse, after.huber, after.mse], out, latent };
        }),
      );
      assert.ok(relativeError(actual.losses, expected.losses, 0) < 1e-5);
      assert.ok(relativeError(actual.out, expected.out, 0.1) < 1e-4);
      assert.ok(relativeError(actual.latent, expected.latent, 0.1) < 1e-4);
      for (const [name, gradient] of expected.gradients) {
        assert.ok(relativeError(actual.gradients.get(name)!, gradient, 0.1) < 1e-5, name);
      }
    }
  }

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
