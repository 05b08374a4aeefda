// Exercises to notebook 6: intervals of an accuracy, balanced accuracy, nested folds, permutation, and what 29 samples can say.
import { wilsonInterval } from "../evaluate/statistics.js";
import {
  askFunction,
  askProperty,
  drawingFor,
  isFunction,
  isList,
  isNumber,
  meanOf,
} from "./exercise.js";

type WilsonInterval = (right: number, trials: number) => { low: number; high: number };
type Score = (actual: string[], predicted: string[]) => number;
type PValue = (score: number, permuted: number[]) => number;

interface Fold {
  test: number[];
  inner: { train: number[]; validation: number[] }[];
}

/** An answer to 06.3: `k` outer folds with `k` inner folds each, as row numbers. */
type Nested = (patients: string[], k: number) => Fold[];

const Z = 1.959963984540054;

const within = (share: number, margin: number) => ({ low: share - margin, high: share + margin });

/** The mean over classes, told by the names of `by`, of the share of right predictions. */
const meanOverClasses = (
  actual: readonly string[],
  predicted: readonly string[],
  by: readonly string[],
) =>
  meanOf(
    [...new Set(by)].map((one) => {
      const own = by.flatMap((name, i) =>
        name === one ? [Number(actual[i] === predicted[i])] : [],
      );
      return meanOf(own);
    }),
  );

const { normals } = drawingFor("06");

/** Twelve patients; every third gave a second sample. */
const PATIENTS = [
  ...Array.from({ length: 12 }, (_, i) => `P${i}`),
  ...Array.from({ length: 4 }, (_, i) => `P${3 * i + 1}`),
];

const FOLDS = 4; // outer folds, and inner ones in each

function judgeNested(nested: Nested): string | null {
  const folds = nested([...PATIENTS], FOLDS);
  if (!isList(folds) || !folds.every((fold) => isList(fold?.test) && isList(fold.inner))) {
    return `return an array of ${FOLDS} outer folds, each with test and inner`;
  }
  const all = [...PATIENTS.keys()];
  const tested = folds.map(({ test }) => test);
  if (!isPartition(tested, all)) {
    return "every row must be a test row exactly once over the outer folds";
  }
  return folds.map((fold) => judgeFold(fold, all)).find((hint) => hint !== null) ?? null;
}

function judgeFold({ test, inner }: Fold, all: readonly number[]): string | null {
  const rest = all.filter((row) => !test.includes(row));
  if (shares(test, rest)) return "a patient is in the test part of a fold and outside of it";
  const parts = inner.map((fold) => [fold?.train, fold?.validation] as const);
  if (inner.length !== FOLDS || !parts.flat().every(isList)) {
    return `each outer fold needs ${FOLDS} inner folds with train and validation`;
  }
  if (parts.flat(2).some((row) => test.includes(row))) {
    return "an inner fold contains rows of its outer test part: the setting is then chosen on test rows";
  }
  const validated = parts.map(([, validation]) => validation);
  if (!isPartition(validated, rest)) {
    return "every row outside the test part must be a validation row exactly once over the inner folds";
  }
  for (const [train, validation] of parts) {
    if (!isPartition([train, validation], rest)) {
      return "inside a fold, each row that is not in the test part is either a training or a validation row";
    }
    if (shares(train, validation)) {
      return "a patient is in the training and the validation part of an inner fold";
    }
  }
  return null;
}

function isPartition(parts: readonly (readonly number[])[], rows: readonly number[]): boolean {
  const listed = parts.flat();
  return listed.length === rows.length && rows.every((row) => listed.includes(row));
}

function shares(a: readonly number[], b: readonly number[]): boolean {
  const patients = new Set(a.map((row) => PATIENTS[row]));
  return b.some((row) => patients.has(PATIENTS[row]));
}

/** How many permuted scores are as good as one, or better. */
const asGood = (score: number, permuted: readonly number[]) =>
  permuted.filter((one) => one >= score).length;

const MAJORITY = 17 / 29;

/** The least count of 29 whose Wilson interval lies above the share of the majority class. */
const LEAST_RIGHT = Array.from({ length: 30 }, (_, count) => count).find(
  (count) => wilsonInterval(count, 29).low > MAJORITY,
);

export const CLASSIFY = {
  "06.1": askFunction<WilsonInterval>({
    cases: [
      [21, 29],
      [29, 29],
      [0, 12],
      [150, 400],
    ],
    right: (right, trials) => wilsonInterval(right, trials),
    mistakes: [
      [
        "this is the simple interval; what does it say of 29 right of 29?",
        (right, trials) => {
          const share = right / trials;
          return within(share, Z * Math.sqrt((share * (1 - share)) / trials));
        },
      ],
      ["this is a 90 % interval", (right, trials) => wilsonInterval(right, trials, 0.9)],
      [
        "the center moves toward one half; your interval is centered on the share itself",
        (right, trials) => {
          const { low, high } = wilsonInterval(right, trials);
          return within(right / trials, (high - low) / 2);
        },
      ],
      [
        "both center and margin are divided by 1 + z² / n",
        (right, trials) => {
          const { low, high } = wilsonInterval(right, trials);
          const scale = 1 + Z ** 2 / trials;
          return { low: low * scale, high: high * scale };
        },
      ],
    ],
    otherwise: "with 0 right the lower end is 0, with all right the upper end is 1",
  }),

  "06.2": askFunction<Score>({
    cases: [
      [
        ["T", "T", "T", "T", "N", "N"],
        ["T", "T", "T", "T", "T", "N"],
      ],
      [
        ["a", "a", "a", "b", "b", "c", "c"],
        ["a", "b", "a", "b", "b", "a", "b"],
      ],
    ],
    right: (actual, predicted) => meanOverClasses(actual, predicted, actual),
    mistakes: [
      [
        "this is the accuracy: a large class counts for more than a small one",
        (actual, predicted) => meanOf(actual.map((one, i) => Number(one === predicted[i]))),
      ],
      [
        "take the share of each true class that is found, not the share of each call that is right",
        (actual, predicted) => meanOverClasses(actual, predicted, predicted),
      ],
      [
        "a class that is never predicted counts too, with a share of 0",
        (actual, predicted) => {
          const named = actual.map((one) => predicted.includes(one));
          const kept = (names: readonly string[]) => names.filter((_, i) => named[i]);
          return meanOverClasses(kept(actual), kept(predicted), kept(actual));
        },
      ],
    ],
    otherwise:
      "for each true class, the share of its samples that is called right; then the mean over classes",
  }),

  "06.3": askProperty<Nested>("a function", isFunction, judgeNested),

  "06.4": askFunction<PValue>({
    cases: [
      [0.9, [0.5, 0.6, 0.9, 0.4]],
      [0.8, normals(99, 0.05, 0.5)],
      [0.5, [0.5, 0.5, 0.5]],
    ],
    right: (score, permuted) => (1 + asGood(score, permuted)) / (1 + permuted.length),
    mistakes: [
      [
        "can 99 permutations prove that p is 0? The true order is one of the permutations",
        (score, permuted) => asGood(score, permuted) / permuted.length,
      ],
      [
        "a permuted score that equals the true one is as good",
        (score, permuted) =>
          (1 + permuted.filter((one) => one > score).length) / (1 + permuted.length),
      ],
      [
        "this is the share of permutations that did worse",
        (score, permuted) => 1 - asGood(score, permuted) / permuted.length,
      ],
      [
        "the true order belongs to the permutations too, also where you divide",
        (score, permuted) => (1 + asGood(score, permuted)) / permuted.length,
      ],
    ],
    otherwise:
      "which share of all orders of the labels, the true one among them, scores at least as well?",
  }),

  "06.5": askProperty<number>("a number", isNumber, (answer) => {
    if (answer === LEAST_RIGHT) return null;
    if (!Number.isInteger(answer) || answer < 0 || answer > 29)
      return "expected a count of 29 samples";
    const { low } = wilsonInterval(answer, 29);
    if (low > MAJORITY) return "this is enough, but not the least";
    return answer / 29 > MAJORITY
      ? `better than 17 of 29, but its interval begins at ${low.toFixed(2)}; is that above the majority rate?`
      : "always naming the larger class does as well";
  }),
};
