// Exercises to notebook 3: skill, own-gene regression, ridge regression among samples, and which epoch to keep.
import { factorCholesky } from "../engine/linear-algebra.js";
import { pearson } from "../evaluate/statistics.js";
import {
  askFunction,
  askProperty,
  differencesOf,
  dotOf,
  drawingFor,
  isNumbers,
  meanOf,
  measuredOf,
  sumOf,
  withGaps,
} from "./exercise.js";

type Skill = (measured: number[], predicted: number[], trainMean: number) => number;
type Cis = (rna: number[], protein: number[], x: number) => number;
type Ridge = (X: number[][], y: number[], x: number[], lambda: number) => number;
type Epochs = (epochs: { train: number; validation: number; test: number }[]) => number;

const squaredError = (a: readonly number[], b: readonly number[]) =>
  meanOf(a.flatMap((value, i) => (Number.isNaN(value) ? [] : [(value - b[i]) ** 2])));
const constant = (values: readonly number[], value: number) => values.map(() => value);

const skill: Skill = (measured, predicted, trainMean) =>
  1 - squaredError(measured, predicted) / squaredError(measured, constant(measured, trainMean));

/** The regression line through pairs, at `x`. */
function lineAt(pairs: readonly (readonly [number, number])[], x: number): number {
  const [meanX, meanY] = [0, 1].map((side) => meanOf(pairs.map((pair) => pair[side])));
  const slope =
    sumOf(pairs.map(([a, b]) => (a - meanX) * (b - meanY))) /
    sumOf(pairs.map(([a]) => (a - meanX) ** 2));
  return meanY + slope * (x - meanX);
}

const pairsOf = (rna: readonly number[], protein: readonly number[]) =>
  rna.flatMap((value, i) => (Number.isNaN(protein[i]) ? [] : [[value, protein[i]] as const]));

/** Solves `(A + λ I) b = c`, A symmetric. */
function solveRidge(A: readonly number[][], c: readonly number[], lambda: number): number[] {
  const system = A.flatMap((row, i) => row.map((value, j) => value + (i === j ? lambda : 0)));
  return [...factorCholesky(Float64Array.from(system)).solve(Float64Array.from(c))];
}

const centersOf = (X: readonly number[][]) => X[0].map((_, j) => meanOf(X.map((row) => row[j])));

/** Ridge regression with one weight per feature: the primal system, where the exercise asks for the dual one. */
function ridgeByFeatures(
  X: readonly number[][],
  y: readonly number[],
  x: readonly number[],
  lambda: number,
): number {
  const rows = X.map((row) => differencesOf(row, centersOf(X)));
  const columns = X[0].map((_, j) => rows.map((row) => row[j]));
  const products = columns.map((a) => columns.map((b) => dotOf(a, b)));
  const targets = y.map((value) => value - meanOf(y));
  const weights = solveRidge(
    products,
    columns.map((column) => dotOf(column, targets)),
    lambda,
  );
  return meanOf(y) + dotOf(weights, differencesOf(x, centersOf(X)));
}

const drawRidge = (samples: number, features: number, lambda: number): Parameters<Ridge> => {
  const { normals } = drawingFor(`03.3 of ${features}`);
  const X = Array.from({ length: samples }, () => normals(features, 1, 1));
  const y = X.map((row) => 5 + row[0] - row[1] + normals(1, 0.1)[0]);
  return [X, y, normals(features, 1, 1), lambda];
};

const { normals } = drawingFor("03");
const gene = normals(12, 1, 3);
const protein = gene.map((value) => 0.7 * value - 1 + normals(1, 0.3)[0]);

/** What exercise 03.5 has measured. */
const MEASURED = [1, 2, 3, 4, 5, 6];

export const RECONSTRUCT = {
  "03.1": askFunction<Skill>({
    cases: [
      [
        withGaps(protein, 4),
        protein.map((value) => value + normals(1, 0.2)[0]),
        meanOf(protein) + 0.3,
      ],
      [[1, 2, 3, Number.NaN], [3, 1, 2, 0], 1.5],
    ],
    right: skill,
    mistakes: [
      [
        "an entry that was not measured cannot be scored",
        (measured, ...others) =>
          skill(
            measured.map((value) => value || 0),
            ...others,
          ),
      ],
      [
        "an entry that was not measured cannot be scored; one NaN makes every sum NaN",
        (measured, predicted, trainMean) =>
          1 -
          sumOf(measured.map((value, i) => (value - predicted[i]) ** 2)) /
            sumOf(measured.map((value) => (value - trainMean) ** 2)),
      ],
      [
        "the constant must be known before the test rows are: which mean is that?",
        (measured, predicted) => skill(measured, predicted, meanOf(measuredOf(measured))),
      ],
      [
        "this is the share of the error that is left; skill is the share that is removed",
        (...inputs) => 1 - skill(...inputs),
      ],
      [
        "this is a difference of errors; divide it by the error of the constant",
        (measured, predicted, trainMean) =>
          squaredError(measured, constant(measured, trainMean)) - squaredError(measured, predicted),
      ],
      [
        "compare squared errors, not their roots",
        (...inputs) => 1 - Math.sqrt(1 - skill(...inputs)),
      ],
    ],
    otherwise: "skill is 1 for a perfect prediction, and 0 for the training mean",
  }),

  "03.2": askFunction<Cis>({
    cases: [
      [gene, withGaps(protein, 4), 2],
      [[0, 1, 2, 3], [1, 3, Number.NaN, 7], 10],
    ],
    right: (rna, measured, x) => lineAt(pairsOf(rna, measured), x),
    mistakes: [
      [
        "a sample without the protein cannot say anything about the line",
        (rna, measured, x) =>
          lineAt(
            pairsOf(
              rna,
              measured.map((value) => value || 0),
            ),
            x,
          ),
      ],
      [
        "a sample without the protein cannot say anything about the line; one NaN makes every sum NaN",
        (rna, measured, x) =>
          lineAt(
            rna.map((value, i) => [value, measured[i]] as const),
            x,
          ),
      ],
      [
        "the line need not go through zero; both sides have a mean",
        (rna, measured, x) => {
          const pairs = pairsOf(rna, measured);
          return (x * sumOf(pairs.map(([a, b]) => a * b))) / sumOf(pairs.map(([a]) => a * a));
        },
      ],
      [
        "which is given and which is wanted? This line predicts RNA from the protein, and is then turned around",
        (rna, measured, x) => {
          const pairs = pairsOf(rna, measured);
          const [meanX, meanY] = [0, 1].map((side) => meanOf(pairs.map((pair) => pair[side])));
          const turned = pairs.map(([a, b]) => [b, a] as const);
          const slope = lineAt(turned, meanY + 1) - lineAt(turned, meanY);
          return meanY + (x - meanX) / slope;
        },
      ],
      [
        "both means must be over the same samples, those with the protein",
        (rna, measured, x) => {
          const pairs = pairsOf(rna, measured);
          const slope = lineAt(pairs, 1) - lineAt(pairs, 0);
          return meanOf(pairs.map(([, b]) => b)) + slope * (x - meanOf(rna));
        },
      ],
    ],
    otherwise: "the line passes through both means; which slope makes the squared errors least?",
  }),

  "03.3": askFunction<Ridge>({
    cases: [drawRidge(8, 3, 0.5), drawRidge(6, 20, 2), drawRidge(5, 2, 100)],
    right: ridgeByFeatures,
    mistakes: [
      [
        "with a huge λ the prediction must be the mean of y; is it?",
        (X, y, x, lambda) => ridgeByFeatures(X, y, x, lambda) - meanOf(y),
      ],
      [
        "center first: subtract the training mean of each feature from X and from x, and that of y",
        (X, y, x, lambda) => {
          const products = X.map((a) => X.map((b) => dotOf(a, b)));
          const weights = solveRidge(products, y, lambda);
          return dotOf(
            weights,
            X.map((row) => dotOf(row, x)),
          );
        },
      ],
      [
        "the new sample needs the same centering as the training samples",
        (X, y, x, lambda) => {
          const centers = centersOf(X);
          return ridgeByFeatures(
            X,
            y,
            x.map((value, j) => value + centers[j]),
            lambda,
          );
        },
      ],
      [
        "the penalty is λ, whatever the number of samples",
        (X, y, x, lambda) => ridgeByFeatures(X, y, x, lambda * X.length),
      ],
      ["does your prediction depend on λ?", (X, y, x) => ridgeByFeatures(X, y, x, 1e-9)],
    ],
    otherwise:
      "the answer must equal the ridge with one weight per feature; compare with λ = 1e9, where it is the mean of y",
  }),

  "03.4": askFunction<Epochs>({
    cases: [
      [
        [
          { train: 0.9, validation: 1.0, test: 1.1 },
          { train: 0.6, validation: 0.7, test: 0.9 },
          { train: 0.4, validation: 0.6, test: 0.85 },
          { train: 0.3, validation: 0.65, test: 0.8 },
          { train: 0.2, validation: 0.75, test: 0.82 },
        ],
      ],
      [
        [
          { train: 0.5, validation: 0.4, test: 0.3 },
          { train: 0.45, validation: 0.5, test: 0.25 },
          { train: 0.47, validation: 0.6, test: 0.2 },
        ],
      ],
    ],
    right: (epochs) => lowest(epochs.map(({ validation }) => validation)),
    mistakes: [
      [
        "a choice by the test rows is fitted to them; what could you still report then?",
        (epochs) => lowest(epochs.map(({ test }) => test)),
      ],
      [
        "the training loss falls for as long as you train",
        (epochs) => lowest(epochs.map(({ train }) => train)),
      ],
      [
        "the last epoch is not the best one if the model has begun to memorize",
        (epochs) => epochs.length - 1,
      ],
      [
        "count the epochs from 0",
        (epochs) => 1 + lowest(epochs.map(({ validation }) => validation)),
      ],
    ],
    otherwise: "which of the three losses may choose?",
  }),

  "03.5": askProperty<ArrayLike<number>>("an array of numbers", isNumbers, (answer) => {
    const predicted = Array.from(answer);
    if (predicted.length !== MEASURED.length)
      return `expected ${MEASURED.length} predictions, got ${predicted.length}`;
    const r = pearson(predicted, MEASURED);
    if (r === null) return "a constant has no correlation";
    const gained = skill(MEASURED, predicted, meanOf(MEASURED));
    if (r < 0.99) return `r is ${r.toFixed(3)}; it must be above 0.99`;
    if (gained >= 0) {
      return `r is ${r.toFixed(3)}, but the skill is ${gained.toFixed(3)}; what does r not notice?`;
    }
    return null;
  }),
};

function lowest(losses: readonly number[]): number {
  return losses.indexOf(Math.min(...losses));
}
