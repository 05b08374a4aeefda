// Exercises to notebook 11: the factor of an interval, its coverage, its width, and the rule for usable features.
import { judgeCorrelation } from "../impute/calibration.js";
import { askFunction, deviationOf, drawingFor, meanOf, measuredOf, withGaps } from "./exercise.js";

type Factor = (measured: number[], means: number[], deviations: number[], level: number) => number;
type Width = (measured: number[], deviations: number[], factor: number) => number;
type Judge = (r: number, low: number) => string;

const { normals, random } = drawingFor("11");
const positive = (count: number) => Array.from({ length: count }, () => 0.5 + random.uniform());

/** What `of` gives for the places that were measured. */
const overMeasured = (measured: readonly number[], of: (i: number) => number) =>
  measured.flatMap((value, i) => (Number.isNaN(value) ? [] : [of(i)]));

/** `|measured - mean| / deviation` of the measured entries. */
const relativeErrors = (
  measured: readonly number[],
  means: readonly number[],
  deviations: readonly number[],
) => overMeasured(measured, (i) => Math.abs(measured[i] - means[i]) / deviations[i]);

/** The value that a share `level` of the others lies below. */
const quantileAt = (values: readonly number[], level: number) =>
  [...values].sort((a, b) => a - b)[Math.round(level * (values.length - 1))];

const factorOf: Factor = (measured, means, deviations, level) =>
  quantileAt(relativeErrors(measured, means, deviations), level);

/** The share of measured entries for which `inside` holds. */
const shareOf = (measured: readonly number[], inside: (i: number) => boolean) =>
  meanOf(overMeasured(measured, (i) => Number(inside(i))));

const covered: Factor = (measured, means, deviations, factor) =>
  shareOf(measured, (i) => Math.abs(measured[i] - means[i]) <= factor * deviations[i]);

/** The mean width of the intervals, in the feature's own units. */
const meanWidth: Width = (measured, deviations, factor) =>
  2 * factor * meanOf(overMeasured(measured, (i) => deviations[i]));

const relativeWidth: Width = (measured, deviations, factor) =>
  meanWidth(measured, deviations, factor) / deviationOf(measuredOf(measured), 0);

export const UNCERTAINTY_EXERCISES = {
  "11.1": askFunction<Factor>({
    cases: [
      // 11 measured entries among 14.
      [withGaps(normals(14), 5), normals(14, 0.5), positive(14), 0.9],
      [[0, 3, 1, 8, 10], [1, 1, 1, 1, 1], [1, 1, 2, 2, 3], 0.5],
    ],
    right: factorOf,
    mistakes: [
      [
        "errors can be negative, and an interval reaches both ways",
        (measured, means, deviations, level) =>
          quantileAt(
            overMeasured(measured, (i) => (measured[i] - means[i]) / deviations[i]),
            level,
          ),
      ],
      [
        "the factor multiplies the deviation, so each error must be divided by its own",
        (measured, means, _, level) =>
          factorOf(measured, means, Array(means.length).fill(1), level),
      ],
      [
        "this covers 1 - level of the entries",
        (measured, means, deviations, level) => factorOf(measured, means, deviations, 1 - level),
      ],
      [
        "this is a mean; take the quantile",
        (measured, means, deviations) => meanOf(relativeErrors(measured, means, deviations)),
      ],
    ],
    otherwise:
      "section 11.1 has the ratio; which of its sorted values leaves the share `level` below it?",
  }),

  "11.2": askFunction<Factor>({
    cases: [
      [withGaps(normals(20), 4), normals(20, 0.5), positive(20), 1.2],
      [[0, 3, Number.NaN, 8], [1, 1, 1, 5], [1, 1, 1, 2], 1.3],
    ],
    right: covered,
    mistakes: [
      [
        "an entry that was not measured is neither inside nor outside; leave it out",
        (measured, means, deviations, factor) =>
          meanOf(
            measured.map((value, i) =>
              Number(Math.abs(value - means[i]) <= factor * deviations[i]),
            ),
          ),
      ],
      [
        "an interval has two ends; you check only the upper one",
        (measured, means, deviations, factor) =>
          shareOf(measured, (i) => measured[i] - means[i] <= factor * deviations[i]),
      ],
      [
        "the interval reaches from mean - factor x deviation to mean + factor x deviation; yours is half as wide",
        (measured, means, deviations, factor) => covered(measured, means, deviations, factor / 2),
      ],
      [
        "each entry has a deviation of its own; the factor alone is not the interval",
        (measured, means, _, factor) =>
          covered(measured, means, Array(means.length).fill(1), factor),
      ],
      ["this is the share outside", (...inputs) => 1 - covered(...inputs)],
    ],
    otherwise: "of the measured entries, the share with |measured - mean| <= factor x deviation",
  }),

  "11.3": askFunction<Width>({
    cases: [
      [withGaps(normals(12, 2, 5), 3), positive(12), 1.7],
      [[1, 3, Number.NaN, 5], [0.5, 1, 9, 1.5], 2],
    ],
    right: relativeWidth,
    mistakes: [
      [
        "this is half the width: an interval reaches both ways",
        (...inputs) => relativeWidth(...inputs) / 2,
      ],
      [
        "this is in the feature's own units; divide by the deviation of what was measured",
        meanWidth,
      ],
      [
        "leave out the deviations of entries that were not measured",
        (measured, deviations, factor) =>
          (2 * factor * meanOf(deviations)) / deviationOf(measuredOf(measured), 0),
      ],
      [
        "divide the sum of squares by n, not by n - 1",
        (measured, deviations, factor) =>
          meanWidth(measured, deviations, factor) / deviationOf(measuredOf(measured)),
      ],
      [
        "this is the variance of what was measured; take its root",
        (measured, deviations, factor) =>
          meanWidth(measured, deviations, factor) / deviationOf(measuredOf(measured), 0) ** 2,
      ],
    ],
    otherwise: "how wide is the interval of one entry, and what is its width divided by?",
  }),

  "11.4": askFunction<Judge>({
    cases: [
      [0.6, 0.4],
      [0.5, 0.1],
      [0.5, -0.1],
      [0.25, 0.05],
      [0.3, 0.01],
      [0.7, 0.3],
    ],
    right: judgeCorrelation,
    mistakes: [
      [
        "r alone does not say how certain it is; look at its lower limit too",
        (r) => (r > 0.6 ? "strong" : r >= 0.3 ? "usable" : "weak"),
      ],
      [
        "a feature with a small r is weak, however certain it is",
        (_, low) => (low > 0.3 ? "strong" : low > 0 ? "usable" : "weak"),
      ],
      [
        "strong asks that the lower limit is above 0.3, not r",
        (r, low) => (r > 0.3 && low > 0 ? "strong" : r >= 0.3 ? "usable" : "weak"),
      ],
      [
        "an r of exactly 0.3 can be usable, and a lower limit of exactly 0.3 is not above it",
        (r, low) => (low >= 0.3 ? "strong" : r > 0.3 && low > 0 ? "usable" : "weak"),
      ],
    ],
    otherwise: "ask for strong first, then for usable; all others are weak",
  }),
};
