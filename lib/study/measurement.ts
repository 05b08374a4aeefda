// Measurements that take minutes: each is made once, kept in the runs folder, and read from its record if there is one.
import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { replaceFile, replaceJson } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { type Engine, nameEngine } from "../engine/engine.js";
import { hashRows } from "../train/config.js";
import { foldersOf } from "./profile.js";
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
  /** The result, and that of each part, must survive JSON. */
  measure(study: Study, engine: Engine, part: Part): Promise<T>;
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
 * settings, measures and keeps it there. A measurement that was interrupted resumes with its first unfinished part.
 * @param onPart is told each finished part.
 * @throws Error if a file is damaged.
 */
export async function openMeasurement<T>(
  measurement: Measurement<T>,
  study: Study,
  engine: Engine,
  onPart: (what: string) => void = () => {},
): Promise<OpenedMeasurement<T>> {
  const { name, version } = measurement;
  const hash = hashOf(measurement, study);
  for (const file of [recordOf(study, name), runOf(study, name)]) {
    const found = await read<T>(file);
    if (found?.hash !== hash) continue;
    const where = relative(projectRoot(), file);
    const about = `${where}: ${found.command}, ${found.date}, engine ${found.engine}`;
    return { ...found, about };
  }
  const parts = join(foldersOf(study.profile).runs, `${name}-${hash.slice(0, 8)}`);
  const part: Part = async (what, make) => {
    const file = join(parts, `${encodeURIComponent(what)}.json`);
    const kept = await readPart<Awaited<ReturnType<typeof make>>>(file);
    const content = kept ?? { result: await make() };
    if (!kept) {
      await mkdir(parts, { recursive: true });
      await replaceJson(file, content);
    }
    onPart(what);
    return content.result;
  };
  const measured: Measured<T> = {
    ...{ name, profile: study.profile.name, command: `npx aro train ${name}` },
    ...{ date: new Date().toISOString().slice(0, 10), engine: nameEngine(engine), hash },
    result: await measurement.measure(study, engine, part),
  };
  await write(runOf(study, name), measured);
  await rm(parts, { recursive: true, force: true });
  return { ...measured, about: `measured here, version ${version}, engine ${measured.engine}` };
}

/**
 * Keeps a finished measurement in the profile's records, which notebooks read.
 * @returns the file.
 * @throws Error if it was not measured on this cohort with these settings, with the command that does so.
 */
export async function recordMeasurement(
  measurement: Measurement<unknown>,
  study: Study,
): Promise<string> {
  const { name } = measurement;
  const found = await read(runOf(study, name));
  if (found?.hash !== hashOf(measurement, study)) {
    throw new Error(
      `recordMeasurement: expected a measurement "${name}" of this cohort and these settings in ` +
        `${relative(projectRoot(), runOf(study, name))}, got ${found ? "another" : "none"}; npx aro train ${name} makes it`,
    );
  }
  const file = recordOf(study, name);
  await write(file, found);
  return file;
}

function hashOf(measurement: Measurement<unknown>, study: Study): string {
  const { cohort, split, profile } = study;
  const about = [
    ...[measurement.name, measurement.version, measurement.settings(study)],
    ...[split, cohort.features, cohort.modalities, profile.split],
    cohort.samples.map(({ id, patient }) => [id, patient]),
    hashRows([{ ids: cohort.samples.map(({ id }) => id), matrix: cohort.matrix }]),
  ];
  return createHash("sha256").update(JSON.stringify(about)).digest("hex");
}

function recordOf({ profile }: Study, name: string): string {
  return join(foldersOf(profile).records, `${name}.json`);
}

function runOf({ profile }: Study, name: string): string {
  return join(foldersOf(profile).runs, `${name}.json`);
}

async function readPart<P>(file: string): Promise<{ readonly result: P } | null> {
  return await readOptionalJson<{ readonly result: P }>(
    file,
    ({ result }) => result !== undefined,
    (found) =>
      `openMeasurement: expected a part of a measurement in ${file}, got "${found}"; delete it`,
  );
}

async function read<T>(file: string): Promise<Measured<T> | null> {
  return await readOptionalJson<Measured<T>>(
    file,
    ({ hash, result }) => typeof hash === "string" && result !== undefined,
    (found) =>
      `openMeasurement: expected a measurement in ${file}, got "${found}"; delete it, or restore it with git`,
  );
}

/** One line a row of a table, and six digits a number, so that a change is readable. */
async function write(file: string, measured: Measured<unknown>): Promise<void> {
  const short = JSON.stringify(
    measured,
    (_, value) =>
      typeof value === "number" && !Number.isInteger(value)
        ? Number(value.toPrecision(6))
        : (value as unknown),
    1,
  );
  const text = short.replace(/\{[^{}[\]]*\}/g, (row) => JSON.stringify(JSON.parse(row)));
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, (handle) => handle.writeFile(`${text}\n`));
}
