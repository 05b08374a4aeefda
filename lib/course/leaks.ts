// Exercises to "spot the leak": which of eight pipelines have a defect, which one, and what exposes it.
import { askFunction, askProperty, meanOf } from "./exercise.js";

/** The pipelines with a defect, what it is, and which canaries expose it. */
const LEAKS_BY_LETTER: Readonly<Record<string, { defect: string; canaries: readonly string[] }>> = {
  A: { defect: "scaled before the split", canaries: ["duplicateSample", "requireHeldOut"] },
  C: { defect: "stopped on test samples", canaries: ["duplicateSample"] },
  E: { defect: "parted pairs", canaries: ["findSharedPatients"] },
  F: { defect: "labels from names", canaries: ["permuteLabels", "hospital alone"] },
  H: { defect: "zeros as missing", canaries: ["permuteRows"] },
};

const LETTERS = Object.keys(LEAKS_BY_LETTER);
const DEFECTS = LETTERS.map((letter) => LEAKS_BY_LETTER[letter].defect);
const CANARIES = [...new Set(LETTERS.flatMap((letter) => LEAKS_BY_LETTER[letter].canaries))];

function isTexts(answer: unknown): answer is readonly string[] {
  return Array.isArray(answer) && answer.every((one) => typeof one === "string");
}

function isSheet(answer: unknown): answer is Readonly<Record<string, string>> {
  return typeof answer === "object" && answer !== null && isTexts(Object.values(answer));
}

/** Judges an answer that has one word for each pipeline with a defect. */
function judgeSheet(
  sheet: Readonly<Record<string, string>>,
  words: readonly string[],
  isRight: (letter: string, word: string) => boolean,
): string | null {
  const given = Object.keys(sheet);
  if (given.length !== LETTERS.length || !LETTERS.every((letter) => given.includes(letter))) {
    return "expected one word for each pipeline of leak.1";
  }
  const strange = Object.values(sheet).find((word) => !words.includes(word));
  if (strange !== undefined) return `expected one of ${words.join(", ")}, got "${strange}"`;
  const right = LETTERS.filter((letter) => isRight(letter, sheet[letter])).length;
  return right === LETTERS.length ? null : `${right} of ${LETTERS.length} are right`;
}

const isDefect = (letter: string, word: string) => LEAKS_BY_LETTER[letter].defect === word;
const exposes = (letter: string, word: string) => LEAKS_BY_LETTER[letter].canaries.includes(word);

/** What a pipeline learned, as one number. */
type Fit = (train: number[], test: number[]) => number;
type ReadsTest = (fit: Fit, train: number[], test: number[]) => boolean;

const errorOf = (guess: number, values: readonly number[]) =>
  meanOf(values.map((value) => Math.abs(value - guess)));

/** Pipelines of one number: three read test values, two do not. */
const FITS: readonly Fit[] = [
  (train) => meanOf(train),
  (train, test) => meanOf([...train, ...test]),
  (train, test) => [...train].sort((a, b) => errorOf(a, test) - errorOf(b, test))[0],
  (train, test) => meanOf(train) + 1 / (1 + test.length), // the number of test samples is no secret
  (train, test) => Math.max(...train, ...test),
];

const readsTest: ReadsTest = (fit, train, test) =>
  fit(train, test) !==
  fit(
    train,
    test.map((value) => value + 100),
  );

export const LEAKS = {
  "leak.1": askProperty<readonly string[]>("an array of letters", isTexts, (answer) => {
    const accused = new Set(answer);
    const sound = [...accused].filter((letter) => !LETTERS.includes(letter)).length;
    const missed = LETTERS.filter((letter) => !accused.has(letter)).length;
    const problems = [
      ...(sound > 0 ? [`${sound} that you accuse ${sound > 1 ? "are" : "is"} sound`] : []),
      ...(missed > 0 ? [`${missed} of ${LETTERS.length} defects are missed`] : []),
    ];
    return problems.length > 0 ? problems.join(", and ") : null;
  }),

  "leak.2": askProperty<Readonly<Record<string, string>>>(
    "an object with a defect for each letter",
    isSheet,
    (sheet) => judgeSheet(sheet, DEFECTS, isDefect),
  ),

  "leak.3": askProperty<Readonly<Record<string, string>>>(
    "an object with a canary for each letter",
    isSheet,
    (sheet) => judgeSheet(sheet, CANARIES, exposes),
  ),

  "leak.4": askFunction<ReadsTest>({
    cases: FITS.map((fit) => [fit, [3, 1, 4, 1.5, 6], [2, 7, 1, 8]]),
    right: readsTest,
    mistakes: [
      [
        "a mean and a maximum stay the same when the values change places; change the values",
        (fit, train, test) => fit(train, test) !== fit(train, [...test].reverse()),
      ],
      [
        "how many test samples there are is no secret; change their values, not their number",
        (fit, train, test) => fit(train, test) !== fit(train, []),
      ],
      [
        "what is learned may depend on the training samples; change the others",
        (fit, train, test) =>
          fit(train, test) !==
          fit(
            train.map((value) => value + 100),
            test,
          ),
      ],
      [
        "a maximum notices only the largest; change all test values",
        (fit, train, test) => fit(train, test) !== fit(train, [test[0] + 1, ...test.slice(1)]),
      ],
    ],
    otherwise: "three of the five read the test values, and two do not",
  }),
};
