// Checks a layer against the same in float64: what comes out, and by differences every slope and gradient.
import assert from "node:assert/strict";
import { createRandom } from "../../lib/cohort/random.js";
import type { Engine, Parameter } from "../../lib/engine/engine.js";
import type { Layer, Pass, TensorShape } from "../../lib/layers/layers.js";
import type { Weights } from "../../lib/model/model.js";
import type { Table } from "../engine/reference.js";
import { assertClose } from "../golden.js";

/** Finds numbers by a tensor's name; a vector is one row. */
export type TableOf = (name: string) => Table;

export interface LayerCase {
  readonly rows: number;
  readonly inputs: number;
  readonly layer: Layer;
  /** What comes out of `[rows, inputs]`. */
  reference(x: Table, of: TableOf): Table;
  readonly pass?: Partial<Pass>;
}

/** Draws rows of numbers around 0; a second drawing by the same name is the same. */
export function draw(name: string, rows: number, units: number): number[][] {
  const random = createRandom(1, name);
  return Array.from({ length: rows }, () =>
    Array.from({ length: units }, () => Math.fround(random.normal())),
  );
}

/** Draws a tensor; variances are positive. */
export function drawTensor({ name, shape }: TensorShape): number[][] {
  const [rows, units] = shape.length === 2 ? shape : [1, shape[0]];
  const table = draw(name, rows, units);
  const isVariance = name.endsWith("running_var");
  return isVariance ? table.map((row) => row.map((value) => Math.fround(0.5 + value ** 2))) : table;
}

function makeParameter(engine: Engine, tensor: TensorShape): Parameter {
  const values = Float32Array.from(drawTensor(tensor).flat());
  return engine.parameter(tensor.name, tensor.shape, values, { isTrained: tensor.isTrained });
}

/** Puts a layer's parameters on an engine, drawn by `drawTensor`, for passes that train nothing unless they say so. */
export function parametersOn(engine: Engine, { tensors }: Pick<Layer, "tensors">) {
  const parameters = new Map(tensors.map((one) => [one.name, makeParameter(engine, one)]));
  const parameter = (name: string) => parameters.get(name)!;
  return {
    parameter,
    pass: (options: Partial<Pass> = {}): Pass => ({
      engine,
      parameter,
      isTraining: false,
      settlement: null,
      ...options,
    }),
    dispose() {
      for (const parameter of parameters.values()) engine.dispose(parameter);
    },
  };
}

/** The derivative of a number with respect to each entry of a table. */
export function differentiate(number: (table: Table) => number, at: Table): number[][] {
  const h = 1e-5;
  const moved = (row: number, column: number, by: number) =>
    number(at.map((values, i) => (i === row ? values.with(column, values[column] + by) : values)));
  return at.map((values, i) => values.map((_, j) => (moved(i, j, h) - moved(i, j, -h)) / (2 * h)));
}

/** Sums the entries of a table, each by a factor of its own, so that no two have the same slope. */
export function weigh(table: Table, factors: Table): number {
  return table.flat().reduce((sum, value, i) => sum + value * factors.flat()[i], 0);
}

/** Runs a layer forward and back, and compares all of it with the reference. */
export async function checkLayer(
  engine: Engine,
  { rows, inputs, layer, reference, pass }: LayerCase,
): Promise<void> {
  const { tensors } = layer;
  const x = draw("x", rows, inputs);
  const tables = new Map(tensors.map((tensor) => [tensor.name, drawTensor(tensor) as Table]));
  const of: TableOf = (name) => tables.get(name)!;
  const parameters = parametersOn(engine, layer);
  const expected = reference(x, of);
  const factors = draw("factors", expected.length, expected[0].length);
  const settlement = new Map<string, Promise<Float32Array>>();
  const found = await engine.run(async () => {
    const input = engine.tensor(Float32Array.from(x.flat()), rows);
    const { out, back } = layer.forward(input, parameters.pass({ settlement, ...pass }));
    const slope = back(engine.tensor(Float32Array.from(factors.flat()), rows), true)!;
    assert.deepEqual([out.rows, out.units], [expected.length, expected[0].length]);
    assert.deepEqual([slope.rows, slope.units], [rows, inputs]);
    return { out: await engine.read(out), slope: await engine.read(slope) };
  });
  assertClose(found.out, expected, "output");
  const slopes = differentiate((moved) => weigh(reference(moved, of), factors), x);
  assertClose(found.slope, slopes, "slope of the input");
  const trained = tensors.filter(({ isTrained }) => isTrained).map(({ name }) => name);
  assert.deepEqual([...settlement.keys()].sort(), trained.sort());
  for (const name of trained) {
    const gradient = differentiate((moved) => {
      const other: TableOf = (asked) => (asked === name ? moved : of(asked));
      return weigh(reference(x, other), factors);
    }, of(name));
    assertClose(await settlement.get(name)!, gradient, `gradient of ${name}`);
  }
  parameters.dispose();
}

/**
 * Compares the gradients of a model with differences of its loss: along its gradient, the loss grows by the gradient's
 * length. The steps are too short for a ReLU to change sides.
 */
export async function checkGradients(
  gradients: Weights,
  weights: Weights,
  lossOf: (weights: Map<string, Float32Array>) => Promise<number>,
): Promise<void> {
  for (const [name, gradient] of gradients) {
    const length = Math.hypot(...gradient);
    const lossAt = (step: number) => {
      const moved = weights.get(name)!.map((value, i) => value + (step * gradient[i]) / length);
      return lossOf(new Map(weights).set(name, moved));
    };
    const slope = ((await lossAt(0.003)) - (await lossAt(-0.003))) / 0.006;
    assert.ok(Math.abs(slope / length - 1) < 1e-3, `${name}: ${slope} along ${length}`);
  }
}
