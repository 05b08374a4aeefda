// The commands behind `npx aro`, each a thin call into lib.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../cohort/root.js";
import { checkCells } from "../jupyter/check.js";
import { prepareJupyter } from "../jupyter/environment.js";
import { type NotebookEvent, type NotebookRun, runNotebooks } from "../jupyter/runner.js";
import { foldersOf, type Profile, readProfile } from "../study/profile.js";

/** The exit status. */
export type CommandResult = number;

export const commands: Readonly<
  Record<string, (args: readonly string[]) => Promise<CommandResult>>
> = {
  start: runAll,
  notebooks: runAll,
  lab,
  check: checkNotebooks,
};

interface Chosen {
  readonly profile: Profile;
  readonly env: Record<string, string>;
  readonly only: string[];
}

/** Reads the options that every command shares, and refuses a wrong profile or setting before anything runs. */
function choose(args: readonly string[]): Chosen {
  const { values } = parseArgs({
    args: [...args],
    options: {
      profile: { type: "string" },
      set: { type: "string", multiple: true },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const env: Record<string, string> = {
    ARO_PROFILE: values.profile ?? process.env.ARO_PROFILE ?? "ucec",
    ARO_SET: values.set?.join(",") ?? process.env.ARO_SET ?? "",
  };
  return { profile: readProfile(env), env, only: values.only };
}

async function runAll(args: readonly string[]): Promise<CommandResult> {
  const { profile, env, only } = choose(args);
  const started = performance.now();
  console.log(`profile ${profile.name}: ${profile.about}`);
  const runs = await runNotebooks({
    folder: foldersOf(profile).notebooks,
    env,
    only,
    onProgress: (message) => console.log(message),
    onEvent: printEvent,
  });
  printRuns(runs, (performance.now() - started) / 1000);
  return 0;
}

async function lab(args: readonly string[]): Promise<CommandResult> {
  const { env } = choose(args);
  const { python, jupyterPath } = await prepareJupyter({ lab: true, onProgress: console.log });
  const folder = join(projectRoot(), "notebooks");
  const child = spawn(python, ["-m", "jupyterlab", `--notebook-dir=${folder}`], {
    stdio: "inherit",
    env: { ...process.env, ...env, JUPYTER_PATH: jupyterPath },
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function checkNotebooks(): Promise<CommandResult> {
  const problems = await checkCells();
  for (const { notebook, cell, line, message } of problems) {
    console.error(`notebooks/${notebook}.ipynb cell ${cell} line ${line}: ${message}`);
  }
  if (problems.length === 0)
    console.log("notebooks: every cell type-checks, no promise is left alone");
  return problems.length === 0 ? 0 : 1;
}

let current = "";

function printEvent(notebook: string, event: NotebookEvent): void {
  const inPlace = process.stdout.isTTY;
  if (event.event === "cell") {
    current = `${notebook}  cell ${event.number}/${event.of}  ${event.first.slice(0, 60)}`;
    if (inPlace) process.stdout.write(`\r\x1b[2K${current}`);
  } else if (event.event === "done") {
    if (inPlace) process.stdout.write("\r\x1b[2K");
    if (!inPlace || event.seconds >= 1) console.log(`${current}  ${event.seconds.toFixed(1)} s`);
  } else if (event.event === "failed" && inPlace) {
    process.stdout.write("\n");
  }
}

function printRuns(runs: readonly NotebookRun[], seconds: number): void {
  console.log("");
  for (const { notebook, seconds: own, peak } of runs) {
    console.log(
      `${notebook.padEnd(20)} ${own.toFixed(1).padStart(7)} s ${(peak / 1e9).toFixed(2).padStart(6)} GB`,
    );
  }
  const peak = Math.max(...runs.map((run) => run.peak));
  console.log(
    `${"all".padEnd(20)} ${seconds.toFixed(1).padStart(7)} s ${(peak / 1e9).toFixed(2).padStart(6)} GB`,
  );
}
