// The commands that train what is left of an experiment or measurement, and keep its scores under version control.
import { relative } from "node:path";
import { chooseEngine } from "../engine/choose.js";
import { textTable } from "../figures/table.js";
import { entriesOf, findEntry } from "../study/catalog.js";
import { carryOut, describeState, type ListedRun, listRuns } from "../study/planned-runs.js";
import { readProfile } from "../study/profile.js";
import { recordFile } from "../study/record-file.js";
import { openStudy, type Study } from "../study/study.js";
import { STOPPED } from "../train/interrupt.js";
import { createProgress } from "../train/progress.js";
import type { Given, ProfileChoice, TRAIN_OPTIONS } from "./options.js";
import { profileOf } from "./profile.js";

/**
 * `aro train` lists the experiments and measurements with the state of each run; `aro train NAME` carries out what is
 * left, and `--run N` run N alone. Exits with 75 if it was stopped: the same command resumes.
 */
export async function train(
  given: Given<typeof TRAIN_OPTIONS>,
  [name]: readonly string[],
): Promise<number> {
  const { run: number, json = false } = given;
  const { profile: asked, env } = profileOf(given);
  if (name === undefined && number !== undefined) {
    throw new RangeError("aro train: expected the name of an experiment beside --run, got none");
  }
  if (name !== undefined) checkRun(name, number, findEntry(asked, name).mostRuns); // before a cohort is fetched
  const { engine } = await chooseEngine();
  // As a notebook reads it, so that they have the same runs.
  const study = await openStudy(readProfile(env, engine));
  if (name === undefined) {
    await list(study, json);
    return 0;
  }
  const planned = findEntry(study.profile, name).plan(study);
  checkRun(name, number, planned.length);
  const runs = number === undefined ? planned : [planned[number]];
  const finished = await carryOut(runs, engine, (run) => {
    console.error(`${name} ${run.number} of ${planned.length}: ${run.name}`);
    return createProgress();
  });
  const listed = await listRuns(runs);
  console.log(json ? JSON.stringify({ runs: listed }, null, 2) : tableOf(listed));
  return finished ? 0 : STOPPED;
}

/** @throws RangeError unless the number of a run is below the number of runs. */
function checkRun(name: string, number: number | undefined, runs: number): void {
  if (number === undefined || number < runs) return;
  throw new RangeError(
    `aro train: expected --run to be a whole number from 0 to ${runs - 1} for ${name}, got "${number}"`,
  );
}

/** `aro record NAME` scores the finished runs of an experiment and writes its record, which the notebooks read. */
export async function record(given: ProfileChoice, [name]: readonly string[]): Promise<number> {
  const { profile: asked, env } = profileOf(given);
  findEntry(asked, name); // before a cohort is fetched
  const { engine } = await chooseEngine();
  const study = await openStudy(readProfile(env, engine));
  const what = await findEntry(study.profile, name).record(study, engine);
  console.log(`${relative(process.cwd(), recordFile(study.profile, name))}: ${what}`);
  return 0;
}

async function list(study: Study, json: boolean): Promise<void> {
  const { profile } = study;
  const experiments = [];
  for (const entry of entriesOf(profile)) {
    const { name, about } = entry;
    experiments.push({ name, about, runs: await listRuns(entry.plan(study)) });
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
    runs.map((run) => ({
      run: run.number,
      name: run.name,
      state: describeState(run),
      epochs: run.epochs,
      folder: relative(process.cwd(), run.folder),
    })),
  );
}
