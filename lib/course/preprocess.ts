// Exercises to notebook 2: statistics from training rows, the clamp at zero, its inverse and what it loses.
import { constantLosses } from "../evaluate/gaussian.js";
import { quantile } from "../evaluate/statistics.js";
import {
  askFunction,
  askProperty,
  deviationOf,
  drawingFor,
  isNumber,
  meanOf,
  measuredOf,
  withGaps,
} from "./exercise.js";

type Fill = (train: number[], values: number[]) => number[];
type Standardize = (train: number[], values: number[]) => number[];
type OneValue = (x: number, mean: number, deviation: number) => number;

const fillBy = (values: readonly number[], by: number) =>
  values.map((value) => (Number.isNaN(value) ? by : value));
const median = (values: readonly number[]) => quantile(measuredOf(values), 0.5);

const standardizeBy = (values: readonly number[], mean: number, deviation: number) =>
  values.map((value) => (value - mean) / deviation);

const { normals } = drawingFor("02");
const training = normals(21, 2, 10);
const fresh = normals(6, 2, 11);

const clampAndLog: OneValue = (x, mean, deviation) =>
  Math.log1p(Math.max((x - mean) / deviation, 0));
const aboveAndBelow: [number, number, number][] = [
  [14, 10, 2],
  [7, 10, 2],
  [10, 10, 2],
  [-1.25, -2, 0.5],
  [-3, -2, 0.5],
];

const CONSTANT = constantLosses();

/** The mean squared error of predicting 0 for every entry of a feature with standard-normal z-scores. */
const ERROR_OF_ZERO = CONSTANT.mse + CONSTANT.mean ** 2;

const TOLERANCE = 3e-3; // what a simulation with some 100,000 draws reaches

export const PREPROCESS = {
  "02.1": askFunction<Fill>({
    cases: [
      [withGaps(training, 5), withGaps(fresh, 3)],
      [
        [3, Number.NaN, 1, 100],
        [0, Number.NaN],
      ],
    ],
    right: (train, values) => fillBy(values, median(train)),
    mistakes: [
      ["an entry that was not measured is not zero", (_, values) => fillBy(values, 0)],
      [
        "one wild value moves a mean; the paper uses something more robust",
        (train, values) => fillBy(values, meanOf(measuredOf(train))),
      ],
      [
        "a fill value may only use training rows; would yours change if a test value changed?",
        (train, values) => fillBy(values, median([...train, ...values])),
      ],
      [
        "a fill value may only use training rows; would yours change if a test value changed?",
        (_, values) => fillBy(values, median(values)),
      ],
      [
        "a measured zero is data, and stays",
        (train, values) => values.map((x) => x || median(train)),
      ],
    ],
    otherwise:
      "take the median of what the training rows measured; of an even number, halfway between the middle two",
  }),

  "02.2": askFunction<Standardize>({
    cases: [
      [training, fresh],
      [
        [0, 2],
        [1, 5],
      ],
    ],
    right: (train, values) => standardizeBy(values, meanOf(train), deviationOf(train, 0)),
    mistakes: [
      [
        "would the result for a sample change if another test sample were added? It must not",
        (_, values) => standardizeBy(values, meanOf(values), deviationOf(values, 0)),
      ],
      [
        "statistics of all rows have seen the test rows; which rows may be used?",
        (train, values) => {
          const all = [...train, ...values];
          return standardizeBy(values, meanOf(all), deviationOf(all, 0));
        },
      ],
      [
        "close: the paper divides by the number of rows in the variance, not by one less",
        (train, values) => standardizeBy(values, meanOf(train), deviationOf(train, 1)),
      ],
      [
        "divide by the standard deviation, not by the variance",
        (train, values) => standardizeBy(values, meanOf(train), deviationOf(train, 0) ** 2),
      ],
    ],
    otherwise: "subtract the training mean, then divide by the training standard deviation",
  }),

  "02.3": askFunction<OneValue>({
    cases: aboveAndBelow,
    right: clampAndLog,
    mistakes: [
      [
        "the logarithm of a negative number does not exist; clamp first",
        (x, mean, deviation) => Math.log1p((x - mean) / deviation),
      ],
      [
        "first a z-score, then the clamp: zero is the mean of the feature",
        (x, mean, deviation) => Math.log1p((Math.max(x, 0) - mean) / deviation),
      ],
      [
        "the logarithm of zero is minus infinity; which number is added first?",
        (x, mean, deviation) => Math.log(Math.max((x - mean) / deviation, 0)),
      ],
      ["the logarithm is missing", (x, mean, deviation) => Math.max((x - mean) / deviation, 0)],
    ],
    otherwise: "there are three steps; a value below the mean must give 0",
  }),

  "02.4": askFunction<(u: number, mean: number, deviation: number) => number>({
    cases: aboveAndBelow.map(([x, mean, deviation]) => [
      clampAndLog(x, mean, deviation),
      mean,
      deviation,
    ]),
    right: (u, mean, deviation) => mean + deviation * Math.expm1(u),
    mistakes: [
      [
        "log1p added 1 before the logarithm; take it off again",
        (u, mean, deviation) => mean + deviation * Math.exp(u),
      ],
      [
        "this undoes the z-score, but not the logarithm",
        (u, mean, deviation) => mean + deviation * u,
      ],
      [
        "undo the steps in reverse order: first multiply, then add the mean",
        (u, mean, deviation) => (Math.expm1(u) + mean) * deviation,
      ],
      ["this is a z-score still; give measured units", (u) => Math.expm1(u)],
    ],
    otherwise:
      "undo the last step first, and check the result: 02.3, then 02.4, must give back a value above the mean",
  }),

  "02.5": askFunction<OneValue>({
    cases: aboveAndBelow,
    right: (x, mean) => Math.max(x, mean),
    mistakes: [
      ["try it on a value below the mean: 02.3, then 02.4", (x) => x],
      ["below the mean something comes back; which value?", (x, mean) => (x < mean ? 0 : x)],
      [
        "below the mean something comes back; which value?",
        (x, mean) => (x < mean ? Number.NaN : x),
      ],
      [
        "two different values below the mean leave the clamp as the same number; can they come back as two?",
        (x, mean) => mean + Math.abs(x - mean),
      ],
    ],
    otherwise: "try a value above the mean, then one below: 02.3, then 02.4",
  }),

  "02.6": askProperty<number>("a number", isNumber, (answer) => {
    const near = (value: number) => Math.abs(answer - value) <= TOLERANCE;
    if (near(ERROR_OF_ZERO)) return null;
    if (near(CONSTANT.mse))
      return "this is the error of the best constant, which is not 0; predict 0";
    if (near(1))
      return "this holds before the clamp; half of the values become 0, and the others shrink";
    if (near(0.5)) return "the clamp leaves half of the squares, but then comes the logarithm";
    if (near(2 * ERROR_OF_ZERO))
      return "half of the entries are 0 and cost nothing; count them too";
    return "draw many standard-normal z-scores, clamp, take log1p, and average the squares";
  }),
};
