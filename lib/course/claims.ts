// Exercises to notebook 9: what printed digits can mean, and verdicts by a paired interval.
import {
  askFunction,
  deviationOf,
  differencesOf,
  drawingFor,
  meanOf,
  standardErrorOf,
} from "./exercise.js";

type Sizes = (percent: number, decimals: number, upTo: number) => number[];
type Verdict = (first: number[], second: number[], t: number) => "first" | "second" | "undecided";
type Agrees = (printed: string, ours: number) => boolean;
type Features = (parameters: number, width: number, hidden: number) => number;

/** The sample counts for which some count of right predictions passes. */
const sizesWhere = (upTo: number, passes: (right: number, trials: number) => boolean) =>
  Array.from({ length: upTo }, (_, i) => i + 1).filter((trials) =>
    Array.from({ length: trials + 1 }, (_, right) => right).some((right) => passes(right, trials)),
  );

/** The verdict by the mean of the paired differences, give or take a margin. */
function decideBy(
  first: readonly number[],
  second: readonly number[],
  margin: (differences: readonly number[]) => number,
) {
  const differences = differencesOf(first, second);
  if (meanOf(differences) + margin(differences) < 0) return "first";
  return meanOf(differences) - margin(differences) > 0 ? "second" : "undecided";
}

const { normals } = drawingFor("09");
const T = 2.145; // Student's, 14 degrees of freedom

/** Errors of fifteen patients, who differ more than the predictors do. */
const errors = normals(15, 0.3, 1);
const better = errors.map((error) => error - 0.05 + normals(1, 0.04)[0]);
const noisy = errors.map((error) => error + normals(1, 0.3)[0]);
/** Patients who are alike, and a predictor that errs less on most of them. */
const alike = normals(15, 0.02, 1);
const mostlyBetter = alike.map((error) => error - 0.06 + normals(1, 0.06)[0]);
/** As good as the errors, except for one patient. */
const oneOutlier = errors.map((error, i) => (i === 3 ? error + 6 : error - 0.01));

const numberIn = (printed: string) => Number(printed.replaceAll(",", ""));
const decimalsOf = (printed: string) => printed.split(".")[1]?.length ?? 0;
const withinHalf = (printed: string, ours: number, decimals: number) =>
  Math.abs(ours - numberIn(printed)) <= 0.5 * 10 ** -decimals;

/** The parameters that depend on the number of features. */
const ofFeatures: Features = (parameters, width, hidden) =>
  parameters - width - hidden * (width * width + width);

/** The sample counts for which some count's percentage rounds to the printed one. */
const sizesRoundingTo: Sizes = (percent, decimals, upTo) =>
  sizesWhere(
    upTo,
    (right, trials) => Math.abs((100 * right) / trials - percent) <= 0.5 * 10 ** -decimals + 1e-9,
  );

export const CLAIMS = {
  "09.1": askFunction<Sizes>({
    cases: [
      [72.41, 2, 60],
      [65.52, 2, 40],
      [100, 0, 5],
      [58.6, 1, 45],
    ],
    right: sizesRoundingTo,
    mistakes: [
      [
        "the paper prints rounded numbers; an exact match is too much to ask",
        (percent, _, upTo) =>
          sizesWhere(upTo, (right, trials) => (100 * right) / trials === percent),
      ],
      [
        "papers round; they do not cut digits off",
        (percent, decimals, upTo) =>
          sizesWhere(upTo, (right, trials) => {
            const cut = Math.floor((100 * right * 10 ** decimals) / trials + 1e-9);
            return cut === Math.round(percent * 10 ** decimals);
          }),
      ],
      [
        "with that tolerance nearly every size passes; printed digits are within half of the last one",
        (percent, _, upTo) =>
          sizesWhere(upTo, (right, trials) => Math.abs((100 * right) / trials - percent) <= 1),
      ],
      [
        "list every size that is possible, not only the smallest",
        (...inputs) => sizesRoundingTo(...inputs).slice(0, 1),
      ],
    ],
    otherwise: "for each size, try every count of right predictions and round its percentage",
  }),

  "09.2": askFunction<Verdict>({
    cases: [
      [better, errors, T],
      [errors, better, T],
      [noisy, errors, T],
      [mostlyBetter, alike, T],
      [oneOutlier, errors, T],
    ],
    right: (first, second, t) => decideBy(first, second, (gaps) => t * standardErrorOf(gaps)),
    mistakes: [
      [
        "two means always differ; does the interval of their difference include 0?",
        (first, second) => decideBy(first, second, () => 0),
      ],
      [
        "both predictors were tried on the same patients: take differences patient by patient, so that hard patients cancel",
        (first, second, t) =>
          decideBy(first, second, () =>
            Math.hypot(t * standardErrorOf(first), t * standardErrorOf(second)),
          ),
      ],
      [
        "both predictors were tried on the same patients: take differences patient by patient, so that hard patients cancel",
        (first, second, t) =>
          decideBy(first, second, () => t * (standardErrorOf(first) + standardErrorOf(second))),
      ],
      [
        "this is the spread of patients; the mean of n patients varies less, by the square root of n",
        (first, second, t) => decideBy(first, second, (gaps) => t * deviationOf(gaps)),
      ],
      [
        "the numbers are errors: lower is better",
        (first, second, t) => decideBy(second, first, (gaps) => t * standardErrorOf(gaps)),
      ],
    ],
    otherwise:
      'the verdict is "first", "second" or "undecided", by the interval of the mean difference',
  }),

  "09.3": askFunction<Agrees>({
    cases: [
      ["0.14", 0.1449],
      ["0.14", 0.1351],
      ["0.14", 0.1462],
      ["0.140", 0.1432],
      ["0.168", 0.16804],
      ["71,094", 71094.2],
      ["71,094", 70000],
      ["303.9", 303.94],
      ["303.9", 304.1],
      ["0.0004", 0.0012],
    ],
    right: (printed, ours) => withinHalf(printed, ours, decimalsOf(printed)),
    mistakes: [
      ["ours has more digits than the paper prints", (printed, ours) => numberIn(printed) === ours],
      [
        'Number("71,094") is NaN, and NaN is equal to nothing',
        (printed, ours) => Math.abs(ours - Number(printed)) <= 0.5 * 10 ** -decimalsOf(printed),
      ],
      [
        "how close is close depends on how many digits are printed: 0.14 and 0.140 are two claims",
        (printed, ours) => withinHalf(printed, ours, 2),
      ],
      [
        "how close is close depends on how many digits are printed: 0.14 and 0.140 are two claims",
        (printed, ours) => Math.abs(ours / numberIn(printed) - 1) <= 0.05,
      ],
      [
        "Number() forgets a last zero: 0.140 has three decimals",
        (printed, ours) => {
          const value = numberIn(printed);
          return withinHalf(printed, ours, decimalsOf(String(value)));
        },
      ],
    ],
    otherwise: "does ours, rounded to as many decimals as are printed, give the printed number?",
  }),

  "09.4": askFunction<Features>({
    cases: [
      [2 * 500 * 8 + 500 + 8 + 3 * 72, 8, 3],
      [2 * 71094 * 2048 + 71094 + 2048 + 3 * (2048 * 2048 + 2048), 2048, 3],
      [2 * 10 * 4 + 10 + 4, 4, 0],
    ],
    right: (parameters, width, hidden) => ofFeatures(parameters, width, hidden) / (2 * width + 1),
    mistakes: [
      [
        "the output layer has a bias for each feature as well",
        (parameters, width, hidden) => ofFeatures(parameters, width, hidden) / (2 * width),
      ],
      [
        "features enter twice: in the first matrix and in the last",
        (parameters, width, hidden) => ofFeatures(parameters, width, hidden) / width,
      ],
      [
        "some parameters do not depend on the number of features; take them off first",
        (parameters, width) => parameters / (2 * width + 1),
      ],
      [
        "each hidden layer has a bias, and so has the input layer",
        (parameters, width, hidden) => (parameters - hidden * width * width) / (2 * width + 1),
      ],
    ],
    otherwise: "write the count of exercise 00.3, and solve it for the number of features",
  }),
};
