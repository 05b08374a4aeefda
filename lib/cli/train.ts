// The commands that train what is left of an experiment or measurement, and keep its scores under version control.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { textTable } from "../figures/table.js";
import {
  checkRun,
  countRuns,
  entriesOf,
  findEntry,
  listEntry,
  recordEntry,
  runEntry,
} from "../study/catalog.js";
import { describeState } from "../study/experiment-scores.js";
import type { ListedRun } from "../study/experiments.js";
import { readProfile } from "../study/profile.js";
import { openStudy, type Study } from "../study/study.js";
import { STOPPED } from "../train/interrupt.js";
import type { ProfileChoice } from "./options.js";
import { profileOf } from "./profile.js";

interface TrainOptions extends ProfileChoice {
  /** The number of the only run to train. */
  readonly run?: number;
  readonly json?: true;
}

/**
 * `aro train` lists the experiments and measurements with the state of each run; `aro train NAME` carries out what is
 * left, and `--run N` run N alone. Exits with 75 if it was stopped: the same command resumes.
 */
export async function train(given: TrainOptions, [name]: readonly string[]): Promise<number> {
  const { run: number, json = false } = given;
  const { profile: asked, env } = profileOf(given);
  if (name === undefined && number !== undefined) {
    throw new RangeError("aro train: expected the name of an experiment beside --run, got none");
  }
  if (name !== undefined) checkRun(name, number, countRuns(findEntry(asked, name))); // before a cohort is fetched
  const { engine } = await chooseEngine();
  // As a notebook reads it, so that they have the same runs.
  const study = await openStudy(readProfile(env, engine));
  if (name === undefined) {
    await list(study, json);
    return 0;
  }
  const entry = findEntry(study.profile, name);
  const finished = await runEntry(study, entry, engine, console.error, number);
  const listed = await listEntry(study, entry);
  const runs = number === undefined ? listed : [listed[number]];
  console.log(json ? JSON.stringify({ runs }, null, 2) : tableOf(runs));
  return finished ? 0 : STOPPED;
}

/** `aro record NAME` scores the finished runs of an experiment and writes its record, which the notebooks read. */
export async function record(given: ProfileChoice, [name]: readonly string[]): Promise<number> {
  const { profile: asked, env } = profileOf(given);
  findEntry(asked, name); // before a cohort is fetched
  const { engine } = await chooseEngine();
  const study = await openStudy(readProfile(env, engine));
  console.log(await recordEntry(study, findEntry(study.profile, name), engine));
  return 0;
}

async function list(study: Study, json: boolean): Promise<void> {
  const { profile } = study;
  const experiments = [];
  for (const entry of entriesOf(profile)) {
    const { name, about } = entry;
    experiments.push({ name, about, runs: await listEntry(study, entry) });
  }
  if (json) {
    console.log(JSON.stringify({ profile: profile.name, experiments }, null, 2));
    return;
  }
  for (const { name, about, runs } of experiments) {
    console.log(`${name}: ${about}\n\n${tableOf(runs)}\n`);
  }
  console.log("npx aro train NAME trains what is left of one; --run N trains run N alone");
}

function tableOf(runs: readonly ListedRun[]): string {
  return textTable(
    runs.map(({ number, name, state, epoch, epochs, folder }) => ({
      ...{ run: number, name, state: describeState(state, epoch), epochs },
      folder: relative(process.cwd(), folder),
    })),
  );
}
