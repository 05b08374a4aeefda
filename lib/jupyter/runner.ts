// Runs the notebooks in order in real Jupyter, showing which cell runs and for how long.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { projectRoot } from "../cohort/root.js";
import { prepareJupyter } from "./environment.js";
import { notebookName } from "./notebook.js";

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
  /** Interrupts the cell under way, which lets a training write a checkpoint, and runs no other. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
  readonly onEvent?: (notebook: string, event: NotebookEvent) => void;
}

export interface NotebookRun {
  readonly notebook: string;
  readonly seconds: number;
  /** Peak resident size of the kernel's process, in bytes. */
  readonly peak: number;
}

/**
 * Executes the notebooks one after another; each is written only when all its cells have succeeded.
 * @throws Error naming the notebook, the cell, its source, the message and the line in lib of the first failure; Error
 *   naming the notebook and the cell where `signal` stopped it.
 */
export async function runNotebooks({
  folder,
  files,
  env,
  signal,
  onProgress = () => {},
  onEvent = () => {},
}: RunNotebooksOptions): Promise<NotebookRun[]> {
  const root = projectRoot();
  const jupyter = await prepareJupyter({ onProgress });
  const runs: NotebookRun[] = [];
  for (const file of files) {
    const name = notebookName(file);
    if (signal?.aborted) throw new Error(`runNotebooks: stopped before ${name}`);
    const failed = join(root, "data", "runs", "failed", `${name}.ipynb`);
    const started = performance.now();
    const child = spawn(
      jupyter.python,
      [
        join(root, "lib", "jupyter", "run_notebook.py"),
        file,
        join(folder, `${name}.ipynb`),
        failed,
      ],
      {
        cwd: root,
        env: {
          ...process.env,
          ...env,
          ...jupyter.env,
          ARO_LIB_BUILT: "1",
          PYTHONWARNINGS: "ignore",
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const stop = () => child.kill("SIGTERM");
    signal?.addEventListener("abort", stop);
    let complaints = "";
    child.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    const closed = new Promise<void>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", () => resolve());
    });
    let last: NotebookEvent | null = null;
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith("{")) continue;
      last = JSON.parse(line) as NotebookEvent;
      onEvent(name, last);
    }
    await closed;
    signal?.removeEventListener("abort", stop);
    if (last?.event === "stopped") {
      throw new Error(`runNotebooks: stopped in code cell ${last.number} of ${name}`);
    }
    if (last?.event !== "finished") {
      throw new Error(
        failureMessage(relative(root, file), last, complaints, relative(root, failed)),
      );
    }
    runs.push({ notebook: name, seconds: (performance.now() - started) / 1000, peak: last.peak });
  }
  return runs;
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
  const source = last.source.split("\n").map((line) => `    ${line}`);
  const kept = existsSync(join(projectRoot(), failed))
    ? `\nthe notebook up to there: ${failed}`
    : "";
  return (
    [
      `runNotebooks: ${file}, code cell ${last.number} failed`,
      ...source,
      explainStack(last.message || complaints),
    ].join("\n") + kept
  );
}

/**
 * Reduces a kernel's error text to the message and the stack frames in lib and in the cell, with paths from the root.
 */
export function explainStack(text: string): string {
  const root = projectRoot();
  const lines = text.trim().split("\n");
  const kept = lines.filter((line) => {
    if (!/^\s+at /.test(line)) return true;
    return line.includes(root) && !line.includes("node_modules");
  });
  return kept.join("\n").replaceAll(`file://${root}/`, "").replaceAll(`${root}/`, "");
}
