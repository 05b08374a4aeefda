// Jobs: an experiment's runs, or workers of a tuning study, as tasks of a Slurm array over a shared folder.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

/** One task of a job: a command line of its own, which goes on where it stood when it is started again. */
export interface Task {
  /** In the array; of a run, its own number. */
  readonly number: number;
  readonly name: string;
  /** Behind `aro`, e.g. `train seeds --run 3`. */
  readonly args: readonly string[];
}

export interface Job {
  /** E.g. "seeds". */
  readonly name: string;
  readonly tasks: readonly Task[];
  /** Behind `aro`, as bash reads it, the same for all tasks: it names the number as "$SLURM_ARRAY_TASK_ID". */
  readonly command: string;
  /** Where scripts and logs lie; on every node the same. */
  readonly folder: string;
  /** The repository's root, the program behind `aro`, and what the tasks are to find in their environment. */
  readonly root: string;
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Wishes {
  /** Of each task; its threads. */
  readonly cpus: number;
  /** As Slurm reads it, e.g. "8G"; by default the partition's. */
  readonly memory?: string;
  /** As Slurm reads it, e.g. "2:00:00"; by default the partition's. */
  readonly time?: string;
  readonly partition?: string;
  /** How many tasks may run at the same time; by default as many as find room. */
  readonly limit?: number;
}

/** Seconds before the time limit at which a task is told, so that it can write a checkpoint and go back into the queue. */
const NOTICE = 120;

/**
 * Makes a folder for a job below the runs, `jobs/NAME-1`, or with the next number that is free.
 * @throws Error with the remedy if it cannot be written to.
 */
export async function createJobFolder(runs: string, name: string): Promise<string> {
  const jobs = join(runs, "jobs");
  try {
    await mkdir(jobs, { recursive: true });
    for (let number = 1; ; number++) {
      const folder = join(jobs, `${name}-${number}`);
      try {
        await mkdir(folder); // not recursive: of two who are at it, one gets it
        return folder;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${jobs}: expected a folder that can be written to, got ${code}; ` +
        "the repository has to lie in a folder that all nodes share and that you may write to",
    );
  }
}

/** Writes task numbers as Slurm takes them: "0-3,7". */
export function formatArray(numbers: readonly number[]): string {
  const spans: [first: number, last: number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const span = spans.at(-1);
    if (span && number <= span[1] + 1) span[1] = number;
    else spans.push([number, number]);
  }
  return spans.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/**
 * Checks what is asked of Slurm.
 * @throws RangeError for a number that is none, more tasks than an array holds (`largest` is its MaxArraySize), text that
 * Slurm would not read, or a time limit that leaves no time to train.
 */
export function checkWishes(
  { cpus, memory, time, partition, limit }: Wishes,
  tasks: readonly Task[],
  largest = Number.POSITIVE_INFINITY,
): void {
  const expect = (fits: boolean, option: string, expected: string, got: unknown) => {
    if (!fits)
      throw new RangeError(`aro submit: expected --${option} to be ${expected}, got "${got}"`);
  };
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  expect(isCount(cpus), "cpus", "a positive whole number", cpus);
  if (limit !== undefined) expect(isCount(limit), "array-limit", "a positive whole number", limit);
  const isMemory = memory === undefined || /^\d+[KMGT]?$/.test(memory);
  expect(isMemory, "memory", "a number with K, M, G or T, e.g. 8G", memory);
  const isName = partition === undefined || /^[\w.,-]+$/.test(partition);
  expect(isName, "partition", "the name of a partition", partition);
  if (time !== undefined) {
    const seconds = secondsOf(time);
    expect(seconds !== null, "time", "minutes, hours:minutes:seconds or days-hours", time);
    const least = 2 * NOTICE;
    const told = `${least / 60} minutes or more, because a task is told ${NOTICE} s before its end`;
    expect(seconds === null || seconds >= least, "time", told, time);
  }
  const last = Math.max(...tasks.map(({ number }) => number));
  if (last >= largest) {
    throw new RangeError(
      `aro submit: expected task numbers below this cluster's MaxArraySize of ${largest}, got ${last}; ` +
        "split the experiment by its seeds (--set experiments.seeds), or ask for a larger MaxArraySize",
    );
  }
}

/** Reads Slurm's "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours[:minutes[:seconds]]"; null if it is none. */
function secondsOf(time: string): number | null {
  const found = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time);
  if (!found) return null;
  const [days, first, second, third] = found.slice(1).map((part) => Number(part ?? 0));
  if (found[1] !== undefined) return 86400 * days + 3600 * first + 60 * second + third;
  return found[4] === undefined ? 60 * first + second : 3600 * first + 60 * second + third;
}

/** Writes the batch script of a job: the array, what is asked for each task, and how a task ends and comes back. */
export function batchScript(job: Job, wishes: Wishes): string {
  const { name, tasks, command, folder, root, program, env } = job;
  const { cpus, memory, time, partition, limit } = wishes;
  const array = formatArray(tasks.map(({ number }) => number)) + (limit ? `%${limit}` : "");
  const directives: (readonly [option: string, why: string])[] = [
    [`--job-name=aro-${name}`, ""],
    [`--array=${array}`, limit ? `at most ${limit} at the same time` : ""],
    ["--nodes=1", ""],
    ["--ntasks=1", ""],
    [`--cpus-per-task=${cpus}`, "one thread each: as many threads give the same numbers"],
    ...(memory ? [[`--mem=${memory}`, ""] as const] : []),
    ...(time ? [[`--time=${time}`, ""] as const] : []),
    ...(partition ? [[`--partition=${partition}`, ""] as const] : []),
    [`--output="${join(folder, "task-%a.log")}"`, ""],
    ["--open-mode=append", "a task that goes on adds to its log"],
    ["--requeue", "after preemption or the end of a node it goes on elsewhere"],
    [`--signal=B:USR1@${NOTICE}`, "this script is told before the time limit"],
  ];
  const width = Math.max(...directives.map(([option]) => (option.length < 60 ? option.length : 0)));
  const comment = directives.map(([option, why]) =>
    why ? `#SBATCH ${option.padEnd(width)}  # ${why}` : `#SBATCH ${option}`,
  );
  const exports = Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}`);
  return `#!/bin/bash
# ${name}: ${tasks.length} ${tasks.length === 1 ? "task" : "tasks"} of an array, over a folder that all nodes share.
# A task that was killed, preempted or out of time goes on from its last checkpoint when it is started again.
# To submit it again: sbatch ${join(folder, "job.sh")} (what is finished ends at once)
${comment.join("\n")}

cd ${quote(root)} || exit 1
${exports.join("\n")}
export ARO_THREADS="\${SLURM_CPUS_PER_TASK:-${cpus}}"

# Bash keeps signals to itself, so they are passed on. After TERM (scancel, preemption) the training writes a checkpoint
# and ends. After USR1, before the time limit, too, and the task goes back into the queue.
out_of_time=
trap 'told=yes; kill -TERM "$training" 2>/dev/null' TERM
trap 'told=yes; out_of_time=yes; kill -TERM "$training" 2>/dev/null' USR1

echo "task $SLURM_ARRAY_TASK_ID on $(hostname), start $((\${SLURM_RESTART_COUNT:-0} + 1))"
${program.map(quote).join(" ")} ${command} &
training=$!
told=yes
while [ -n "$told" ]; do # a signal ends the wait, not the training
  told=
  wait "$training"
  status=$?
done
# 1 says that it can go on; what was killed before it could listen would come back for ever.
if [ -n "$out_of_time" ] && [ "$status" -eq 1 ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
fi
exit "$status"
`;
}

/** As bash reads it: bare where that is safe. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
