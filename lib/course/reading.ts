// Exercises to notebook 12: integrated gradients, completeness, overlap by chance, and the false discovery rate.
import { adjustBenjaminiHochberg } from "../evaluate/enrichment.js";
import { adjustHolm } from "../evaluate/repeated-splits.js";
import { askFunction, meanOf, sumOf } from "./exercise.js";

type Gradient = (x: number[]) => number[];
type Integrate = (gradient: Gradient, x: number[], baseline: number[], steps: number) => number[];
type Missed = (attributions: number[], atX: number, atBaseline: number) => number;
type Overlap = (set: string[], top: string[], all: string[]) => { found: number; byChance: number };

/** Of `F(x) = x0 x1 + x2^2`. */
const gradient: Gradient = ([a, b, c]) => [b, a, 2 * c];

/** The mean gradient at the middle of each step from `from` to `to`. */
function meanGradient(
  slope: Gradient,
  from: readonly number[],
  to: readonly number[],
  steps: number,
): number[] {
  const slopes = Array.from({ length: steps }, (_, step) =>
    slope(from.map((start, j) => start + ((step + 0.5) / steps) * (to[j] - start))),
  );
  return from.map((_, j) => meanOf(slopes.map((one) => one[j])));
}

const changes = (x: readonly number[], baseline: readonly number[], slopes: readonly number[]) =>
  slopes.map((slope, j) => slope * (x[j] - baseline[j]));

/** The share of the change of the output that the attributions miss. */
const missed: Missed = (attributions, atX, atBaseline) =>
  Math.abs((atX - atBaseline - sumOf(attributions)) / (atX - atBaseline));

const among = (names: readonly string[], others: readonly string[]) =>
  names.filter((name) => others.includes(name)).length;

const overlap: Overlap = (set, top, all) => ({
  found: among(set, top),
  byChance: (among(set, all) * top.length) / all.length,
});

const GENES = Array.from({ length: 40 }, (_, i) => `G${i}`);

export const READING = {
  "12.1": askFunction<Integrate>({
    cases: [
      [gradient, [2, 3, -1], [1, -1, 2], 2000],
      [gradient, [0, 1, 1], [0.5, 0, 0], 2000],
    ],
    right: (slope, x, baseline, steps) =>
      changes(x, baseline, meanGradient(slope, baseline, x, steps)),
    mistakes: [
      [
        "this is the gradient at x alone, times the change; what about the way there?",
        (slope, x, baseline) => changes(x, baseline, slope(x)),
      ],
      [
        "the path begins at the baseline, not at zero",
        (slope, x, baseline, steps) =>
          changes(x, baseline, meanGradient(slope, Array(x.length).fill(0), x, steps)),
      ],
      [
        "this is the mean gradient; an attribution is a change of the output, so multiply by the change of the input",
        (slope, x, baseline, steps) => meanGradient(slope, baseline, x, steps),
      ],
      [
        "this is a sum over steps; the integral is their mean",
        (slope, x, baseline, steps) =>
          changes(x, baseline, meanGradient(slope, baseline, x, steps)).map((one) => one * steps),
      ],
    ],
    otherwise: "the attributions must add up to F(x) - F(baseline)",
    tolerance: 5e-3, // any rule of integration is accepted
  }),

  "12.2": askFunction<Missed>({
    cases: [
      [[0.5, -0.2, 0.1], 1.5, 1],
      [[-0.4, 0.1], -2, -1.5],
    ],
    right: missed,
    mistakes: [
      [
        "attributions have signs, which may cancel; add them as they are",
        (attributions, ...at) => missed(attributions.map(Math.abs), ...at),
      ],
      [
        "a share of the change, not of the output",
        (...inputs) => Math.abs((missed(...inputs) * (inputs[1] - inputs[2])) / inputs[1]),
      ],
      [
        "this is the amount that is missed; which share of the change is it?",
        (...inputs) => missed(...inputs) * Math.abs(inputs[1] - inputs[2]),
      ],
      [
        "this is the share that is explained",
        (attributions, atX, atBaseline) => sumOf(attributions) / (atX - atBaseline),
      ],
    ],
    otherwise: "how far is the sum from F(x) - F(baseline), relative to the latter?",
  }),

  "12.3": askFunction<Overlap>({
    cases: [
      [["G1", "G3", "G5", "X1", "X2"], GENES.slice(0, 4), GENES],
      [["G39", "X1"], GENES.slice(0, 10), GENES],
    ],
    right: overlap,
    mistakes: [
      [
        "a gene of the set that was not measured cannot be found, not even by chance",
        (set, top, all) => ({
          found: among(set, top),
          byChance: (set.length * top.length) / all.length,
        }),
      ],
      [
        "byChance is a number of genes, as found is",
        (set, top, all) => ({ found: among(set, top), byChance: among(set, all) / all.length }),
      ],
      [
        "byChance is a number of genes, as found is",
        (set, top, all) => ({ found: among(set, top), byChance: top.length / all.length }),
      ],
      [
        "found is a number of genes, not a share",
        (set, ...others) => ({
          ...overlap(set, ...others),
          found: among(set, others[0]) / set.length,
        }),
      ],
    ],
    otherwise:
      "if the top genes were drawn at random from all, how many of the set would be among them?",
  }),

  "12.4": askFunction<(p: number[]) => number[]>({
    cases: [[[0.01, 0.04, 0.03, 0.5]], [[0.9, 0.001, 0.02, 0.021]]],
    right: adjustBenjaminiHochberg,
    mistakes: [
      [
        "this is Bonferroni, which bounds the chance of a single false discovery, not their share",
        (p) => p.map((one) => Math.min(1, one * p.length)),
      ],
      ["this is Holm's method, which is stricter", adjustHolm],
      [
        "a smaller p must not end up with the larger value; go from the largest down",
        (p) =>
          p.map((one) => Math.min(1, (one * p.length) / p.filter((other) => other <= one).length)),
      ],
      [
        "give them back in the order in which they came",
        (p) => adjustBenjaminiHochberg(p).sort((a, b) => a - b),
      ],
    ],
    otherwise:
      "go from the largest p down: what is each multiplied by, and what may it not exceed?",
  }),
};
