// Records: the scores of an experiment's finished runs, kept under version control, so that not every reader trains them.
import { mkdir } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { replaceFile } from "../cohort/durable-file.js";
import { readOptional } from "../cohort/optional-file.js";
import { projectRoot } from "../cohort/root.js";
import { describeEngine, type Engine } from "../engine/engine.js";
import { readRun } from "../train/folder.js";
import {
  collectScores,
  type ExperimentScores,
  type SeedAccuracy,
  type SeedScore,
} from "./experiment-scores.js";
import { type Cell, type Plan, trainExperiment } from "./experiments.js";
import { foldersOf } from "./profile.js";

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
  readonly scores: readonly SeedScore[];
  readonly accuracies: readonly SeedAccuracy[];
}

/** A record that fits a plan, or why there is none. */
export interface FoundRecord {
  readonly record: ExperimentRecord | null;
  /** Where the scores come from; without a record, the reason. */
  readonly about: string;
}

/** The file that holds an experiment's record. */
export function recordFile({ experiment, runs }: Plan): string {
  return join(foldersOf(runs[0].study.profile).records, `${experiment.name}.json`);
}

/**
 * Scores the runs of a plan and writes its record, replacing the file in one step.
 * @throws Error if a run is not finished, with the command that trains it.
 */
export async function recordExperiment(
  plan: Plan,
  engine: Engine,
  file = recordFile(plan),
): Promise<ExperimentRecord> {
  const { experiment, runs } = plan;
  const { scores, accuracies, unfinished } = await collectScores(plan, engine);
  if (unfinished.length > 0) {
    throw new Error(
      `recordExperiment: expected ${runs.length} finished runs of ${experiment.name}, got ${unfinished.length} others ` +
        `(${unfinished[0]}); npx aro train ${experiment.name} trains them`,
    );
  }
  const record: ExperimentRecord = {
    experiment: experiment.name,
    profile: runs[0].study.profile.name,
    command: `npx aro train ${experiment.name} && npx aro record ${experiment.name}`,
    date: new Date().toISOString().slice(0, 10),
    runs: await Promise.all(
      runs.map(async ({ name, folder, hash }) => {
        const { environment } = await readRun(folder);
        const { version, node, cpu } = environment;
        const made = `${describeEngine(environment.engine)} ${environment.engine.version}`;
        return { name, hash, engine: made, version, node, cpu };
      }),
    ),
    ...{ scores, accuracies },
  };
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, (handle) => handle.writeFile(format(record)));
  return record;
}

/**
 * Reads the record of a plan, if it holds exactly the plan's runs: the same settings, the same data.
 * @throws Error if the file is damaged.
 */
export async function findRecord(plan: Plan, file = recordFile(plan)): Promise<FoundRecord> {
  const where = relative(projectRoot(), file);
  const record = await readRecord(file);
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
  const { experiment, runs, cells } = plan;
  const { record, about } = await findRecord(plan);
  if (record === null) {
    const own = runs.filter(({ seed }) => experiment.seedsInNotebook.includes(seed));
    await trainExperiment(plan, engine, { runs: own });
    return { ...(await collectScores(plan, engine)), about, checks: [] };
  }
  const isChecked = ({ variant, seed }: Cell) =>
    experiment.checked.includes(variant.name) && seed === experiment.seeds[0];
  const few = { ...plan, runs: [...new Set(cells.filter(isChecked).map(({ run }) => run))] };
  await trainExperiment(few, engine);
  const checks = checkRecord(record, await collectScores(few, engine));
  return {
    variants: experiment.variants,
    ...{ scores: record.scores, accuracies: record.accuracies, unfinished: [], about, checks },
  };
}

async function readRecord(file: string): Promise<ExperimentRecord | null> {
  const text = await readOptional(file);
  if (text === null) return null;
  try {
    const record = JSON.parse(text) as ExperimentRecord;
    if ([record.runs, record.scores, record.accuracies].every(Array.isArray)) return record;
  } catch {
    // reported below
  }
  throw new Error(
    `findRecord: expected runs, scores and accuracies in ${file}, got "${text.slice(0, 40)}"; restore it with git`,
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
  readonly measure: "MSE" | "accuracy";
  readonly recorded: number;
  readonly here: number;
  readonly agrees: "yes" | "no";
}

/** Relative difference up to which an error agrees: four digits. Other processors round differently. */
const TOLERANCE = 1e-4;

/** Compares a record with scores that were measured here, run by run; accuracies agree if they are equal. */
export function checkRecord(record: ExperimentRecord, measured: ExperimentScores): CheckedScore[] {
  const losses = measured.scores.flatMap(({ variant, seed, part, mse }): CheckedScore[] => {
    const same = record.scores.find(
      (score) => score.variant === variant && score.seed === seed && score.part === part,
    );
    if (!same) return [];
    const agrees = Math.abs(mse / same.mse - 1) <= TOLERANCE ? "yes" : "no";
    return [{ variant, seed, part, measure: "MSE", recorded: same.mse, here: mse, agrees }];
  });
  const accuracies = measured.accuracies.flatMap(({ variant, seed, accuracy }): CheckedScore[] => {
    const same = record.accuracies.find((row) => row.variant === variant && row.seed === seed);
    if (!same) return [];
    const agrees = accuracy === same.accuracy ? "yes" : "no";
    const numbers = { recorded: same.accuracy, here: accuracy, agrees } as const;
    return [{ variant, seed, part: "test", measure: "accuracy", ...numbers }];
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
