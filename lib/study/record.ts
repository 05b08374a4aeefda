// Records: the scores of an experiment's finished runs, kept under version control, so that not every reader trains them.
import { mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { replaceFile } from "../cohort/durable-file.js";
import { readOptionalJson } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { describeEngine, type Engine } from "../engine/engine.js";
import { COMBINED, type RepeatedScore } from "../evaluate/repeated-splits.js";
import type { RunEnvironment } from "../train/environment.js";
import { readRun } from "../train/folder.js";
import { collectScores, type ExperimentScores, type SeedAccuracy } from "./experiment-scores.js";
import { type Experiment, type Plan, type PlannedRun, trainExperiment } from "./experiments.js";
import { foldersOf, type Profile } from "./profile.js";
import { readSplit } from "./splits.js";

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

export interface ExperimentRecord {
  readonly experiment: string;
  readonly profile: string;
  /** What trains the runs and writes this file. */
  readonly command: string;
  /** When it was written, e.g. "2026-11-29". */
  readonly date: string;
  readonly runs: readonly RecordedRun[];
  readonly scores: readonly RepeatedScore[];
  readonly accuracies: readonly SeedAccuracy[];
}

/** A record that fits a plan, or why there is none. */
export interface FoundRecord {
  readonly record: ExperimentRecord | null;
  /** Where the scores come from; without a record, the reason. */
  readonly about: string;
}

/** The file that holds the record of a profile's experiment. */
export function recordFile(profile: Profile, experiment: string): string {
  return join(foldersOf(profile).records, `${experiment}.json`);
}

/**
 * Scores the runs of a plan and writes its record, replacing the file in one step.
 * @throws Error if a run is not finished, with the command that trains it.
 */
export async function recordExperiment(
  plan: Plan,
  engine: Engine,
  file = recordFile(plan.profile, plan.experiment.name),
): Promise<ExperimentRecord> {
  const { profile, experiment, runs } = plan;
  const { scores, accuracies, unfinished } = await collectScores(plan, engine);
  if (unfinished.length > 0) {
    throw new Error(
      `recordExperiment: expected ${runs.length} finished runs of ${experiment.name}, got ${unfinished.length} others ` +
        `(${unfinished[0]}); npx aro train ${experiment.name} trains them`,
    );
  }
  const record: ExperimentRecord = {
    experiment: experiment.name,
    profile: profile.name,
    command: `npx aro train ${experiment.name} && npx aro record ${experiment.name}`,
    date: new Date().toISOString().slice(0, 10),
    runs: await Promise.all(
      runs.map(async (run) => {
        const { engine: of, version, node, cpu } = await environmentOf(run);
        const made = `${describeEngine(of)} ${of.version}`;
        return { name: run.name, hash: run.hash, engine: made, version, node, cpu };
      }),
    ),
    ...{ scores, accuracies },
  };
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, (handle) => handle.writeFile(format(record)));
  return record;
}

async function environmentOf(run: PlannedRun): Promise<RunEnvironment> {
  if (run.kind === "split") return (await readSplit(run))!.environment;
  return (await readRun(run.folder)).environment;
}

/**
 * Reads the record of a plan, if it holds exactly the plan's runs: the same settings, the same data.
 * @throws Error if the file is damaged.
 */
export async function findRecord(
  plan: Plan,
  file = recordFile(plan.profile, plan.experiment.name),
): Promise<FoundRecord> {
  const where = relative(projectRoot(), file);
  const record = await parseRecord(file);
  if (record === null) return { record, about: `no record of these runs: there is no ${where}` };
  const { runs } = plan;
  const other = runs.findIndex(({ hash }, i) => record.runs[i]?.hash !== hash);
  const number = other < 0 && record.runs.length > runs.length ? runs.length : other;
  if (number >= 0) {
    const name = (runs[number] ?? record.runs[number]).name;
    return {
      record: null,
      about: `no record of these runs: ${where} is of other settings or data, first in run ${number}, ${name}`,
    };
  }
  return { record, about: `${where}: ${describeOrigin(record)}` };
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
 */
export async function scoreExperiment(plan: Plan, engine: Engine): Promise<ScoredExperiment> {
  const { experiment, cells } = plan;
  const { record, about } = await findRecord(plan);
  const choose = (isChosen: Experiment["checked"]): Plan => {
    const own = cells.filter(({ variant, seed }) =>
      isChosen(variant.name, experiment.seeds.indexOf(seed)),
    );
    return { ...plan, cells: own, runs: [...new Set(own.map(({ run }) => run))] };
  };
  if (record === null) {
    await trainExperiment(choose(experiment.inNotebook), engine);
    return { ...(await collectScores(plan, engine)), about, checks: [] };
  }
  const few = choose(experiment.checked);
  await trainExperiment(few, engine);
  const checks = checkRecord(record, await collectScores(few, engine));
  return {
    variants: experiment.variants,
    ...{ scores: record.scores, accuracies: record.accuracies, unfinished: [], about, checks },
  };
}

/** Reads the record of an experiment, whatever runs it is of; null if there is none. */
export async function readRecord(
  profile: Profile,
  experiment: string,
): Promise<ExperimentRecord | null> {
  return await parseRecord(recordFile(profile, experiment));
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
  const made = runs.map(({ engine, version, cpu }) => `engine ${engine}, aro ${version}, ${cpu}`);
  return `${runs.length} runs, ${command}, ${date}, ${[...new Set(made)].join("; ")}`;
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
 * modalities together, and accuracies, which agree if they are equal.
 */
export function checkRecord(record: ExperimentRecord, measured: ExperimentScores): CheckedScore[] {
  const combined = measured.scores.filter(({ modality }) => COMBINED.includes(modality));
  const losses = combined.flatMap(({ variant, seed, part, modality, mse }): CheckedScore[] => {
    const same = record.scores.find(
      (score) =>
        score.variant === variant &&
        score.seed === seed &&
        score.part === part &&
        score.modality === modality,
    );
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

/** One line a run and a score, so that a change is readable. */
function format({ runs, scores, accuracies, ...about }: ExperimentRecord): string {
  const list = (rows: readonly object[]) =>
    rows.length === 0
      ? "[]"
      : `[\n    ${rows.map((row) => JSON.stringify(row)).join(",\n    ")}\n  ]`;
  const head = Object.entries(about).map(([key, value]) => `  "${key}": ${JSON.stringify(value)},`);
  const tail = [
    `  "runs": ${list(runs)},`,
    `  "scores": ${list(scores)},`,
    `  "accuracies": ${list(accuracies)}`,
  ];
  return `{\n${[...head, ...tail].join("\n")}\n}\n`;
}
