// Runs the notebooks in order in real Jupyter, showing which cell runs and for how long.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { projectRoot } from "../cohort/root.js";
import { prepareJupyter } from "./environment.js";
import { listNotebooks, notebookName } from "./notebook.js";

export type NotebookEvent =
  | { readonly event: "cell"; readonly number: number; readonly of: number; readonly first: string }
  | { readonly event: "done"; readonly number: number; readonly seconds: number }
  | {
      readonly event: "failed";
      readonly number: number;
      readonly source: string;
      readonly message: string;
    }
  | { readonly event: "finished"; readonly cells: number; readonly peak: number };

export interface RunNotebooksOptions {
  /** The folder for the executed notebooks. */
  readonly folder: string;
  /** The notebooks to run; by default those of the repository. */
  readonly files?: readonly string[];
  /** Environment variables for the kernel, such as the profile. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs only the notebooks whose name starts with one of these. */
  readonly only?: readonly string[];
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
 * Executes the notebooks one after another; writes each only when all its cells have succeeded.
 * @throws Error at the first failure, with the notebook, the cell, its source, the message and the line in lib.
 */
export async function runNotebooks({
  folder,
  files,
  env,
  only = [],
  onProgress = () => {},
  onEvent = () => {},
}: RunNotebooksOptions): Promise<NotebookRun[]> {
  const root = projectRoot();
  const { python, jupyterPath } = await prepareJupyter({ onProgress });
  const all = files ?? (await listNotebooks());
  const chosen = all.filter(
    (file) => only.length === 0 || only.some((part) => notebookName(file).startsWith(part)),
  );
  if (chosen.length === 0) {
    throw new RangeError(
      `runNotebooks: expected one of ${all.map(notebookName).join(", ")}, got ${only.join(", ") || "no notebooks"}`,
    );
  }
  const runs: NotebookRun[] = [];
  for (const file of chosen) {
    const name = notebookName(file);
    const failed = join(root, "data", "runs", "failed", `${name}.ipynb`);
    const started = performance.now();
    const child = spawn(
      python,
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
          JUPYTER_PATH: jupyterPath,
          ARO_LIB_BUILT: "1",
          PYTHONWARNINGS: "ignore",
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
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
