// Commands that train, told by SIGTERM or killed: they leave what it takes to go on, and the queue goes on with it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { projectRoot } from "../../lib/cohort/root.js";
import { chooseEngine } from "../../lib/engine/choose.js";
import { planExperiment } from "../../lib/study/experiments.js";
import { foldersOf, readProfile } from "../../lib/study/profile.js";
import { openStudy } from "../../lib/study/study.js";
import { trainRun } from "../../lib/train/run.js";
import { scratchFolder } from "../scratch.js";

const SEED = 800_000 + process.pid; // this test's alone
const SETTINGS = {
  ARO_PROFILE: "course",
  ARO_SET: `training.epochs=500,training.seed=${SEED},experiments.seeds=1,tuning.seed=${SEED}`,
};
const scratch = scratchFolder();
const leftovers: string[] = [];
after(() => {
  for (const folder of leftovers) rmSync(folder, { recursive: true, force: true });
});

/** Starts a command; its end gives exit status or signal, and what it printed. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(projectRoot(), "lib", "aro.mjs"), ...args],
    { env: { ...process.env, ...SETTINGS, ARO_THREADS: "1", ...env } },
  );
  const said = { out: "", error: "" };
  child.stdout?.on("data", (data) => {
    said.out += data;
  });
  child.stderr?.on("data", (data) => {
    said.error += data;
  });
  const ended = new Promise<{ end: number | string; out: string; error: string }>((resolve) =>
    child.on("close", (code, signal) => resolve({ end: code ?? signal!, ...said })),
  );
  return { child, ended };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2400; i++) {
    if (holds()) return;
    await wait(25);
  }
  assert.fail(`${what}: not within a minute`);
}

const epochsIn = (folder: string) => {
  const file = join(folder, "metrics.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
};

test("a training told by SIGTERM leaves a checkpoint and status 75; the local queue goes on with it, a killed task too", async () => {
  process.env.ARO_THREADS = "1"; // as the tasks have
  const { engine } = await chooseEngine();
  const profile = readProfile(SETTINGS, engine);
  const { runs } = planExperiment(await openStudy(profile), "seeds");
  leftovers.push(...runs.map(({ folder }) => folder));

  const told = start(["train", "seeds", "--run", "0"]);
  await until("an epoch", () => epochsIn(runs[0].folder) >= 40);
  told.child.kill("SIGTERM");
  const { end, out } = await told.ended;
  assert.equal(end, 75);
  assert.match(out, /0 +ARO unmasked, seed \d+ +partial at epoch \d+ +500/);
  const names = readdirSync(runs[0].folder);
  assert.ok(names.some((name) => /^checkpoint-\d+\.safetensors$/.test(name)));
  assert.ok(!names.includes("lock"));

  const queue = start(["submit", "seeds", "--local", "2", "--cpus", "1"]);
  await until("epochs of run 1", () => epochsIn(runs[1].folder) >= 40);
  process.kill(
    JSON.parse(readFileSync(join(runs[1].folder, "lock"), "utf8")).pid as number,
    "SIGKILL",
  );
  const queued = await queue.ended;
  const [, place] = /logs in (\S+)$/m.exec(queued.out)!;
  leftovers.push(join(projectRoot(), place));
  assert.equal(queued.end, 0, queued.out + queued.error);
  assert.match(queued.out, /task 1 \(ARO masked, seed \d+\): killed by SIGKILL, goes on/);
  assert.match(queued.out, /^2 of 2 tasks done$/m);
  assert.match(readFileSync(join(projectRoot(), place, "task-0.log"), "utf8"), /resumed /);
  for (const { folder, number, config, study } of runs) {
    const whole = join(scratch, `run-${number}`);
    await trainRun({ folder: whole, config, data: study.prepared, engine });
    for (const file of ["weights.safetensors", "metrics.jsonl"]) {
      assert.ok(readFileSync(join(folder, file)).equals(readFileSync(join(whole, file))), file);
    }
  }
});

test("a tuning told by SIGTERM ends with status 75 and its trial under way", async () => {
  const ARO_SET = `${SETTINGS.ARO_SET},tuning.epochs=2000`;
  const told = start(["tune", "--trials", "2", "--method", "random", "--json"], { ARO_SET });
  const { runs } = foldersOf(readProfile(SETTINGS));
  const before = existsSync(runs) ? readdirSync(runs) : [];
  let study = "";
  await until("a trial", () => {
    const made = existsSync(runs) ? readdirSync(runs).filter((name) => !before.includes(name)) : [];
    study = join(runs, made.find((name) => /^tune-random-/.test(name)) ?? "none");
    return epochsIn(join(study, "trial-000")) >= 5;
  });
  leftovers.push(study);
  told.child.kill("SIGTERM");
  const { end, out } = await told.ended;
  assert.equal(end, 75);
  assert.deepEqual(JSON.parse(out).trials, []);
  const { status } = JSON.parse(readFileSync(join(study, "trial-000.json"), "utf8"));
  assert.equal(status, "running");
  assert.ok(!existsSync(join(study, "trial-000.lock")));
});

test("a complete study leaves nothing to submit, and a damaged one is refused by name", async () => {
  const ARO_SET = `${SETTINGS.ARO_SET},tuning.epochs=1`;
  const search = ["--trials", "1", "--method", "random"];
  const tuned = await start(["tune", ...search, "--json"], { ARO_SET }).ended;
  assert.equal(tuned.end, 0, tuned.error);
  const { folder } = JSON.parse(tuned.out) as { folder: string };
  leftovers.push(folder);
  const submit = () => start(["submit", "tune", ...search, "--dry-run"], { ARO_SET }).ended;
  const complete = await submit();
  assert.deepEqual([complete.end, complete.out], [0, "tune: nothing is left to do\n"]);
  for (const [name, text] of [
    ["trial-000.json", "{"],
    ["study.json", '{"version": 1,'],
    ["study.json", "{}"],
    ["study.json", null],
  ] as const) {
    if (text === null) rmSync(join(folder, name));
    else writeFileSync(join(folder, name), text);
    const { end, out, error } = await submit();
    assert.deepEqual([end, out], [1, ""], `${name}: ${text}`);
    assert.ok(error.includes(folder) && error.includes(name), error);
  }
  rmSync(folder, { recursive: true });
  const none = await submit();
  assert.equal(none.end, 0);
  assert.match(none.out, /^#SBATCH --array=0$/m);
});

test("a dry run prints the script alone, and without Slurm one line says what to do instead", async () => {
  const dry = await start(["submit", "authors", "--dry-run", "--memory", "4G"]).ended;
  assert.equal(dry.end, 0);
  assert.match(dry.out, /^#!\/bin\/bash\n/);
  assert.match(dry.out, /^#SBATCH --array=/m);
  const none = await start(["submit", "tune"], { ARO_ENGINE: "wasm", PATH: "/nowhere" }).ended;
  assert.equal(none.end, 1);
  assert.match(
    none.error,
    /^aro submit: expected Slurm's sbatch to take the job, got no such program; .* npx aro submit tune --local 2\n$/,
  );
});
