// The command that trains experiments: what is not finished, in order, or one run of them alone.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { textTable } from "../jupyter/table.js";
import { describeState } from "../study/experiment-scores.js";
import {
  experimentsOf,
  findExperiment,
  type ListedRun,
  listRuns,
  type Plan,
  type PlannedRun,
  planExperiment,
  trainExperiment,
} from "../study/experiments.js";
import { readProfile } from "../study/profile.js";
import { openStudy, type Study } from "../study/study.js";
import { createProgress } from "../train/progress.js";
import { choose } from "./options.js";

/**
 * `aro train` lists the experiments with the state of each run; `aro train NAME` trains what is not finished, and
 * `--run N` run N alone. Exits with 1 if it was interrupted: the same command goes on.
 */
export async function train(args: readonly string[]): Promise<number> {
  const { env, json, own, positionals } = choose(args, ["run"]);
  const [name, ...rest] = positionals;
  if (rest.length > 0) {
    throw new RangeError(`aro train: expected one experiment, got "${positionals.join(" ")}"`);
  }
  if (name === undefined && own.run !== undefined) {
    throw new RangeError("aro train: expected the name of an experiment beside --run, got none");
  }
  const { engine } = await chooseEngine();
  // As a notebook reads it, so that they have the same runs.
  const profile = readProfile(env, engine);
  if (name !== undefined) findExperiment(profile, name);
  const study = await openStudy(profile);
  if (name === undefined) {
    await list(study, json);
    return 0;
  }
  const plan = planExperiment(study, findExperiment(profile, name));
  const runs = own.run === undefined ? plan.runs : [findRun(plan, own.run)];
  const finished = await trainExperiment(plan, engine, {
    runs,
    progressOf: (run) => {
      console.error(`${name} ${run.number} of ${plan.runs.length}: ${run.name}`);
      return createProgress();
    },
  });
  const numbers = runs.map(({ number }) => number);
  const listed = await listRuns(study, name);
  print(
    listed.filter(({ number }) => numbers.includes(number)),
    json,
  );
  return finished ? 0 : 1;
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
  console.log("npx aro train NAME trains what is not done; --run N run N alone");
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

function findRun({ runs, experiment }: Plan, text: string): PlannedRun {
  const found = /^\d+$/.test(text) ? runs[Number(text)] : undefined;
  if (found) return found;
  throw new RangeError(
    `aro train: expected --run to be a whole number from 0 to ${runs.length - 1} for ${experiment.name}, got "${text}"`,
  );
}
