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
export interface MeasuringMeans {
  readonly engine: Engine;
  readonly signal: AbortSignal;
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
  const file = recordFile(study.profile, measurement.name);
  const found = await read<T>(file, hashOf(measurement, study));
  if (found) return { ...found, about: originOf(found, file) };
  return await withInterrupt((signal) => make(measurement, study, { engine, signal }));
}

/** Plans the one run of a measurement; it is made anew whatever is recorded. */
export function planMeasurement(measurement: Measurement<unknown>, study: Study): PlannedRun {
  const { name } = measurement;
  const { file } = placeOf(measurement, study);
  return {
    ...{ number: 0, name, folder: file, epochs: null },
    state: async () => {
      const kept = await findMeasured(measurement, study);
      return { state: kept ? "done" : "missing", epoch: 0 };
    },
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
  const kept = await findMeasured(measurement, study);
  if (kept) return { ...kept, about: originOf(kept, file) };
  const parts = join(foldersOf(study.profile).runs, `${name}-${hash.slice(0, 8)}`);
  const part: Part = async (what, make) => {
    signal.throwIfAborted();
    const own = join(parts, `${encodeURIComponent(what)}.json`);
    const there = await readPart<Awaited<ReturnType<typeof make>>>(own);
    const content = there ?? { result: await make() };
    if (!there) {
      await mkdir(parts, { recursive: true });
      await replaceJson(own, content);
    }
    progress?.note(what);
    return content.result;
  };
  const measured = rounded({
    ...{ name, profile: study.profile.name, command: `npx aro train ${name}` },
    ...{ date: new Date().toISOString().slice(0, 10), engine: nameEngine(engine), hash },
    result: await measurement.measure(study, { engine, signal, part }),
  });
  await writeRecord(file, measured);
  await rm(parts, { recursive: true, force: true });
  return { ...measured, about: `measured here, version ${version}, engine ${measured.engine}` };
}

/** Where the runs folder keeps a measurement of this cohort, split and settings, and its hash. */
function placeOf(measurement: Measurement<unknown>, study: Study) {
  const file = join(foldersOf(study.profile).runs, `${measurement.name}.json`);
  return { file, hash: hashOf(measurement, study) };
}

/** Reads what the runs folder keeps; null unless it is of this cohort, split and settings. */
async function findMeasured<T>(
  measurement: Measurement<T>,
  study: Study,
): Promise<Measured<T> | null> {
  const { file, hash } = placeOf(measurement, study);
  return await read<T>(file, hash);
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
  const measured = await findMeasured(measurement, study);
  if (!measured) {
    const { file } = placeOf(measurement, study);
    throw new Error(
      `recordMeasurement: expected a measurement "${name}" of this cohort and these settings in ` +
        `${relative(projectRoot(), file)}, got none; npx aro train ${name} makes it`,
    );
  }
  await writeRecord(recordFile(study.profile, name), measured);
  return measured;
}

function hashOf(measurement: Measurement<unknown>, study: Study): string {
  const { cohort, split, profile } = study;
  const about = [
    ...[measurement.name, measurement.version, measurement.settings(study)],
    ...[split, cohort.features, cohort.modalities, profile.split],
    cohort.samples.map(({ id, patient }) => [id, patient]),
    hashCohort(cohort),
  ];
  return createHash("sha256").update(JSON.stringify(about)).digest("hex");
}

function originOf({ command, date, engine }: Measured<unknown>, file: string): string {
  return `${relative(projectRoot(), file)}: ${command}, ${date}, engine ${engine}`;
}

async function readPart<P>(file: string): Promise<{ readonly result: P } | null> {
  return await readOptionalJson<{ readonly result: P }>(
    file,
    ({ result }) => result !== undefined,
    (found) =>
      `openMeasurement: expected a part of a measurement in ${file}, got "${found}"; delete it`,
  );
}

/** Reads what is recorded of a measurement on every cohort, by the name of its profile. */
export async function readMeasurements<T>(name: string): Promise<Measured<T>[]> {
  return await readEach(name, parse<T>);
}

/** Null if there is no file, or it is of another cohort, split or settings. */
async function read<T>(file: string, hash: string): Promise<Measured<T> | null> {
  const found = await parse<T>(file);
  return found?.hash === hash ? found : null;
}

async function parse<T>(file: string): Promise<Measured<T> | null> {
  return await readOptionalJson<Measured<T>>(
    file,
    (measured) => typeof measured.hash === "string" && measured.result !== undefined,
    (text) =>
      `openMeasurement: expected a measurement in ${file}, got "${text}"; delete it, or restore it with git`,
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
