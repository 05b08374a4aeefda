// Exercises to notebook 13: how much can be predicted, values below a detection limit, and what linear methods miss.
import { pearson } from "../evaluate/statistics.js";
import { askFunction, askProperty, drawingFor, isNumbers, meanOf, withGaps } from "./exercise.js";

type Reached = (error: number, constant: number, floor: number) => number;
type Hide = (values: number[], share: number) => number[];
type Bias = (truth: number[], measured: number[], predicted: number[]) => number;

const { normals } = drawingFor("13");
const values = normals(20);

/** Replaces the values of the given places by NaN. */
const without = (all: readonly number[], places: readonly number[]) =>
  all.map((value, i) => (places.includes(i) ? Number.NaN : value));
const hideLowest: Hide = (all, share) => {
  const ascending = [...all.keys()].sort((a, b) => all[a] - all[b]);
  return without(all, ascending.slice(0, Math.round(share * all.length)));
};

/** The mean of predicted minus true values where `counts` says so. */
const biasWhere = (
  truth: readonly number[],
  predicted: readonly number[],
  counts: (i: number) => boolean,
) => meanOf(truth.flatMap((value, i) => (counts(i) ? [predicted[i] - value] : [])));

type Points = readonly ArrayLike<number>[];

const isPoints = (answer: unknown): answer is Points =>
  Array.isArray(answer) && answer.every((point) => isNumbers(point) && point.length === 2);

/** The largest correlation with the product of both coordinates that still counts as none. */
const NONE = 0.01;

function judgeProduct(points: Points): string | null {
  if (points.length < 4) return `expected at least 4 points, got ${points.length}`;
  const [first, second] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const product = first.map((value, i) => value * second[i]);
  const correlations = [first, second].map((axis) => pearson(axis, product));
  if (product.every((value) => Math.abs(value - product[0]) < 1e-9)) {
    return "the product is the same for all points, so there is nothing to predict";
  }
  if (correlations.includes(null)) return "both coordinates must vary";
  const visible = correlations.findIndex((r) => Math.abs(r ?? 0) > NONE);
  if (visible < 0) return null;
  return `the product has a correlation of ${correlations[visible]?.toFixed(2)} with coordinate ${visible}, which a line would see`;
}

export const TRUTH = {
  "13.1": askFunction<Reached>({
    cases: [
      [0.085, 0.152, 0.054],
      [0.152, 0.152, 0.054],
      [0.16, 0.152, 0.1],
    ],
    right: (error, constant, floor) => (constant - error) / (constant - floor),
    mistakes: [
      [
        "this is the skill; even a perfect model cannot predict the noise, so it cannot reach 1",
        (error, constant) => 1 - error / constant,
      ],
      [
        "this is the share that is left",
        (error, constant, floor) => (error - floor) / (constant - floor),
      ],
      ["the constant has reached 0, and the noise floor 1", (error, _, floor) => floor / error],
    ],
    otherwise: "the constant has reached 0, and the noise floor 1",
  }),

  "13.2": askFunction<Hide>({
    cases: [
      [values, 0.3],
      [[5, -1, 3, 2], 0.5],
    ],
    right: hideLowest,
    mistakes: [
      [
        "an instrument misses what is low",
        (all, share) =>
          hideLowest(
            all.map((value) => -value),
            share,
          ).map((value) => -value),
      ],
      [
        "the first values are not the lowest",
        (all, share) => without(all, [...all.keys()].slice(0, Math.round(share * all.length))),
      ],
      [
        "what an instrument misses is missing, not zero",
        (all, share) => hideLowest(all, share).map((value) => (Number.isNaN(value) ? 0 : value)),
      ],
      [
        "keep the samples in their places, with NaN where a value is missed",
        (all, share) => [...all].sort((a, b) => a - b).slice(Math.round(share * all.length)),
      ],
    ],
    otherwise: "find the limit below which that share lies, and replace what is below by NaN",
  }),

  "13.3": askFunction<Bias>({
    cases: [
      [values, withGaps(values, 3), normals(20)],
      [
        [-1, 2, 0],
        [Number.NaN, 2, 0],
        [0.5, 1, 1],
      ],
    ],
    right: (truth, measured, predicted) =>
      biasWhere(truth, predicted, (i) => Number.isNaN(measured[i])),
    mistakes: [
      [
        "these are the measured entries; the question is about the hidden ones",
        (truth, measured, predicted) =>
          biasWhere(truth, predicted, (i) => !Number.isNaN(measured[i])),
      ],
      [
        "these are all entries; the question is about the hidden ones",
        (truth, _, predicted) => biasWhere(truth, predicted, () => true),
      ],
      [
        "the sign is wrong: positive means predicted too high",
        (truth, measured, predicted) =>
          -biasWhere(truth, predicted, (i) => Number.isNaN(measured[i])),
      ],
      [
        "a bias has a sign; errors in both directions must cancel",
        (truth, measured, predicted) =>
          meanOf(
            truth.flatMap((value, i) =>
              Number.isNaN(measured[i]) ? [Math.abs(predicted[i] - value)] : [],
            ),
          ),
      ],
    ],
    otherwise: "predicted minus true, on average over the hidden entries",
  }),

  "13.4": askProperty<Points>("an array of points [a, b]", isPoints, judgeProduct),
};
