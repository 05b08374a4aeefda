// Finds a Python that runs pip, and lets it download one wheel: the registry's own client, with the reader's settings.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "./root.js";

export interface DownloadOptions {
  /** The interpreter to run. */
  readonly python: string;
  /** An existing folder of this download's own; pip's temporary files lie in it too. */
  readonly folder: string;
  /** Called about twice a second with the bytes that have arrived. */
  readonly onBytes?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

const OLDEST = [3, 10] as const;

/**
 * Finds the first Python of at least 3.10 that runs pip: the project's own .venv, then python3 and python on the path.
 * One that is asked for, by argument or by $ARO_PYTHON, is the only one tried.
 * @throws Error naming each that was tried and what it said.
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
 * Downloads the wheel of one version with pip into the folder, without what it depends on and without running it.
 * @throws Error with pip's last lines if it fails.
 */
export async function downloadWheel(
  distribution: string,
  version: string,
  { python, folder, onBytes, signal }: DownloadOptions,
): Promise<void> {
  const options = "--no-deps --only-binary=:all: --disable-pip-version-check --no-input";
  const args = ["-m", "pip", "download", ...options.split(" "), "--dest", folder];
  // pip's own temporary folder lies in ours, so that it can be watched, and swept after a kill.
  const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder };
  let running = true;
  const watch = async () => {
    const bytes = await folderBytes(folder);
    if (running) onBytes?.(bytes);
  };
  const timer = onBytes && setInterval(watch, 500);
  const { code, output } = await runCommand(python, [...args, `${distribution}==${version}`], {
    env,
    signal,
  }).finally(() => {
    running = false;
    clearInterval(timer);
  });
  signal?.throwIfAborted();
  if (code !== 0) {
    throw new Error(
      `downloadWheel: expected ${python} -m pip to download ${distribution}==${version}, ` +
        `got exit status ${code}: ${output.trim().split("\n").slice(-4).join(" | ")}`,
    );
  }
}

export interface Finished {
  /** The exit status; null if the command could not be started or was killed. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command to its end; never rejects. Its output, of both streams, is cut to the last 10,000 characters. */
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
): Promise<Finished> {
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
    // Waiting for the end even after an abort: a child that still writes would spoil the sweeping.
    child.on("close", (code) => resolve({ code, output: output || failure }));
  });
}

function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) || "no message";
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
    }
  } catch {
    // pip moves its files while we look; the next look sees them
  }
  return bytes;
}
