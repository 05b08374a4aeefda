// The catalog: the experiments and measurements of a profile by name, for the commands that run and record them.
import { relative } from "node:path";
import type { Engine } from "../engine/engine.js";
import { findNamed } from "../nearest.js";
import { createProgress } from "../train/progress.js";
import {
  type Experiment,
  experimentsOf,
  type ListedRun,
  listRuns,
  planExperiment,
  trainExperiment,
} from "./experiments.js";
import { HIDDEN_CELLS } from "./hidden-cells.js";
import {
  findMeasured,
  type Measurement,
  makeMeasurement,
  recordMeasurement,
} from "./measurement.js";
import type { Profile } from "./profile.js";
import { recordExperiment } from "./record.js";
import { recordFile } from "./record-file.js";
import { SETS } from "./sets.js";
import type { Study } from "./study.js";
import { UNCERTAINTY } from "./uncertainty.js";

/** An experiment compares many runs; a measurement is one run. */
export type Entry = Experiment | Measurement<unknown>;

const MEASUREMENTS: readonly Measurement<unknown>[] = [UNCERTAINTY, SETS, HIDDEN_CELLS];

/** Lists the experiments of a profile, then the measurements. */
export function entriesOf(profile: Profile): readonly Entry[] {
  return [...experimentsOf(profile), ...MEASUREMENTS];
}

/**
 * Finds an entry by name.
 * @throws RangeError naming those that exist.
 */
export function findEntry(profile: Profile, name: string): Entry {
  return findNamed("findEntry", entriesOf(profile), name);
}

/** Counts the runs that an entry has at most; variants that need the same training share one. */
export function countRuns(entry: Entry): number {
  return isMeasurement(entry) ? 1 : entry.variants.length * entry.seeds.length;
}

/** Lists the runs of an entry in order, with the state of each. */
export async function listEntry(study: Study, entry: Entry): Promise<ListedRun[]> {
  if (!isMeasurement(entry)) return await listRuns(study, entry);
  const { file, measured } = await findMeasured(entry, study);
  const state = measured ? "done" : "missing";
  return [{ number: 0, name: entry.name, state, epoch: 0, epochs: null, folder: file }];
}

/**
 * Carries out what is left of an entry, or the run of one number, with a progress line for each training.
 * @param say is told each run, or part of a measurement, in words.
 * @returns false if it was interrupted; call it again to resume.
 * @throws RangeError if there is no run of that number.
 */
export async function runEntry(
  study: Study,
  entry: Entry,
  engine: Engine,
  say: (message: string) => void,
  number?: number,
): Promise<boolean> {
  const { name } = entry;
  if (isMeasurement(entry)) {
    checkRun(name, number, 1);
    await makeMeasurement(entry, study, engine, (part) => say(`${name}: ${part}`));
    return true;
  }
  const plan = planExperiment(study, entry);
  checkRun(name, number, plan.runs.length);
  return await trainExperiment(plan, engine, {
    runs: number === undefined ? plan.runs : [plan.runs[number]],
    progressOf: (run) => {
      say(`${name} ${run.number} of ${plan.runs.length}: ${run.name}`);
      return createProgress();
    },
  });
}

/**
 * Keeps the scores of an entry's finished runs in the profile's records, which the notebooks read.
 * @returns the file's path from the current folder, and what it holds.
 * @throws Error if a run is not finished, with the command that carries it out.
 */
export async function recordEntry(study: Study, entry: Entry, engine: Engine): Promise<string> {
  const file = relative(process.cwd(), recordFile(study.profile, entry.name));
  if (isMeasurement(entry)) {
    const { date } = await recordMeasurement(entry, study);
    return `${file}: measured ${date}`;
  }
  const plan = planExperiment(study, entry);
  const { runs, date } = await recordExperiment(plan, engine);
  return `${file}: scores of ${runs.length} of ${plan.runs.length} runs, ${date}`;
}

/**
 * Checks the number of a run.
 * @throws RangeError unless it is below the number of runs.
 */
export function checkRun(name: string, number: number | undefined, runs: number): void {
  if (number === undefined || number < runs) return;
  throw new RangeError(
    `aro train: expected --run to be a whole number from 0 to ${runs - 1} for ${name}, got "${number}"`,
  );
}

function isMeasurement(entry: Entry): entry is Measurement<unknown> {
  return "measure" in entry;
}
