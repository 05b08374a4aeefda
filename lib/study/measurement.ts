// Measurements that take minutes: each is made once, kept in the runs folder, and read from its record if there is one.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { replaceJson } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { type Engine, nameEngine } from "../engine/engine.js";
import { hashCohort } from "../train/config.js";
import { withInterrupt } from "../train/interrupt.js";
import type { PlannedRun, RunMeans } from "./planned-runs.js";
import { foldersOf } from "./profile.js";
import { readEach, recordFile, writeRecord } from "./record-file.js";
import type { Study } from "./study.js";

/** Something that is measured on a study. */
export interface Measurement<T> {
  readonly name: string;
  /** One line for a list. */
  readonly about: string;
  /** Of what it computes: results of another version are other results. */
  readonly version: number;
  /** What of the study's profile the result depends on, beside cohort and split. */
  settings(study: Study): unknown;
  /**
   * The result, and that of each part, must survive JSON.
   * @throws the signal's reason if it stopped the measurement.
   */
  measure(study: Study, means: MeasuringMeans): Promise<T>;
}

/** What a measurement is made with. */
export interface MeasuringMeans extends Omit<RunMeans, "progress"> {
  readonly part: Part;
}

/**
 * Makes a part of a measurement, such as one split, and keeps it until the whole is finished, so that an interrupted
 * measurement resumes; gives what was kept where there is something.
 */
export type Part = <P>(name: string, make: () => Promise<P>) => Promise<P>;

/** A result, and where it comes from. */
export interface Measured<T> {
  readonly name: string;
  readonly profile: string;
  /** What makes it anew. */
  readonly command: string;
  /** When it was measured, e.g. "2026-11-29". */
  readonly date: string;
  readonly engine: string;
  /** SHA-256 of version, settings, cohort and split. */
  readonly hash: string;
  readonly result: T;
}

/** A measured result, and a sentence that says whether it was read or made here. */
export interface OpenedMeasurement<T> extends Measured<T> {
  readonly about: string;
}

/**
 * Reads the measurement's record, or what was kept in the runs folder; where neither is of this cohort, split and
 * settings, measures and keeps it there.
 * @throws Error if a file is damaged.
 */
export async function openMeasurement<T>(
  measurement: Measurement<T>,
  study: Study,
  engine: Engine,
): Promise<OpenedMeasurement<T>> {
  const { recorded, hash } = placeOf(measurement, study);
  const found = await find<T>(recorded, hash);
  if (found) return { ...found, about: originOf(found, recorded) };
  return await withInterrupt((signal) => make(measurement, study, { engine, signal }));
}

/** Plans the one run of a measurement; it is made anew whatever is recorded. */
export function planMeasurement(measurement: Measurement<unknown>, study: Study): PlannedRun {
  const { file, hash } = placeOf(measurement, study);
  return {
    number: 0,
    name: measurement.name,
    folder: file,
    epochs: null,
    state: async () => ({ state: (await find(file, hash)) ? "done" : "missing", epoch: 0 }),
    carryOut: async (means) => {
      try {
        await make(measurement, study, means);
        return true;
      } catch (error) {
        if (means.signal.aborted && error === means.signal.reason) return false;
        throw error;
      }
    },
  };
}

/**
 * Reads what was kept in the runs folder, or measures and keeps it there, whatever is recorded. A measurement that was
 * interrupted resumes with its first unfinished part.
 * @throws Error if the file is damaged; the signal's reason if it stopped the measurement.
 */
async function make<T>(
  measurement: Measurement<T>,
  study: Study,
  { engine, signal, progress }: RunMeans,
): Promise<OpenedMeasurement<T>> {
  const { name, version } = measurement;
  const { file, hash } = placeOf(measurement, study);
  const kept = await find<T>(file, hash);
  if (kept) return { ...kept, about: originOf(kept, file) };
  const parts = join(foldersOf(study.profile).runs, `${name}-${hash.slice(0, 8)}`);
  const part: Part = async <P>(what: string, make: () => Promise<P>) => {
    signal.throwIfAborted();
    const own = join(parts, `${encodeURIComponent(what)}.json`);
    const there = await read<{ readonly result: P }>(own, "a part of a measurement", "delete it");
    const content = there ?? { result: await make() };
    if (!there) {
      await mkdir(parts, { recursive: true });
      await replaceJson(own, content);
    }
    progress?.note(what);
    return content.result;
  };
  const measured = rounded({
    name,
    profile: study.profile.name,
    command: `npx aro train ${name}`,
    date: new Date().toISOString().slice(0, 10),
    engine: nameEngine(engine),
    hash,
    result: await measurement.measure(study, { engine, signal, part }),
  });
  await writeRecord(file, measured);
  await rm(parts, { recursive: true, force: true });
  return { ...measured, about: `measured here, version ${version}, engine ${measured.engine}` };
}

/**
 * Keeps a finished measurement in the profile's records, which notebooks read.
 * @throws Error if it was not measured on this cohort with these settings, with the command that does so.
 */
export async function recordMeasurement<T>(
  measurement: Measurement<T>,
  study: Study,
): Promise<Measured<T>> {
  const { name } = measurement;
  const { file, recorded, hash } = placeOf(measurement, study);
  const measured = await find<T>(file, hash);
  if (!measured) {
    throw new Error(
      `recordMeasurement: expected a measurement "${name}" of this cohort and these settings in ` +
        `${relative(projectRoot(), file)}, got none; npx aro train ${name} makes it`,
    );
  }
  await writeRecord(recorded, measured);
  return measured;
}

/** Where the runs folder and the records keep a measurement, and its hash on this cohort, split and settings. */
function placeOf({ name, version, settings }: Measurement<unknown>, study: Study) {
  const { cohort, split, profile } = study;
  const about = [
    name,
    version,
    settings(study),
    split,
    cohort.features,
    cohort.modalities,
    profile.split,
    cohort.samples.map(({ id, patient }) => [id, patient]),
    hashCohort(cohort),
  ];
  return {
    file: join(foldersOf(profile).runs, `${name}.json`),
    recorded: recordFile(profile, name),
    hash: createHash("sha256").update(JSON.stringify(about)).digest("hex"),
  };
}

function originOf({ command, date, engine }: Measured<unknown>, file: string): string {
  return `${relative(projectRoot(), file)}: ${command}, ${date}, engine ${engine}`;
}

/** Reads what is recorded of a measurement on every cohort, by the name of its profile. */
export async function readMeasurements<T>(name: string): Promise<Measured<T>[]> {
  return await readEach(name, readMeasured<T>);
}

/** Null if there is no file, or it is of another cohort, split or settings. */
async function find<T>(file: string, hash: string): Promise<Measured<T> | null> {
  const found = await readMeasured<T>(file);
  return found?.hash === hash ? found : null;
}

async function readMeasured<T>(file: string): Promise<Measured<T> | null> {
  return await read(file, "a measurement", "delete it, or restore it with git");
}

async function read<C extends { readonly result: unknown }>(
  file: string,
  what: string,
  remedy: string,
): Promise<C | null> {
  return await readOptionalJson<C>(
    file,
    ({ result }) => result !== undefined,
    (text) => `openMeasurement: expected ${what} in ${file}, got "${text}"; ${remedy}`,
  );
}

/** Rounds to six digits, which is more than a measurement holds. */
function rounded<T>(measured: Measured<T>): Measured<T> {
  return JSON.parse(
    JSON.stringify(measured, (_, value: unknown) =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
    ),
  );
}
