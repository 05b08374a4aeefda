// The commands that run, open and check the notebooks.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "../cohort/root.js";
import { prepareJupyter } from "../jupyter/environment.js";
import { type NotebookEvent, type NotebookRun, runNotebooks } from "../jupyter/runner.js";
import { foldersOf } from "../study/profile.js";
import { fetchCohort, requirePlaced } from "./data.js";
import { choose } from "./options.js";
import { printResults } from "./report.js";
import { prepareNative } from "./tensorflow.js";

/** Prepares what is missing, runs the notebooks in order, and prints what came out. */
export async function runAll(args: readonly string[]): Promise<number> {
  const { profile, env, only } = choose(args);
  const started = performance.now();
  console.log(`profile ${profile.name}: ${profile.about}`);
  const placed = await requirePlaced(profile.cohort); // or it ends here
  await prepareJupyter({ onProgress: console.log });
  if (!placed && profile.cohort !== "simulate") await fetchCohort(profile.cohort);
  const trains = only.length === 0 || only.some((part) => "03-train".startsWith(part));
  if (trains) await prepareNative(profile);
  const runs = await runNotebooks({
    folder: foldersOf(profile).notebooks,
    env,
    only,
    onProgress: (message) => console.log(message),
    onEvent: printEvent,
  });
  printRuns(runs, (performance.now() - started) / 1000);
  if (runs.some(({ notebook }) => notebook === "03-train")) await printResults(profile);
  return 0;
}

/** Opens JupyterLab with the kernel ready. */
export async function lab(args: readonly string[]): Promise<number> {
  const { env } = choose(args);
  const { python, jupyterPath } = await prepareJupyter({ lab: true, onProgress: console.log });
  const folder = join(projectRoot(), "notebooks");
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : []; // as in a container
  const child = spawn(python, ["-m", "jupyterlab", `--notebook-dir=${folder}`, ...asRoot], {
    stdio: "inherit",
    env: { ...process.env, ...env, JUPYTER_PATH: jupyterPath },
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Type-checks the cells of every notebook. */
export async function checkNotebooks(): Promise<number> {
  // Loaded here alone: it brings the whole compiler along.
  const { checkCells } = await import("../jupyter/check.js");
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
