// Checks answers to the course's exercises: a wrong one gets a hint that keeps the solution.
import { unknownName } from "../nearest.js";
import { CLAIMS } from "./claims.js";
import { CLASSIFY } from "./classify.js";
import { COHORT } from "./cohort.js";
import { DECODER } from "./decoder.js";
import type { Exercise } from "./exercise.js";
import { EXPERIMENTS } from "./experiments.js";
import { LATENT } from "./latent.js";
import { LEAKS } from "./leaks.js";
import { MODIS_EXERCISES } from "./modis.js";
import { PREPROCESS } from "./preprocess.js";
import { READING } from "./reading.js";
import { RECONSTRUCT } from "./reconstruct.js";
import { SCRATCH } from "./scratch.js";
import { TRUTH } from "./truth.js";
import { TUNE } from "./tune.js";
import { UNCERTAINTY_EXERCISES } from "./uncertainty.js";

/** What an exercise made of an answer. */
export interface Verdict {
  readonly right: boolean;
  /** For the learner: what holds, or what to look at. */
  readonly message: string;
}

/** Every exercise by its name: the notebook's number and its own. */
export const EXERCISES: Readonly<Record<string, Exercise>> = {
  ...SCRATCH,
  ...COHORT,
  ...PREPROCESS,
  ...RECONSTRUCT,
  ...TUNE,
  ...LATENT,
  ...CLASSIFY,
  ...MODIS_EXERCISES,
  ...EXPERIMENTS,
  ...CLAIMS,
  ...DECODER,
  ...UNCERTAINTY_EXERCISES,
  ...READING,
  ...TRUTH,
  ...LEAKS,
};

/**
 * Checks the answer to an exercise, a function or a value, and prints the verdict; null means that there is no answer yet.
 * @throws RangeError if there is no such exercise.
 */
export function check(exercise: string, answer: unknown): void {
  console.log(`${exercise}: ${judgeAnswer(exercise, answer).message}`);
}

/**
 * Judges the answer to an exercise.
 * @throws RangeError if there is no such exercise.
 */
export function judgeAnswer(name: string, answer: unknown): Verdict {
  if (!Object.hasOwn(EXERCISES, name)) {
    throw unknownName("check", name, Object.keys(EXERCISES), "an exercise of");
  }
  const exercise = EXERCISES[name];
  if (answer === null || answer === undefined) {
    return { right: false, message: `no answer yet; replace null by ${exercise.expects}` };
  }
  try {
    const hint = exercise.judge(answer);
    return hint === null
      ? { right: true, message: "right" }
      : { right: false, message: `not yet: ${hint}` };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { right: false, message: `not yet: your function threw "${message}"` };
  }
}
