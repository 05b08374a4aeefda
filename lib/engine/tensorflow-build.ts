// Builds the native addon from the sources that @tensorflow/tfjs-node-gpu ships, against a current libtensorflow.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { lstat, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { replaceFile } from "../cohort/durable-file.js";
import { findPython, runCommand } from "../cohort/python.js";
import { findCompiler } from "./compile.js";
import { type AddonPlaces, addonPlaces, hashOf } from "./tensorflow-addon.js";
import {
  fetchLibrary,
  isCuda,
  isLibrary,
  TENSORFLOW_VERSION,
  type Wheel,
  wheelFor,
} from "./tensorflow-library.js";

export interface NativeBuild {
  /** As the addon reports it. */
  readonly version: string;
  readonly gpu: boolean;
  /** False if everything was already there. */
  readonly built: boolean;
}

/**
 * Prepares TensorFlow: libtensorflow in .tensorflow, and the addon in its package. Keeps what is complete and rebuilds
 * what is incomplete, was built for another Node, or does not run. Changes nothing outside of the repository.
 * @throws Error in one line with what is missing and the remedy.
 */
export async function buildTensorflow({
  cuda,
  onProgress = () => {},
}: {
  /** Whether to use TensorFlow for NVIDIA GPUs; by default whichever is installed, or else the one for processors. */
  readonly cuda?: boolean;
  readonly onProgress?: (line: string) => void;
} = {}): Promise<NativeBuild> {
  const places = addonPlaces();
  const gpu = cuda ?? isCuda(places.library);
  const wheel = wheelFor(gpu);
  const wanted = stampOf(places, wheel);
  if (isLibrary(places.library, wheel, gpu) && isBuilt(places, wanted)) {
    const found = await probe(places).catch(() => null); // e.g. the repository was moved since
    if (found) return { ...found, built: false };
  }
  await requireTools();
  const python = await findPython();
  await fetchLibrary(places.library, wheel, { python, cuda: gpu, onProgress });
  onProgress("compiling the addon, about half a minute");
  await compile(places, python);
  const found = await probe(places);
  const stamp = { ...wanted, addon: hashOf(places.addon) };
  await replaceFile(places.stamp, (handle) => handle.writeFile(JSON.stringify(stamp)));
  return { ...found, built: true };
}

function stampOf({ napi }: AddonPlaces, { sha256 }: Wheel): object {
  const machine = `${process.platform}-${process.arch}`;
  return { tensorflow: TENSORFLOW_VERSION, wheel: sha256, napi, machine };
}

function isBuilt({ addon, stamp }: AddonPlaces, wanted: object): boolean {
  if (!existsSync(addon) || !existsSync(stamp)) return false;
  return readFileSync(stamp, "utf8") === JSON.stringify({ ...wanted, addon: hashOf(addon) });
}

/** @throws Error if there is no compiler or no make. */
async function requireTools(): Promise<void> {
  findCompiler();
  if ((await runCommand("make", ["--version"])).code === 0) return;
  throw new Error(
    "build: expected make on the path, got none; on Debian and Ubuntu: apt install make, then run again",
  );
}

/** Compiles with node-pre-gyp, for the newest Node-API version only, against the running Node's headers. */
async function compile({ package: folder, library, stamp, addon }: AddonPlaces, python: string) {
  await rm(stamp, { force: true });
  await rm(addon, { force: true });
  // A killed compiler leaves incomplete objects, which make would use.
  for (const name of await readdir(folder)) {
    if (name.startsWith("build")) await rm(join(folder, name), { recursive: true });
  }
  const dependencies = join(folder, "deps");
  await mkdir(dependencies, { recursive: true });
  // Links to folders, not files: the libraries look for others relative to their own location.
  await relink(join(library, "tensorflow", "include"), join(dependencies, "include"));
  await relink(join(library, "tensorflow"), join(dependencies, "lib"));
  const tool = createRequire(join(folder, "package.json")).resolve(
    "@mapbox/node-pre-gyp/bin/node-pre-gyp",
  );
  const headers = dirname(dirname(realpathSync(process.execPath)));
  const args = ["configure", "build", "--build-from-source", "--build-latest-napi-version-only"];
  // Without headers beside Node, node-gyp fetches them.
  if (existsSync(join(headers, "include", "node", "node_api.h"))) args.push(`--nodedir=${headers}`);
  const { code, output } = await runCommand(process.execPath, [tool, ...args], {
    cwd: folder,
    env: { ...process.env, npm_config_python: python, PYTHON: python },
  });
  if (code === 0 && existsSync(addon)) return;
  const lines = output.split("\n").filter((line) => /error/i.test(line));
  const reason = (lines[0] ?? output.trim().split("\n").at(-1) ?? "").trim();
  throw new Error(
    `build: expected node-pre-gyp to build the addon, got exit status ${code} (${reason}); ` +
      "check that a C++17 compiler, make and Node's headers are installed, then run npm run tensorflow again",
  );
}

async function relink(to: string, from: string): Promise<void> {
  if (await lstat(from).catch(() => undefined)) await rm(from, { recursive: true });
  await symlink(to, from, "dir");
}

/** Loads the addon in a separate process, which may crash, and multiplies two numbers. */
async function probe({ addon }: AddonPlaces): Promise<{ version: string; gpu: boolean }> {
  const script = `
    const tf = require(${JSON.stringify(addon)});
    const one = () => tf.createTensor([1, 1], tf.TF_FLOAT, Float32Array.of(3));
    const type = { name: "T", type: tf.TF_ATTR_TYPE, value: tf.TF_FLOAT };
    const [{ id }] = tf.executeOp("MatMul", [type], [one(), one()], 1);
    if (tf.tensorDataSync(id)[0] !== 9) throw new Error("3 x 3 is not 9");
    console.log(JSON.stringify({ version: tf.TF_Version, gpu: tf.isUsingGpuDevice() }));`;
  const { code, output } = await runCommand(process.execPath, ["--eval", script], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" },
  });
  const lines = output.trim().split("\n");
  const found = lines.find((line) => line.startsWith("{")); // TensorFlow may log between
  if (code === 0 && found) return JSON.parse(found) as { version: string; gpu: boolean };
  const reason = lines.find((line) => line.includes("Error")) ?? lines.at(-1);
  throw new Error(
    `build: expected the addon to multiply, got exit status ${code} (${reason?.trim()}); ` +
      "delete .tensorflow and run npm run tensorflow again",
  );
}
