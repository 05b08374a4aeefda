// The command that trains experiments: what is left of one, in order, or one run alone.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { textTable } from "../figures/table.js";
import { describeState } from "../study/experiment-scores.js";
import {
  experimentsOf,
  findExperiment,
  type ListedRun,
  listRuns,
  planExperiment,
  trainExperiment,
} from "../study/experiments.js";
import { openMeasurement } from "../study/measurement.js";
import { MEASUREMENTS } from "../study/measurements.js";
import { readProfile } from "../study/profile.js";
import { openStudy, type Study } from "../study/study.js";
import { STOPPED } from "../train/interrupt.js";
import { createProgress } from "../train/progress.js";
import type { ProfileChoice } from "./options.js";
import { profileOf } from "./profile.js";

interface TrainOptions extends ProfileChoice {
  /** The number of the only run to train. */
  readonly run?: number;
  readonly json?: true;
}

/**
 * `aro train` lists the experiments with the state of each run; `aro train NAME` trains what is left, and `--run N` run N
 * alone. Exits with 75 if it was stopped: the same command resumes.
 */
export async function train(given: TrainOptions, [name]: readonly string[]): Promise<number> {
  const { run: number, json = false } = given;
  const { profile: asked, env } = profileOf(given);
  if (name === undefined && number !== undefined) {
    throw new RangeError("aro train: expected the name of an experiment beside --run, got none");
  }
  const measurement = Object.values(MEASUREMENTS).find((one) => one.name === name);
  if (name !== undefined && !measurement) {
    const { variants, seeds } = findExperiment(asked, name);
    checkRun(name, number, variants.length * seeds.length); // before a cohort is fetched
  }
  const { engine } = await chooseEngine();
  // As a notebook reads it, so that they have the same runs.
  const study = await openStudy(readProfile(env, engine));
  if (measurement) {
    const { about } = await openMeasurement(measurement, study, engine, (part) =>
      console.error(`${name}: ${part}`),
    );
    console.log(json ? JSON.stringify({ name, about }) : about);
    return 0;
  }
  if (name === undefined) {
    await list(study, json);
    return 0;
  }
  const plan = planExperiment(study, name);
  checkRun(name, number, plan.runs.length);
  const runs = number === undefined ? plan.runs : [plan.runs[number]];
  const finished = await trainExperiment(plan, engine, {
    runs,
    progressOf: (run) => {
      console.error(`${name} ${run.number} of ${plan.runs.length}: ${run.name}`);
      return createProgress();
    },
  });
  const numbers = runs.map((run) => run.number);
  const listed = await listRuns(study, name);
  print(
    listed.filter((run) => numbers.includes(run.number)),
    json,
  );
  return finished ? 0 : STOPPED;
}

async function list(study: Study, json: boolean): Promise<void> {
  const { profile } = study;
  const experiments = [];
  for (const { name, about } of experimentsOf(profile)) {
    experiments.push({ name, about, runs: await listRuns(study, name) });
  }
  if (json) {
    console.log(JSON.stringify({ profile: profile.name, experiments }, null, 2));
    return;
  }
  for (const { name, about, runs } of experiments) {
    console.log(`${name}: ${about}\n\n${tableOf(runs)}\n`);
  }
  for (const { name, about } of Object.values(MEASUREMENTS)) console.log(`${name}: ${about}\n`);
  console.log("npx aro train NAME trains what is left of one; --run N trains run N alone");
}

function print(runs: readonly ListedRun[], json: boolean): void {
  console.log(json ? JSON.stringify({ runs }, null, 2) : tableOf(runs));
}

function tableOf(runs: readonly ListedRun[]): string {
  return textTable(
    runs.map(({ number, name, state, epoch, epochs, folder }) => ({
      ...{ run: number, name, state: describeState(state, epoch), epochs },
      folder: relative(process.cwd(), folder),
    })),
  );
}

function checkRun(name: string, number: number | undefined, runs: number): void {
  if (number === undefined || number < runs) return;
  throw new RangeError(
    `aro train: expected --run to be a whole number from 0 to ${runs - 1} for ${name}, got "${number}"`,
  );
}
