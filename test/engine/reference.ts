// What the primitives compute, in plain JavaScript and float64: what the engines are tested against.
import type { AdamW } from "../../lib/engine/adamw.js";
import type { Activation } from "../../lib/engine/engine.js";

/** Rows of numbers. */
export type Table = readonly (readonly number[])[];

export const map = (f: (...values: number[]) => number, ...tables: Table[]): number[][] =>
  tables[0].map((row, i) => row.map((_, j) => f(...tables.map((table) => table[i][j]))));

export const transpose = (a: Table): number[][] => a[0].map((_, j) => a.map((row) => row[j]));

export const product = (a: Table, b: Table): number[][] => {
  const columns = transpose(b);
  return a.map((row) =>
    columns.map((column) => row.reduce((sum, value, k) => sum + value * column[k], 0)),
  );
};

/** `[1, units]`. */
export const sumRows = (a: Table): number[][] => [
  transpose(a).map((column) => column.reduce((sum, value) => sum + value, 0)),
];

/** Repeats `[1, units]` in as many rows. */
export const repeat = ([row]: Table, rows: number): number[][] =>
  Array.from({ length: rows }, () => [...row]);

/** `x W^T + b`, with the bias `[1, outputs]`. */
export const linear = (weight: Table, bias: Table, x: Table): number[][] =>
  map((a, b) => a + b, product(x, transpose(weight)), repeat(bias, x.length));

export const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const ACTIVATIONS: Record<Activation, [(x: number) => number, (x: number) => number]> = {
  linear: [(x) => x, () => 1],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
  softplus: [softplus, sigmoid],
};

/** The sums of the losses and, for the mean of one over `observed` entries, all derivatives of a head. */
export function head(
  [weight, bias, x, target, marks]: readonly Table[],
  activation: Activation,
  loss: "huber" | "squared",
  observed: number,
) {
  const [apply, derive] = ACTIVATIONS[activation];
  const sums = { huber: 0, squared: 0 };
  const slope = map(
    (linear, wanted, mark) => {
      const d = mark * (apply(linear) - wanted);
      sums.huber += Math.abs(d) < 1 ? (d * d) / 2 : Math.abs(d) - 0.5;
      sums.squared += d * d;
      const driving = loss === "squared" ? 2 * d : Math.min(1, Math.max(-1, d));
      return observed === 0 ? 0 : (driving * derive(linear)) / observed;
    },
    linear(weight, bias, x),
    target,
    marks,
  ); // [rows, outputs]
  return {
    sums,
    slope: product(slope, weight),
    weight: product(transpose(slope), x),
    bias: sumRows(slope),
  };
}

/** A weight with its moments. */
export interface Trained {
  readonly value: Table;
  readonly first: Table;
  readonly second: Table;
}

/**
 * One step of torch.optim.AdamW; with `l2`, of torch.optim.Adam with that weight decay.
 * Source: the algorithms in PyTorch's documentation of both.
 */
export function adamw(trained: Trained, gradient: Table, rule: AdamW): Trained {
  const { learningRate, weightDecay, l2, beta1, beta2, epsilon, step } = rule;
  const g = map((g, w) => g + l2 * w, gradient, trained.value);
  const first = map((m, g) => beta1 * m + (1 - beta1) * g, trained.first, g);
  const second = map((v, g) => beta2 * v + (1 - beta2) * g * g, trained.second, g);
  const value = map(
    (w, m, v) => {
      const [corrected, root] = [m / (1 - beta1 ** step), Math.sqrt(v / (1 - beta2 ** step))];
      return w - learningRate * weightDecay * w - (learningRate * corrected) / (root + epsilon);
    },
    trained.value,
    first,
    second,
  );
  return { value, first, second };
}
