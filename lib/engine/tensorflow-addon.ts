// The native addon of @tensorflow/tfjs-node-gpu: its files, the functions used here, and loading it.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { projectRoot } from "../cohort/root.js";

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

export interface AddonPlaces {
  /** The package @tensorflow/tfjs-node-gpu, in which the addon is built. */
  readonly package: string;
  /** The one Node-API version that is built and loaded. */
  readonly napi: number;
  readonly addon: string;
  /** Written once the addon is complete. */
  readonly stamp: string;
  /** libtensorflow and its headers, from a wheel; `npm ci` keeps it. */
  readonly library: string;
}

/** Returns the paths of the addon's parts, which need not exist. */
export function addonPlaces(): AddonPlaces {
  const manifest = require.resolve("@tensorflow/tfjs-node-gpu/package.json");
  const { binary } = require(manifest) as { binary: { napi_versions: number[] } };
  const napi = Math.max(
    ...binary.napi_versions.filter((version) => version <= Number(process.versions.napi)),
  );
  const folder = dirname(manifest);
  return {
    package: folder,
    napi,
    addon: join(folder, "lib", `napi-v${napi}`, "tfjs_binding.node"),
    stamp: join(folder, "lib", "aro-built.json"),
    library: join(projectRoot(), ".tensorflow"),
  };
}

/**
 * Loads the addon and TensorFlow, once per process.
 * @throws Error with the reason if it is not built or cannot be loaded.
 */
export function loadAddon(): Addon {
  const { addon, stamp } = addonPlaces();
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
  const { stamp, library } = addonPlaces();
  const manifest = join(library, "aro-library.json");
  if (!existsSync(stamp) || !existsSync(manifest)) return false;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { cuda: string[] }).cuda.length > 0;
}

/** SHA-256 in hexadecimal; the addon is about 100 kB. */
export function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
