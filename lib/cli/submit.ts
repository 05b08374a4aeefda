// The command that hands an experiment, or a tuning study, to a Slurm cluster, or to processes of this machine.
import { chmod, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "../cohort/python.js";
import { projectRoot } from "../cohort/root.js";
import { chooseEngine } from "../engine/choose.js";
import { listRuns } from "../study/experiments.js";
import {
  batchScript,
  checkWishes,
  createJobFolder,
  type Job,
  type Task,
  type Wishes,
} from "../study/jobs.js";
import { foldersOf, type Profile, readProfile } from "../study/profile.js";
import { openStudy } from "../study/study.js";
import { readTuned } from "../study/tuning.js";
import { withInterrupt } from "../train/interrupt.js";
import { environmentOf, PROFILE_OPTIONS } from "./options.js";
import { runQueue, type TaskEnd } from "./queue.js";
import { readSearch, TUNE_OPTIONS } from "./tune.js";

const TEXT = { type: "string" } as const;
const OPTIONS = {
  ...PROFILE_OPTIONS,
  ...{ cpus: TEXT, memory: TEXT, time: TEXT, partition: TEXT, "array-limit": TEXT },
  ...{ local: TEXT, workers: TEXT, method: TEXT, "input-dropout": TEXT, trials: TEXT },
  "dry-run": { type: "boolean", default: false },
} as const;
type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

/** Workers of a tuning study where nothing else is said. */
const WORKERS = 4;

/**
 * `aro submit NAME` hands what is not finished of an experiment, or of `tune`, to Slurm as one job array; with
 * `--local N` it runs the same tasks here, N at a time, and exits with 1 unless all of them came to their end.
 */
export async function submit(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    ...{ args: [...args], allowPositionals: true, options: OPTIONS },
  });
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) {
    throw new RangeError(
      `aro submit: expected one experiment or "tune", got "${positionals.join(" ")}"`,
    );
  }
  const local = values.local === undefined ? undefined : Number(values.local);
  if (local !== undefined && (!Number.isInteger(local) || local < 1)) {
    throw new RangeError(
      `aro submit: expected --local to be a positive whole number, got "${values.local}"`,
    );
  }
  const { engine } = await chooseEngine();
  const variables = environmentOf(values as Parameters<typeof environmentOf>[0]);
  const tuning = name === "tune";
  const profile = readProfile(variables, tuning ? undefined : engine);
  const tasks = tuning ? await tuningTasks(profile, values, local) : await runTasks(profile, name);
  const wishes = wishesOf(values, local);
  checkWishes(wishes, tasks);
  if (tasks.length === 0) {
    console.log(`${name}: nothing is left to do`);
    return 0;
  }
  const root = projectRoot();
  const about = {
    ...{ name, tasks, root },
    program: [process.execPath, join(root, "lib", "aro.mjs")],
    // The engine is fixed, because another one would be another run.
    env: { ...variables, ARO_ENGINE: process.env.ARO_ENGINE || nameOf(engine) },
    command: tuning ? tasks[0].args.join(" ") : `train ${name} --run "$SLURM_ARRAY_TASK_ID"`,
  };
  const { runs } = foldersOf(profile);
  if (values["dry-run"]) {
    console.log(batchScript({ ...about, folder: join(runs, "jobs", `${name}-N`) }, wishes));
    return 0;
  }
  if (local === undefined) checkWishes(wishes, tasks, await largestArray());
  const job: Job = { ...about, folder: await createJobFolder(runs, name) };
  return local === undefined ? await toSlurm(job, wishes) : await toProcesses(job, wishes, local);
}

/** What is not finished of an experiment. */
async function runTasks(profile: Profile, name: string): Promise<Task[]> {
  const runs = await listRuns(await openStudy(profile), name);
  const left = runs.filter(({ state }) => state !== "done");
  return left.map(({ number, name: run }) => ({
    ...{ number, name: run, args: ["train", name, "--run", `${number}`] },
  }));
}

/** Workers, each of which takes the next trial when it is free; none if the study is complete. */
async function tuningTasks(profile: Profile, values: Values, local?: number): Promise<Task[]> {
  const { setup, trials } = readSearch(values, profile);
  const workers = Number(values.workers ?? local ?? WORKERS);
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(
      `aro submit: expected --workers to be a positive whole number, got "${values.workers}"`,
    );
  }
  // A study that is not there yet has no trials.
  const there = await readTuned(await openStudy(profile), setup).catch(() => null);
  const ended = there?.trials.filter(({ status }) => status !== "running").length ?? 0;
  const count = Math.min(workers, Math.max(0, trials - ended));
  const options = TUNE_OPTIONS.flatMap((option) =>
    values[option] === undefined ? [] : [`--${option}`, values[option]],
  );
  return Array.from({ length: count }, (_, number) => ({
    ...{ number, name: "worker", args: ["tune", "--shared", "on", ...options] },
  }));
}

function wishesOf(values: Values, local?: number): Wishes {
  const { cpus, memory, time, partition, "array-limit": limit } = values;
  const share = local === undefined ? 1 : Math.max(1, Math.floor(availableParallelism() / local));
  return {
    cpus: Number(cpus ?? share),
    ...(memory === undefined ? {} : { memory }),
    ...(time === undefined ? {} : { time }),
    ...(partition === undefined ? {} : { partition }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  };
}

/** The name that ARO_ENGINE asks for it by. */
function nameOf({ name, backend }: { readonly name: string; readonly backend: string }): string {
  return name === "portable" ? backend : name;
}

/** The cluster's MaxArraySize; infinite where it does not tell. */
async function largestArray(): Promise<number> {
  const { output } = await runCommand("scontrol", ["show", "config"]);
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(output)?.[1] ?? Number.POSITIVE_INFINITY);
}

async function toSlurm(job: Job, wishes: Wishes): Promise<number> {
  const { name, tasks, folder, root, env } = job;
  const script = join(folder, "job.sh");
  await writeFile(script, batchScript(job, wishes));
  await chmod(script, 0o755);
  const { code, output } = await runCommand("sbatch", ["--parsable", script]);
  const id = /^(\d+)(?:;.*)?$/m.exec(output)?.[1];
  if (code !== 0 || id === undefined) {
    if (code !== 0) await rm(folder, { recursive: true }); // else the job is there, and its log belongs here
    const reason = output.trim().split("\n").at(-1) || "nothing";
    const told = /ENOENT/.test(reason) ? "no such program" : reason;
    console.error(
      `aro submit: expected Slurm's sbatch to take the job, got ${told}; ` +
        `without a cluster, run it on this machine: npx aro submit ${name} --local 2`,
    );
    return 1;
  }
  const settings = env.ARO_SET ? ` --set ${env.ARO_SET}` : "";
  const look = name === "tune" ? tasks[0].args.join(" ") : "train";
  console.log(
    [
      `job ${id}: ${tasks.length} tasks, script and logs in ${relative(root, folder)}`,
      `to watch:   squeue --job ${id}`,
      `to stop:    scancel ${id}`,
      `to collect: npx aro ${look} --profile ${env.ARO_PROFILE}${settings}`,
    ].join("\n"),
  );
  return 0;
}

async function toProcesses(job: Job, { cpus }: Wishes, processes: number): Promise<number> {
  const { folder, root, env } = job;
  const { program, tasks } = job;
  console.log(
    `${tasks.length} tasks, ${processes} at a time, with ARO_THREADS=${cpus}; logs in ${relative(root, folder)}`,
  );
  const ends = await withInterrupt((signal) =>
    runQueue(tasks, {
      ...{ program, processes, folder, signal, onEvent: console.log },
      env: { ...env, ARO_THREADS: `${cpus}` },
    }),
  );
  for (const status of ["failed", "interrupted", "not started"] as const) {
    const such = ends.filter((end) => end.status === status);
    if (such.length > 0) console.log(`${status}: ${such.map(describeEnd).join("; ")}`);
  }
  const done = ends.filter(({ status }) => status === "done").length;
  console.log(`${done} of ${tasks.length} tasks done`);
  return done === tasks.length ? 0 : 1;
}

function describeEnd({ task, reason }: TaskEnd): string {
  return `task ${task.number} (${task.name})${reason ? `, ${reason}` : ""}`;
}
