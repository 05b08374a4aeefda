// Each layer on every engine against float64, forward and back.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import {
  batchNorm,
  dense,
  dropout,
  type Layer,
  maskBlocks,
  relu,
  sequence,
  softplus,
  zeroUnits,
} from "../../lib/layers/layers.js";
import { contenders } from "../engine/engines.js";
import * as reference from "../engine/reference.js";
import { checkLayer, draw, parametersOn, type TableOf } from "./differences.js";

type Table = reference.Table;

const linear = (name: string, x: Table, of: TableOf) =>
  reference.linear(of(`${name}.weight`), of(`${name}.bias`), x);
const rectify = (leak: number) => (value: number) => (value > 0 ? value : leak * value);

/** By the rows' own statistics, or by those that are given. */
function normalize(
  x: Table,
  of: TableOf,
  { epsilon, running }: { readonly epsilon: number; readonly running: boolean },
): number[][] {
  const rows = reference.transpose(x).map((column, j) => {
    const mean = running
      ? of("norm.running_mean")[0][j]
      : column.reduce((sum, value) => sum + value, 0) / column.length;
    const variance = running
      ? of("norm.running_var")[0][j]
      : column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length;
    const [scale, shift] = [of("norm.weight")[0][j], of("norm.bias")[0][j]];
    return column.map((value) => (scale * (value - mean)) / Math.sqrt(variance + epsilon) + shift);
  });
  return reference.transpose(rows);
}

for (const { name, skip, start, tensors } of contenders) {
  describe(`layers on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start({ blockEntries: 16 });
    });

    test("dense", () =>
      checkLayer(engine, {
        rows: 7,
        inputs: 5,
        layer: dense("lin", 5, 4),
        reference: (x, of) => linear("lin", x, of),
      }));

    test("a dense layer that is normalized has a bias with a gradient of 0, in training alone", async () => {
      const layer = dense("lin", 5, 4, { isNormalized: true });
      const gradientOf = async (isTraining: boolean) => {
        const parameters = parametersOn(engine, layer);
        const settlement = new Map<string, Promise<Float32Array>>();
        await engine.run(async () => {
          const bring = (units: number) =>
            engine.tensor(Float32Array.from(draw("rows", 3, units).flat()), 3);
          const { back } = layer.forward(bring(5), parameters.pass({ isTraining, settlement }));
          back(bring(4), false);
          await Promise.all(settlement.values());
        });
        parameters.dispose();
        return await settlement.get("lin.bias")!;
      };
      assert.deepEqual(await gradientOf(true), new Float32Array(4));
      assert.ok((await gradientOf(false)).every((value) => value !== 0));
    });

    for (const leak of [0, 0.2]) {
      test(`ReLU with a leak of ${leak}`, () =>
        checkLayer(engine, {
          rows: 7,
          inputs: 5,
          layer: relu(leak),
          reference: (x) => reference.map(rectify(leak), x),
        }));
    }

    test("softplus", () =>
      checkLayer(engine, {
        rows: 7,
        inputs: 5,
        layer: softplus(),
        reference: (x) => reference.map(reference.softplus, x),
      }));

    test("dropout by one draw an entry, row by row, scaled to keep the mean", () => {
      const random = createRandom(3, "dropout");
      const kept = Array.from({ length: 7 }, () =>
        Array.from({ length: 5 }, () => (random.uniform() < 0.3 ? 0 : 1 / 0.7)),
      );
      assert.ok(kept.flat().includes(0));
      return checkLayer(engine, {
        rows: 7,
        inputs: 5,
        layer: dropout(0.3),
        reference: (x) => reference.map((value, factor) => value * factor, x, kept),
        pass: { isTraining: true, random: createRandom(3, "dropout") },
      });
    });

    test("dropout drops nothing in evaluation, without draws, or with a share of 0", async () => {
      for (const [share, pass] of [
        [0.3, { isTraining: false, random: createRandom(1) }],
        [0.3, { isTraining: true }],
        [0, { isTraining: true, random: createRandom(1) }],
      ] as const) {
        await checkLayer(engine, {
          rows: 3,
          inputs: 4,
          pass,
          layer: dropout(share),
          reference: (x) => x,
        });
        if ("random" in pass) assert.deepEqual(pass.random.state(), createRandom(1).state());
      }
    });

    test("zeroUnits, none of them, and units that count from elsewhere", async () => {
      for (const [units, first] of [
        [[0, 3], 0],
        [[10, 13], 10],
        [[], 0],
      ] as const) {
        const isZero = (j: number) => units.some((unit) => unit - first === j);
        await checkLayer(engine, {
          rows: 7,
          inputs: 5,
          layer: zeroUnits(units, first),
          reference: (x) => x.map((row) => row.map((value, j) => (isZero(j) ? 0 : value))),
        });
      }
    });

    test("maskBlocks keeps a random choice of at least one block a row, back as forward", async () => {
      const blocks = [
        { start: 10, end: 12 },
        { start: 12, end: 13 },
        { start: 13, end: 14 },
      ];
      const layer = maskBlocks(blocks, 10);
      const { pass } = parametersOn(engine, layer);
      const rows = 2000;
      const ones = new Float32Array(4 * rows).fill(1);
      await engine.run(async () => {
        const x = engine.tensor(ones, rows);
        const random = createRandom(1, "mask");
        const { out, back } = layer.forward(x, pass({ isTraining: true, random }));
        const drawn = createRandom(1, "mask");
        for (let i = 0; i < rows; i++) drawn.integer(7); // one number a row
        assert.deepEqual(random.state(), drawn.state());
        const values = await engine.read(out);
        const counts = new Map<string, number>();
        for (let i = 0; i < rows; i++) {
          const kept = values.slice(4 * i, 4 * i + 4).join("");
          counts.set(kept, (counts.get(kept) ?? 0) + 1);
        }
        const choices = ["0001", "0010", "0011", "1100", "1101", "1110", "1111"];
        assert.deepEqual([...counts.keys()].sort(), choices);
        // Five standard deviations of a binomial share of 1/7.
        const slack = 5 * Math.sqrt((1 / 7) * (6 / 7) * rows);
        for (const count of counts.values())
          assert.ok(Math.abs(count - rows / 7) < slack, `${count}`);
        assert.deepEqual(await engine.read(back(x, true)!), values);
        for (const options of [{ isTraining: false, random }, { isTraining: true }]) {
          const still = layer.forward(x, pass(options));
          assert.deepEqual(await engine.read(still.out), ones);
          assert.deepEqual(await engine.read(still.back(x, true)!), ones);
        }
      });
    });

    test("batch normalization trains on two rows", () =>
      checkLayer(engine, {
        rows: 2,
        inputs: 5,
        layer: batchNorm("norm", 5, { epsilon: 0.8 }),
        pass: { isTraining: true },
        reference: (x, of) => normalize(x, of, { epsilon: 0.8, running: false }),
      }));

    for (const isTraining of [true, false]) {
      const by = isTraining ? "the batch's statistics" : "the running statistics";
      test(`batch normalization by ${by}`, () =>
        checkLayer(engine, {
          rows: 7,
          inputs: 5,
          pass: { isTraining },
          layer: batchNorm("norm", 5, { epsilon: 0.8 }),
          reference: (x, of) => normalize(x, of, { epsilon: 0.8, running: !isTraining }),
        }));
    }

    test("batch normalization refuses to train on a single row, and evaluates it", async () => {
      const layer = batchNorm("norm", 5);
      const parameters = parametersOn(engine, layer);
      const pass = (isTraining: boolean) =>
        engine.run(async () => {
          const x = engine.tensor(new Float32Array(5), 1);
          return await engine.read(layer.forward(x, parameters.pass({ isTraining })).out);
        });
      await assert.rejects(pass(true), {
        name: "RangeError",
        message: /norm: expected at least 2 rows, got 1, .*take another batch size/,
      });
      assert.ok((await pass(false)).every(Number.isFinite));
      parameters.dispose();
    });

    test("batch normalization moves its running statistics a tenth of the way in training alone", async () => {
      const layer = batchNorm("norm", 5);
      const parameters = parametersOn(engine, layer);
      const read = () =>
        Promise.all(
          ["norm.running_mean", "norm.running_var"].map((name) =>
            engine.readParameter(parameters.parameter(name), "value"),
          ),
        );
      const pass = (isTraining: boolean) =>
        engine.run(async () => {
          const x = engine.tensor(Float32Array.from(draw("x", 7, 5).flat()), 7);
          await engine.read(layer.forward(x, parameters.pass({ isTraining })).out);
        });
      const before = await read();
      await pass(false);
      assert.deepEqual(await read(), before);
      await pass(true);
      const columns = reference.transpose(draw("x", 7, 5));
      const [means, variances] = await read();
      columns.forEach((column, j) => {
        const average = column.reduce((sum, value) => sum + value, 0) / 7;
        const spread = column.reduce((sum, value) => sum + (value - average) ** 2, 0) / 6;
        assert.ok(Math.abs(means[j] - (0.9 * before[0][j] + 0.1 * average)) < 1e-6);
        assert.ok(Math.abs(variances[j] - (0.9 * before[1][j] + 0.1 * spread)) < 1e-6);
      });
      parameters.dispose();
    });

    test("a sequence goes through its layers and back through all of them", () =>
      checkLayer(engine, {
        rows: 7,
        inputs: 5,
        layer: sequence(
          softplus(),
          dense("a", 5, 4),
          batchNorm("norm", 4),
          relu(0.2),
          sequence(dense("b", 4, 3), softplus()),
        ),
        reference: (x, of) => {
          const a = linear("a", reference.map(reference.softplus, x), of);
          const normal = normalize(a, of, { epsilon: 1e-5, running: true });
          const b = linear("b", reference.map(rectify(0.2), normal), of);
          return reference.map(reference.softplus, b);
        },
      }));

    test("the way back ends at the first trained layer, unless the input's slope is wanted", async () => {
      const passed: string[] = [];
      const layer = (name: string, isTrained: boolean): Layer => ({
        tensors: isTrained ? dense(name, 1, 1).tensors : [],
        forward: (x) => ({
          out: x,
          back(slope, isWanted) {
            passed.push(isWanted ? name : `${name}, the last`);
            return isWanted ? slope : null;
          },
        }),
      });
      const layers = sequence(layer("a", false), layer("b", true), layer("c", false));
      await engine.run(async () => {
        const x = engine.tensor(new Float32Array(4), 2);
        const pass = parametersOn(engine, sequence()).pass({ isTraining: true });
        const { back } = layers.forward(x, pass);
        assert.equal(back(x, false), null);
        assert.deepEqual(passed, ["c", "b, the last"]);
        passed.length = 0;
        assert.equal(back(x, true), x);
        assert.deepEqual(passed, ["c", "b", "a"]);
        passed.length = 0;
        const untrained = sequence(layer("a", false), layer("b", false));
        assert.equal(untrained.forward(x, pass).back(x, false), null);
        assert.deepEqual(passed, []);
      });
    });

    test("an empty sequence passes its input on, forward and back", async () => {
      await checkLayer(engine, {
        rows: 2,
        inputs: 3,
        layer: sequence(),
        reference: (x) => x,
      });
    });

    test("no tensor is left over", async () => {
      const held = await tensors();
      await checkLayer(engine, {
        rows: 7,
        inputs: 5,
        layer: dense("lin", 5, 4),
        reference: (x, of) => linear("lin", x, of),
      });
      assert.equal(await tensors(), held);
    });
  });
}
