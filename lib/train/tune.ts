// A tuning study: a sequence of trials in a folder, from which a killed study resumes.
import { createHash } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { replaceJson, UNFINISHED } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { createRandom } from "../cohort/random.js";
import type { Engine } from "../engine/engine.js";
import type { AroSpec } from "../model/aro.js";
import type { RunData } from "../model/batches.js";
import { DivergenceError } from "../model/model.js";
import { demandsOf } from "../options.js";
import { completeConfig, differences, type RunConfig, type RunRequest } from "./config.js";
import { readEpochs } from "./folder.js";
import { withInterrupt } from "./interrupt.js";
import { type Lock, takeLock, tryLock } from "./lock.js";
import { type RunResult, trainRun } from "./run.js";
import { type SearchMethod, suggest } from "./search.js";
import { checkSpace, decodePoint, type Point, type Space } from "./space.js";
import {
  bestTrial,
  type Curve,
  dropTensors,
  isHopeless,
  type MedianRule,
  observationsOf,
  readTrials,
  type Trial,
  trialFolder,
  writeTrial,
} from "./trial.js";

/** The identity of a study; the number of trials is not part of it, so a study can be extended. */
export interface StudyRequest<Spec = AroSpec> {
  readonly method: SearchMethod;
  readonly space: Space;
  /** Seed of the suggestions, together with the trial's number. */
  readonly seed: number;
  /** Null trains every trial to the end. */
  readonly stopping: MedianRule | null;
  /** The run of a point. */
  readonly request: (point: Point) => RunRequest<Spec>;
}

/** The contents of study.json. */
export interface StudyConfig<Spec = AroSpec> extends Omit<StudyRequest, "request"> {
  readonly version: number;
  /** The complete config at the middle of the space, which holds what all trials share. */
  readonly middle: RunConfig<Spec>;
  /** SHA-256 of all of the above. */
  readonly hash: string;
}

export interface TuneOptions<Spec = AroSpec> extends StudyRequest<Spec> {
  /** A folder for this study alone; created if necessary. */
  readonly folder: string;
  /** Total number of trials. */
  readonly trials: number;
  readonly data: RunData;
  readonly engine: Engine;
  /** Whether several processes may work on the study at the same time; each must set it. By default false. */
  readonly shared?: boolean;
  /** Called with each trial that ends in this process. */
  readonly onTrial?: (trial: Trial) => void;
  /** Stops the study gracefully, as the first SIGINT or SIGTERM does; a resumed study finishes the current trial. */
  readonly signal?: AbortSignal;
}

/** A study, as read from its folder. */
export interface Tuning<Spec = AroSpec> {
  readonly folder: string;
  readonly config: StudyConfig<Spec>;
  readonly trials: readonly Trial[];
  /** The best finished trial; null if none has finished. */
  readonly best: (Trial & { readonly loss: number }) | null;
}

const VERSION = 1;
const STUDY = "study.json";

/** Completes a study's settings with the config at the middle of its space, and hashes all of it. */
export function completeStudy<Spec>(
  { method, space, seed, stopping, request }: StudyRequest<Spec>,
  data: RunData,
): StudyConfig<Spec> {
  checkSpace(space);
  if (stopping) {
    const { demandCount } = demandsOf("tune");
    demandCount("stopping.afterEpochs", stopping.afterEpochs);
    demandCount("stopping.afterTrials", stopping.afterTrials);
  }
  const point = decodePoint(space, new Array<number>(space.length).fill(0.5));
  const config = { version: VERSION, method, space, seed, stopping };
  const middle = completeConfig(request(point), data);
  const text = JSON.stringify([config, middle.hash]);
  return { ...config, middle, hash: createHash("sha256").update(text).digest("hex") };
}

/**
 * Tunes on the validation loss until the study has the requested number of trials. Each trial is recorded before it starts
 * and when it ends: a killed study keeps its ended trials and resumes the current one, with the same trials as an
 * uninterrupted study.
 *
 * With `shared`, several processes, on one or more machines, each take the next trial when free, an abandoned one before
 * a new one; each returns when the study is complete. No trial is lost or done twice. With "random", the points and the
 * losses of finished trials do not depend on timing. Which trials are stopped as hopeless does, and with "bayes" also
 * every point after the first few, because both depend on the trials that have ended by then.
 * @throws RangeError if a setting makes no sense; Error if the folder holds another study, another process works on it
 * without `shared`, or a training fails for another reason than a loss that is not finite.
 */
export async function tune<Spec>(options: TuneOptions<Spec>): Promise<Tuning<Spec>> {
  const { folder, trials: budget, data, shared = false } = options;
  demandsOf("tune").demandCount("trials", budget);
  await openFolder(folder, completeStudy(options, data), shared);
  await withInterrupt(async (signal) => {
    await dropTensors(folder); // left by a kill just after the end of a trial
    const claim = () => claimTrial(options, signal);
    for (let claimed = await claim(); claimed; claimed = await claim()) {
      const { trial, trials, lock } = claimed;
      try {
        const ended = await runTrial(options, trial, await readCurves(folder, trials), signal);
        if (ended === null) break;
        await lock.check();
        await writeTrial(folder, ended);
        options.onTrial?.(ended);
      } finally {
        await lock.release();
      }
      await dropTensors(folder);
    }
  }, options.signal);
  return await readTuning(folder);
}

/**
 * Reads a study's folder.
 * @throws Error if it is not one.
 */
export async function readTuning<Spec = AroSpec>(folder: string): Promise<Tuning<Spec>> {
  const config = await readStudy<Spec>(folder);
  if (config === null) {
    throw new Error(`readTuning: expected a study in ${folder}, got no ${STUDY}; tune first`);
  }
  const trials = await readTrials(folder);
  return { folder, config, trials, best: bestTrial(trials) };
}

/** A trial claimed by this process, with the records of all trials at that moment. */
interface Claimed {
  readonly trial: Trial;
  readonly trials: readonly Trial[];
  readonly lock: Lock;
}

/**
 * Claims a running trial, which a dead process may have left, or else a new one. With `shared` it waits while others hold
 * all that is left. Null if the study is complete or the signal aborts.
 * @throws Error without `shared`, if another process holds a trial.
 */
async function claimTrial<Spec>(
  options: TuneOptions<Spec>,
  signal: AbortSignal,
): Promise<Claimed | null> {
  const { folder, trials: budget, shared = false } = options;
  for (let pause = 50; !signal.aborted; pause = Math.min(2 * pause, 1000)) {
    const listed = await readTrials(folder);
    const left = listed.flatMap(({ number, status }) => (status === "running" ? [number] : []));
    if (listed.length < budget) left.push(listed.length);
    if (left.length === 0) return null;
    for (const number of left) {
      const file = `${trialFolder(folder, number)}.lock`;
      const lock = shared ? await tryLock(file) : await takeLock(file);
      if (lock === null) continue;
      let claimed: Claimed | null = null;
      try {
        const trials = await readTrials(folder); // again, because only records read under the lock are current
        if (trials.length === number) {
          trials.push(startTrial(options, trials));
          await writeTrial(folder, trials[number]);
        }
        const trial = trials[number];
        if (trial?.status === "running") claimed = { trial, trials, lock };
      } finally {
        if (claimed === null) await lock.release();
      }
      if (claimed !== null) return claimed;
    }
    await wait(pause, undefined, { signal }).catch(() => {});
  }
  return null;
}

function startTrial<Spec>(
  { method, space, seed }: TuneOptions<Spec>,
  trials: readonly Trial[],
): Trial {
  const number = trials.length;
  const random = createRandom(seed, `trial ${number}`);
  const point = suggest(method, space, observationsOf(trials), random);
  return { number, point, status: "running", loss: null, epochs: 0 };
}

/** Trains a trial to its end or verdict; null if it was interrupted. */
async function runTrial<Spec>(
  { folder, request, data, engine, stopping }: TuneOptions<Spec>,
  trial: Trial,
  curves: readonly Curve[],
  signal: AbortSignal,
): Promise<Trial | null> {
  const hopeless = new AbortController();
  const config = request(trial.point);
  const { epochs } = completeConfig(config, data).training;
  // The last epoch is not judged: a trial that reaches it has finished.
  const judge = (epoch: Parameters<typeof isHopeless>[0]) =>
    stopping !== null && epoch.epoch < epochs && isHopeless(epoch, curves, stopping);
  const options = { folder: trialFolder(folder, trial.number), config, data, engine };
  let run: RunResult<Spec>;
  try {
    run = await trainRun({
      ...options,
      onEpoch: (epoch) => {
        if (judge(epoch)) hopeless.abort();
      },
      signal: AbortSignal.any([signal, hopeless.signal]),
    });
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error; // other errors are not due to the point
    return { ...trial, status: "failed" };
  }
  // Decided from the files, so that a trial killed after its verdict ends in the same way.
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
    const ran = await readEpochs(trialFolder(folder, number));
    curves.push(ran.slice(0, epochs).map(({ best }) => best.huber));
  }
  return curves;
}

/** Starts the study in the folder, or checks that the folder holds this study. */
async function openFolder(
  folder: string,
  asked: StudyConfig<unknown>,
  shared: boolean,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (!shared) {
    // Not a lock's successor, which another process may be about to move into place.
    const left = (await readdir(folder)).filter(
      (name) => UNFINISHED.test(name) && !name.includes(".successor."),
    );
    for (const name of left) await rm(join(folder, name), { force: true });
  }
  const there = await readStudy(folder);
  if (there === null) await replaceJson(join(folder, STUDY), asked);
  else if (there.hash !== asked.hash) {
    throw new Error(
      `tune: expected the study in ${folder}, got another (${differences(there, asked).join("; ")}); ` +
        "give this study another folder, or delete that one",
    );
  }
}

async function readStudy<Spec>(folder: string): Promise<StudyConfig<Spec> | null> {
  const file = join(folder, STUDY);
  return await readOptionalJson<StudyConfig<Spec>>(
    file,
    ({ hash }) => typeof hash === "string",
    (found) => `${file}: expected a study in JSON, got "${found}"; delete its folder`,
  );
}
