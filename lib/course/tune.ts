// Exercises to notebook 4: draws on a log scale, the best so far, ending trials early, and the winner's optimism.
import { quantile } from "../evaluate/statistics.js";
import { askFunction, meanOf } from "./exercise.js";

type Draw = (u: number, low: number, high: number) => number;
type BestSoFar = (losses: (number | null)[]) => number[];
type Hopeless = (curve: number[], earlier: number[][]) => boolean;
type Optimism = (validation: number[], again: number[]) => number;

const bestSoFar: BestSoFar = (losses) =>
  losses.map((_, i) =>
    Math.min(...losses.slice(0, i + 1).map((loss) => loss ?? Number.POSITIVE_INFINITY)),
  );

const lowestOf = (curve: readonly number[], epochs: number) => Math.min(...curve.slice(0, epochs));
const median = (values: readonly number[]) => quantile(values, 0.5);

/** Whether the loss is above the bound of the earlier trials' losses, each told by `reach` from its curve. */
const isAbove = (
  bound: (losses: readonly number[]) => number,
  curve: readonly number[],
  earlier: readonly number[][],
  reach = (one: readonly number[]) => lowestOf(one, curve.length),
) => reach(curve) > bound(earlier.filter((one) => one.length >= curve.length).map(reach));

const winnerOf = (losses: readonly number[]) => losses.indexOf(Math.min(...losses));

export const TUNE = {
  "04.1": askFunction<Draw>({
    cases: [
      [0.5, 1e-4, 1e-2],
      [0, 1e-6, 1e-4],
      [0.9, 1e-6, 1e-4],
    ],
    right: (u, low, high) => low * (high / low) ** u,
    mistakes: [
      [
        "nine of ten such draws lie in the highest decade; draw the exponent evenly, not the rate",
        (u, low, high) => low + u * (high - low),
      ],
      [
        "this is the exponent; give the rate",
        (u, low, high) => Math.log(low) + u * (Math.log(high) - Math.log(low)),
      ],
      [
        "this is the exponent; give the rate",
        (u, low, high) => Math.log10(low) + u * (Math.log10(high) - Math.log10(low)),
      ],
      [
        "logarithm and power must have the same base",
        (u, low, high) => Math.exp(Math.log10(low) + u * (Math.log10(high) - Math.log10(low))),
      ],
    ],
    otherwise: "u = 0 must give the lower end, u = 1 the upper, and u = 0.5 their geometric mean",
  }),

  "04.2": askFunction<BestSoFar>({
    cases: [[[0.5, 0.7, null, 0.4, 0.45]], [[0.3, 0.2, 0.1]], [[1, null, null]]],
    right: bestSoFar,
    mistakes: [
      [
        "a trial that failed has no loss; which number does your minimum take null for?",
        (losses) => losses.map((_, i) => Math.min(...losses.slice(0, i + 1).map(Number))),
      ],
      [
        "the last entry is right; the first trials could not know it yet",
        (losses) => losses.map(() => bestSoFar(losses)[losses.length - 1]),
      ],
      [
        "a failed trial counts too: a line over trials needs one entry for each",
        (losses) => bestSoFar(losses.filter((loss) => loss !== null)),
      ],
      [
        "compare each trial with the best of all before it, not with its neighbor",
        (losses) =>
          losses.map((loss, i) =>
            Math.min(loss ?? Number.POSITIVE_INFINITY, losses[i - 1] ?? Number.POSITIVE_INFINITY),
          ),
      ],
    ],
    otherwise: "entry i is the lowest loss of trials 0 to i",
  }),

  "04.3": askFunction<Hopeless>({
    cases: [
      // Only the epoch reached so far may count: later epochs of earlier trials would stop it.
      [
        [0.9, 0.8],
        [
          [1.0, 0.9, 0.3],
          [0.95, 0.85, 0.2],
          [0.8, 0.7, 0.1],
        ],
      ],
      // Two earlier trials ended before this epoch.
      [
        [0.9, 0.8, 0.7],
        [[0.5], [0.6], [0.9, 0.8, 0.75], [0.9, 0.9, 0.9], [1, 0.7, 0.6]],
      ],
      // Above the median, but better than the worst and worse than the best.
      [
        [0.9, 0.7],
        [
          [0.9, 0.5],
          [0.9, 0.6],
          [0.9, 0.9],
        ],
      ],
      // The lowest loss so far counts, not the latest.
      [
        [0.4, 0.8],
        [
          [0.6, 0.7],
          [0.5, 0.6],
          [0.4, 0.5],
        ],
      ],
      // One wild trial moves a mean.
      [
        [0.9, 0.7],
        [
          [0.9, 0.5],
          [0.9, 0.6],
          [9, 9],
        ],
      ],
    ],
    right: (curve, earlier) => isAbove(median, curve, earlier),
    mistakes: [
      [
        "compare at the same epoch: a trial cannot have reached yet what others reached later",
        (curve, earlier) => isAbove(median, curve, earlier, (one) => Math.min(...one)),
      ],
      [
        "leave out the earlier trials that ended before this epoch",
        (curve, earlier) =>
          lowestOf(curve, curve.length) > median(earlier.map((one) => lowestOf(one, curve.length))),
      ],
      [
        "a trial keeps its best epoch, so its lowest loss so far counts, not the latest",
        (curve, earlier) => isAbove(median, curve, earlier, (one) => one[curve.length - 1]),
      ],
      [
        "this stops every trial but a new best one; half of the trials should go on",
        (curve, earlier) => isAbove((losses) => Math.min(...losses), curve, earlier),
      ],
      [
        "one wild trial moves a mean; the rule uses something more robust",
        (curve, earlier) => isAbove(meanOf, curve, earlier),
      ],
    ],
    otherwise:
      "lowest loss of this trial so far, against the median of the others' at the same epoch",
  }),

  "04.4": askFunction<Optimism>({
    cases: [
      [
        [0.5, 0.42, 0.47],
        [0.49, 0.48, 0.44],
      ],
      [
        [0.3, 0.2, 0.25, 0.4],
        [0.31, 0.19, 0.1, 0.4],
      ],
    ],
    right: (validation, again) => again[winnerOf(validation)] - Math.min(...validation),
    mistakes: [
      [
        "the second sample may not choose: then it would be a validation set too",
        (validation, again) => Math.min(...again) - Math.min(...validation),
      ],
      [
        "the second sample may not choose: then it would be a validation set too",
        (validation, again) => Math.min(...again) - validation[winnerOf(again)],
      ],
      [
        "the sign is wrong: positive means that the winner looked better than it is",
        (validation, again) => Math.min(...validation) - again[winnerOf(validation)],
      ],
      [
        "only the winner is reported, so only the winner's optimism counts",
        (validation, again) => meanOf(again) - meanOf(validation),
      ],
    ],
    otherwise: "find the winner on the first sample, then look at the same trial on the second",
  }),
};
