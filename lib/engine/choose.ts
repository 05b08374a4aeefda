// Chooses the engine: the fastest that runs here, or the one that is asked for.

import { checkOptions } from "../options.js";
import { threadCount } from "./compile.js";
import type { BackendName, Engine } from "./engine.js";
import { nativeEngine } from "./native.js";
import { hasWebGpu } from "./platform.js";
import { hasGpuLibrary } from "./tensorflow.js";
import { tfjsEngine } from "./tfjs.js";

/** "native" has its own kernels; the others are backends of TensorFlow.js, of which "tensorflow" uses libtensorflow. */
export type EngineName = "native" | BackendName;

/** An engine that was tried. */
export interface Considered {
  readonly name: EngineName;
  readonly usable: boolean;
  /** What it is, or why it does not run here. */
  readonly reason: string;
}

/** Fastest first, except that TensorFlow comes first where it was built for a graphics processor. */
const ENGINES: Record<EngineName, { start: () => Promise<Engine>; what: string }> = {
  native: { what: "compiled for this processor", start: () => nativeEngine() },
  tensorflow: { what: "libtensorflow", start: () => tfjsEngine({ backend: "tensorflow" }) },
  webgpu: { what: "on the graphics processor", start: () => tfjsEngine({ backend: "webgpu" }) },
  wasm: { what: "portable, without native code", start: () => tfjsEngine({ backend: "wasm" }) },
  cpu: { what: "plain JavaScript, slow", start: () => tfjsEngine({ backend: "cpu" }) },
};

/**
 * Starts the preferred engine, or else the first that can run here.
 * WebGPU is tried where `navigator.gpu` exists, or if it is preferred.
 * @throws TypeError for an unknown option.
 * @throws RangeError if no engine has the preferred name, or ARO_THREADS is no number of threads.
 * @throws Error with the reason if the preferred engine cannot run here.
 */
export async function chooseEngine(
  options: {
    /** By default the value of the environment variable ARO_ENGINE. */
    readonly prefer?: string;
  } = {},
): Promise<{ readonly engine: Engine }> {
  const given = checkOptions("chooseEngine", options, { prefer: "string" });
  const prefer = given.prefer ?? (process.env.ARO_ENGINE || undefined);
  threadCount(); // a wrong setting must not look like an engine that cannot run
  const names = inOrder();
  const preferred = names.find((name) => name === prefer);
  if (prefer !== undefined && !preferred) {
    throw new RangeError(`chooseEngine: expected ${names.join(", ")}, got "${prefer}"`);
  }
  const offered = names.filter((name) => name !== "webgpu" || hasWebGpu());
  const reasons: string[] = [];
  for (const name of preferred ? [preferred] : offered) {
    const { engine, reason } = await tryEngine(name);
    if (engine) return { engine };
    reasons.push(`${name} (${reason})`);
  }
  throw new Error(
    `chooseEngine: expected ${preferred ? `"${preferred}"` : "an engine"} to run here, got ${reasons.join("; ")}` +
      (preferred ? "; leave the choice open to take what runs" : ""),
  );
}

function inOrder(): EngineName[] {
  const names = Object.keys(ENGINES) as EngineName[];
  return hasGpuLibrary() ? ["tensorflow", ...names.filter((name) => name !== "tensorflow")] : names;
}

/** Tries every engine, fastest first, and returns whether it runs here, or why not. */
export async function surveyEngines(): Promise<Considered[]> {
  const found: Considered[] = [];
  for (const name of inOrder()) {
    const { engine: _, ...considered } = await tryEngine(name);
    found.push(considered);
  }
  return found;
}

async function tryEngine(name: EngineName): Promise<Considered & { readonly engine?: Engine }> {
  const { start, what } = ENGINES[name];
  try {
    return { name, usable: true, reason: what, engine: await start() };
  } catch (error) {
    return { name, usable: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
