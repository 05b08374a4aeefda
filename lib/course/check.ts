// The course's exercises: answers are tried on drawn numbers, and a wrong one gets a hint that keeps the solution.
import { createRandom } from "../cohort/random.js";

/** What an exercise made of an answer. */
export interface Verdict {
  readonly right: boolean;
  /** For the learner: what holds, or what to look at. */
  readonly message: string;
}

type Answer = (...args: never[]) => unknown;

/** Tries an answer; returns what is wrong with it, or null. */
type Exercise = (answer: Answer) => string | null;

const EXERCISES: Readonly<Record<string, Exercise>> = {
  "00.1": checkLoss,
  "00.2": checkSlope,
  "00.3": checkParameterCount,
  "00.4": checkAdam,
};

/**
 * Checks the answer to an exercise and prints the verdict; null means that there is no answer yet.
 * @throws RangeError if there is no such exercise.
 */
export function check(exercise: string, answer: Answer | null): void {
  console.log(`${exercise}: ${judgeAnswer(exercise, answer).message}`);
}

/**
 * Tries the answer to an exercise.
 * @throws RangeError if there is no such exercise.
 */
export function judgeAnswer(name: string, answer: Answer | null): Verdict {
  const known = Object.keys(EXERCISES);
  if (!Object.hasOwn(EXERCISES, name)) {
    throw new RangeError(`check: expected an exercise of ${known.join(", ")}, got "${name}"`);
  }
  const exercise = EXERCISES[name];
  if (answer === null)
    return { right: false, message: "no answer yet; replace null by a function" };
  if (typeof answer !== "function") {
    return { right: false, message: `not yet: expected a function, got ${typeof answer}` };
  }
  try {
    const problem = exercise(answer);
    return problem === null
      ? { right: true, message: "right" }
      : { right: false, message: `not yet: ${problem}` };
  } catch (error) {
    return { right: false, message: `not yet: your function threw "${(error as Error).message}"` };
  }
}

/** A drawn row of predictions, targets and marks; some differences are beyond 1, and some entries are unobserved. */
function drawEntries() {
  const random = createRandom(7, "exercises");
  const draw = (scale: number) => Array.from({ length: 24 }, () => scale * random.normal());
  const [out, target] = [draw(2), draw(2)];
  return { out, target, observed: out.map((_, i) => (i % 4 === 1 ? 0 : 1)) };
}

const clip = (d: number) => Math.min(Math.max(d, -1), 1);

function checkLoss(answer: Answer): string | null {
  const { out, target, observed } = drawEntries();
  const got = (answer as (o: number[], t: number[], m: number[]) => unknown)(out, target, observed);
  const terms = out.map((o, i) => clip(o - target[i]) * (o - target[i] - clip(o - target[i]) / 2));
  const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  const marked = sumOf(terms.map((term, i) => term * observed[i]));
  if (isClose(got, marked / sumOf(observed))) return null;
  if (isClose(got, sumOf(terms) / terms.length)) return "unobserved entries must not count";
  if (isClose(got, marked / terms.length)) return "over how many entries is it a mean?";
  if (isClose(got, marked)) return "this is a sum; the loss is a mean";
  const squares = out.map((o, i) => observed[i] * (o - target[i]) ** 2);
  if ([1, 0.5].some((factor) => isClose(got, (factor * sumOf(squares)) / sumOf(observed)))) {
    return "large differences must count less than their square";
  }
  return describe(got) ?? "try it on one observed entry with a difference of 0.5, then of 2";
}

function checkSlope(answer: Answer): string | null {
  const { out, target, observed } = drawEntries();
  const got = (answer as (o: number[], t: number[], m: number[]) => unknown)(out, target, observed);
  if (!Array.isArray(got) || got.length !== out.length) {
    return `expected an array of ${out.length} numbers, one per entry`;
  }
  const count = observed.filter((mark) => mark === 1).length;
  const slope = out.map((o, i) => (observed[i] * clip(o - target[i])) / count);
  const matches = (factor: number) => slope.every((value, i) => isClose(got[i], factor * value));
  if (matches(1)) return null;
  if (matches(-1)) return "the sign is wrong: does the loss grow or fall with the prediction?";
  if (matches(count)) return "the loss is a mean, and so is its slope";
  if (got.some((value, i) => observed[i] === 0 && value !== 0)) {
    return "an unobserved entry cannot change the loss";
  }
  return "compare one entry with a finite difference of the loss, once near 0 and once beyond 1";
}

function checkParameterCount(answer: Answer): string | null {
  const countOf = answer as (features: number, width: number, hidden: number) => unknown;
  for (const [f, h, layers] of [
    [12, 8, 3],
    [71094, 2048, 3],
    [5, 7, 0],
  ]) {
    const weights = 2 * f * h + layers * h * h;
    const got = countOf(f, h, layers);
    if (isClose(got, weights + (layers + 1) * h + f)) continue;
    if (isClose(got, weights)) return "the weights are right; each layer has one more vector";
    return describe(got) ?? `not for ${f} features, ${h} units and ${layers} hidden layers`;
  }
  return null;
}

function checkAdam(answer: Answer): string | null {
  const change = answer as (gradients: number[], rate: number) => unknown;
  const gradients = [0.5, -2, 1, 4, -0.25];
  const [rate, epsilon] = [0.01, 1e-8];
  let [mu, nu, expected] = [0, 0, 0];
  gradients.forEach((g, i) => {
    mu = 0.9 * mu + 0.1 * g;
    nu = 0.999 * nu + 0.001 * g * g;
    const [m, v] = [mu / (1 - 0.9 ** (i + 1)), nu / (1 - 0.999 ** (i + 1))];
    expected -= (rate * m) / (Math.sqrt(v) + epsilon);
  });
  const got = change(gradients, rate);
  if (isClose(got, expected)) return null;
  if (isClose(got, -expected)) return "the weight moved uphill";
  const descent = -rate * gradients.reduce((sum, g) => sum + g, 0);
  if (isClose(got, descent)) return "this is plain gradient descent, without the two averages";
  const first = change([3], rate);
  if (typeof first === "number" && Math.abs(first + rate) > 1e-6) {
    return "the first step must have the size of the rate, whatever the gradient: are both averages corrected?";
  }
  return describe(got) ?? "the first step is right; do the averages carry over to the next?";
}

function isClose(got: unknown, expected: number): boolean {
  return (
    typeof got === "number" && Math.abs(got - expected) <= 1e-9 * Math.max(1, Math.abs(expected))
  );
}

/** Says of an answer that is no finite number what it is. */
function describe(got: unknown): string | null {
  return typeof got === "number" && Number.isFinite(got) ? null : `expected a number, got ${got}`;
}
