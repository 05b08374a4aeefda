// libtensorflow and the native addon of @tensorflow/tfjs-node-gpu: the library comes from the wheel of the Python package
// index, the addon is built against it from the sources that the package ships.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { lstat, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { replaceFile } from "../cohort/durable-file.js";
import { findPython, runCommand } from "../cohort/python.js";
import { projectRoot } from "../cohort/root.js";
import { findCompiler } from "./compile.js";

const require = createRequire(import.meta.url);

/** An attribute of a TensorFlow operation. */
export interface Attribute {
  readonly name: string;
  /** One of the addon's TF_ATTR_ constants. */
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** The part of the addon used here; it identifies tensors and resources by number. */
export interface Addon {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  deleteTensor(id: number): void;
  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): { readonly id: number }[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/**
 * Loads the addon and TensorFlow, once per process.
 * @throws Error with the reason if it is not built or cannot be loaded.
 */
export function loadAddon(): Addon {
  const { addon, stamp } = findPlaces();
  if (!existsSync(stamp) || !existsSync(addon)) {
    throw new Error("not built: run npm run tensorflow");
  }
  // Loading a truncated library could crash the process.
  if (!readFileSync(stamp, "utf8").includes(hashOf(addon))) {
    throw new Error("incomplete: run npm run tensorflow");
  }
  // The library reads these when it loads: no logs, no reserving all GPU memory, no rounding to TF32.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  try {
    return require(addon) as Addon;
  } catch (error) {
    const [reason] = String((error as Error).message).split("\n");
    throw new Error(`cannot be loaded (${reason}): run npm run tensorflow`);
  }
}

/** Returns whether the TensorFlow that was built here is the one for graphics processors. */
export function hasGpuLibrary(): boolean {
  const { stamp, library } = findPlaces();
  return existsSync(stamp) && isCuda(library);
}

/** SHA-256 in hexadecimal; the addon is about 100 kB. */
function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Returns the paths of the parts, which need not exist. */
function findPlaces() {
  const manifest = require.resolve("@tensorflow/tfjs-node-gpu/package.json");
  const { binary } = require(manifest) as { binary: { napi_versions: number[] } };
  const known = binary.napi_versions.filter((version) => version <= Number(process.versions.napi));
  const napi = Math.max(...known);
  const folder = dirname(manifest);
  return {
    package: folder,
    /** The one Node-API version that is built and loaded. */
    napi,
    addon: join(folder, "lib", `napi-v${napi}`, "tfjs_binding.node"),
    /** Written once the addon is complete. */
    stamp: join(folder, "lib", "aro-built.json"),
    /** libtensorflow and its headers; `npm ci` keeps it. */
    library: join(projectRoot(), ".tensorflow"),
  };
}

type Places = ReturnType<typeof findPlaces>;

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
  const places = findPlaces();
  const gpu = cuda ?? isCuda(places.library);
  const wheel = wheelFor(gpu);
  const wanted = addonStampOf(places, wheel);
  if (isLibrary(places.library, wheel, gpu) && isBuilt(places, wanted)) {
    const found = await probe(places).catch(() => null); // e.g. the repository was moved since
    if (found) return { ...found, built: false };
  }
  findCompiler();
  const python = await findPython();
  await fetchLibrary(places.library, wheel, { python, cuda: gpu, onProgress });
  onProgress("compiling the addon, about half a minute");
  await compile(places, python);
  const found = await probe(places);
  const stamp = { ...wanted, addon: hashOf(places.addon) };
  await replaceFile(places.stamp, (handle) => handle.writeFile(JSON.stringify(stamp)));
  return { ...found, built: true };
}

function addonStampOf({ napi }: Places, { sha256 }: Wheel): object {
  const machine = `${process.platform}-${process.arch}`;
  return { tensorflow: TENSORFLOW_VERSION, wheel: sha256, napi, machine };
}

function isBuilt({ addon, stamp }: Places, wanted: object): boolean {
  if (!existsSync(addon) || !existsSync(stamp)) return false;
  return readFileSync(stamp, "utf8") === JSON.stringify({ ...wanted, addon: hashOf(addon) });
}

/** Compiles with node-pre-gyp, for the newest Node-API version only, against the running Node's headers. */
async function compile({ package: folder, library, stamp, addon }: Places, python: string) {
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
    `tensorflow: expected node-pre-gyp to build the addon, got exit status ${code} (${reason}); ` +
      "check that a C++17 compiler, make and Node's headers are installed, then run npm run tensorflow again",
  );
}

async function relink(to: string, from: string): Promise<void> {
  if (await lstat(from).catch(() => undefined)) await rm(from, { recursive: true });
  await symlink(to, from, "dir");
}

/** Loads the addon in a separate process, which may crash, and multiplies two numbers. */
async function probe({ addon }: Places): Promise<{ version: string; gpu: boolean }> {
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
    `tensorflow: expected the addon to multiply, got exit status ${code} (${reason?.trim()}); ` +
      "delete .tensorflow and run npm run tensorflow again",
  );
}

interface Wheel {
  readonly distribution: "tensorflow-cpu" | "tensorflow";
  readonly sha256: string;
  /** pip's name for the platform. */
  readonly platform: string;
}

const TENSORFLOW_VERSION = "2.21.0";

/** The wheels for Python 3.11; TensorFlow's library in them is the same for every Python. */
const WHEELS: Readonly<Record<string, Wheel>> = {
  "linux-x64": {
    distribution: "tensorflow-cpu",
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    platform: "manylinux_2_27_x86_64",
  },
  "linux-x64 with CUDA": {
    distribution: "tensorflow",
    sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
    platform: "manylinux_2_27_x86_64",
  },
  "linux-arm64": {
    distribution: "tensorflow",
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    platform: "manylinux_2_27_aarch64",
  },
  "darwin-arm64": {
    distribution: "tensorflow",
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    platform: "macosx_12_0_arm64",
  },
};

/** NVIDIA's libraries, as the wheel's extra "and-cuda" requires them; the wheel looks for them beside itself. */
const CUDA = [
  "nvidia-cublas-cu12==12.9.3.13",
  "nvidia-cuda-cupti-cu12==12.8.90",
  "nvidia-cuda-nvcc-cu12==12.9.86",
  "nvidia-cuda-nvrtc-cu12==12.9.86",
  "nvidia-cuda-runtime-cu12==12.9.79",
  "nvidia-cudnn-cu12==9.28.0.42",
  "nvidia-cufft-cu12==11.4.1.4",
  "nvidia-curand-cu12==10.3.10.19",
  "nvidia-cusolver-cu12==11.7.5.82",
  "nvidia-cusparse-cu12==12.5.10.65",
  "nvidia-nccl-cu12==2.32.3",
  "nvidia-nvjitlink-cu12==12.9.86",
];

/** Written into the folder last. */
const STAMP = "aro-library.json";

/**
 * Names the wheel for this machine.
 * @throws Error if TensorFlow is not built for it.
 */
export function wheelFor(cuda: boolean, machine = `${process.platform}-${process.arch}`): Wheel {
  const asked = cuda ? `${machine} with CUDA` : machine;
  const wheel = WHEELS[asked];
  if (!wheel) {
    const known = Object.keys(WHEELS).join(", ");
    throw new Error(
      `libtensorflow: expected one of ${known}, got ${asked}; TensorFlow has no wheel for this machine`,
    );
  }
  return wheel;
}

/** Returns whether the folder has all of this wheel's libraries. */
function isLibrary(folder: string, wheel: Wheel, cuda: boolean): boolean {
  return readStamp(folder) === stampOf(wheel, cuda);
}

/** Returns whether the folder's library is the one for NVIDIA GPUs. */
function isCuda(folder: string): boolean {
  const wheel = WHEELS["linux-x64 with CUDA"];
  return readStamp(folder)?.includes(wheel.sha256) ?? false;
}

/**
 * Fetches the wheel's libraries and headers into the folder, unless they are there. They are installed beside it and
 * renamed when complete, so a folder with a stamp is never incomplete.
 * @throws Error in one line with what is missing and the remedy.
 */
export async function fetchLibrary(
  folder: string,
  wheel: Wheel,
  {
    python,
    cuda,
    onProgress,
  }: { python: string; cuda: boolean; onProgress: (line: string) => void },
): Promise<void> {
  const work = `${folder}.part`;
  await rm(work, { recursive: true, force: true });
  if (isLibrary(folder, wheel, cuda)) return;
  await mkdir(join(work, "tmp"), { recursive: true });
  try {
    const { distribution, sha256 } = wheel;
    onProgress(`downloading ${distribution} ${TENSORFLOW_VERSION} with ${python} -m pip`);
    const list = join(work, "tmp", "requirements.txt");
    await writeFile(list, `${distribution}==${TENSORFLOW_VERSION} --hash=sha256:${sha256}\n`);
    await install(python, work, wheel, ["-r", list]);
    if (cuda) {
      onProgress("downloading NVIDIA's libraries, about 3 GB");
      await install(python, work, wheel, CUDA);
    }
    await prune(work);
    await writeFile(join(work, STAMP), stampOf(wheel, cuda));
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function stampOf(wheel: Wheel, cuda: boolean): string {
  return JSON.stringify({ version: TENSORFLOW_VERSION, ...wheel, cuda: cuda ? CUDA : [] });
}

function readStamp(folder: string): string | null {
  try {
    return readFileSync(join(folder, STAMP), "utf8");
  } catch {
    return null;
  }
}

/** Installs wheels for any Python version, without their dependencies and without running them. */
async function install(
  python: string,
  work: string,
  { platform }: Wheel,
  what: readonly string[],
): Promise<void> {
  const platforms = platform.startsWith("macosx")
    ? [platform]
    : [platform, platform.replace("_2_27", "2014"), platform.replace("_2_27", "_2_17")];
  const args = [
    ..."-m pip install --quiet --disable-pip-version-check --no-input".split(" "),
    ..."--no-deps --no-compile --no-cache-dir --only-binary=:all:".split(" "),
    ..."--implementation cp --python-version 3.11 --abi cp311 --upgrade".split(" "),
    ...platforms.flatMap((name) => ["--platform", name]),
    "--target",
    work,
    ...what,
  ];
  const temporary = join(work, "tmp"); // on the same disk, and swept with the rest
  const { code, output } = await runCommand(python, args, {
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
  });
  if (code === 0) return;
  const lines = output.trim().split("\n");
  const reason = lines.filter((line) => line.startsWith("ERROR")).join(" ") || lines.at(-1);
  throw new Error(
    `libtensorflow: expected ${python} -m pip to install TensorFlow ${TENSORFLOW_VERSION}, ` +
      `got exit status ${code} (${reason}); check the network and pip's index, then run again`,
  );
}

/** Deletes all but libraries and headers from 1.3 GB, and adds the names that the addon's build links to. */
async function prune(work: string): Promise<void> {
  const kept = join(work, "kept");
  await mkdir(kept);
  const libraries =
    process.platform === "darwin"
      ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
      : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
  for (const name of [...libraries, "include"]) {
    await rename(join(work, "tensorflow", name), join(kept, name));
  }
  await rm(join(work, "tensorflow"), { recursive: true });
  await rename(kept, join(work, "tensorflow"));
  await rm(join(work, "tmp"), { recursive: true });
  const link = (to: string, from: string) => symlink(to, join(work, "tensorflow", from));
  if (process.platform === "darwin") {
    await link("libtensorflow_cc.2.dylib", "libtensorflow.2.dylib");
  } else {
    await link("libtensorflow_cc.so.2", "libtensorflow.so");
    await link("libtensorflow_framework.so.2", "libtensorflow_framework.so");
  }
}
