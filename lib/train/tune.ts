// A tuning study: trials chosen one by one by validation loss, in a folder from which a killed study resumes.
import { createHash } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceJson, UNFINISHED } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { createRandom } from "../cohort/random.js";
import type { Engine } from "../engine/engine.js";
import { DivergenceError } from "../model/model.js";
import { completeConfig, differences, type RunConfig, type RunRequest } from "./config.js";
import { readRun } from "./folder.js";
import { withInterrupt } from "./interrupt.js";
import { claimWork, type Work } from "./lock.js";
import { trainRun } from "./run.js";
import { type SearchMethod, suggest } from "./search.js";
import { checkSpace, decodePoint, type Point, type Space } from "./space.js";
import { type Curve, checkRule, curveOf, isHopeless, type MedianRule } from "./stopping.js";
import type { RunData, TrainableOf } from "./trainable.js";
import {
  bestTrial,
  dropTensors,
  observationsOf,
  readTrials,
  type Trial,
  trialFolder,
  writeTrial,
} from "./trial.js";

/** What makes a study this one; the number of trials does not, so that a study can be prolonged. */
export interface StudyRequest {
  readonly method: SearchMethod;
  readonly space: Space;
  /** Of the suggestions; with the number of a trial it decides what is drawn for it. */
  readonly seed: number;
  /** Null trains every trial to its end. */
  readonly stopping: MedianRule | null;
  /** The run of a point. */
  readonly request: (point: Point) => RunRequest;
}

/** As study.json holds it. */
export interface StudyConfig extends Omit<StudyRequest, "request"> {
  readonly version: number;
  /** The complete run in the middle of the space, which holds everything that trials have in common. */
  readonly middle: RunConfig;
  /** SHA-256 of all of the above. */
  readonly hash: string;
}

export interface TuneOptions extends StudyRequest {
  /** Of this study alone; made if it is not there. */
  readonly folder: string;
  /** How many trials the study shall have. */
  readonly trials: number;
  readonly data: RunData;
  readonly engine: Engine;
  /** How ARO is built and fed; by default as `TRAINABLE` says. */
  readonly trainable?: TrainableOf<"ARO">;
  /** Whether other processes may work on the study at the same time, each with this set; by default none may. */
  readonly shared?: boolean;
  /** Told of each trial that ends here. */
  readonly onTrial?: (trial: Trial) => void;
  /** Stops the study gracefully, as the first SIGINT or SIGTERM does; the current trial is finished on resuming. */
  readonly signal?: AbortSignal;
}

/** What a study's folder says. */
export interface Tuning {
  readonly folder: string;
  readonly config: StudyConfig;
  readonly trials: readonly Trial[];
  /** Never a stopped trial; null while none has finished. */
  readonly best: (Trial & { readonly loss: number }) | null;
}

const VERSION = 1;
const STUDY = "study.json";

/** Completes a study's settings with the run in the middle of its space, and hashes the whole. */
export function completeStudy(
  { method, space, seed, stopping, request }: StudyRequest,
  data: RunData,
): StudyConfig {
  checkSpace(space);
  if (stopping) checkRule(stopping);
  const point = decodePoint(space, new Array<number>(space.length).fill(0.5));
  const config = { version: VERSION, method, space, seed, stopping };
  const middle = completeConfig(request(point), data);
  const text = JSON.stringify([config, middle.hash]);
  return { ...config, middle, hash: createHash("sha256").update(text).digest("hex") };
}

/**
 * Tunes on the validation loss until the study has as many trials as asked for. Each trial is recorded before it
 * starts and when it ends: a study that was killed keeps every ended trial and goes on with the one under way, and
 * the trials are those of a study that was left alone.
 *
 * With `shared`, several processes, of several machines too, each take the next trial when they are free, one that a
 * dead process left before a new one; each returns when the study is complete. No trial is lost or done twice. What
 * does not depend on who was faster: with "random", the points, and what a trial reaches that runs to its end. What
 * does: which trials are stopped as hopeless, because they are judged beside those that have ended by then; and with
 * "bayes" every point after the first few, because it is chosen by the trials that have ended by then.
 * @throws RangeError if a setting makes no sense; Error if the folder holds another study, another process works on it
 * without `shared`, or a training fails for another reason than a loss that is not finite.
 */
export async function tune(options: TuneOptions): Promise<Tuning> {
  const { folder, trials: budget, data, shared = false } = options;
  if (!Number.isInteger(budget) || budget < 1) {
    throw new RangeError(`tune: expected trials to be a positive whole number, got ${budget}`);
  }
  await openFolder(folder, completeStudy(options, data), shared);
  await withInterrupt(async (signal) => {
    await dropTensors(folder, await readTrials(folder)); // of a trial whose end was the last thing written
    const claim = () => claimWork(() => listWork(options), { shared, signal });
    for (let claimed = await claim(); claimed; claimed = await claim()) {
      const { work, lock } = claimed;
      try {
        const ended = await runTrial(
          options,
          work.trial,
          await readCurves(folder, work.trials),
          signal,
        );
        if (ended === null) break;
        await lock.check();
        await writeTrial(folder, ended);
        options.onTrial?.(ended);
      } finally {
        await lock.release();
      }
      await dropTensors(folder, await readTrials(folder));
    }
  }, options.signal);
  return await readTuning(folder);
}

/**
 * Reads a study's folder.
 * @throws Error if it is not one.
 */
export async function readTuning(folder: string): Promise<Tuning> {
  const config = await readStudy(folder);
  if (config === null) {
    throw new Error(`readTuning: expected a study in ${folder}, got no ${STUDY}; tune first`);
  }
  const trials = await readTrials(folder);
  return { folder, config, trials, best: bestTrial(trials) };
}

/** A trial that this process alone may train, with all records as they were when it was claimed. */
interface Claimed {
  readonly trial: Trial;
  readonly trials: readonly Trial[];
}

/** Lists the trials under way, which a dead process may have left, and then a new one; empty if the study is complete. */
async function listWork(options: TuneOptions): Promise<Work<Claimed>[]> {
  const { folder, trials: budget } = options;
  const trials = await readTrials(folder);
  const open = trials.flatMap(({ number, status }) => (status === "running" ? [number] : []));
  const numbers = trials.length < budget ? [...open, trials.length] : open;
  return numbers.map((number) => ({
    lock: `${trialFolder(folder, number)}.lock`,
    begin: async () => {
      const before = await readTrials(folder); // again, because only what is read under the lock holds
      const there = before[number];
      if (there?.status === "running") return { trial: there, trials: before };
      if (there !== undefined || before.length !== number) return null;
      const trial = startTrial(options, before);
      await writeTrial(folder, trial);
      return { trial, trials: [...before, trial] };
    },
  }));
}

function startTrial({ method, space, seed }: TuneOptions, trials: readonly Trial[]): Trial {
  const number = trials.length;
  const random = createRandom(seed, `trial ${number}`);
  const point = suggest(method, space, observationsOf(trials), random);
  return { number, point, status: "running", loss: null, epochs: 0 };
}

/** Null if it was interrupted. */
async function runTrial(
  { folder, request, data, engine, trainable, stopping }: TuneOptions,
  trial: Trial,
  curves: readonly Curve[],
  signal: AbortSignal,
): Promise<Trial | null> {
  const hopeless = new AbortController();
  const config = request(trial.point);
  const { epochs } = completeConfig(config, data).training;
  // The last epoch is not judged: a trial that has come so far has finished.
  const judge = (epoch: Parameters<typeof isHopeless>[0]) =>
    stopping !== null && epoch.epoch < epochs && isHopeless(epoch, curves, stopping);
  const options = { folder: trialFolder(folder, trial.number), config, data, engine, trainable };
  let run: Awaited<ReturnType<typeof trainRun>>;
  try {
    run = await trainRun({
      ...options,
      onEpoch: (epoch) => {
        if (judge(epoch)) hopeless.abort();
      },
      signal: AbortSignal.any([signal, hopeless.signal]),
    });
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error; // anything else is no property of the point
    return { ...trial, status: "failed" };
  }
  // Decided by the files on disk, so that a trial that was killed after its verdict ends as it would have.
  const steps = Math.max(...run.epochs.map((epoch) => epoch.steps));
  const end = run.epochs.find((epoch) => epoch.steps === steps && judge(epoch));
  if (!end && run.result.status === "stopped") return null;
  const counted = run.epochs.slice(0, end?.epoch);
  const status = end ? "stopped" : "finished";
  const loss = counted.at(-1)!.best.huber;
  return { ...trial, status, loss, epochs: counted.length };
}

async function readCurves(folder: string, trials: readonly Trial[]): Promise<Curve[]> {
  const curves: Curve[] = [];
  for (const { number, status, epochs } of trials) {
    if (status !== "finished" && status !== "stopped") continue;
    const run = await readRun(trialFolder(folder, number));
    curves.push(curveOf(run.epochs.slice(0, epochs)));
  }
  return curves;
}

/** Makes the folder this study's, or checks that it is. */
async function openFolder(folder: string, asked: StudyConfig, shared: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder); // before the study, which another process may begin at this moment
  if (!shared) {
    // A lock's successor is not a leftover: another process may be about to move it into place.
    const left = names.filter((name) => UNFINISHED.test(name) && !name.includes(".successor."));
    for (const name of left) await rm(join(folder, name), { force: true });
  }
  const there = await readStudy(folder);
  if (there?.hash === asked.hash) return;
  if (there !== null) {
    throw new Error(
      `tune: expected the study in ${folder}, got another (${changes(there, asked).join("; ")}); ` +
        "give this study another folder, or delete that one",
    );
  }
  const strange = names.filter((name) => !UNFINISHED.test(name));
  if (strange.length > 0) {
    throw new Error(
      `tune: expected an empty folder or a study's, got ${folder} with ${strange.slice(0, 3).join(", ")}; ` +
        "give the study a folder of its own",
    );
  }
  await replaceJson(join(folder, STUDY), asked);
}

function changes(there: StudyConfig, asked: StudyConfig): string[] {
  const names = ["version", "method", "space", "seed", "stopping"] as const;
  const own = names
    .map((name) => [name, JSON.stringify(there[name]), JSON.stringify(asked[name])])
    .filter(([, before, after]) => before !== after)
    .map(([name, before, after]) => `${name}: ${before} there, ${after} asked for`);
  return [...own, ...differences(there.middle, asked.middle)];
}

async function readStudy(folder: string): Promise<StudyConfig | null> {
  const file = join(folder, STUDY);
  return await readOptionalJson<StudyConfig>(
    file,
    ({ hash }) => typeof hash === "string",
    (found) => `${file}: expected a study in JSON, got "${found}"; delete its folder`,
  );
}
