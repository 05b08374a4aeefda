// The command that trains experiments: what is left of one, in order, or one run alone.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import type { Engine } from "../engine/engine.js";
import { textTable } from "../jupyter/table.js";
import { describeState } from "../study/experiment-scores.js";
import {
  experimentsOf,
  findExperiment,
  type ListedRun,
  listRuns,
  planExperiment,
  trainExperiment,
} from "../study/experiments.js";
import { readProfile } from "../study/profile.js";
import { type PlannedSplit, planSplits, readSplit, runSplits, SPLITS } from "../study/splits.js";
import { openStudy, type Study } from "../study/study.js";
import { STOPPED } from "../train/interrupt.js";
import { createProgress } from "../train/progress.js";
import { type ProfileChoice, profileOf } from "./options.js";

interface TrainOptions extends ProfileChoice {
  /** The number of the only run to train. */
  readonly run?: number;
  readonly json?: true;
}

/**
 * `aro train` lists the experiments with the state of each run; `aro train NAME` trains what is left, and `--run N` run N
 * alone. Exits with 75 if it was stopped: the same command goes on.
 */
export async function train(given: TrainOptions, [name]: readonly string[]): Promise<number> {
  const { run: number, json = false } = given;
  const { profile: asked, env } = profileOf(given);
  if (name === undefined && number !== undefined) {
    throw new RangeError("aro train: expected the name of an experiment beside --run, got none");
  }
  if (name !== undefined && name !== SPLITS) {
    const { variants, seeds } = findExperiment(asked, name);
    checkRun(name, number, variants.length * seeds.length); // before a cohort is fetched
  }
  const { engine } = await chooseEngine();
  // As a notebook reads it, so that they have the same runs.
  const study = await openStudy(readProfile(env, engine));
  if (name === undefined) {
    await list(study, json);
    return 0;
  }
  if (name === SPLITS) {
    await trainSplits(study, engine, number, json);
    return 0;
  }
  const plan = planExperiment(study, findExperiment(study.profile, name));
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

async function trainSplits(
  study: Study,
  engine: Engine,
  number: number | undefined,
  json: boolean,
): Promise<void> {
  const plan = planSplits(study);
  checkRun(SPLITS, number, plan.length);
  const asked = number === undefined ? plan : [plan[number]];
  await runSplits(study, asked, engine, (split) => {
    console.error(`${SPLITS} ${split.number} of ${plan.length}: seed ${split.seed}`);
  });
  const own = await listSplits(asked);
  console.log(json ? JSON.stringify({ runs: own }, null, 2) : textTable(own));
}

async function listSplits(plan: readonly PlannedSplit[]) {
  const rows = [];
  for (const split of plan) {
    const state = (await readSplit(split)) === null ? "missing" : "done";
    const file = relative(process.cwd(), split.file);
    rows.push({ run: split.number, name: `seed ${split.seed}`, state, file });
  }
  return rows;
}

async function list(study: Study, json: boolean): Promise<void> {
  const { profile } = study;
  const experiments = [];
  for (const { name, about } of experimentsOf(profile)) {
    experiments.push({ name, about, runs: await listRuns(study, name) });
  }
  const splits = await listSplits(planSplits(study));
  if (json) {
    console.log(JSON.stringify({ profile: profile.name, experiments, splits }, null, 2));
    return;
  }
  for (const { name, about, runs } of experiments) {
    console.log(`${name}: ${about}\n\n${tableOf(runs)}\n`);
  }
  console.log(`${SPLITS}: the shared decoder and linear controls over repeated splits\n`);
  console.log(`${textTable(splits)}\n`);
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
