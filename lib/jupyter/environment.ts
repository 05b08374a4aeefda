// The project's own Jupyter: a private .venv with pinned packages and the kernel "aro" inside it.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findPython, runCommand, venvPython } from "../cohort/python.js";
import { projectRoot } from "../cohort/root.js";

export interface JupyterEnvironment {
  /** The Python inside the private .venv. */
  readonly python: string;
  /** Environment variables that make Jupyter find the kernel "aro" and keep its files inside .venv. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PrepareOptions {
  /** Also installs JupyterLab. */
  readonly lab?: boolean;
  readonly onProgress?: (message: string) => void;
}

/**
 * Installs the private Jupyter if necessary; starts over if an earlier installation is incomplete.
 * @throws Error with the remedy if there is no suitable Python, or pip fails.
 */
export async function prepareJupyter({
  lab = false,
  onProgress = () => {},
}: PrepareOptions = {}): Promise<JupyterEnvironment> {
  const root = projectRoot();
  const venv = join(root, ".venv");
  const bin = venvPython(root);
  const own = (name: string) => join(root, "lib", "jupyter", name);
  const requirements = own(lab ? "requirements-lab.txt" : "requirements.txt");
  const stamp = join(venv, `.aro-${lab ? "lab" : "jupyter"}`);
  const wanted = createHash("sha256")
    .update(await readFile(own("requirements.txt")))
    .update(await readFile(requirements))
    .digest("hex");
  const found = await runCommand(bin, ["-m", "pip", "--version"]);
  if (found.code !== 0) {
    const python = await findPython({ own: false });
    onProgress(`making .venv with ${python}`);
    await rm(venv, { recursive: true, force: true });
    const what = "make a virtual environment; on Debian and Ubuntu: apt install python3-venv";
    await call(python, ["-m", "venv", venv], what);
  }
  if (!existsSync(stamp) || (await readFile(stamp, "utf8")) !== wanted) {
    onProgress(lab ? "installing JupyterLab into .venv" : "installing Jupyter's runner into .venv");
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    const what = "install Jupyter; is the package index reachable?";
    await call(bin, [...pip, "-r", requirements], what);
    await writeFile(stamp, wanted);
  }
  // JupyterLab contains CommonJS scripts, which would inherit "type": "module" from the repository.
  await writeFile(join(venv, "package.json"), '{ "type": "commonjs" }\n');
  await writeKernelSpec(root, venv);
  const inside = (name: string) => join(venv, "var", name);
  const env = {
    JUPYTER_PATH: join(venv, "share", "jupyter"),
    JUPYTER_CONFIG_DIR: inside("config"), // of JupyterLab: settings and workspaces
    JUPYTER_DATA_DIR: inside("data"),
    JUPYTER_RUNTIME_DIR: inside("runtime"),
    IPYTHONDIR: inside("ipython"),
  };
  return { python: bin, env };
}

async function call(command: string, args: string[], purpose: string): Promise<void> {
  const { code, output } = await runCommand(command, args);
  if (code === 0) return;
  const last = output.trim().split("\n").slice(-3).join("\n");
  throw new Error(`prepareJupyter: could not ${purpose}\n${last || `exit status ${code}`}`);
}

/**
 * The compiler's program is most of a kernel's heap, and each collection would mark it again: collect later and less often.
 */
const MEMORY_FLAGS = [
  "--initial-heap-size=1024",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64",
];

async function writeKernelSpec(root: string, venv: string): Promise<void> {
  const folder = join(venv, "share", "jupyter", "kernels", "aro");
  await mkdir(folder, { recursive: true });
  const spec = {
    argv: [
      process.execPath,
      ...MEMORY_FLAGS,
      join(root, "lib", "jupyter", "kernel.cjs"),
      "{connection_file}",
    ],
    display_name: "ARO (TypeScript)",
    language: "typescript",
    env: { NODE_OPTIONS: "--enable-source-maps", TF_CPP_MIN_LOG_LEVEL: "3" },
  };
  await writeFile(join(folder, "kernel.json"), `${JSON.stringify(spec, null, 2)}\n`);
}
