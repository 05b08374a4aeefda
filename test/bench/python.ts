// The bench's own Python: a private .venv-bench with pinned packages, made when it is first asked for.
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findPython, runCommand, venvPython } from "../../lib/cohort/python.js";
import { projectRoot } from "../../lib/cohort/root.js";

/** Settings of other people's experiments with BLAS, which would slow NumPy down. */
const SLOWING = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"];

/**
 * Gives a Python that has test/bench/requirements.txt: the one that ARO_BENCH_PYTHON names, taken as it is, or the
 * one of .venv-bench, which is made first if it is missing or has other versions.
 * @throws Error if there is no Python to make it with, or pip fails.
 */
export async function benchPython(onProgress: (message: string) => void): Promise<string> {
  if (process.env.ARO_BENCH_PYTHON) return process.env.ARO_BENCH_PYTHON;
  const folder = join(projectRoot(), ".venv-bench");
  const python = venvPython(projectRoot(), ".venv-bench");
  const requirements = join(import.meta.dirname, "requirements.txt");
  const stamp = join(folder, ".aro-bench");
  const wanted = await readFile(requirements, "utf8");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return python;
  onProgress(
    "making .venv-bench with PyTorch, pandas and scikit-learn: it takes minutes, and 1 GB or more",
  );
  await rm(folder, { recursive: true, force: true });
  const make = await findPython({ own: false });
  await call(make, ["-m", "venv", folder]);
  const pip = "-m pip install --quiet --disable-pip-version-check -r".split(" ");
  await call(python, [...pip, requirements]);
  await writeFile(stamp, wanted);
  return python;
}

/** The environment in which the Python stack is as fast as it can be. */
export function referenceEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !SLOWING.includes(name)),
  );
}

async function call(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runCommand(command, args);
  if (code === 0) return;
  const last = output.trim().split("\n").slice(-3).join("\n");
  throw new Error(
    `bench: expected ${[command, ...args].join(" ")} to succeed, got status ${code}; ` +
      `run npm run bench -- --without-python to measure ours alone\n${last}`,
  );
}
