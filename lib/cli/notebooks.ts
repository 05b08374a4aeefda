// The commands that run, open and check the notebooks.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../cohort/root.js";
import { chooseEngine } from "../engine/choose.js";
import { memoryLimits } from "../engine/platform.js";
import { prepareJupyter } from "../jupyter/environment.js";
import { chooseNotebooks } from "../jupyter/notebook.js";
import { type NotebookEvent, type NotebookRun, runNotebooks } from "../jupyter/runner.js";
import { foldersOf, readProfile } from "../study/profile.js";
import { openCohort } from "../study/study.js";
import { STOPPED, withInterrupt } from "../train/interrupt.js";
import { fetchCohort, requirePlaced } from "./data.js";
import type { ProfileChoice } from "./options.js";
import { profileOf } from "./profile.js";
import { printResults } from "./report.js";
import { prepareNative } from "./tensorflow.js";

/**
 * Prepares what is missing, runs the notebooks in order, and prints the results. Exits with 75 if it was stopped: the
 * same command resumes with what was trained.
 */
export async function runAll({
  only = [],
  ...given
}: ProfileChoice & { readonly only?: readonly string[] }): Promise<number> {
  const { profile: asked, env } = profileOf(given);
  const files = await chooseNotebooks(only);
  if (asked.labels.tasks.length === 0) {
    throw new RangeError(
      `aro: expected a label of ${asked.name} that the notebooks can predict, got none; give the sample sheet a column ` +
        'with two values or more, each of some patients, or name it in "labels": { "predict": [...] }',
    );
  }
  const started = performance.now();
  console.log(`profile ${asked.name}: ${asked.about}`);
  const source = typeof asked.cohort === "string" ? asked.cohort : "file";
  // Or it ends here, before anything is installed or fetched.
  if (source === "file") await openCohort(asked);
  const placed = await requirePlaced(source);
  await prepareJupyter({ onProgress: console.log });
  if (!placed && !["simulate", "file"].includes(source)) await fetchCohort(source);
  prepareNative(asked);
  // As the notebooks read it, so that they are written where their figures are.
  const profile = readProfile(env, (await chooseEngine()).engine);
  const runs = await withInterrupt(async (signal) => {
    const folder = foldersOf(profile).notebooks;
    const options = { folder, files, env, signal, atOnce: notebooksAtOnce() };
    const show = { onProgress: console.log, onEvent: printEvent };
    return await runNotebooks({ ...options, ...show }).catch((error: Error) => {
      if (!signal.aborted) throw error;
      console.error(`${error.message}; the same command goes on with what was trained`);
      return null;
    });
  });
  if (runs === null) return STOPPED;
  printRuns(runs, (performance.now() - started) / 1000);
  if (runs.some(({ notebook }) => notebook === "03-train")) await printResults(profile);
  return 0;
}

/** Opens JupyterLab with the kernel ready, or installs the kernel alone. */
export async function lab({
  noBrowser,
  kernelOnly,
  ...given
}: ProfileChoice & {
  readonly noBrowser?: true;
  readonly kernelOnly?: true;
}): Promise<number> {
  const { env } = profileOf(given);
  if (kernelOnly) {
    const { env: variables } = await prepareJupyter({ onProgress: console.log });
    console.log(`Jupyter finds the kernel with JUPYTER_PATH=${variables.JUPYTER_PATH}`);
    return 0;
  }
  const jupyter = await prepareJupyter({ lab: true, onProgress: console.log });
  const args = [
    "-m",
    "jupyterlab",
    `--notebook-dir=${join(projectRoot(), "notebooks")}`,
    "--LanguageServerManager.autodetect=False", // it would run npm and rustup, which write into the home folder
    ...(noBrowser ? ["--no-browser"] : []),
    ...(process.getuid?.() === 0 ? ["--allow-root"] : []), // as in a container
  ];
  const child = spawn(jupyter.python, args, {
    stdio: "inherit",
    env: { ...process.env, ...env, ...jupyter.env },
  });
  process.on("SIGINT", () => {}); // Jupyter gets Ctrl-C too, and asks whether it is meant
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const [code] = (await once(child, "close")) as [number | null];
  return code ?? 1;
}

/** Type-checks the cells of every notebook. */
export async function checkNotebooks(): Promise<number> {
  // Loaded here alone: it brings the whole compiler along.
  const { checkCells } = await import("../jupyter/check.js");
  const problems = await checkCells();
  for (const { notebook, cell, line, message } of problems) {
    console.error(`notebooks/${notebook}.ipynb cell ${cell} line ${line}: ${message}`);
  }
  if (problems.length > 0) return 1;
  console.log("notebooks: every cell type-checks, no promise is left alone");
  return 0;
}

/** Two, if there are two cores and memory for two notebooks that each hold a model of the paper's size. */
function notebooksAtOnce(): number {
  const { available } = memoryLimits("native");
  return availableParallelism() > 1 && available > 10e9 ? 2 : 1;
}

/** The cell under way of each notebook that runs. */
const underWay = new Map<string, string>();

function printEvent(notebook: string, event: NotebookEvent): void {
  const inPlace = process.stdout.isTTY;
  if (inPlace) process.stdout.write("\r\x1b[2K");
  if (event.event === "cell") {
    const { number, of, first } = event;
    underWay.set(notebook, `${notebook}  cell ${number}/${of}  ${first.slice(0, 60)}`);
  } else if (event.event === "done") {
    if (!inPlace || event.seconds >= 1) {
      console.log(`${underWay.get(notebook)}  ${event.seconds.toFixed(1)} s`);
    }
  } else {
    underWay.delete(notebook);
  }
  if (inPlace) {
    const room = Math.floor(process.stdout.columns / Math.max(1, underWay.size)) - 2;
    process.stdout.write([...underWay.values()].map((text) => text.slice(0, room)).join("  "));
  }
}

function printRuns(runs: readonly NotebookRun[], seconds: number): void {
  console.log("");
  const all = { notebook: "all", seconds, peak: Math.max(...runs.map(({ peak }) => peak)) };
  for (const { notebook, seconds: own, peak } of [...runs, all]) {
    console.log(
      `${notebook.padEnd(20)} ${own.toFixed(1).padStart(7)} s ${(peak / 1e9).toFixed(2).padStart(6)} GB`,
    );
  }
}
