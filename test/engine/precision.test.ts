// Products in bfloat16: close to float64 where they run, and chosen on a graphics processor that has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import { describeEngine, type Gradients, nameEngine } from "../../lib/engine/engine.js";
import { loadAddon } from "../../lib/engine/tensorflow.js";
import { tfjsEngine } from "../../lib/engine/tfjs.js";
import { describeEnvironment } from "../../lib/train/environment.js";
import { relativeError } from "../golden.js";
import { contenders } from "./engines.js";
import { linear, product, type Table, transpose } from "./reference.js";

const { skip } = contenders.find(({ name }) => name === "tensorflow")!;
/** Eight bits of mantissa round each factor and the result by at most 2^-9. */
const TOLERANCE = 2 ** -7;

test("products in bfloat16 are right but for their rounding", { skip }, async () => {
  const engine = await tfjsEngine({ backend: "tensorflow", precision: "bfloat16" });
  assert.equal(engine.precision, "bfloat16");
  const random = createRandom(1);
  const draw = (rows: number, units: number) =>
    Array.from({ length: rows }, () => Array.from({ length: units }, () => random.uniform()));
  const flat = (table: Table) => Float32Array.from(table.flat());
  const [w, b, x, above] = [draw(63, 130), draw(1, 63), draw(17, 130), draw(17, 63)];
  const weight = engine.parameter("weight", [63, 130], flat(w));
  const bias = engine.parameter("bias", [63], flat(b));
  const before = loadAddon().getNumOfTensors();
  const gradients: Gradients = new Map();
  const check = async (actual: Promise<Float32Array>, expected: Table, what: string) => {
    const error = relativeError(await actual, expected.flat(), 0);
    assert.ok(error > 1e-5, `${what}: expected rounded products, got an error of ${error}`);
    assert.ok(error < TOLERANCE, `${what}: expected an error below ${TOLERANCE}, got ${error}`);
  };
  await engine.run(async () => {
    const [input, slope] = [engine.tensor(flat(x), 17), engine.tensor(flat(above), 17)];
    await check(engine.read(engine.linear(weight, bias, input)), linear(w, b, x), "linear");
    await check(engine.read(engine.linearBack(weight, slope)), product(above, w), "linearBack");
    engine.settleWeight(weight, slope, input, gradients);
  });
  await check(gradients.get("weight")!, product(transpose(above), x), "gradient");
  assert.equal(loadAddon().getNumOfTensors(), before);
  engine.dispose(weight);
  engine.dispose(bias);
});

test("products are float32 on a processor and bfloat16 on a graphics processor", {
  skip,
}, async () => {
  const engine = await tfjsEngine({ backend: "tensorflow" });
  assert.equal(engine.precision, loadAddon().isUsingGpuDevice() ? "bfloat16" : "float32");
});

test("the names of an engine tell of bfloat16, and so does the environment of a run", async () => {
  const cpu = await tfjsEngine({ backend: "cpu" });
  for (const [precision, name] of [
    ["float32", `tfjs (cpu ${cpu.version})`],
    ["bfloat16", `tfjs (cpu ${cpu.version}, products in bfloat16)`],
  ] as const) {
    const engine = { ...cpu, precision };
    const { engine: recorded } = await describeEnvironment(engine);
    const names = [engine, recorded].flatMap((one) => [nameEngine(one), describeEngine(one)]);
    assert.deepEqual(names, Array(4).fill(name));
  }
});
