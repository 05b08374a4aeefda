// The command that hands an experiment, or a tuning study, to a Slurm cluster or to processes of this machine.
import { chmod, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { runCommand } from "../cohort/python.js";
import { projectRoot } from "../cohort/root.js";
import { chooseEngine } from "../engine/choose.js";
import { unknownName } from "../nearest.js";
import { entriesOf, findEntry } from "../study/catalog.js";
import { listRuns } from "../study/planned-runs.js";
import { foldersOf, type Profile, readProfile } from "../study/profile.js";
import { openStudy } from "../study/study.js";
import { findTuned } from "../study/tuning.js";
import { STOPPED, withInterrupt } from "../train/interrupt.js";
import { flagOf, type Given, type SUBMIT_OPTIONS } from "./options.js";
import { profileOf } from "./profile.js";
import {
  batchScript,
  checkArray,
  checkTime,
  createJobFolder,
  type Job,
  runProcesses,
  type Task,
  type TaskEnd,
  type Wishes,
} from "./queue.js";
import { readSearch } from "./tune.js";

type SubmitChoice = Given<typeof SUBMIT_OPTIONS>;

/** Workers of a tuning study by default. */
const WORKERS = 4;

/** Options that only some submissions have a use for. */
const FOR_TUNE = ["workers", "method", "inputDropout", "trials"] as const;
const FOR_SLURM = ["memory", "time", "partition", "arrayLimit", "dryRun"] as const;

/**
 * `aro submit NAME` hands what is left of an experiment, or of `tune`, to Slurm as one job array. With `--local N` it
 * runs the same tasks here, N at a time, and exits with 0 if all are done, 1 if one failed, else 75: some can go on.
 */
export async function submit(given: SubmitChoice, [name]: readonly string[]): Promise<number> {
  const { local, dryRun, time } = given;
  const tuning = name === "tune";
  if (!tuning) refuse(given, FOR_TUNE, `with "tune" alone, got it with "${name}"`);
  if (local !== undefined) refuse(given, FOR_SLURM, "without --local, got both");
  if (time !== undefined) checkTime(time);
  const { profile: asked, env: variables } = profileOf(given);
  const names = [...entriesOf(asked).map((entry) => entry.name), "tune"];
  if (!names.includes(name)) throw unknownName("aro submit", name, names);
  const { engine } = await chooseEngine();
  // A study is tuned alike on every engine; a notebook reads an experiment's profile for its engine.
  const profile = tuning ? asked : readProfile(variables, engine);
  const tasks = tuning ? await workersOf(profile, given) : await runsOf(profile, name);
  if (tasks.length === 0) {
    console.log(`${name}: nothing is left to do`);
    return 0;
  }
  const root = projectRoot();
  const search = FOR_TUNE.slice(1).flatMap((option) =>
    given[option] === undefined ? [] : [flagOf(option), `${given[option]}`],
  );
  const about = {
    name,
    tasks,
    root,
    program: [process.execPath, join(root, "lib", "aro.mjs")],
    // The engine is fixed, because another one would be another run.
    env: {
      ...variables,
      ARO_ENGINE: process.env.ARO_ENGINE || (engine.name === "native" ? "native" : engine.backend),
    },
    argsOf: (number: string) =>
      tuning ? ["tune", "--shared", "on", ...search] : ["train", name, "--run", number],
  };
  const { runs } = foldersOf(profile);
  const share = Math.max(1, Math.floor(availableParallelism() / (local ?? Infinity)));
  const wishes = { ...given, cpus: given.cpus ?? share };
  if (dryRun) {
    console.log(batchScript({ ...about, folder: join(runs, "jobs", `${name}-N`) }, wishes));
    return 0;
  }
  if (local === undefined) checkArray(tasks, await largestArray());
  const job: Job = { ...about, folder: await createJobFolder(runs, name) };
  return local === undefined ? await toSlurm(job, wishes) : await toProcesses(job, wishes, local);
}

function refuse(
  given: SubmitChoice,
  options: readonly (keyof SubmitChoice)[],
  expected: string,
): void {
  const option = options.find((name) => given[name] !== undefined);
  if (option === undefined) return;
  throw new RangeError(`aro submit: expected ${flagOf(option)} ${expected}`);
}

/** Lists what is not finished of an experiment or measurement. */
async function runsOf(profile: Profile, name: string): Promise<Task[]> {
  const study = await openStudy(profile);
  const runs = await listRuns(findEntry(profile, name).plan(study));
  return runs.filter(({ state }) => state !== "done").map(({ number, name }) => ({ number, name }));
}

/**
 * Lists workers, each of which takes the next trial when it is free; none if the study is complete.
 * @throws Error naming the study's folder if it is damaged.
 */
async function workersOf(profile: Profile, { workers, local, ...given }: SubmitChoice) {
  const { setup, trials } = readSearch(given, profile);
  const there = await findTuned(await openStudy(profile), setup);
  const ended = there?.trials.filter(({ status }) => status !== "running").length ?? 0;
  const length = Math.min(workers ?? local ?? WORKERS, Math.max(0, trials - ended));
  return Array.from({ length }, (_, number): Task => ({ number, name: "worker" }));
}

/** The cluster's MaxArraySize; infinite if it does not tell. */
async function largestArray(): Promise<number> {
  const { output } = await runCommand("scontrol", ["show", "config"]);
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(output)?.[1] ?? Number.POSITIVE_INFINITY);
}

async function toSlurm(job: Job, wishes: Wishes): Promise<number> {
  const { name, tasks, folder, root, env, argsOf } = job;
  const script = join(folder, "job.sh");
  await writeFile(script, batchScript(job, wishes));
  await chmod(script, 0o755);
  const { code, output } = await runCommand("sbatch", ["--parsable", script]);
  const id = /^(\d+)(?:;.*)?$/m.exec(output)?.[1];
  if (code !== 0 || id === undefined) {
    if (code !== 0) await rm(folder, { recursive: true }); // else the job exists, and its log belongs here
    const reason = output.trim().split("\n").at(-1) || "nothing";
    const told = /ENOENT/.test(reason) ? "no such program" : reason;
    console.error(
      `aro submit: expected Slurm's sbatch to take the job, got ${told}; ` +
        `without a cluster, run it on this machine: npx aro submit ${name} --local 2`,
    );
    return 1;
  }
  const settings = env.ARO_SET ? ` --set ${env.ARO_SET}` : "";
  const cohort = env.ARO_COHORT ? `--cohort ${env.ARO_COHORT}` : `--profile ${env.ARO_PROFILE}`;
  const collect = name === "tune" ? argsOf("").join(" ") : "train";
  console.log(
    [
      `job ${id}: ${tasks.length} tasks, script and logs in ${relative(root, folder)}`,
      `to watch:   squeue --job ${id}`,
      `to stop:    scancel ${id}`,
      `to collect: npx aro ${collect} ${cohort}${settings}`,
    ].join("\n"),
  );
  return 0;
}

async function toProcesses(job: Job, { cpus }: Wishes, processes: number): Promise<number> {
  const { folder, root, tasks } = job;
  console.log(
    `${tasks.length} tasks, ${processes} at a time, with ARO_THREADS=${cpus}; logs in ${relative(root, folder)}`,
  );
  const env = { ...job.env, ARO_THREADS: `${cpus}` };
  const ends = await withInterrupt((signal) =>
    runProcesses({ ...job, env }, { processes, signal, onEvent: console.log }),
  );
  const having = (status: TaskEnd["status"]) => ends.filter((end) => end.status === status);
  for (const status of ["failed", "stopped", "not started"] as const) {
    const such = having(status).map(
      ({ task, reason }) => `task ${task.number} (${task.name})${reason ? `, ${reason}` : ""}`,
    );
    if (such.length > 0) console.log(`${status}: ${such.join("; ")}`);
  }
  const done = having("done").length;
  console.log(`${done} of ${tasks.length} tasks done`);
  if (done === tasks.length) return 0;
  return having("failed").length > 0 ? 1 : STOPPED;
}
