// What an exercise is: a way to judge an answer, and the mistakes that it knows, each with a hint that keeps the solution.
import { createRandom } from "../cohort/random.js";

/** One exercise of the course. */
export interface Exercise {
  /** What a learner hands in, for "replace null by ...". */
  readonly expects: string;
  /** Gives a hint about a wrong answer; null for a right one. */
  readonly judge: (answer: unknown) => string | null;
  /** Typical wrong answers that have a hint of their own. */
  readonly mistakes?: readonly Mistake<unknown>[];
}

/** A hint, and a wrong answer that deserves it. */
export type Mistake<Answer> = readonly [hint: string, answer: Answer];

type Anything = (...args: never[]) => unknown;

/** An exercise whose answer is a function with one right result for each input. */
export interface FunctionExercise<F extends Anything> {
  /** Inputs to try. The answer gets copies, so that it may change them. */
  readonly cases: readonly Parameters<F>[];
  readonly right: F;
  readonly mistakes: readonly Mistake<F>[];
  /** The hint for an answer that makes none of the mistakes. */
  readonly otherwise: string;
  /** How far a number may be off, relative to the larger of 1 and the right one; by default 1e-9. */
  readonly tolerance?: number;
}

/** Accepts every function that gives what `right` gives, within the tolerance, on all cases. */
export function askFunction<F extends Anything>(exercise: FunctionExercise<F>): Exercise {
  const { cases, right, mistakes, otherwise, tolerance } = exercise;
  const results = (answer: F) => cases.map((inputs) => answer(...copyInputs(inputs)));
  return {
    expects: "a function",
    mistakes,
    judge: (answer) => {
      if (typeof answer !== "function") return `expected a function, got ${nameKind(answer)}`;
      const [got, expected] = [results(answer as F), results(right)];
      const wrong = got.findIndex((result, i) => !agree(result, expected[i], tolerance));
      if (wrong < 0) return null;
      const made = mistakes.find(([, mistake]) => agree(got, results(mistake), tolerance));
      if (made) return made[0];
      return explainKind(got[wrong], expected[wrong]) ?? `${otherwise}${showInputs(cases[wrong])}`;
    },
  };
}

/** Copies values; functions among the inputs stay what they are. */
function copyInputs<Inputs extends readonly unknown[]>(inputs: Inputs): Inputs {
  const copies = inputs.map((input) =>
    typeof input === "function" ? input : structuredClone(input),
  );
  return copies as unknown as Inputs;
}

/** Accepts every answer of the right kind in which `judge` finds nothing wrong, where many answers are right. */
export function askProperty<Answer>(
  expects: string,
  isKind: (answer: unknown) => answer is Answer,
  judge: (answer: Answer) => string | null,
): Exercise {
  return {
    expects,
    judge: (answer) =>
      isKind(answer) ? judge(answer) : `expected ${expects}, got ${nameKind(answer)}`,
  };
}

/** Whether an answer is a function; what it takes and gives, only trying it can tell. */
export function isFunction<F extends Anything>(answer: unknown): answer is F {
  return typeof answer === "function";
}

/** Whether an answer is a list of finite numbers. */
export function isNumbers(answer: unknown): answer is ArrayLike<number> {
  return isList(answer) && Array.from(answer).every((value) => Number.isFinite(value));
}

/** Whether an answer is a finite number. */
export function isNumber(answer: unknown): answer is number {
  return typeof answer === "number" && Number.isFinite(answer);
}

/** Draws numbers for the cases of an exercise; the same name gives the same numbers. */
export function drawingFor(exercise: string) {
  const random = createRandom(7, `exercise ${exercise}`);
  return {
    random,
    normals: (count: number, scale = 1, center = 0) =>
      Array.from({ length: count }, () => center + scale * random.normal()),
  };
}

/** `values` with NaN, "not measured", at every `step`-th place from `first` on. */
export function withGaps(values: readonly number[], step: number, first = 1): number[] {
  return values.map((value, i) => (i % step === first ? Number.NaN : value));
}

/** The values that were measured: those that are not NaN. */
export function measuredOf(values: readonly number[]): number[] {
  return values.filter((value) => !Number.isNaN(value));
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The sum of products, entry by entry. */
export function dotOf(first: readonly number[], second: readonly number[]): number {
  return sumOf(first.map((value, i) => value * second[i]));
}

/** NaN without values. */
export function meanOf(values: readonly number[]): number {
  return sumOf(values) / values.length;
}

/** The standard deviation with `n - less` in the variance. */
export function deviationOf(values: readonly number[], less = 1): number {
  const mean = meanOf(values);
  return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / (values.length - less));
}

/** The standard error of the mean of a sample. */
export function standardErrorOf(values: readonly number[]): number {
  return deviationOf(values) / Math.sqrt(values.length);
}

/** The first numbers less the second, entry by entry. */
export function differencesOf(first: readonly number[], second: readonly number[]): number[] {
  return first.map((value, i) => value - second[i]);
}

/** Whether two results are equal, numbers to `tolerance` relative to the larger of 1 and the expected one. */
export function agree(got: unknown, expected: unknown, tolerance = 1e-9): boolean {
  if (typeof expected === "number" && typeof got === "number") {
    if (Object.is(got, expected)) return true;
    return Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
  }
  if (isList(expected)) {
    const list = isList(got) ? Array.from(got) : [];
    return (
      isList(got) &&
      list.length === expected.length &&
      Array.from(expected).every((value, i) => agree(list[i], value, tolerance))
    );
  }
  if (isRecord(expected)) {
    if (!isRecord(got) || Object.keys(got).length !== Object.keys(expected).length) return false;
    return Object.entries(expected).every(
      ([key, value]) => Object.hasOwn(got, key) && agree(got[key], value, tolerance),
    );
  }
  return got === expected;
}

/** Says of a result what is wrong with its kind or length; null if only its values are wrong. */
function explainKind(got: unknown, expected: unknown): string | null {
  if (isList(expected)) {
    if (!isList(got)) return `your function should return an array, and returned ${nameKind(got)}`;
    return got.length === expected.length
      ? null
      : `your function should return ${expected.length} entries here, and returned ${got.length}`;
  }
  if (isRecord(expected)) {
    const keys = Object.keys(expected);
    return isRecord(got) && keys.every((key) => Object.hasOwn(got, key))
      ? null
      : `your function should return an object with ${keys.join(", ")}, and returned ${nameKind(got)}`;
  }
  if (typeof got === typeof expected && !Number.isNaN(got)) return null;
  return `your function should return a ${typeof expected}, and returned ${nameKind(got)}`;
}

function nameKind(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  if (value instanceof Promise) return "a promise (leave out async)";
  if (isList(value)) return `an array of ${value.length}`;
  if (isRecord(value)) return `an object with ${Object.keys(value).join(", ") || "no entries"}`;
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** The inputs on which an answer fails, if they are short enough to read. */
function showInputs(inputs: readonly unknown[]): string {
  const text = inputs.map((input) => JSON.stringify(input, keepNaN)).join(", ");
  return text.length <= 90 ? `; it fails for ${text.replaceAll('"NaN"', "NaN")}` : "";
}

function keepNaN(_: string, value: unknown): unknown {
  if (typeof value === "function") return "a function";
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : String(value);
}

/** Whether a value is an array, typed or not. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !isList(value);
}
