// A trial of a tuning study: a point, its training and its record; and the median rule, which ends hopeless ones early.
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { median } from "simple-statistics";
import { replaceJson } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import type { Observation } from "./search.js";
import type { Point } from "./space.js";
import type { Epoch } from "./train.js";

/** The contents of trial-NNN.json; the run is in the folder trial-NNN beside it. */
export interface Trial {
  /** From 0. */
  readonly number: number;
  readonly point: Point;
  /** "stopped" means ended early as hopeless; "failed" means a loss that is not finite. */
  readonly status: "running" | "finished" | "stopped" | "failed";
  /** The lowest validation Huber loss of its epochs; null while running and after a failure. */
  readonly loss: number | null;
  /** Epochs that count: all of a finished trial; up to the verdict of a stopped one. */
  readonly epochs: number;
}

/** Finds the finished trial with the lowest loss, the earlier in a tie; null if none has finished. */
export function bestTrial(trials: readonly Trial[]): (Trial & { readonly loss: number }) | null {
  const finished = trials.flatMap(({ loss, ...trial }) =>
    trial.status === "finished" && loss !== null ? [{ ...trial, loss }] : [],
  );
  return finished.length > 0 ? finished.reduce((a, b) => (b.loss < a.loss ? b : a)) : null;
}

/**
 * Turns trials into the search's observations. A stopped trial counts as the median of the finished ones, or as its own
 * loss if that is higher; a failed one as the worst of all. Neither can become the best. A running trial also counts as
 * the median, so that two processes do not try the same place. Source: Ginsbourger et al. 2010, the constant liar.
 */
export function observationsOf(trials: readonly Trial[]): Observation[] {
  const finished = trials.flatMap(({ status, loss }) =>
    status === "finished" && loss !== null ? [loss] : [],
  );
  if (finished.length === 0) return [];
  const middle = median(finished);
  const worst = Math.max(...trials.flatMap(({ loss }) => loss ?? []));
  return trials.map(({ status, point, loss }) => {
    if (status === "running") return { point, value: middle };
    if (status === "finished") return { point, value: loss! };
    return { point, value: loss === null ? worst : Math.max(loss, middle) };
  });
}

/** When the median rule judges a trial. */
export interface MedianRule {
  /** Epochs before a trial is judged, at least 1. */
  readonly afterEpochs: number;
  /** Number of earlier trials that must have reached the same epoch. */
  readonly afterTrials: number;
}

/** The lowest validation loss up to each epoch, of one trial. */
export type Curve = readonly number[];

/**
 * Whether a trial's lowest validation loss up to this epoch is above the median of what the earlier trials that came
 * as far had reached at it. Source: Golovin et al. 2017 (Vizier), section 3.2.2, with losses instead of their averages.
 */
export function isHopeless(
  { epoch, best }: Pick<Epoch, "epoch" | "best">,
  earlier: readonly Curve[],
  { afterEpochs, afterTrials }: MedianRule,
): boolean {
  if (epoch <= afterEpochs) return false;
  const reached = earlier.flatMap((curve) => (curve.length >= epoch ? [curve[epoch - 1]] : []));
  return reached.length >= afterTrials && best.huber > median(reached);
}

/** The folder of a trial's run; its record is beside it, named `.json`. */
export function trialFolder(study: string, number: number): string {
  return join(study, `trial-${String(number).padStart(3, "0")}`);
}

/** Writes a trial's record, before and after its training. */
export async function writeTrial(study: string, trial: Trial): Promise<void> {
  await replaceJson(`${trialFolder(study, trial.number)}.json`, trial);
}

/**
 * Reads the records of a study in order.
 * @throws Error if one is missing between others, or does not hold a trial.
 */
export async function readTrials(study: string): Promise<Trial[]> {
  const names = (await readdir(study)).filter((name) => /^trial-\d+\.json$/.test(name));
  const trials: Trial[] = [];
  for (let number = 0; number < names.length; number++) {
    const file = `${trialFolder(study, number)}.json`;
    const refuse = (found: string) =>
      `readTrials: expected trial ${number} in ${file}, got ${found}; delete the study's folder and tune anew`;
    const trial = await readOptionalJson<Trial>(file, (one) => one.number === number, refuse);
    if (trial === null) throw new Error(refuse("none"));
    trials.push(trial);
  }
  return trials;
}

/** Deletes the weights of every ended trial except the best. */
export async function dropTensors(study: string): Promise<void> {
  const trials = await readTrials(study);
  const best = bestTrial(trials)?.number;
  for (const { number, status } of trials) {
    const folder = trialFolder(study, number);
    if (status === "running" || number === best || !existsSync(folder)) continue;
    for (const name of await readdir(folder)) {
      if (name.endsWith(".safetensors")) await rm(join(folder, name), { force: true }); // unless another process has
    }
  }
}
