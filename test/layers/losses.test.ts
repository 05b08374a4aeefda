// Each loss on every engine against float64, with its slopes.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Matrix } from "../../lib/cohort/matrix.js";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine } from "../../lib/engine/engine.js";
import { latentLayer } from "../../lib/layers/latent.js";
import {
  crossEntropy,
  reconstructionHead,
  reconstructionLoss,
  softmax,
} from "../../lib/layers/losses.js";
import { contenders } from "../engine/engines.js";
import * as reference from "../engine/reference.js";
import { assertClose, relativeError } from "../golden.js";
import { differentiate, draw, drawTensor, parametersOn, type TableOf } from "./differences.js";

type Table = reference.Table;

const ROWS = 7;
const flat = (table: Table) => Float32Array.from(table.flat());

/** A batch of which a third is not observed, with differences on both sides of Huber's delta. */
function batchOf(columns: number): {
  readonly batch: Matrix;
  readonly values: Table;
  readonly marks: Table;
} {
  const values = draw("target", ROWS, columns).map((row) => row.map((value) => 2 * value));
  const marks = draw("marks", ROWS, columns).map((row) =>
    row.map((value) => (value < 0.4 ? 1 : 0)),
  );
  const observed = Uint8Array.from(marks.flat());
  return { batch: { rows: ROWS, columns, values: flat(values), observed }, values, marks };
}

function meanLoss(out: Table, values: Table, marks: Table, loss: "huber" | "squared"): number {
  const losses = reference.map(
    (found, wanted, mark) => {
      const d = Math.abs(found - wanted);
      if (loss === "squared") return mark * d * d;
      return mark * (d < 1 ? (d * d) / 2 : d - 0.5);
    },
    out,
    values,
    marks,
  );
  return losses.flat().reduce((a, b) => a + b) / marks.flat().reduce((a, b) => a + b);
}

const count = (marks: Table) => marks.flat().reduce((a, b) => a + b);

for (const { name, skip, start } of contenders) {
  describe(`losses on ${name}`, { skip }, () => {
    let engine: Engine;
    before(async () => {
      engine = await start({ blockEntries: 16 });
    });

    for (const loss of ["huber", "squared"] as const) {
      test(`the reconstruction loss, ${loss}`, async () => {
        const { batch, values, marks } = batchOf(5);
        const out = draw("out", ROWS, 5);
        const observed = count(marks);
        const found = await engine.run(async () => {
          const { loss: mean, slope } = reconstructionLoss(
            engine,
            engine.tensor(flat(out), ROWS),
            batch,
            { loss, observed },
          );
          return { mean: await mean, slope: await engine.read(slope) };
        });
        const expected = (moved: Table) => meanLoss(moved, values, marks, loss);
        assert.ok(relativeError([found.mean], [expected(out)]) < 1e-5);
        assertClose(found.slope, differentiate(expected, out), "slope");
      });

      for (const activation of ["linear", "relu", "softplus"] as const) {
        test(`the head, ${loss} of ${activation}, and what it reconstructs`, async () => {
          const { batch, values, marks } = batchOf(6);
          const x = draw("x", ROWS, 4);
          const head = reconstructionHead("out", 4, 6, activation, loss);
          const shapes = head.layer.tensors;
          const parameters = parametersOn(engine, head.layer);
          const tables = new Map(shapes.map((one) => [one.name, drawTensor(one) as Table]));
          const activate = {
            linear: (value: number) => value,
            relu: (value: number) => Math.max(0, value),
            softplus: reference.softplus,
          }[activation];
          const rebuilt = (input: Table, of: TableOf) =>
            reference.map(activate, reference.linear(of("out.weight"), of("out.bias"), input));
          const of: TableOf = (asked) => tables.get(asked)!;
          const settlement = new Map<string, Promise<Float32Array>>();
          const found = await engine.run(async () => {
            const input = engine.tensor(flat(x), ROWS);
            const pass = parameters.pass({ isTraining: true, settlement });
            const out = await engine.read(head.layer.forward(input, pass).out);
            const { sums, slope } = head.measure(input, batch, count(marks), pass);
            const evaluated = head.measure(input, batch, count(marks), {
              ...pass,
              settlement: null,
            });
            assert.equal(evaluated.slope, null);
            assert.deepEqual(await evaluated.sums, await sums);
            return { out, sums: await sums, slope: await engine.read(slope!) };
          });
          assertClose(found.out, rebuilt(x, of), "reconstruction");
          for (const [kind, sum] of Object.entries(found.sums)) {
            const mean = meanLoss(rebuilt(x, of), values, marks, kind as "huber" | "squared");
            assert.ok(relativeError([sum / count(marks)], [mean]) < 1e-5, kind);
          }
          const measure = (input: Table, asked: TableOf) =>
            meanLoss(rebuilt(input, asked), values, marks, loss);
          assertClose(
            found.slope,
            differentiate((moved) => measure(moved, of), x),
            "slope",
          );
          for (const { name } of shapes) {
            const gradient = differentiate(
              (moved) => measure(x, (asked) => (asked === name ? moved : of(asked))),
              of(name),
            );
            assertClose(await settlement.get(name)!, gradient, `gradient of ${name}`);
          }
          parameters.dispose();
        });
      }
    }

    for (const clamp of [undefined, { low: -1.2, high: 0.25 }]) {
      for (const isDrawn of [true, false]) {
        const title = `${isDrawn ? "drawn" : "the mean"}${clamp ? ", clamped" : ""}`;
        test(`the latent layer, ${title}`, async () => {
          const x = draw("x", ROWS, 4);
          const layer = latentLayer({
            inputs: 4,
            units: 3,
            mean: "m",
            logVariance: "l",
            clamp,
          });
          const shapes = layer.tensors;
          const parameters = parametersOn(engine, layer);
          const tables = new Map(shapes.map((one) => [one.name, drawTensor(one) as Table]));
          const of: TableOf = (asked) => tables.get(asked)!;
          const random = createRandom(5);
          const noise = Array.from({ length: ROWS }, () =>
            Array.from({ length: 3 }, () => (isDrawn ? random.normal() : 0)),
          );
          const factors = draw("factors", ROWS, 3);
          const [weight, { low, high }] = [0.7, clamp ?? { low: -1e9, high: 1e9 }];
          const model = (input: Table, asked: TableOf) => {
            const mean = reference.linear(asked("m.weight"), asked("m.bias"), input);
            const raw = reference.linear(asked("l.weight"), asked("l.bias"), input);
            const log = reference.map((l) => Math.min(high, Math.max(low, l)), raw);
            const z = reference.map((m, l, e) => m + Math.exp(l / 2) * e, mean, log, noise);
            const terms = reference.map((m, l) => (m * m + Math.exp(l) - 1 - l) / 2, mean, log);
            const divergence = terms.flat().reduce((a, b) => a + b);
            const onto = reference.map((value, factor) => value * factor, z, factors);
            const loss = onto.flat().reduce((a, b) => a + b) + weight * divergence;
            return { mean, raw, z, divergence, loss };
          };
          const expected = model(x, of);
          if (clamp) {
            const sides = expected.raw.flat().map((l) => (l < low ? -1 : l > high ? 1 : 0));
            assert.deepEqual([...new Set(sides)].sort(), [-1, 0, 1]);
          }
          const settlement = new Map<string, Promise<Float32Array>>();
          const found = await engine.run(async () => {
            const pass = parameters.pass({
              isTraining: true,
              settlement,
              random: isDrawn ? createRandom(5) : undefined,
            });
            const latent = layer.forward(engine.tensor(flat(x), ROWS), pass);
            const slope = latent.back(engine.tensor(flat(factors), ROWS), weight);
            return {
              mean: await engine.read(latent.mean),
              z: await engine.read(latent.z),
              divergence: await latent.divergence(),
              slope: await engine.read(slope),
            };
          });
          assertClose(found.mean, expected.mean, "mean");
          assertClose(found.z, expected.z, "z");
          assert.ok(relativeError([found.divergence], [expected.divergence]) < 1e-5);
          const slope = differentiate((moved) => model(moved, of).loss, x);
          assertClose(found.slope, slope, "slope of the input");
          for (const { name } of shapes) {
            const gradient = differentiate(
              (moved) => model(x, (asked) => (asked === name ? moved : of(asked))).loss,
              of(name),
            );
            assertClose(await settlement.get(name)!, gradient, `gradient of ${name}`);
          }
          parameters.dispose();
        });
      }
    }
  });
}

test("cross-entropy is the mean of -log softmax over the rows with a target, with its slope", () => {
  const logits = draw("logits", 4, 3);
  const targets = [2, -1, 0, 1];
  const expected = (table: Table) =>
    table.reduce((sum, row, i) => {
      if (targets[i] < 0) return sum;
      const whole = row.reduce((total, value) => total + Math.exp(value), 0);
      return sum - Math.log(Math.exp(row[targets[i]]) / whole) / 3;
    }, 0);
  const { loss, slope } = crossEntropy(logits.flat(), targets);
  assert.ok(Math.abs(loss - expected(logits)) < 1e-12);
  differentiate(expected, logits)
    .flat()
    .forEach((value, i) => {
      assert.ok(Math.abs(slope[i] - value) < 1e-9);
    });
  assert.deepEqual([...slope.subarray(3, 6)], [0, 0, 0]);
});

test("cross-entropy is 0 where no row has a target, and finite for huge logits", () => {
  const none = crossEntropy([1, 2, 3, 4], [-1, -1]);
  assert.deepEqual([none.loss, ...none.slope], [0, 0, 0, 0, 0]);
  const huge = crossEntropy([1000, -1000], [1]);
  assert.deepEqual([huge.loss, ...huge.slope], [2000, 1, -1]);
});

test("softmax of each row sums to 1, however large the logits", () => {
  const shares = softmax([0, Math.log(3), 1e4, 1e4, -1e4, 1e4], 3);
  const expected = [0.25, 0.75, 0.5, 0.5, 0, 1];
  shares.forEach((share, i) => {
    assert.ok(Math.abs(share - expected[i]) < 1e-12);
  });
});
