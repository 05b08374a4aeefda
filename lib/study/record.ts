// Records: the scores of an experiment's finished runs, kept under version control, so that not every reader trains them.
import { relative } from "node:path";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { describeEngine, type Engine } from "../engine/engine.js";
import { COMBINED } from "../evaluate/reconstruction.js";
import type { RepeatedScore } from "../evaluate/repeated-splits.js";
import { unknownName } from "../nearest.js";
import { checkOptions } from "../options.js";
import { collectScores, type Experiment, type ExperimentScores, type Plan } from "./experiments.js";
import { carryOut, describeState, type RunScores } from "./planned-runs.js";
import type { Profile } from "./profile.js";
import { readEach, recordFile, writeRecord } from "./record-file.js";

/** A run behind the scores, and what trained it. */
export interface RecordedRun {
  readonly name: string;
  /** SHA-256 of its settings and data. */
  readonly hash: string;
  readonly engine: string;
  /** Of this library. */
  readonly version: string;
  readonly node: string;
  readonly cpu: string;
}

export interface ExperimentRecord extends RunScores {
  readonly experiment: string;
  readonly profile: string;
  /** What cohort the scores are of, as its profile or its file says. */
  readonly about: string;
  /** What trains the runs and writes this file. */
  readonly command: string;
  /** When it was written, e.g. "2026-11-29". */
  readonly date: string;
  readonly runs: readonly RecordedRun[];
}

/**
 * Scores the finished runs of a plan and writes its record, replacing the file in one step. Runs that are not finished
 * here keep what an earlier record has of them, if it is of the same settings and data.
 * @throws Error if no run is finished here, with the command that trains them.
 */
export async function recordExperiment(
  plan: Plan,
  engine: Engine,
  file = recordFile(plan.profile, plan.experiment.name),
): Promise<ExperimentRecord> {
  const { profile, experiment, runs } = plan;
  const states = await Promise.all(runs.map((run) => run.state()));
  const finished = runs.filter((_, i) => states[i].state === "done");
  if (finished.length === 0) {
    throw new Error(
      `recordExperiment: expected finished runs of ${experiment.name}, got none of ${runs.length} ` +
        `(${runs[0].name}: ${describeState(states[0])}); npx aro train ${experiment.name} trains them`,
    );
  }
  const made = await Promise.all(
    finished.map(async (run): Promise<RecordedRun> => {
      const { engine: of, version, node, cpu } = await run.environment();
      const engine = `${describeEngine(of)} ${of.version}`;
      return { name: run.name, hash: run.hash, engine, version, node, cpu };
    }),
  );
  const here = await collectScores({ ...plan, runs: finished }, engine);
  const before = await parseRecord(file);
  const all = [...made, ...(before?.runs ?? [])];
  const pick = <T extends { readonly variant: string; readonly seed: number }>(
    of: (found: RunScores) => readonly T[],
  ) =>
    plan.cells.flatMap(({ variant: { name }, seed, run }) => {
      const isRecorded = before?.runs.some(({ hash }) => hash === run.hash);
      const found = finished.includes(run) ? here : isRecorded ? before : null;
      return found ? of(found).filter((one) => one.variant === name && one.seed === seed) : [];
    });
  const cohort = typeof profile.cohort === "object" ? " --cohort FILE" : "";
  const record: ExperimentRecord = {
    experiment: experiment.name,
    profile: profile.name,
    about: profile.about,
    command: `npx aro train ${experiment.name}${cohort} && npx aro record ${experiment.name}${cohort}`,
    date: new Date().toISOString().slice(0, 10),
    runs: runs.flatMap(({ hash }) => all.find((run) => run.hash === hash) ?? []),
    scores: pick(({ scores }) => scores),
    accuracies: pick(({ accuracies }) => accuracies),
  };
  await writeRecord(file, record);
  return record;
}

/**
 * Reads the record of a plan, if every run that it holds is one of the plan's: the same settings, the same data; tells
 * where the scores come from, or without a record, the reason.
 * @throws Error if the file is damaged.
 */
export async function findRecord(
  plan: Plan,
  file = recordFile(plan.profile, plan.experiment.name),
): Promise<{ readonly record: ExperimentRecord | null; readonly about: string }> {
  const where = relative(projectRoot(), file);
  const record = await parseRecord(file);
  if (record === null)
    return { record, about: `scores of runs made here; there is no record ${where}` };
  const { runs } = plan;
  const other = record.runs.find(({ hash }) => !runs.some((run) => run.hash === hash));
  if (other || record.runs.length === 0) {
    return {
      record: null,
      about: `no record of these runs: ${where} is of other settings or data${other ? `, first in ${other.name}` : ""}`,
    };
  }
  const left = runs.length - record.runs.length;
  const missing =
    left > 0 ? `; ${left} of ${runs.length} runs ${left === 1 ? "is" : "are"} not recorded` : "";
  return { record, about: `${where}: ${describeOrigin(record)}${missing}` };
}

/** An experiment's scores, and where they come from. */
export interface ScoredExperiment extends ExperimentScores {
  /** The record, or why there is none. */
  readonly about: string;
  /** Recorded scores beside those of runs that were trained here; empty without a record. */
  readonly checks: readonly CheckedScore[];
}

/**
 * Scores an experiment from its record, and checks the record against the few runs that the experiment names, which are
 * trained unless they are finished. Without a record that fits, it trains the seeds that are for a notebook and scores
 * every finished run. The record is never written here.
 * @param options.only names of the variants that may be trained here; by default all.
 * @throws RangeError if `only` names no variant of the experiment.
 */
export async function scoreExperiment(
  plan: Plan,
  engine: Engine,
  options: { readonly only?: readonly string[] } = {},
): Promise<ScoredExperiment> {
  const { only } = checkOptions("scoreExperiment", options, { only: "array" });
  const { experiment, cells } = plan;
  const names = experiment.variants.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw unknownName("scoreExperiment", unknown, names, `a variant of ${experiment.name}`);
  }
  const { record, about } = await findRecord(plan);
  const choose = (isChosen: Experiment["checked"]): Plan => {
    const own = cells.filter(
      ({ variant: { name }, seed }) =>
        (only?.includes(name) ?? true) && isChosen(name, experiment.seeds.indexOf(seed)),
    );
    return { ...plan, cells: own, runs: [...new Set(own.map(({ run }) => run))] };
  };
  if (record === null) {
    await carryOut(choose(experiment.inNotebook).runs, engine);
    return { ...(await collectScores(plan, engine)), about, checks: [] };
  }
  const few = choose(experiment.checked);
  await carryOut(few.runs, engine);
  const checks = checkRecord(record, await collectScores(few, engine));
  const recorded = new Set(record.runs.map(({ hash }) => hash));
  const missing = plan.runs.filter(({ hash }) => !recorded.has(hash));
  return {
    variants: experiment.variants,
    scores: record.scores,
    accuracies: record.accuracies,
    unfinished: missing.map(({ name }) => `${name} (not recorded)`),
    about,
    checks,
  };
}

/** Reads the record of an experiment, whatever runs it is of; null if there is none. */
export async function readRecord(
  profile: Profile,
  experiment: string,
): Promise<ExperimentRecord | null> {
  return await parseRecord(recordFile(profile, experiment));
}

/**
 * Reads what is recorded of an experiment on every cohort, by the name of its profile.
 * @param folder of records, one folder a profile.
 */
export async function readRecords(
  experiment: string,
  folder?: string,
): Promise<ExperimentRecord[]> {
  return await readEach(experiment, parseRecord, folder);
}

async function parseRecord(file: string): Promise<ExperimentRecord | null> {
  return await readOptionalJson<ExperimentRecord>(
    file,
    ({ runs, scores, accuracies }) => [runs, scores, accuracies].every(Array.isArray),
    (found) =>
      `findRecord: expected runs, scores and accuracies in ${file}, got "${found}"; restore it with git`,
  );
}

function describeOrigin({ command, date, runs }: ExperimentRecord): string {
  // The file has each run's kernels, threads and version.
  const made = runs.map(({ engine, cpu }) => `engine ${engine.replace(/ \(.*/, "")}, ${cpu}`);
  return `${runs.length} runs, recorded ${date} (${[...new Set(made)].join("; ")}); made by ${command}`;
}

/** A recorded number beside the one that was measured here. */
export interface CheckedScore {
  readonly variant: string;
  readonly seed: number;
  readonly part: string;
  /** "inferred" or "all"; empty for an accuracy. */
  readonly modality: string;
  readonly measure: "MSE" | "accuracy";
  readonly recorded: number;
  readonly here: number;
  readonly agrees: "yes" | "no";
}

/** Relative difference up to which an error agrees: four digits. Other processors round differently. */
const TOLERANCE = 1e-4;

/**
 * Compares a record with scores that were measured here, run by run: errors over all columns and over the inferred
 * modalities together in the paper's space, and accuracies, which agree if they are equal.
 */
export function checkRecord(record: ExperimentRecord, measured: ExperimentScores): CheckedScore[] {
  const combined = measured.scores.filter(
    ({ modality, space }) => COMBINED.includes(modality) && space === undefined,
  );
  const keyOf = ({ variant, seed, part, modality, space }: RepeatedScore) =>
    JSON.stringify([variant, seed, part, modality, space]);
  const recorded = new Map(record.scores.map((score) => [keyOf(score), score]));
  const losses = combined.flatMap((score): CheckedScore[] => {
    const { variant, seed, part, modality, mse } = score;
    const same = recorded.get(keyOf(score));
    if (!same) return [];
    const agrees = Math.abs(mse / same.mse - 1) <= TOLERANCE ? "yes" : "no";
    const about = { variant, seed, part, modality, measure: "MSE" } as const;
    return [{ ...about, recorded: same.mse, here: mse, agrees }];
  });
  const accuracies = measured.accuracies.flatMap(({ variant, seed, accuracy }): CheckedScore[] => {
    const same = record.accuracies.find((row) => row.variant === variant && row.seed === seed);
    if (!same) return [];
    const agrees = accuracy === same.accuracy ? "yes" : "no";
    const numbers = { recorded: same.accuracy, here: accuracy, agrees } as const;
    return [{ variant, seed, part: "test", modality: "", measure: "accuracy", ...numbers }];
  });
  return [...losses, ...accuracies];
}
