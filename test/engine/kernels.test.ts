// The native engine's kernels beyond what the parity tests see: odd sizes, threads, and a machine without a compiler.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { emptyMatrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { compileKernels } from "../../lib/engine/kernels.js";
import { nativeEngine } from "../../lib/engine/native.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { ARO, type AroSpec, PAPER_MODEL } from "../../lib/model/aro.js";
import { buildAutoencoder } from "../../lib/model/autoencoder.js";
import { initializeWeights } from "../../lib/model/model.js";
import { relativeError } from "../golden.js";
import { contenders } from "./engines.js";

const { skip } = contenders.find(({ name }) => name === "native")!;
const folder = mkdtempSync(join(tmpdir(), "aro-kernels-"));
after(() => rmSync(folder, { recursive: true }));

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

  test("gives the same numbers to the bit again, and on one thread the same to rounding", () => {
    const script = `
      const { nativeEngine } = await import(${JSON.stringify(new URL("../../lib/engine/native.ts", import.meta.url).href)});
      const { ARO, PAPER_MODEL } = await import(${JSON.stringify(new URL("../../lib/model/aro.ts", import.meta.url).href)});
      const { buildAutoencoder } = await import(${JSON.stringify(new URL("../../lib/model/autoencoder.ts", import.meta.url).href)});
      const { initializeWeights } = await import(${JSON.stringify(new URL("../../lib/model/model.ts", import.meta.url).href)});
      const spec = { ...PAPER_MODEL, features: 211, width: 40, hiddenLayers: 2, output: "relu", inputDropout: 0, visible: null };
      const engine = await nativeEngine();
      const model = buildAutoencoder(engine, ARO, spec, initializeWeights(ARO, spec, 1));
      const values = Float32Array.from({ length: 211 * 12 }, (_, i) => Math.max(0, Math.sin(i)));
      const batch = { rows: 12, columns: 211, values, observed: new Uint8Array(values.length).fill(1) };
      let loss;
      for (let i = 0; i < 30; i++) loss = await model.step(batch, { learningRate: 1e-3 });
      console.log(engine.backend + ": " + loss.huber);`;
    const run = (threads: string) => {
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ["--import", "tsx", "--input-type=module", "--eval", script],
        { encoding: "utf8", env: { ...process.env, ARO_THREADS: threads } },
      );
      assert.equal(stderr, "");
      return stdout.trim();
    };
    const [one, three] = ["1", "3"].map(run);
    assert.match(three, /, 3 threads: /);
    assert.equal(run("3"), three);
    const [a, b] = [one, three].map((text) => Number(text.split(": ")[1]));
    assert.ok(Math.abs(a / b - 1) < 1e-5, `${a} ${b}`);
  });

  test("is compiled once, and leaves nothing half done", async () => {
    const file = await compileKernels({ folder });
    assert.deepEqual(readdirSync(folder), [file.slice(folder.length + 1)]);
    const lines: string[] = [];
    assert.equal(await compileKernels({ folder, onProgress: (line) => lines.push(line) }), file);
    assert.deepEqual(lines, []);
  });
});

test("a machine without a compiler is told what to install", async () => {
  await assert.rejects(compileKernels({ folder, compilers: ["no-such-compiler"] }), {
    message: /expected a C\+\+ compiler \(no-such-compiler\), got none; install one, /,
  });
});

test("a compiler that fails is named with its reason, and leaves nothing", {
  skip: process.platform === "win32" && "no /bin/false here",
}, async () => {
  // It answers --version, and then compiles nothing.
  const before = readdirSync(folder);
  await assert.rejects(compileKernels({ folder, compilers: ["node"] }), {
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
