// Finds a Python that runs pip, and runs commands to completion.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./root.js";

const OLDEST = [3, 10] as const;

/**
 * Finds the first Python 3.10 or newer that runs pip: the project's own .venv, then python3 and python on the path.
 * One requested by argument or by $ARO_PYTHON is the only one tried.
 * @throws Error naming each one tried and its answer.
 */
export async function findPython({
  python = process.env.ARO_PYTHON || undefined,
  root = projectRoot(),
  own = true,
}: {
  readonly python?: string;
  readonly root?: string;
  /** Whether the project's own .venv counts. */
  readonly own?: boolean;
} = {}): Promise<string> {
  const venv = venvPython(root);
  const candidates = python
    ? [python]
    : [...(own && existsSync(venv) ? [venv] : []), "python3", "python"];
  const failures: string[] = [];
  for (const candidate of candidates) {
    const script = "import sys, pip; print('%d.%d' % sys.version_info[:2])";
    const { code, output } = await runCommand(candidate, ["-c", script]);
    const version = lastLine(output);
    const [major, minor] = version.split(".").map(Number);
    if (code === 0 && (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))) {
      return candidate;
    }
    failures.push(`${candidate} (${version})`);
  }
  throw new Error(
    `findPython: expected a Python ${OLDEST.join(".")} or newer with pip, got ${failures.join(", ")}; install one, ` +
      "or name it in the environment variable ARO_PYTHON",
  );
}

/** The interpreter of one of the project's own virtual environments, whether it exists or not. */
export function venvPython(root: string = projectRoot(), name = ".venv"): string {
  return process.platform === "win32"
    ? join(root, name, "Scripts", "python.exe")
    : join(root, name, "bin", "python");
}

/**
 * Runs a command to completion; never rejects.
 * @returns the exit status, null if the command could not be started or was killed, and the last 10,000 characters of its
 * two output streams.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  {
    env,
    cwd,
    signal,
  }: {
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly signal?: AbortSignal;
  } = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve) => {
    let output = "";
    let child: ChildProcess;
    try {
      child = spawn(command, args, { env, cwd, signal, stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      resolve({ code: null, output: String(error) });
      return;
    }
    const collect = (text: string) => {
      output = (output + text).slice(-10_000);
    };
    child.stdout?.setEncoding("utf8").on("data", collect);
    child.stderr?.setEncoding("utf8").on("data", collect);
    let failure = "";
    child.on("error", (error) => {
      failure = error.message;
      if (child.pid === undefined) resolve({ code: null, output: failure });
    });
    // Waits for the end even after an abort: a child that still writes would get in the way of the cleanup.
    child.on("close", (code) => resolve({ code, output: output || failure }));
  });
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) || "no message";
}
