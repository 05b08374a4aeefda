// Exercises to notebook 10: training pairs, gated paths, predictions out of fold, and when to fall back to a control.
import { askFunction, dotOf, drawingFor, meanOf, measuredOf, sumOf, withGaps } from "./exercise.js";

type CountPairs = (samples: number[][], least: number) => number;
type Mix = (paths: number[], gates: number[], bias: number, deviation: number) => number;
type OutOfFold = (values: number[], folds: number[]) => number[];
type Choose = (errors: Record<string, number>) => string;

const { normals } = drawingFor("10");
const table = Array.from({ length: 6 }, (_, i) => withGaps(normals(5), 3, i % 3));
const gaps = [
  [1, Number.NaN],
  [2, 5],
  [Number.NaN, Number.NaN],
  [0, Number.NaN],
];

/** How many cells of each feature are kept, by default the measured ones. */
const countsOf = (
  samples: readonly number[][],
  keep: (cells: readonly number[]) => number[] = measuredOf,
) => samples[0].map((_, j) => keep(samples.map((sample) => sample[j])).length);

const DECODER_NAME = "shared decoder";
const controlsOf = (errors: Readonly<Record<string, number>>) =>
  Object.keys(errors).filter((name) => name !== DECODER_NAME);
const leastOf = (errors: Readonly<Record<string, number>>, names: readonly string[]) =>
  names.reduce((best, name) => (errors[name] < errors[best] ? name : best));

/** The best control, unless the decoder's error is at most the limit that its error sets. */
const chooseBy =
  (limit: (best: number) => number): Choose =>
  (errors) => {
    const best = leastOf(errors, controlsOf(errors));
    return errors[DECODER_NAME] > limit(errors[best]) ? best : DECODER_NAME;
  };

/** Predicts each value by the mean of the measured others that `counts` admits. */
const meansOf = (
  values: readonly number[],
  counts: (i: number, other: number) => boolean,
): number[] => values.map((_, i) => meanOf(measuredOf(values.filter((__, n) => counts(i, n)))));

export const DECODER = {
  "10.1": askFunction<CountPairs>({
    cases: [
      [table, 1],
      [table, 4],
      [gaps, 2],
    ],
    right: (samples, least) => sumOf(countsOf(samples).filter((count) => count >= least)),
    mistakes: [
      ["these are the samples; a pair is one sample with one feature", (samples) => samples.length],
      [
        "a cell that was not measured is not a pair",
        (samples, least) =>
          samples.length * countsOf(samples).filter((count) => count >= least).length,
      ],
      [
        "a feature that fewer than `least` samples measured has no pairs",
        (samples) => sumOf(countsOf(samples)),
      ],
      [
        "`least` samples are enough; you ask for more",
        (samples, least) => sumOf(countsOf(samples).filter((count) => count > least)),
      ],
      [
        "measured zeros are pairs, too",
        (samples, least) => {
          const counts = countsOf(samples, (cells) => cells.filter(Boolean));
          return sumOf(counts.filter((count) => count >= least));
        },
      ],
    ],
    otherwise:
      "count the measured cells of each feature, and add those of the features that have enough",
  }),

  "10.2": askFunction<Mix>({
    cases: [
      [[0.5, -1, 2], [0.4, 0.5, 0.7], 0.1, 0.8],
      [normals(7), normals(7, 0.3, 0.4), -0.2, 1.5],
    ],
    right: (paths, gates, bias, deviation) => deviation * (dotOf(gates, paths) + bias),
    mistakes: [
      [
        "the bias, too, is in units of the feature's residual deviation",
        (paths, gates, bias, deviation) => deviation * dotOf(gates, paths) + bias,
      ],
      [
        "gates are not weights of a mean; they need not add up to 1",
        (paths, gates, bias, deviation) => deviation * (dotOf(gates, paths) / sumOf(gates) + bias),
      ],
      [
        "paths are in units of the feature's residual deviation; scale back",
        (paths, gates, bias) => dotOf(gates, paths) + bias,
      ],
      ["the bias is missing", (paths, gates, _, deviation) => deviation * dotOf(gates, paths)],
    ],
    otherwise: "each path times its gate, added up, plus the bias, times the deviation",
  }),

  "10.3": askFunction<OutOfFold>({
    cases: [
      [
        [1, 2, 4, 8, 16],
        [0, 0, 1, 1, 2],
      ],
      [withGaps(normals(9, 1, 3), 4), [0, 1, 2, 0, 1, 2, 0, 1, 2]],
    ],
    right: (values, folds) => meansOf(values, (i, n) => folds[n] !== folds[i]),
    mistakes: [
      [
        "this is the mean of all; a sample's own fold must not count",
        (values) => meansOf(values, () => true),
      ],
      [
        "it is not enough to leave out the sample itself: its fold holds the patient's other samples",
        (values) => meansOf(values, (i, n) => n !== i),
      ],
      [
        "these are the means of the sample's own fold; take the others",
        (values, folds) => meansOf(values, (i, n) => folds[n] === folds[i]),
      ],
      [
        "a missing value is not zero",
        (values, folds) =>
          meansOf(
            values.map((value) => (Number.isNaN(value) ? 0 : value)),
            (i, n) => folds[n] !== folds[i],
          ),
      ],
    ],
    otherwise: "each sample gets the mean of the measured values of all other folds",
  }),

  "10.4": askFunction<Choose>({
    cases: [
      [{ "shared decoder": 0.505, ridge: 0.5, mean: 0.9 }],
      [{ mean: 1, "shared decoder": 0.52, ridge: 0.5 }],
      [{ ridge: 0.5, "shared decoder": 0.6, mean: 0.9 }],
      [{ ridge: 0.5, "shared decoder": 0.45, mean: 0.9 }],
      [{ ridge: 0.01, "shared decoder": 0.02, mean: 0.03 }],
      [{ ridge: 1.1, mean: 1, "shared decoder": 1.015 }],
    ],
    right: chooseBy((best) => 1.02 * best),
    mistakes: [
      [
        "a plain minimum is unfair: out of fold, each network of the decoder saw fewer samples",
        chooseBy((best) => best),
      ],
      ["2 % of the best error, not 0.02", chooseBy((best) => best + 0.02)],
      [
        "the decoder must keep up with the best of all controls, not with the mean alone",
        (errors) => (errors[DECODER_NAME] > 1.02 * errors.mean ? "mean" : DECODER_NAME),
      ],
      [
        "the rule keeps the decoder in some of these cases",
        (errors) => leastOf(errors, controlsOf(errors)),
      ],
    ],
    otherwise:
      "find the control of least error; take it only if the decoder's error is more than 2 % above",
  }),
};
