// Every primitive of every engine that is present, against float64 in plain JavaScript.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Matrix } from "../../lib/cohort/matrix.js";
import { matrixFrom } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import { type AdamW, adamw } from "../../lib/engine/adamw.js";
import type {
  Activation,
  Columns,
  Engine,
  Gradients,
  Kept,
  Parameter,
  Tensor,
} from "../../lib/engine/engine.js";
import { assertClose, relativeError } from "../golden.js";
import { contenders } from "./engines.js";
import type { Table } from "./reference.js";
import * as reference from "./reference.js";

const ROWS = [1, 2, 7, 17, 33, 97];
const UNITS = [1, 5, 16, 63, 130];
/** Rows, inputs and outputs. */
const SHAPES = [
  [1, 1, 1],
  [1, 130, 63],
  [2, 5, 16],
  [7, 130, 5],
  [17, 63, 130],
  [33, 16, 63],
  [97, 1, 130],
  [97, 130, 1],
  [97, 130, 130],
  // Many rows of few units, which the native engine multiplies as they lie.
  [256, 1, 1],
  [259, 25, 32],
  [271, 64, 64],
  [300, 33, 10],
  [400, 10, 33],
] as const;
/** Around the sizes that the native engine's kernels cut at: tiles, strips, bands, panels and groups. */
const CUTS = [
  [15, 31, 17],
  [16, 49, 33],
  [17, 97, 47],
  [33, 259, 131],
  [81, 300, 253],
] as const;
const KEPT: readonly Kept[] = ["value", "first", "second"];
const LOSSES = ["huber", "squared"] as const;

/** Numbers around 1/2, a third of them negative: products of many do not cancel. */
function draw(rows: number, units: number, seed = 1): Table {
  const random = createRandom(seed, `${rows} x ${units}`);
  return Array.from({ length: rows }, () =>
    Array.from({ length: units }, () => Math.fround(0.5 + random.normal())),
  );
}

function flat(table: Table): Float32Array {
  return Float32Array.from(table.flat());
}

const zeros = (table: Table) => reference.map(() => 0, table);

/** A weight or vector before its first step. */
function untrained(value: Table): reference.Trained {
  return { value, first: zeros(value), second: zeros(value) };
}

function matrixOf(values: Table, marks: Table = reference.map(() => 1, values)): Matrix {
  const [rows, columns] = [values.length, values[0].length];
  return { rows, columns, values: flat(values), observed: Uint8Array.from(marks.flat()) };
}

function isEqual(actual: Float32Array, expected: Float32Array): void {
  assert.deepEqual(actual, expected);
}

for (const { name, skip, start, tensors } of contenders) {
  // The second cuts the larger weights unevenly into several blocks.
  for (const blockEntries of name === "native" ? [undefined] : [undefined, 1]) {
    const title = blockEntries ? `${name}, in small blocks` : name;
    describe(title, { skip }, () => {
      const shapes = name === "native" ? [...SHAPES, ...CUTS] : SHAPES;
      let engine: Engine;
      before(async () => {
        engine = await start({ blockEntries });
      });
      const bring = (table: Table): Tensor => engine.tensor(flat(table), table.length);
      const make = (of: string, table: Table, columns?: Columns): Parameter =>
        engine.parameter(of, [table.length, table[0].length], flat(table), { columns });
      const makeVector = (of: string, table: Table, options = {}): Parameter =>
        engine.parameter(of, [table[0].length], flat(table), options);
      const check = async (actual: Tensor, expected: Table, what: string) => {
        assert.deepEqual([actual.rows, actual.units], [expected.length, expected[0].length], what);
        assertClose(await engine.read(actual), expected, what);
      };
      const dispose = (...parameters: Parameter[]) => {
        for (const parameter of parameters) engine.dispose(parameter);
      };

      if (!blockEntries) testElements();

      /** What knows no parameters. */
      function testElements(): void {
        for (const rows of ROWS) {
          test(`element by element, ${rows} rows`, async () => {
            for (const units of UNITS) {
              const [a, b] = [draw(rows, units, 1), draw(rows, units, 2)];
              const positive = reference.map(Math.abs, a);
              await engine.run(async () => {
                const [x, y] = [bring(a), bring(b)];
                const one = (what: string, actual: Tensor, f: (...values: number[]) => number) =>
                  check(actual, reference.map(f, a, b), `${what} ${units}`);
                await one("add", engine.add(x, y), (p, q) => p + q);
                await one("sub", engine.sub(x, y), (p, q) => p - q);
                await one("mul", engine.mul(x, y), (p, q) => p * q);
                await one("scale", engine.scale(x, -1.5), (p) => -1.5 * p);
                await one("scale and shift", engine.scale(x, 2, 0.25), (p) => 2 * p + 0.25);
                await one("exp", engine.exp(x), Math.exp);
                await one("relu", engine.relu(x, 0), (p) => Math.max(p, 0));
                await one("leaky relu", engine.relu(x, 0.2), (p) => (p > 0 ? p : 0.2 * p));
                await one("softplus", engine.softplus(x), reference.softplus);
                await one("sigmoid", engine.sigmoid(x), reference.sigmoid);
                await one("clip", engine.clip(x, -0.25, 0.5), (p) =>
                  Math.min(0.5, Math.max(-0.25, p)),
                );
                const open = (leak: number) => (p: number, q: number) => (q > 0 ? p : leak * p);
                await one("gate", engine.gate(x, y, 0), open(0));
                await one("leaky gate", engine.gate(x, y, 0.2), open(0.2));
                await check(
                  engine.rsqrt(bring(positive), 1e-2),
                  reference.map((p) => 1 / Math.sqrt(p + 1e-2), positive),
                  `rsqrt ${units}`,
                );
              });
            }
          });

          test(`across ${rows} rows`, async () => {
            for (const units of UNITS) {
              const [a, b, vector] = [draw(rows, units), draw(3, units), draw(1, units, 2)];
              const repeated = reference.repeat(vector, rows);
              await engine.run(async () => {
                const [x, y, v] = [a, b, vector].map(bring);
                await check(engine.sumRows(x), reference.sumRows(a), "sumRows");
                const added = reference.map((p, q) => p + q, a, repeated);
                await check(engine.addVector(x, v), added, "addVector");
                const scaled = reference.map((p, q) => p * q, a, repeated);
                await check(engine.mulVector(x, v), scaled, "mulVector");
                const [from, to] = [Math.floor(rows / 3), Math.ceil(rows / 2)];
                await check(engine.sliceRows(x, from, to), a.slice(from, to), "sliceRows");
                await check(engine.sliceRows(x, 0, rows), a, "all rows");
                const stacked = engine.stackRows([x, y, x]);
                await check(stacked, [...a, ...b, ...a], "stackRows");
                await check(engine.stackRows([x]), a, "one part");
              });
            }
          });
        }

        test("exp, softplus and sigmoid keep their digits far from 0", async () => {
          const x = [[-30, -12, -5, -1, 0, 1, 5, 12, 30]];
          await engine.run(async () => {
            for (const what of ["exp", "softplus", "sigmoid"] as const) {
              const f = { exp: Math.exp, softplus: reference.softplus, sigmoid: reference.sigmoid }[
                what
              ];
              // Each by its own size, but in WebGPU, where softplus rounds 1 + e^x.
              const floor = name === "webgpu" ? 1e-4 : 0;
              const actual = await engine.read(engine[what](bring(x)));
              const error = relativeError(actual, x[0].map(f), floor);
              assert.ok(error < 1e-4, `${what}: ${error}`);
            }
          });
        });

        test("relu keeps NaN", async () => {
          const values = Float32Array.of(Number.NaN, -1, 2);
          await engine.run(async () => {
            for (const leak of [0, 0.5]) {
              const [nan, ...others] = await engine.read(
                engine.relu(engine.tensor(values, 1), leak),
              );
              assert.ok(Number.isNaN(nan));
              assert.deepEqual(
                others.map((value) => value + 0),
                [-leak + 0, 2],
              );
            }
          });
        });

        test("tensor takes the named columns of an array, which stays as it is", async () => {
          for (const rows of ROWS) {
            const a = draw(rows, 63);
            const values = flat(a);
            const within = new Float32Array(values.length + 3).subarray(3); // not at the beginning of its buffer
            within.set(values);
            await engine.run(async () => {
              isEqual(await engine.read(engine.tensor(within, rows)), values);
              const part = a.map((row) => row.slice(5, 22));
              const x = engine.tensor(within, rows, { start: 5, end: 22 });
              await check(x, part, "columns");
              const read = await engine.read(x);
              read.fill(0);
              await check(x, part, "after its copy changed");
            });
            isEqual(within, values);
          }
        });

        test("inspect finds what is not finite, and counts marks", () => {
          const marks = Uint8Array.of(1, 0, 1, 1);
          assert.deepEqual(engine.inspect(Float32Array.of(1, -2, 0, 3e38), marks), {
            finite: true,
            marked: 3,
          });
          for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
            for (const at of [0, 3]) {
              const values = new Float32Array(4);
              values[at] = bad;
              assert.equal(engine.inspect(values, marks).finite, false);
            }
          }
        });

        test("mask follows the random numbers row by row, and leaves their state behind", async () => {
          for (const rows of ROWS) {
            for (const units of UNITS) {
              const [random, other] = [createRandom(3), createRandom(3)];
              const expected = Array.from({ length: rows }, () =>
                Array.from({ length: units }, () => (other.uint32() < 0.3 * 2 ** 32 ? 0 : 1 / 0.7)),
              );
              await engine.run(async () => {
                isEqual(await engine.read(engine.mask(rows, units, 0.3, random)), flat(expected));
              });
              assert.deepEqual(random.state(), other.state());
            }
          }
        });
      }

      test("arguments that do not fit are refused, with both shapes and the parameter's name", async () => {
        const [weight, bias] = [make("weight", draw(3, 4)), makeVector("bias", draw(1, 3))];
        const single = makeVector("single", [[1]]);
        const matrix = matrixFrom(2, 3, flat(draw(2, 3)));
        const options = {
          activation: "linear",
          loss: "huber",
          observed: 6,
          settlement: null,
        } as const;
        const gradients: Gradients = new Map();
        const numbers = new Float32Array(7);
        await engine.run(async () => {
          const [x, above, narrow] = [bring(draw(2, 4)), bring(draw(2, 3)), bring(draw(2, 1))];
          const [one, three] = [bring(draw(1, 1)), bring(draw(3, 4))];
          const got = (what: string, expected: string, found: string) =>
            `${what}: expected shape [${expected}], got [${found}]`;
          for (const [work, message] of [
            [() => engine.add(x, narrow), got("add", "2, 4", "2, 1")],
            [() => engine.add(x, one), got("add", "2, 4", "1, 1")],
            [() => engine.sub(x, three), got("sub", "2, 4", "3, 4")],
            [() => engine.mul(above, x), got("mul", "2, 3", "2, 4")],
            [() => engine.gate(x, narrow, 0), got("gate", "2, 4", "2, 1")],
            [() => engine.addVector(x, one), got("addVector", "1, 4", "1, 1")],
            [() => engine.mulVector(x, x), got("mulVector", "1, 4", "2, 4")],
            [() => engine.stackRows([x, above]), got("stackRows", "2, 4", "2, 3")],
            [
              () => engine.sliceRows(x, 1, 3),
              "sliceRows: expected a range within [0, 2), got [1, 3)",
            ],
            [() => engine.linear(weight, bias, above), got("linear weight", "2, 4", "2, 3")],
            [() => engine.linear(weight, single, x), got("linear single", "3", "1")],
            [
              () => engine.linear(bias, bias, x),
              "linear bias: expected a weight [outputs, inputs], got [3]",
            ],
            [() => engine.linearBack(weight, x), got("linearBack weight", "2, 3", "2, 4")],
            [
              () => engine.settleWeight(weight, x, x, gradients),
              got("settleWeight weight", "2, 3", "2, 4"),
            ],
            [
              () => engine.settleWeight(weight, above, three, gradients),
              got("settleWeight weight", "2, 4", "3, 4"),
            ],
            [
              () => engine.settleVector(bias, x, gradients),
              got("settleVector bias", "1, 3", "2, 4"),
            ],
            [
              () => engine.settleVector(weight, null, gradients),
              "settleVector weight: expected a vector [units], got [3, 4]",
            ],
            [() => engine.vector(weight), "vector weight: expected a vector [units], got [3, 4]"],
            [() => engine.blend(bias, one, 0.1), got("blend bias", "1, 3", "1, 1")],
            [
              () => engine.head(weight, bias, above, matrix, options),
              got("head weight", "2, 4", "2, 3"),
            ],
            [
              () => engine.head(weight, bias, three, matrix, options),
              got("head weight: target", "3, 3", "2, 3"),
            ],
            [
              () => engine.head(weight, bias, x, { ...matrix, values: numbers }, options),
              "head weight: target: expected 6 numbers for [2, 3], got 7",
            ],
            [() => engine.tensor(numbers, 2), "tensor: expected 6 numbers for [2, 3], got 7"],
            [
              () => engine.tensor(numbers, 1, { start: 5, end: 8 }),
              "tensor: expected a range within [0, 7), got [5, 8)",
            ],
            [
              () => engine.parameter("p", [2, 3], numbers),
              "parameter p: expected 6 numbers for [2, 3], got 7",
            ],
            [
              () => engine.writeParameter(bias, "value", numbers),
              "writeParameter bias: expected 3 numbers for [3], got 7",
            ],
          ] as const) {
            assert.throws(work, { name: "RangeError", message });
          }
        });
        assert.equal(gradients.size, 0);
        dispose(weight, bias, single);
      });

      for (const [rows, inputs, outputs] of shapes) {
        test(`products, ${rows} rows, ${inputs} inputs and ${outputs} outputs`, async () => {
          const [w, b] = [draw(outputs, inputs), draw(1, outputs)];
          const [x, slope] = [draw(rows, inputs, 2), draw(rows, outputs, 3)];
          const [weight, bias] = [make("weight", w), makeVector("bias", b)];
          const gradients: Gradients = new Map();
          await engine.run(async () => {
            const [input, above] = [bring(x), bring(slope)];
            const out = engine.linear(weight, bias, input);
            await check(out, reference.linear(w, b, x), "linear");
            await check(engine.linearBack(weight, above), reference.product(slope, w), "back");
            engine.settleWeight(weight, above, input, gradients);
            engine.settleVector(bias, engine.sumRows(above), gradients);
          });
          const along = reference.product(reference.transpose(slope), x);
          assertClose(await gradients.get("weight")!, along, "gradient of the weight");
          const alongBias = reference.sumRows(slope);
          assertClose(await gradients.get("bias")!, alongBias, "gradient of the bias");
          dispose(weight, bias);
        });
      }

      for (const [start, end] of [
        [0, 130],
        [3, 120],
        [40, 57],
      ]) {
        test(`columns [${start}, ${end}) of 130 are trained, the others only decay`, async () => {
          const [rows, outputs, used] = [17, 33, end - start];
          const [w, b] = [draw(outputs, 130), draw(1, 130)];
          const columns = { start, end };
          const weight = make("weight", w, columns);
          const vector = makeVector("vector", b, { columns });
          const bias = makeVector("bias", draw(1, outputs));
          assert.deepEqual(weight.columns, columns);
          const part = (table: Table) => table.map((row) => row.slice(start, end));
          const widen = (table: Table, around: Table) =>
            table.map((row, i) => [...around[i].slice(0, start), ...row, ...around[i].slice(end)]);
          const gradients: Gradients = new Map();
          let [expected, expectedVector] = [w, b].map((table) => untrained(part(table)));
          for (let step = 1; step <= 3; step++) {
            const [x, slope] = [draw(rows, used, step), draw(rows, outputs, step + 10)];
            const rule = adamw({ learningRate: 0.01, weightDecay: 0.1, step });
            const along = reference.product(reference.transpose(slope), x);
            const alongVector = reference.sumRows(x);
            await engine.run(async () => {
              const [input, above] = [bring(x), bring(slope)];
              await check(engine.vector(vector), expectedVector.value, "vector");
              const linear = reference.linear(expected.value, draw(1, outputs), x);
              await check(engine.linear(weight, bias, input), linear, "linear");
              const back = reference.product(slope, expected.value);
              await check(engine.linearBack(weight, above), back, "linearBack");
              engine.settleWeight(weight, above, input, gradients);
              engine.settleWeight(weight, above, input, rule);
              engine.settleVector(vector, engine.sumRows(input), gradients);
              engine.settleVector(vector, engine.sumRows(input), rule);
            });
            assertClose(await gradients.get("weight")!, widen(along, zeros(w)), "gradient");
            assertClose(await gradients.get("vector")!, widen(alongVector, zeros(b)), "gradient");
            expected = reference.adamw(expected, along, rule);
            expectedVector = reference.adamw(expectedVector, alongVector, rule);
          }
          const decayed = (table: Table) => reference.map((value) => value * 0.999 ** 3, table);
          for (const [parameter, table, trained] of [
            [weight, w, expected] as const,
            [vector, b, expectedVector] as const,
          ]) {
            for (const kept of KEPT) {
              const around = kept === "value" ? decayed(table) : zeros(table);
              const values = await engine.readParameter(parameter, kept);
              assertTrained(values, widen(trained[kept], around), kept);
            }
          }
          dispose(weight, vector, bias);
        });
      }

      /** TensorFlow rounds the betas to float32, and so `1 - beta2` by up to 3e-5 of it. */
      function assertTrained(actual: Float32Array, expected: Table, kept: Kept): void {
        const tolerance = name === "tensorflow" && kept !== "value" ? 1e-4 : 1e-5;
        assertClose(actual, expected, kept, tolerance);
      }

      const rules: Record<string, Partial<AdamW>> = {
        "PyTorch's defaults": {},
        "other betas and epsilon": { beta1: 0.5, beta2: 0.9, epsilon: 1e-3 },
        "no momentum": { beta1: 0, beta2: 0.5 },
        "an L2 penalty": { l2: 0.1 },
        "decay and an L2 penalty": { weightDecay: 0.3, l2: 0.05, beta1: 0.8 },
      };
      for (const [what, options] of Object.entries(rules)) {
        test(`AdamW with ${what} over four steps`, async () => {
          for (const [outputs, inputs] of [
            [1, 1],
            [5, 7],
            [63, 130],
            [130, 33],
          ]) {
            const [w, b] = [draw(outputs, inputs), draw(1, outputs)];
            const [weight, bias] = [make("weight", w), makeVector("bias", b)];
            let [trained, trainedBias] = [w, b].map(untrained);
            for (let step = 1; step <= 4; step++) {
              const [slope, x] = [draw(7, outputs, step), draw(7, inputs, step)];
              const rule = adamw({ learningRate: 0.02, step, ...options });
              // The last step has no gradient of the bias.
              const along = step < 4 ? reference.sumRows(slope) : zeros(b);
              await engine.run(async () => {
                const above = bring(slope);
                engine.settleWeight(weight, above, bring(x), rule);
                engine.settleVector(bias, step < 4 ? engine.sumRows(above) : null, rule);
              });
              const gradient = reference.product(reference.transpose(slope), x);
              trained = reference.adamw(trained, gradient, rule);
              trainedBias = reference.adamw(trainedBias, along, { ...rule, l2: 0 });
            }
            for (const kept of KEPT) {
              assertTrained(await engine.readParameter(weight, kept), trained[kept], kept);
              assertTrained(await engine.readParameter(bias, kept), trainedBias[kept], kept);
            }
            dispose(weight, bias);
          }
        });
      }

      for (const activation of ["linear", "relu", "softplus"] as const) {
        test(`head with ${activation}: losses, slopes and gradients`, async () => {
          for (const [rows, inputs, outputs] of shapes) {
            for (const loss of LOSSES) {
              await checkHead([rows, inputs, outputs], activation, loss, 0.6);
            }
          }
        });
      }

      test("head where nothing is observed has slopes of 0 and losses of 0", async () => {
        for (const loss of LOSSES) await checkHead([7, 63, 130], "softplus", loss, 0);
      });

      async function checkHead(
        [rows, inputs, outputs]: readonly [number, number, number],
        activation: Activation,
        loss: "huber" | "squared",
        share: number,
      ): Promise<void> {
        const what = `${rows} x ${inputs} to ${outputs}, ${loss}`;
        const random = createRandom(4, what);
        const scale = 1 / inputs; // so that differences lie on both sides of 1
        const w = reference.map((value) => Math.fround(value * scale), draw(outputs, inputs));
        const [b, x, target] = [draw(1, outputs), draw(rows, inputs, 2), draw(rows, outputs, 3)];
        const marks = target.map((row) => row.map(() => (random.uniform() < share ? 1 : 0)));
        const observed = marks.flat().reduce<number>((sum, mark) => sum + mark, 0);
        const matrix = matrixOf(target, marks);
        const expected = reference.head([w, b, x, target, marks], activation, loss, observed);
        // With a small epsilon the rounding of a gradient near 0 would be as large as a step.
        const rule = adamw({
          learningRate: 0.1,
          step: 1,
          l2: 0.01,
          weightDecay: 0.1,
          epsilon: 1,
        });
        const gradients: Gradients = new Map();
        for (const settlement of [null, gradients, rule]) {
          const [weight, bias] = [make("weight", w), makeVector("bias", b)];
          const options = { activation, loss, observed, settlement };
          await engine.run(async () => {
            const { sums, slope } = engine.head(weight, bias, bring(x), matrix, options);
            const { huber, squared } = await sums;
            const losses = [[expected.sums.huber, expected.sums.squared]];
            assertClose(Float32Array.of(huber, squared), losses, what);
            if (!settlement) return assert.equal(slope, null);
            await check(slope!, expected.slope, what);
          });
          let [value, ofBias]: Table[] = [w, b];
          if (settlement === rule) {
            value = reference.adamw(untrained(w), expected.weight, rule).value;
            ofBias = reference.adamw(untrained(b), expected.bias, { ...rule, l2: 0 }).value;
          }
          assertClose(await engine.readParameter(weight, "value"), value, `${what}, weight`);
          assertClose(await engine.readParameter(bias, "value"), ofBias, `${what}, bias`);
          dispose(weight, bias);
        }
        assertClose(await gradients.get("weight")!, expected.weight, `${what}, gradient`);
        assertClose(await gradients.get("bias")!, expected.bias, `${what}, gradient of the bias`);
      }

      test("head sums losses without losing digits", async () => {
        const [rows, outputs] = [97, 5000];
        const [w, b] = [draw(outputs, 1), draw(1, outputs)];
        const [x, target] = [draw(rows, 1, 2), draw(rows, outputs, 3)];
        const marks = reference.map(() => 1, target);
        const matrix = matrixOf(target, marks);
        const tables = [w, b, x, target, marks];
        const expected = reference.head(tables, "linear", "huber", rows * outputs).sums;
        const [weight, bias] = [make("weight", w), makeVector("bias", b)];
        await engine.run(async () => {
          const { sums } = engine.head(weight, bias, bring(x), matrix, {
            activation: "linear",
            loss: "huber",
            observed: rows * outputs,
            settlement: null,
          });
          for (const loss of LOSSES) {
            const error = Math.abs((await sums)[loss] / expected[loss] - 1);
            assert.ok(error < 1e-6, `${loss}: ${error}`);
          }
        });
        dispose(weight, bias);
      });

      test("a vector in hand stays when its parameter is settled", async () => {
        const b = draw(1, 63);
        const vector = makeVector("vector", b);
        await engine.run(async () => {
          const x = engine.vector(vector);
          engine.settleVector(vector, bring(b), adamw({ learningRate: 1, step: 1 }));
          await check(x, b, "vector");
        });
        dispose(vector);
      });

      test("blend moves the used columns of a buffer, which has no moments and does not decay", async () => {
        const [b, x] = [draw(1, 63), draw(1, 13, 2)];
        const columns = { start: 20, end: 33 };
        const buffer = makeVector("buffer", b, { columns, isTrained: false });
        assert.equal(buffer.isTrained, false);
        await engine.run(async () => {
          for (let i = 0; i < 2; i++) engine.blend(buffer, bring(x), 0.1);
        });
        const expected = b[0].map((value, j) =>
          j < 20 || j >= 33 ? value : 0.81 * value + 0.19 * x[0][j - 20],
        );
        assertClose(await engine.readParameter(buffer, "value"), [expected], "buffer");
        dispose(buffer);
      });

      test("readParameter and writeParameter copy values and moments", async () => {
        for (const [outputs, inputs, columns] of [
          [63, 130, undefined],
          [130, 33, undefined],
          [33, 130, { start: 9, end: 70 }],
        ] as [number, number, Columns | undefined][]) {
          const w = flat(draw(outputs, inputs));
          const given = w.slice();
          const weight = engine.parameter("weight", [outputs, inputs], given, { columns });
          given.fill(0);
          isEqual(await engine.readParameter(weight, "value"), w);
          for (const kept of ["first", "second"] as const) {
            isEqual(await engine.readParameter(weight, kept), new Float32Array(w.length));
          }
          const { start, end } = weight.columns;
          for (const [i, kept] of KEPT.entries()) {
            const table = draw(outputs, inputs, 5 + i);
            const rest = kept === "value" ? table : reference.map(() => 0, table);
            const kind = table.map((row, r) =>
              row.map((value, j) => (j < start || j >= end ? rest[r][j] : value)),
            );
            const values = flat(kind);
            engine.writeParameter(weight, kept, values);
            values.fill(0);
            const read = await engine.readParameter(weight, kept);
            isEqual(read, flat(kind));
            read.fill(0);
            isEqual(await engine.readParameter(weight, kept), flat(kind));
          }
          // What was written is what training goes on from.
          await engine.run(async () => {
            const ones = (rows: number, units: number) =>
              bring(Array.from({ length: rows }, () => new Array<number>(units).fill(1)));
            const rule = adamw({ learningRate: 0, step: 3 });
            engine.settleWeight(weight, ones(2, outputs), ones(2, end - start), rule);
          });
          const first = draw(outputs, inputs, 6).map((row) =>
            row.map((m, j) => (j < start || j >= end ? 0 : 0.9 * m + 0.1 * 2)),
          );
          assertTrained(await engine.readParameter(weight, "first"), first, "first");
          dispose(weight);
        }
      });

      test("passes that are started together run one after the other, in order", async () => {
        const order: string[] = [];
        const pass = (of: string) =>
          engine.run(async () => {
            order.push(`${of} begins`);
            const x = bring(draw(2, 5));
            for (let i = 0; i < 3; i++) await engine.read(x);
            order.push(`${of} ends`);
            if (of === "second") throw new Error("no more");
            return of;
          });
        const settled = await Promise.allSettled(["first", "second", "third"].map(pass));
        assert.deepEqual(
          settled.map(({ status }) => status),
          ["fulfilled", "rejected", "fulfilled"],
        );
        const expected = ["first", "second", "third"].flatMap((of) => [
          `${of} begins`,
          `${of} ends`,
        ]);
        assert.deepEqual(order, expected);
      });

      test("all tensors of a pass are freed at its end, also if it fails", async () => {
        const [w, b, x] = [draw(63, 33), draw(1, 63), draw(17, 33)];
        const [weight, bias] = [make("weight", w), makeVector("bias", b)];
        const matrix = matrixOf(draw(17, 63));
        const pass = (isGood: boolean, settlement: AdamW | Gradients) =>
          engine.run(async () => {
            const input = bring(x);
            const out = engine.relu(engine.linear(weight, bias, input), 0);
            await engine.read(out);
            engine.linearBack(weight, out);
            const options = { activation: "softplus", loss: "huber", observed: 9 } as const;
            engine.head(weight, bias, input, matrix, { ...options, settlement }); // nobody reads its sums
            engine.settleWeight(weight, out, input, settlement);
            engine.settleVector(bias, null, settlement);
            if (!isGood) throw new Error("failed on purpose");
          });
        const rule = adamw({ learningRate: 0.1, step: 1, l2: 0.1, weightDecay: 0.1 });
        await pass(true, rule);
        const before = await tensors();
        for (let i = 0; i < 3; i++) {
          await pass(true, rule);
          await pass(true, new Map());
          await assert.rejects(pass(false, rule), /on purpose/);
          await assert.rejects(pass(false, new Map()), /on purpose/);
          await engine.readParameter(weight, "first");
          engine.writeParameter(weight, "value", flat(w));
          assert.equal(await tensors(), before);
        }
        const other = make("other", w);
        dispose(other);
        assert.equal(await tensors(), before);
        dispose(weight, bias);
      });
    });
  }
}

describe("engines side by side", () => {
  test("passes of several engines, started together, each give their own results", async () => {
    const present = contenders.filter(({ skip }) => !skip);
    const engines = await Promise.all(present.map(({ start }) => start()));
    const [w, b, x] = [draw(63, 33), draw(1, 63), draw(17, 33)];
    const expected = reference.linear(w, b, x);
    await Promise.all(
      engines.map(async (engine, i) => {
        const weight = engine.parameter("weight", [63, 33], flat(w));
        const bias = engine.parameter("bias", [63], flat(b));
        for (let pass = 0; pass < 3; pass++) {
          const out = await engine.run(async () => {
            const input = engine.tensor(flat(x), 17);
            await engine.read(input);
            return await engine.read(engine.linear(weight, bias, input));
          });
          assertClose(out, expected, present[i].name);
          assertClose(await engine.readParameter(weight, "value"), w, present[i].name);
        }
        engine.dispose(weight);
        engine.dispose(bias);
      }),
    );
  });
});
