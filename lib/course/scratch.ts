// Exercises to notebook 0: the loss, its slope, the number of parameters, Adam, and the forward pass.
import { askFunction, dotOf, drawingFor, sumOf } from "./exercise.js";

type Entries = [out: number[], target: number[], marks: number[]];

/** Rows of predictions, targets and marks; some differences are beyond 1, and some entries are unobserved. */
function drawEntries(exercise: string): Entries[] {
  const { normals } = drawingFor(exercise);
  return [24, 7].map((count) => [
    normals(count, 2),
    normals(count, 2),
    Array.from({ length: count }, (_, i) => (i % 4 === 1 ? 0 : 1)),
  ]);
}

const clip = (d: number) => Math.min(Math.max(d, -1), 1);
const huber = (d: number) => clip(d) * (d - clip(d) / 2);

/** Sums a term of each difference over observed entries. */
const sumObserved = ([out, target, marks]: Entries, term: (d: number) => number) =>
  sumOf(out.map((o, i) => marks[i] * term(o - target[i])));

const countParameters = (features: number, width: number, hidden: number) =>
  2 * features * width + hidden * width ** 2 + (hidden + 1) * width + features;

/** What Adam changes a weight by; an average that is not corrected starts too small. */
function moveByAdam(gradients: number[], rate: number, corrected = true): number {
  let [mu, nu, change] = [0, 0, 0];
  gradients.forEach((g, i) => {
    mu = 0.9 * mu + 0.1 * g;
    nu = 0.999 * nu + 0.001 * g * g;
    const [m, v] = corrected ? [mu / (1 - 0.9 ** (i + 1)), nu / (1 - 0.999 ** (i + 1))] : [mu, nu];
    change -= (rate * m) / (Math.sqrt(v) + 1e-8);
  });
  return change;
}

type Layer = { W: number[][]; b: number[] };
type Forward = (y: number[], visible: number, layers: Layer[]) => number[];

/** A sample of seven features and the layers of a small ARO; some hidden units and outputs lie below 0. */
function drawForward(visible: number): Parameters<Forward> {
  const { normals } = drawingFor(`00.5 ${visible}`);
  const sizes = [7, 4, 4, 4, 4, 7];
  const layers = sizes.slice(1).map((units, k) => ({
    W: Array.from({ length: units }, () => normals(sizes[k], 0.8)),
    b: normals(units, 0.5),
  }));
  return [normals(7, 1).map(Math.abs), visible, layers];
}

const relu = (a: number) => Math.max(a, 0);
const softplus = (a: number) => Math.log1p(Math.exp(a));
const hide = (y: readonly number[], visible: number) => y.map((v, j) => (j < visible ? v : 0));

/** The activations of dense layers from an input on, `inner` after each but the last, `outer` after that. */
function passThrough(
  x: readonly number[],
  layers: readonly Layer[],
  { inner = relu, outer = softplus, biased = 1 } = {},
): number[] {
  return layers.reduce<number[]>(
    (h, { W, b }, k) => {
      const end = k === layers.length - 1 ? outer : inner;
      return W.map((weights, o) => end(dotOf(weights, h) + biased * b[o]));
    },
    [...x],
  );
}

export const SCRATCH = {
  "00.1": askFunction<(...entries: Entries) => number>({
    cases: drawEntries("00.1"),
    right: (...entries) => sumObserved(entries, huber) / sumOf(entries[2]),
    mistakes: [
      [
        "unobserved entries must not count",
        (out, target) => sumOf(out.map((o, i) => huber(o - target[i]))) / out.length,
      ],
      [
        "over how many entries is it a mean?",
        (...entries) => sumObserved(entries, huber) / entries[0].length,
      ],
      ["this is a sum; the loss is a mean", (...entries) => sumObserved(entries, huber)],
      [
        "large differences must count less than their square",
        (...entries) => sumObserved(entries, (d) => d ** 2) / sumOf(entries[2]),
      ],
      [
        "large differences must count less than their square",
        (...entries) => sumObserved(entries, (d) => d ** 2 / 2) / sumOf(entries[2]),
      ],
    ],
    otherwise: "try it on one observed entry with a difference of 0.5, then of 2",
  }),

  "00.2": askFunction<(...entries: Entries) => number[]>({
    cases: drawEntries("00.2"),
    right: (out, target, marks) =>
      out.map((o, i) => (marks[i] * clip(o - target[i])) / sumOf(marks)),
    mistakes: [
      [
        "the sign is wrong: does the loss grow or fall with the prediction?",
        (out, target, marks) => out.map((o, i) => (marks[i] * clip(target[i] - o)) / sumOf(marks)),
      ],
      [
        "the loss is a mean, and so is its slope",
        (out, target, marks) => out.map((o, i) => marks[i] * clip(o - target[i])),
      ],
      [
        "an unobserved entry cannot change the loss",
        (out, target, marks) => out.map((o, i) => clip(o - target[i]) / sumOf(marks)),
      ],
      [
        "an unobserved entry cannot change the loss",
        (out, target) => out.map((o, i) => clip(o - target[i]) / out.length),
      ],
      [
        "beyond a difference of 1 the loss is a straight line; what is its slope?",
        (out, target, marks) => out.map((o, i) => (marks[i] * (o - target[i])) / sumOf(marks)),
      ],
    ],
    otherwise:
      "compare one entry with a finite difference of the loss, once near 0 and once beyond 1",
  }),

  "00.3": askFunction<typeof countParameters>({
    cases: [
      [12, 8, 3],
      [71094, 2048, 3],
      [5, 7, 0],
    ],
    right: countParameters,
    mistakes: [
      [
        "the weights are right; each layer has one more vector",
        (f, h, layers) => 2 * f * h + layers * h * h,
      ],
      [
        "the output layer has a bias too; how long is it?",
        (f, h, layers) => countParameters(f, h, layers) - f,
      ],
      [
        "the model has an input layer, its hidden layers and an output layer",
        (f, h, layers) => countParameters(f, h, layers) - f * h - h,
      ],
    ],
    otherwise: "list the shape of each weight and each bias, as in section 0.1",
  }),

  "00.4": askFunction<(gradients: number[], rate: number) => number>({
    cases: [
      [[3], 0.01],
      [[0.5, -2, 1, 4, -0.25], 0.01],
    ],
    right: moveByAdam,
    mistakes: [
      ["the weight moved uphill", (gradients, rate) => -moveByAdam(gradients, rate)],
      [
        "this is plain gradient descent, without the two averages",
        (gradients, rate) => -rate * sumOf(gradients),
      ],
      [
        "the first step must have the size of the rate, whatever the gradient: are both averages corrected?",
        (gradients, rate) => moveByAdam(gradients, rate, false),
      ],
      [
        "the first step is right; do the averages carry over to the next?",
        (gradients, rate) => -rate * sumOf(gradients.map(Math.sign)),
      ],
    ],
    otherwise:
      "the first step must have the size of the rate, whatever the gradient; then follow both averages by hand for two steps",
  }),

  "00.5": askFunction<Forward>({
    cases: [drawForward(4), drawForward(2)],
    right: (y, visible, layers) => passThrough(hide(y, visible), layers),
    mistakes: [
      ["the masked model may not see the last entries", (y, _, layers) => passThrough(y, layers)],
      [
        "only the hidden entries reach your first layer; which ones may the model see?",
        (y, visible, layers) =>
          passThrough(
            y.map((v, j) => (j < visible ? 0 : v)),
            layers,
          ),
      ],
      [
        "without a function between them, five layers are no more than one; what follows each hidden layer?",
        (y, visible, layers) => passThrough(hide(y, visible), layers, { inner: (a) => a }),
      ],
      [
        "some outputs are exactly 0, which the output function never gives",
        (y, visible, layers) => passThrough(hide(y, visible), layers, { outer: relu }),
      ],
      [
        "some outputs are negative, which no target is",
        (y, visible, layers) => passThrough(hide(y, visible), layers, { outer: (a) => a }),
      ],
      [
        "the hidden layers end with another function than the output",
        (y, visible, layers) => passThrough(hide(y, visible), layers, { inner: softplus }),
      ],
      [
        "the last layer has one function, not two",
        (y, visible, layers) =>
          passThrough(hide(y, visible), layers, { outer: (a) => softplus(relu(a)) }),
      ],
      [
        "the weighted sums are right; what else does each unit add?",
        (y, visible, layers) => passThrough(hide(y, visible), layers, { biased: 0 }),
      ],
    ],
    otherwise: "compute the first hidden layer by hand, unit by unit: row o of W belongs to unit o",
  }),
};
