// The runner of the notebooks, in real Jupyter.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { projectRoot } from "../cohort/root.js";
import { type JupyterEnvironment, prepareJupyter } from "./environment.js";
import { type CodeCell, notebookName, readCodeCells, readPredecessors } from "./notebook.js";

export type NotebookEvent =
  | { readonly event: "cell"; readonly number: number; readonly of: number; readonly first: string }
  | { readonly event: "done"; readonly number: number; readonly seconds: number }
  | {
      readonly event: "failed";
      readonly number: number;
      readonly source: string;
      readonly message: string;
    }
  | { readonly event: "stopped"; readonly number: number }
  | { readonly event: "finished"; readonly cells: number; readonly peak: number };

export interface RunNotebooksOptions {
  /** The folder for the executed notebooks. */
  readonly folder: string;
  /** The notebooks to run. */
  readonly files: readonly string[];
  /** Variables for the kernel, e.g. the profile. */
  readonly env: Readonly<Record<string, string>>;
  /** Interrupts the running cells, which lets a training write a checkpoint, and starts no others. */
  readonly signal?: AbortSignal;
  /** Maximum number of notebooks that run at the same time; 1 by default. */
  readonly atOnce?: number;
  readonly onProgress?: (message: string) => void;
  readonly onEvent?: (notebook: string, event: NotebookEvent) => void;
}

export interface NotebookRun {
  readonly notebook: string;
  readonly seconds: number;
  /** Peak memory of the kernel's process, in bytes. */
  readonly peak: number;
}

/**
 * Executes the notebooks, each after the notebooks or tagged cells that its metadata names, at most `atOnce` at a time. A
 * notebook is written only if all its cells succeed. A failure interrupts the others.
 * @returns one result per notebook, in the order of `files`.
 * @throws Error with the notebook, the cell, its source, the message and the line in lib of the first failure, or with the
 *   notebooks and cells where `signal` stopped them.
 */
export async function runNotebooks(options: RunNotebooksOptions): Promise<NotebookRun[]> {
  const { folder, files, env, signal, atOnce = 1, onProgress, onEvent = () => {} } = options;
  const jupyter = await prepareJupyter({ onProgress });
  const failure = new AbortController();
  const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const chosen = files.map(notebookName);
  const waiting = await Promise.all(
    files.map(async (file) => ({ file, after: await readPredecessors(file) })),
  );
  const cellsOf = new Map<string, readonly CodeCell[]>();
  for (const file of files) cellsOf.set(notebookName(file), await readCodeCells(file));
  const reached = new Set<string>(); // tagged cells that are done, as "03-train#models"
  let wake = () => {};
  const running = new Map<string, Promise<void>>();
  const done = new Map<string, NotebookRun>();
  const stopped: string[] = [];
  let failed: Error | undefined;
  const start = async (file: string): Promise<void> => {
    const name = notebookName(file);
    try {
      const run = await runNotebook(file, { folder, env }, stop, jupyter, (event) => {
        onEvent(name, event);
        if (event.event !== "done") return;
        const tags = cellsOf.get(name)![event.number - 1].tags;
        for (const tag of tags) reached.add(`${name}#${tag}`);
        wake();
      });
      if (typeof run === "number") stopped.push(`in code cell ${run} of ${name}`);
      else done.set(name, run);
    } catch (error) {
      failed ??= error as Error;
      failure.abort();
    } finally {
      running.delete(name);
    }
  };
  const isReady = ({ after }: { readonly after: readonly string[] }) =>
    after.every((name) => {
      const [notebook] = name.split("#");
      return reached.has(name) || done.has(notebook) || !chosen.includes(notebook);
    });
  while (true) {
    for (let next = waiting.findIndex(isReady); next >= 0; next = waiting.findIndex(isReady)) {
      if (stop.aborted || running.size >= atOnce) break;
      const [{ file }] = waiting.splice(next, 1);
      running.set(notebookName(file), start(file));
    }
    if (running.size === 0) break;
    const cell = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await Promise.race([...running.values(), cell]);
  }
  if (failed) throw failed;
  if (waiting.length > 0 && !signal?.aborted) {
    const names = waiting.map(({ file }) => notebookName(file)).join(", ");
    throw new Error(`runNotebooks: expected an order of the notebooks, got a circle of ${names}`);
  }
  if (signal?.aborted && done.size < files.length) {
    const where = stopped.length > 0 ? stopped : [`before ${notebookName(waiting[0].file)}`];
    throw new Error(`runNotebooks: stopped ${where.join(" and ")}`);
  }
  return chosen.map((name) => done.get(name)!);
}

/** Executes one notebook; resolves to the number of a cell if it was stopped there. */
async function runNotebook(
  file: string,
  { folder, env }: Pick<RunNotebooksOptions, "folder" | "env">,
  signal: AbortSignal,
  jupyter: JupyterEnvironment,
  onEvent: (event: NotebookEvent) => void,
): Promise<NotebookRun | number> {
  const root = projectRoot();
  const name = notebookName(file);
  const failed = join(root, "data", "runs", "failed", `${name}.ipynb`);
  const started = performance.now();
  const script = join(root, "lib", "jupyter", "run_notebook.py");
  const child = spawn(jupyter.python, [script, file, join(folder, `${name}.ipynb`), failed], {
    cwd: root,
    env: { ...process.env, ...env, ...jupyter.env, ARO_LIB_BUILT: "1", PYTHONWARNINGS: "ignore" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints += chunk;
  });
  const closed = once(child, "close");
  let last: NotebookEvent | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    last = JSON.parse(line) as NotebookEvent;
    onEvent(last);
  }
  await closed;
  signal.removeEventListener("abort", stop);
  if (last?.event === "stopped") return last.number;
  if (last?.event !== "finished") {
    throw new Error(failureMessage(relative(root, file), last, complaints, relative(root, failed)));
  }
  return { notebook: name, seconds: (performance.now() - started) / 1000, peak: last.peak };
}

function failureMessage(
  file: string,
  last: NotebookEvent | null,
  complaints: string,
  failed: string,
): string {
  if (last?.event !== "failed") {
    return `runNotebooks: ${file} did not run\n${complaints.trim().split("\n").slice(-12).join("\n")}`;
  }
  return [
    `runNotebooks: ${file}, code cell ${last.number} failed`,
    ...last.source.split("\n").map((line) => `    ${line}`),
    explainStack(last.message || complaints),
    ...(existsSync(join(projectRoot(), failed)) ? [`the notebook up to there: ${failed}`] : []),
  ].join("\n");
}

/** Reduces a kernel's error text to the message and the stack frames in lib and in the cell, with relative paths. */
function explainStack(text: string): string {
  const root = projectRoot();
  const lines = text.trim().split("\n");
  const isOwn = (line: string) => line.includes(root) && !line.includes("node_modules");
  const kept = lines.filter((line) => !/^\s+at /.test(line) || isOwn(line));
  return kept.join("\n").replaceAll(`file://${root}/`, "").replaceAll(`${root}/`, "");
}
