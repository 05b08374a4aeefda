// Builds the native addon from the sources that @tensorflow/tfjs-node-gpu ships, against a present-day libtensorflow.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findPython, runCommand } from "../cohort/python.js";
import { type AddonPlaces, addonPlaces } from "./addon.js";
import { fetchLibrary, TENSORFLOW_VERSION, wheelFor } from "./library.js";

export interface NativeBuild {
  /** As the addon reports it. */
  readonly version: string;
  readonly gpu: boolean;
  /** False if everything was there already. */
  readonly built: boolean;
}

/**
 * Makes the native engine ready: libtensorflow in .tensorflow, and the addon in its package. What is whole already
 * stays; what is half done, or made for another Node, is made again. Nothing outside the repository changes.
 * @throws Error in one line with what is missing and the remedy.
 */
export async function buildTensorflow({
  cuda = false,
  onProgress = () => {},
}: {
  /** Takes TensorFlow for NVIDIA's graphics processors. */
  readonly cuda?: boolean;
  readonly onProgress?: (line: string) => void;
} = {}): Promise<NativeBuild> {
  const places = addonPlaces();
  const wheel = wheelFor(cuda);
  const wanted = {
    ...{ tensorflow: TENSORFLOW_VERSION, wheel: wheel.sha256, napi: places.napi },
    machine: `${process.platform}-${process.arch}`,
  };
  const library = join(places.library, "aro-library.json");
  const whole = existsSync(library) && readFileSync(library, "utf8").includes(wheel.sha256);
  if (whole && (await isBuilt(places, wanted))) return { ...(await probe(places)), built: false };

  await requireCompiler();
  const python = await findPython();
  await fetchLibrary(places.library, wheel, { python, cuda, onProgress });
  onProgress("compiling the addon");
  await compile(places, python);
  const found = await probe(places);
  await writeFile(places.stamp, JSON.stringify({ ...wanted, addon: await hashOf(places.addon) }));
  return { ...found, built: true };
}

async function isBuilt({ addon, stamp }: AddonPlaces, wanted: object): Promise<boolean> {
  if (!existsSync(addon) || !existsSync(stamp)) return false;
  const expected = JSON.stringify({ ...wanted, addon: await hashOf(addon) });
  return (await readFile(stamp, "utf8")) === expected;
}

async function hashOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

async function requireCompiler(): Promise<void> {
  const remedy =
    process.platform === "darwin"
      ? "install it with xcode-select --install"
      : "on Debian and Ubuntu: apt install g++ make";
  for (const tool of [process.env.CXX || (process.platform === "darwin" ? "c++" : "g++"), "make"]) {
    const { code } = await runCommand(tool, ["--version"]);
    if (code !== 0) {
      throw new Error(`build: expected ${tool} on the path, got none; ${remedy}, then run again`);
    }
  }
}

/** Compiles with node-pre-gyp, for the newest Node-API version alone, against the headers of the running Node. */
async function compile({ package: folder, library, stamp, addon }: AddonPlaces, python: string) {
  await rm(stamp, { force: true });
  await rm(addon, { force: true });
  const dependencies = join(folder, "deps");
  await mkdir(dependencies, { recursive: true });
  // Links to folders, not files: the libraries look for others relative to where they are found.
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
      "see that a C++17 compiler, make and Node's headers are there, then run npm run tensorflow again",
  );
}

async function relink(to: string, from: string): Promise<void> {
  if (await lstat(from).catch(() => undefined)) await rm(from, { recursive: true });
  await symlink(to, from, "dir");
}

/** Loads the addon in a process of its own, which may crash, and multiplies two numbers. */
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
