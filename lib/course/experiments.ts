// Exercises to notebook 8: deviations over seeds, the blocks of Table 3, paired gaps, and corrected intervals over splits.
import { sizeOf } from "../engine/shapes.js";
import { adjustHolm } from "../evaluate/repeated-splits.js";
import { ARO } from "../model/aro.js";
import {
  askFunction,
  deviationOf,
  differencesOf,
  drawingFor,
  meanOf,
  standardErrorOf,
} from "./exercise.js";

type Summary = (losses: number[]) => { mean: number; deviation: number };
type Blocks = (features: number, width: number, hidden: number) => Record<string, number>;
type Gap = (first: number[], second: number[]) => { difference: number; error: number };
type Corrected = (
  differences: number[],
  trainRows: number,
  testRows: number,
  t: number,
) => { low: number; high: number };

const { normals } = drawingFor("08");
const masked = normals(5, 0.002, 0.14);
const unmasked = masked.map((loss) => loss + 0.01 + normals(1, 0.0005)[0]);

const gapWithError = (first: readonly number[], second: readonly number[], error: number) => ({
  difference: meanOf(differencesOf(first, second)),
  error,
});

const pairedGap: Gap = (first, second) =>
  gapWithError(first, second, standardErrorOf(differencesOf(first, second)));

/** The blocks of ARO by name, from the list that the model is built from. */
const blocksOf: Blocks = (features, width, hidden) => {
  const spec = {
    features,
    width,
    hiddenLayers: hidden,
    visible: null,
    output: "softplus" as const,
    inputDropout: 0,
    hiddenDropout: 0,
    batchNorm: false,
    zeroed: [],
  };
  return Object.fromEntries(
    ARO.network(spec).tensors.map(({ name, shape }) => [name, sizeOf(shape)]),
  );
};

const around = (differences: readonly number[], margin: number) => ({
  low: meanOf(differences) - margin,
  high: meanOf(differences) + margin,
});

const corrected: Corrected = (differences, trainRows, testRows, t) =>
  around(
    differences,
    t * deviationOf(differences) * Math.sqrt(1 / differences.length + testRows / trainRows),
  );

const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);

export const EXPERIMENTS = {
  "08.1": askFunction<Summary>({
    cases: [[masked], [[1, 3]]],
    right: (losses) => ({ mean: meanOf(losses), deviation: deviationOf(losses) }),
    mistakes: [
      [
        "five seeds are a sample: how many of their deviations from their own mean are free?",
        (losses) => ({ mean: meanOf(losses), deviation: deviationOf(losses, 0) }),
      ],
      [
        "this is the error of the mean; the deviation says how much one training differs from the next",
        (losses) => ({ mean: meanOf(losses), deviation: standardErrorOf(losses) }),
      ],
      [
        "this is the variance; its root has the unit of the loss",
        (losses) => ({ mean: meanOf(losses), deviation: deviationOf(losses) ** 2 }),
      ],
    ],
    otherwise: "the mean, and the standard deviation of a sample",
  }),

  "08.2": askFunction<Blocks>({
    cases: [
      [71094, 2048, 3],
      [12, 8, 1],
    ],
    right: blocksOf,
    mistakes: [
      [
        "a bias has one number for each output of its layer; how many outputs has out_lin?",
        (features, width, hidden) => ({
          ...blocksOf(features, width, hidden),
          "out_lin.bias": width,
        }),
      ],
      [
        "a bias has one number for each output of its layer; how many outputs has inp_lin?",
        (features, width, hidden) => ({
          ...blocksOf(features, width, hidden),
          "inp_lin.bias": features,
        }),
      ],
      [
        "Table 3 counts the hidden layers from 0",
        (features, width, hidden) =>
          Object.fromEntries(
            Object.entries(blocksOf(features, width, hidden)).map(([name, count]) => [
              name.replace(/\d+/, (index) => String(Number(index) + 1)),
              count,
            ]),
          ),
      ],
      [
        "each layer has a bias as well",
        (features, width, hidden) =>
          Object.fromEntries(
            Object.entries(blocksOf(features, width, hidden)).filter(
              ([name]) => !name.endsWith("bias"),
            ),
          ),
      ],
    ],
    otherwise: "a weight has inputs times outputs numbers, a bias has outputs",
  }),

  "08.3": askFunction<Gap>({
    cases: [
      [masked, unmasked],
      [
        [3, 1, 2],
        [2.5, 1.5, 1],
      ],
    ],
    right: pairedGap,
    mistakes: [
      [
        "seed by seed, both models share their batches and their dropout: take differences first",
        (first, second) =>
          gapWithError(first, second, Math.hypot(standardErrorOf(first), standardErrorOf(second))),
      ],
      [
        "this is the spread of single differences; their mean varies less",
        (first, second) => gapWithError(first, second, deviationOf(differencesOf(first, second))),
      ],
      [
        "the sign is wrong: the first minus the second",
        (first, second) => pairedGap(second, first),
      ],
      [
        "do not sort: entry i of both belongs to seed i",
        (first, second) => pairedGap(ascending(first), ascending(second)),
      ],
    ],
    otherwise:
      "the mean of the differences, and their deviation divided by the root of their number",
  }),

  "08.4": askFunction<Corrected>({
    cases: [
      [normals(20, 0.01, -0.01), 79, 20, 2.093],
      [[0.1, 0.3, 0.2], 70, 30, 4.303],
    ],
    right: corrected,
    mistakes: [
      [
        "splits share their samples, so twenty splits are not twenty experiments; what is added to 1 / n?",
        (differences, _, __, t) => around(differences, t * standardErrorOf(differences)),
      ],
      [
        "test rows by training rows: the more rows are tested, the more the trainings differ",
        (differences, trainRows, testRows, t) => corrected(differences, testRows, trainRows, t),
      ],
      [
        "test rows by training rows, not by all rows",
        (differences, trainRows, testRows, t) =>
          corrected(differences, trainRows + testRows, testRows, t),
      ],
      [
        "the two shares are added to a variance; take the root of their sum",
        (differences, trainRows, testRows, t) =>
          around(
            differences,
            t * deviationOf(differences) * (1 / differences.length + testRows / trainRows),
          ),
      ],
    ],
    otherwise: "the margin is t times s times a root; section 10.3 says what is under it",
  }),

  "08.5": askFunction<(p: number[]) => number[]>({
    cases: [[[0.01, 0.04, 0.03]], [[0.6, 0.001, 0.02, 0.9]], [[0.02]]],
    right: adjustHolm,
    mistakes: [
      [
        "this is Bonferroni: it multiplies every p by all; after the smallest is dealt with, fewer are left",
        (p) => p.map((one) => Math.min(1, one * p.length)),
      ],
      [
        "a larger p must not end up smaller than the one before it in order",
        (p) => p.map((one) => Math.min(1, one * p.filter((other) => other >= one).length)),
      ],
      ["give them back in the order in which they came", (p) => ascending(adjustHolm(p))],
      [
        "a probability is at most 1",
        (p) => {
          const order = ascending(p);
          let least = 0;
          const adjusted = order.map((one, k) => {
            least = Math.max(least, (p.length - k) * one);
            return least;
          });
          return p.map((one) => adjusted[order.indexOf(one)]);
        },
      ],
    ],
    otherwise:
      "start from the smallest p: by how many is each multiplied, and may a later one end up smaller?",
  }),
};
